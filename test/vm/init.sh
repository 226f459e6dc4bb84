#!/bin/busybox sh
# The first process of the machine: its root is that of the host, read only, under a disk that takes what is written.
set -e
/bin/busybox mkdir -p /sbin /usr/bin /usr/sbin /proc /sys /dev /host /disk /root
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in virtio_pci virtio_blk virtio_console 9pnet_virtio 9p overlay ext4; do modprobe $module 2> /dev/null || true; done
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose host /host
mount -t ext4 /dev/vda /disk
mkdir /disk/upper /disk/work
mount -t overlay -o lowerdir=/host,upperdir=/disk/upper,workdir=/disk/work overlay /root
for each in proc sys dev; do mount -o move /$each /root/$each; done
mount -t tmpfs -o mode=755 run /root/run
mkdir /root/run/aitia-vm
mount -t 9p -o trans=virtio,version=9p2000.L shared /root/run/aitia-vm
exec switch_root /root /bin/sh /run/aitia-vm/guest.sh
