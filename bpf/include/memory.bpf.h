/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/*
 * What the programs of memory-pressure and oom-kill know together: the pressure that is summed up and not told yet, and
 * what each thread did last about memory.
 */
#ifndef AITIA_MEMORY_BPF_H
#define AITIA_MEMORY_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "ring.bpf.h"

#define SECOND_NS 1000000000ULL

struct pressure {
	__u64 reclaims;
	__u64 stalled_ns;
	__u64 first_ns;
	__u64 last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64); /* cgroup id */
	__type(value, struct pressure);
} pressures SEC(".maps");

struct thread {
	__u64 reclaim_begun_ns; /* for a memcg; 0: not reclaiming for one */
	__u64 reclaim_ended_ns; /* of its last reclaim, if that was for a memcg; else 0 */
	__u64 invocation; /* of the OOM killer, that may still kill more; 0: none */
	__u64 group; /* cgroup that it kills as a whole */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* thread id */
	__type(value, struct thread);
} threads SEC(".maps");

static __always_inline struct thread *current_thread(const char *program)
{
	__u32 id = bpf_get_current_pid_tgid();
	struct thread empty = {}, *thread = bpf_map_lookup_elem(&threads, &id);

	if (thread)
		return thread;
	bpf_map_update_elem(&threads, &id, &empty, BPF_NOEXIST);
	thread = bpf_map_lookup_elem(&threads, &id);
	if (!thread)
		count_lost(program);
	return thread;
}

/* What its last reclaim was. Who reclaims is back from the OOM killer, too: its next kill is another invocation. */
static __always_inline void note_reclaim(struct thread *thread, __u64 for_memcg_ended_ns)
{
	thread->reclaim_ended_ns = for_memcg_ended_ns;
	thread->invocation = 0;
}

/* Directly, for no memcg. Of a thread that is not there none is known that was for a memcg, which comes to the same. */
static __always_inline void note_direct_reclaim(void)
{
	__u32 id = bpf_get_current_pid_tgid();
	struct thread *thread = bpf_map_lookup_elem(&threads, &id);

	if (thread)
		note_reclaim(thread, 0);
}

static __always_inline void flush_pressure(__u64 cgroup_id, struct pressure *pressure)
{
	struct aitia_memory_pressure *record;
	/* taken first: of two flushes at once, the agent's and a kill's, one finds nothing left to tell */
	__u64 reclaims = __sync_lock_test_and_set(&pressure->reclaims, 0);

	if (!reclaims)
		return;
	record = RESERVE_IF_ROOM(aitia_memory_pressure, AITIA_KIND_MEMORY_PRESSURE, cgroup_id);
	if (!record) {
		__sync_fetch_and_add(&pressure->reclaims, reclaims); /* it waits for the next flush */
		return;
	}
	record->reclaims = reclaims;
	record->stalled_ns = __sync_lock_test_and_set(&pressure->stalled_ns, 0);
	record->first_ns = __sync_lock_test_and_set(&pressure->first_ns, 0);
	record->last_ns = pressure->last_ns;
	/* of a reclaim that was being summed up by another CPU at the last flush, the begin went with that one */
	if (!record->first_ns || record->first_ns > record->last_ns)
		record->first_ns = record->last_ns - record->stalled_ns;
	bpf_ringbuf_submit(record, wakeup_flags());
}

#endif
