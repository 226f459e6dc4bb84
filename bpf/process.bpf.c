// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/*
 * process-exec, process-exit: of a container's first process, and exits by a signal; the rest is counted.
 * cgroup-created, cgroup-removed: how attribution knows the containers that are gone before anybody could look.
 */

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cgroup.bpf.h"
#include "process.bpf.h"
#include "ring.bpf.h"

#define SIGNAL_MASK 0x7f /* of an exit code, as wait(2) has it */
#define MINUTE_NS 60000000000ULL
#define EEXIST 17
/* Exits by a signal in a minute, of one command in one cgroup, that are told: a loop of crashes needs no more. */
#define TOLD_A_MINUTE 8

/* Added to by several CPUs. A count of each CPU's own would be 128 times as much to read where a machine may get as many. */
struct process_counts {
	__u64 execs;
	__u64 exits;
	__u64 failures; /* exits with a status other than 0 or by a signal */
	__u64 damped; /* exits by a signal that were one too many to be told */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* cgroup id */
	__type(value, struct process_counts);
} process_counts SEC(".maps");

struct command {
	__u64 cgroup_id;
	char name[16];
};

struct told_exits {
	__u64 since_ns; /* boot clock at the first of them */
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct command);
	__type(value, struct told_exits);
} told_exits SEC(".maps");

struct process {
	__u64 start_ns; /* boot clock */
	__u64 pid;
};

/* Processes whose end was counted. Only of use to kernels that do not tell the last thread; it is forgotten long after its others. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process);
	__type(value, __u8);
} ended_processes SEC(".maps");

PROGRAM(process_exec);
PROGRAM(process_exit);
PROGRAM(cgroup_created);
PROGRAM(cgroup_removed);

static __always_inline struct process_counts *counts_of(__u64 cgroup_id)
{
	struct process_counts none = {}, *counts = bpf_map_lookup_elem(&process_counts, &cgroup_id);

	if (counts)
		return counts;
	bpf_map_update_elem(&process_counts, &cgroup_id, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&process_counts, &cgroup_id);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *binprm)
{
	__u64 cgroup_id = cgroup_id_of(task);
	__u32 *first = bpf_map_lookup_elem(&first_processes, &cgroup_id);
	struct process_counts *counts = counts_of(cgroup_id);
	struct aitia_process_exec *record;
	struct process_ids ids;

	read_process_ids(task, &ids);
	if (counts)
		__sync_fetch_and_add(&counts->execs, 1);
	if (first && !*first && has_own_mounts(task) && !has_parent_beside(task, cgroup_id))
		*first = ids.pid;
	if (!is_first_process(task, cgroup_id, &ids))
		return 0;
	record = RESERVE(aitia_process_exec, AITIA_KIND_PROCESS_EXEC, cgroup_id, process_exec_program);
	if (!record)
		return 0;
	record->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	record->pid = ids.pid;
	record->ns_pid = ids.ns_pid;
	record->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_STR_INTO(&record->command, task, comm);
	if (bpf_probe_read_kernel_str(record->file, sizeof(record->file), BPF_CORE_READ(binprm, filename)) < 0)
		record->file[0] = 0;
	/* at once: the runtime is asked for the container's names, and may forget one that lives for a moment */
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
	return 0;
}

/* Of a command whose exits were told often enough in the last minute. */
static __always_inline bool is_damped(__u64 cgroup_id, struct task_struct *task)
{
	struct command command = { .cgroup_id = cgroup_id };
	struct told_exits first = { .since_ns = bpf_ktime_get_boot_ns(), .count = 1 }, *told;

	BPF_CORE_READ_STR_INTO(&command.name, task, group_leader, comm);
	told = bpf_map_lookup_elem(&told_exits, &command);
	if (!told || first.since_ns - told->since_ns > MINUTE_NS) {
		bpf_map_update_elem(&told_exits, &command, &first, BPF_ANY);
		return false;
	}
	return __sync_fetch_and_add(&told->count, 1) >= TOLD_A_MINUTE;
}

/*
 * Whether the process ends with this thread, which is so for one of its threads. Before 6.16 the hook does not say it, and
 * comes some time after the thread was taken off the count of those that live: threads that end together on several CPUs
 * may all find none left. The first of them to come here stands for the last.
 */
static __always_inline bool ends_process(struct task_struct *task, __u64 *ctx)
{
	struct process process;
	__u8 ended = 1;

	if (bpf_core_field_exists(struct trace_event_raw_sched_process_exit, group_dead))
		return ctx[1];
	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return false;
	process.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	process.pid = BPF_CORE_READ(task, tgid);
	/* where it can't be noted, told twice is better than not at all */
	return bpf_map_update_elem(&ended_processes, &process, &ended, BPF_NOEXIST) != -EEXIST;
}

SEC("tp_btf/sched_process_exit")
int process_exit(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	struct process_counts *counts;
	struct aitia_process_exit *record;
	struct process_ids ids;
	__u64 cgroup_id;
	bool is_first;
	int code;

	if (!ends_process(task, ctx))
		return 0;
	cgroup_id = cgroup_id_of(task);
	/* of the whole process, where exit_group or a signal ended it; else of the last thread */
	code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!code)
		code = BPF_CORE_READ(task, exit_code);
	counts = counts_of(cgroup_id);
	if (counts) {
		__sync_fetch_and_add(&counts->exits, 1);
		__sync_fetch_and_add(&counts->failures, code != 0);
	}
	read_process_ids(task, &ids);
	is_first = is_first_process(task, cgroup_id, &ids);
	if (!is_first && !(code & SIGNAL_MASK))
		return 0;
	if (!is_first && is_damped(cgroup_id, task)) {
		if (counts)
			__sync_fetch_and_add(&counts->damped, 1);
		return 0;
	}
	record = RESERVE(aitia_process_exit, AITIA_KIND_PROCESS_EXIT, cgroup_id, process_exit_program);
	if (!record)
		return 0;
	record->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	record->pid = ids.pid;
	record->ns_pid = ids.ns_pid;
	record->exit_code = code;
	record->first = is_first;
	BPF_CORE_READ_STR_INTO(&record->command, task, group_leader, comm);
	bpf_ringbuf_submit(record, wakeup_flags());
	return 0;
}

/* Each controller of v1 has a hierarchy of its own with ids of its own: only the one that places containers counts. */
static __always_inline bool places_containers(struct cgroup *cgroup)
{
	struct task_struct *current = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(cgroup, root, hierarchy_id) == hierarchy_of(memory_css(current));
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_created, struct cgroup *cgroup, const char *path)
{
	__u64 id = BPF_CORE_READ(cgroup, kn, id);
	struct aitia_cgroup_created *record;
	__u32 none = 0;

	if (!places_containers(cgroup))
		return 0;
	bpf_map_update_elem(&first_processes, &id, &none, BPF_ANY);
	record = RESERVE(aitia_cgroup_created, AITIA_KIND_CGROUP_CREATED, id, cgroup_created_program);
	if (!record)
		return 0;
	if (bpf_probe_read_kernel_str(record->path, sizeof(record->path), path) < 0)
		record->path[0] = 0;
	bpf_ringbuf_submit(record, wakeup_flags());
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_removed, struct cgroup *cgroup)
{
	__u64 id = BPF_CORE_READ(cgroup, kn, id);
	struct aitia_cgroup_removed *record;

	if (!places_containers(cgroup))
		return 0;
	bpf_map_delete_elem(&first_processes, &id);
	record = RESERVE(aitia_cgroup_removed, AITIA_KIND_CGROUP_REMOVED, id, cgroup_removed_program);
	if (record)
		bpf_ringbuf_submit(record, wakeup_flags());
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
