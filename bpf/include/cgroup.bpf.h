/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/*
 * Which cgroup a task is in. Its id is that of its directory (st_ino). Where the memory controller is still on v1, the
 * unified hierarchy is often empty and bpf_get_current_cgroup_id() is 1 for every task: there the memory hierarchy tells.
 */
#ifndef AITIA_CGROUP_BPF_H
#define AITIA_CGROUP_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

static __always_inline struct cgroup_subsys_state *memory_css(struct task_struct *task)
{
	struct cgroup_subsys_state *css = 0;
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		bpf_core_read(&css, sizeof(css), &set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)]);
	return css;
}

/* Id of the hierarchy that places containers: 0 is the unified one. */
static __always_inline int hierarchy_of(struct cgroup_subsys_state *css)
{
	return css ? BPF_CORE_READ(css, cgroup, root, hierarchy_id) : 0;
}

/* On v2 a cgroup without the memory controller has its ancestor's css, so that only dfl_cgrp names the cgroup itself. */
static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct cgroup_subsys_state *css = memory_css(task);

	return hierarchy_of(css) ? BPF_CORE_READ(css, cgroup) : BPF_CORE_READ(task, cgroups, dfl_cgrp);
}

static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	return BPF_CORE_READ(cgroup_of(task), kn, id);
}

#endif
