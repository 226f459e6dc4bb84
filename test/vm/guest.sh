#!/bin/sh
# What an init system does before anybody logs in, as far as tests need it; then the tests, and the end of the machine.
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
ln -sfn /proc/self/fd /dev/fd
ip link set lo up
# A server looks up the name of its machine; of names, it knows this one without a network.
hostname localhost

# Modules are those of this kernel; without kmod it is busybox that loads them.
. /run/aitia-vm/kernel
mkdir -p /lib/modules
ln -sfn "$MODULES" "/lib/modules/$(uname -r)"
[ -e /sbin/modprobe ] || ln -s /bin/busybox /sbin/modprobe

# As on a node: all controllers for all, and what runs is in a cgroup of its own.
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
done
mkdir /sys/fs/cgroup/tests
echo 0 > /sys/fs/cgroup/tests/cgroup.procs

out=$(ls /dev/vport*)
{
  /bin/sh /run/aitia-vm/command
  echo $? > /run/aitia-vm/exit-code
} 2>&1 | cat > "$out"
poweroff -f 2> /dev/null || busybox poweroff -f
