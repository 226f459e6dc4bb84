/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

#ifndef AITIA_PROCESS_BPF_H
#define AITIA_PROCESS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "cgroup.bpf.h"

struct process_ids {
	__u32 pid; /* of the process (thread group), in the host's namespace */
	__u32 ns_pid; /* in the innermost namespace */
	bool in_namespace; /* that isn't the host's */
};

static __always_inline void read_process_ids(struct task_struct *task, struct process_ids *ids)
{
	/* the leader is there until the last thread is gone, if only as a zombie */
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	unsigned int level = BPF_CORE_READ(pid, level);

	ids->pid = BPF_CORE_READ(task, tgid);
	ids->in_namespace = level > 0;
	ids->ns_pid = ids->pid;
	/* by hand: an index that isn't constant would be scaled by the size of our short struct upid */
	bpf_probe_read_kernel(&ids->ns_pid, sizeof(ids->ns_pid),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, nr));
}

/*
 * The process that was the first to run a program in a cgroup made while we watched, 0 as long as there is none: the
 * first process of a container that shares its pid namespace, whose pid is not 1. Two others run programs there before
 * it. The runtime itself, for runc copies itself before it begins (1.0 and 1.1 do) or is born in the cgroup: it has its
 * parent's mounts still. And hooks, which have a parent beside them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* cgroup id */
	__type(value, __u32); /* pid */
} first_processes SEC(".maps");

static __always_inline bool has_own_mounts(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns) != BPF_CORE_READ(task, group_leader, real_parent, nsproxy, mnt_ns);
}

static __always_inline bool has_parent_beside(struct task_struct *task, __u64 cgroup_id)
{
	return cgroup_id_of(BPF_CORE_READ(task, group_leader, real_parent)) == cgroup_id;
}

/*
 * Number 1 of a pid namespace counts too: of a container made before we watched. Not where its parent is in the same
 * cgroup, for a container may make namespaces of its own (browsers do, for each tab).
 */
static __always_inline bool is_first_process(struct task_struct *task, __u64 cgroup_id, struct process_ids *ids)
{
	__u32 *first = bpf_map_lookup_elem(&first_processes, &cgroup_id);

	if (first && *first == ids->pid)
		return true;
	return ids->in_namespace && ids->ns_pid == 1 && !has_parent_beside(task, cgroup_id);
}

#endif
