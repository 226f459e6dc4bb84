// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/* Writes records of process exits into an agent's ring, the way its own programs do: the load of test/bench/agent.ts. */

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "ring.bpf.h"

PROGRAM(make_records);

struct work {
	__u64 cgroup_id;
	__u32 lost;
};

static long make_record(__u32 index, struct work *work)
{
	struct aitia_process_exit *record =
		RESERVE(aitia_process_exit, AITIA_KIND_PROCESS_EXIT, work->cgroup_id, make_records_program);

	if (!record) {
		work->lost++;
		return 0;
	}
	record->start_ns = record->header.boot_ns - 1000000;
	record->pid = 1000000 + index;
	record->ns_pid = 2;
	record->exit_code = 11; /* by SIGSEGV */
	record->first = 0;
	__builtin_memcpy(record->command, "bench", 6);
	bpf_ringbuf_submit(record, wakeup_flags());
	return 0;
}

/* Makes `count` records about a cgroup; returns how many found no room. */
SEC("raw_tp")
int BPF_PROG(make_records, __u64 count, __u64 cgroup_id)
{
	struct work work = { .cgroup_id = cgroup_id };

	bpf_loop(count, make_record, &work, 0);
	return work.lost;
}

/* Bytes in the ring that the reader has not acknowledged. */
SEC("raw_tp")
int BPF_PROG(unread)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
}

char LICENSE[] SEC("license") = "GPL";
