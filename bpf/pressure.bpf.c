// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/* memory-pressure: reclaims of a cgroup at its limit, summed up in the kernel. */

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "cgroup.bpf.h"
#include "memory.bpf.h"
#include "ring.bpf.h"

PROGRAM(reclaim_begin);
PROGRAM(reclaim_end);

/* 1: something was summed up since the last flush. Without it a quiet host would walk the whole table each second. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} unflushed SEC(".maps");

static __always_inline void note_unflushed(void)
{
	__u32 zero = 0;
	__u64 *flag = bpf_map_lookup_elem(&unflushed, &zero);

	if (flag)
		*flag = 1;
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int reclaim_begin(void *ctx)
{
	struct thread *thread = current_thread(reclaim_begin_program);

	if (thread)
		thread->reclaim_begun_ns = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int reclaim_end(void *ctx)
{
	__u64 id, begun, now = bpf_ktime_get_boot_ns();
	struct thread *thread = current_thread(reclaim_end_program);
	struct pressure empty = {}, *pressure;

	if (!thread)
		return 0;
	/* also of one that began before we watched */
	note_reclaim(thread, now);
	if (!thread->reclaim_begun_ns)
		return 0;
	begun = thread->reclaim_begun_ns;
	thread->reclaim_begun_ns = 0;
	/* the hook does not say whose memory is reclaimed; but for a write to a limit it is that of who waits for it */
	id = cgroup_id_of((struct task_struct *)bpf_get_current_task());
	pressure = bpf_map_lookup_elem(&pressures, &id);
	if (!pressure) {
		bpf_map_update_elem(&pressures, &id, &empty, BPF_NOEXIST);
		pressure = bpf_map_lookup_elem(&pressures, &id);
	}
	if (!pressure) {
		count_lost(reclaim_end_program);
		return 0;
	}
	__sync_val_compare_and_swap(&pressure->first_ns, 0, begun);
	pressure->last_ns = now;
	__sync_fetch_and_add(&pressure->stalled_ns, now - begun);
	__sync_fetch_and_add(&pressure->reclaims, 1);
	note_unflushed();
	return 0;
}

static long flush_one(void *map, __u64 *cgroup_id, struct pressure *pressure, void *context)
{
	__u64 id = *cgroup_id;

	if (pressure->reclaims) {
		flush_pressure(id, pressure);
		if (pressure->reclaims)
			note_unflushed(); /* the ring had no room */
	} else if (pressure->last_ns + 60 * SECOND_NS < bpf_ktime_get_boot_ns())
		bpf_map_delete_elem(&pressures, &id);
	return 0;
}

/* Called by the agent every second. A program and no reading of the map, so that what is taken out is in the ring. */
SEC("raw_tp")
int flush_memory_pressure(void *ctx)
{
	__u32 zero = 0;
	__u64 *flag = bpf_map_lookup_elem(&unflushed, &zero);

	/* taken back before the walk: what is summed up meanwhile raises it again */
	if (flag && __sync_lock_test_and_set(flag, 0))
		bpf_for_each_map_elem(&pressures, flush_one, 0, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
