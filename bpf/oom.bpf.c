// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/* oom-kill: what the OOM killer did, to whom, and which limit was hit. */

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cgroup.bpf.h"
#include "memory.bpf.h"
#include "process.bpf.h"
#include "ring.bpf.h"

#define SIGKILL 9
#define SEND_SIG_PRIV 1 /* siginfo of signals that the kernel itself sends: SI_KERNEL */
#define LEVELS 16 /* of nested cgroups that are looked at */
#define UNLIMITED_PAGES (1LL << 40)
#define FREED_MEANWHILE 64 /* pages, by others between the call of the killer and the kill */
#define MINUTE_NS (60 * SECOND_NS)

/* Filled in by the loader. */
const volatile __u64 page_size = 4096;

/* A SIGKILL of the kernel that is an OOM kill if mark_victim of the same task comes next in the same thread. */
struct pending_kill {
	struct aitia_oom_kill kill;
	__u64 group;
	__u64 at;
	__u32 victim_thread;
	__u32 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* id of the killing thread */
	__type(value, struct pending_kill);
} pending_kills SEC(".maps");

/* Programs that are at work, by name: filled in by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[PROGRAM_NAME]);
	__type(value, __u8);
} attached SEC(".maps");

PROGRAM(mark_victim);
PROGRAM(reclaim_end);
PROGRAM(direct_reclaim_end);

static __always_inline __u64 resident_pages(struct mm_struct *mm)
{
	__s64 pages = 0, part;

	/* file, anonymous and shared; 2 is swap. Since 6.2 a part of the count is kept per CPU and not read here. */
	if (bpf_core_field_exists(struct mm_struct___exact, rss_stat.count)) {
		struct mm_struct___exact *exact = (void *)mm;

		pages = BPF_CORE_READ(exact, rss_stat.count[0].counter) + BPF_CORE_READ(exact, rss_stat.count[1].counter) +
			BPF_CORE_READ(exact, rss_stat.count[3].counter);
	} else {
		part = BPF_CORE_READ(mm, rss_stat[0].count);
		pages += part > 0 ? part : 0;
		part = BPF_CORE_READ(mm, rss_stat[1].count);
		pages += part > 0 ? part : 0;
		part = BPF_CORE_READ(mm, rss_stat[3].count);
		pages += part > 0 ? part : 0;
	}
	return pages > 0 ? pages : 0;
}

/* The least room that is left below a limit. */
struct limit {
	__s64 margin; /* pages; UNLIMITED_PAGES: no limit was found */
	__u64 cgroup_id;
	__u64 max;
	__u64 usage;
	__u64 group; /* cgroup that is killed as a whole where this limit was hit; 0: none */
};

static __always_inline void consider(struct limit *least, struct page_counter *counter, __u64 cgroup_id, __u64 group)
{
	__u64 usage = BPF_CORE_READ(counter, usage.counter), max = BPF_CORE_READ(counter, max);

	if (max >= UNLIMITED_PAGES || (__s64)max - (__s64)usage >= least->margin)
		return;
	least->margin = (__s64)max - (__s64)usage;
	least->cgroup_id = cgroup_id;
	least->max = max;
	least->usage = usage;
	least->group = group;
}

static __always_inline int level_of(struct cgroup_subsys_state *css)
{
	return BPF_CORE_READ(css, cgroup, level);
}

static __always_inline struct cgroup_subsys_state *common_ancestor(struct cgroup_subsys_state *one,
								   struct cgroup_subsys_state *other)
{
	int step;

	for (step = 0; step < 2 * LEVELS && one && other && one != other; step++) {
		if (level_of(one) > level_of(other))
			one = BPF_CORE_READ(one, parent);
		else
			other = BPF_CORE_READ(other, parent);
	}
	return one == other ? one : 0;
}

static __always_inline bool is_attached(const char *program)
{
	return bpf_map_lookup_elem(&attached, program);
}

/*
 * Whether the whole machine was out of memory, or a memcg. A cgroup at its limit does not tell: its page cache keeps it
 * there, whatever the machine lacks. The last reclaim of the thread that kills does. For a memcg it is called where a
 * charge fails (try_charge_memcg, and the page fault that waited for it) or a limit is set below what is in use
 * (memory_max_write; v1 kills nobody for that): both have reclaimed for that memcg in vain, in this thread. For the machine
 * it is called where an allocation fails (__alloc_pages_may_oom), after a direct reclaim. A thread that reclaims
 * (PF_MEMALLOC) reclaims for nothing else meanwhile, and nothing after it allocates before the kill; but until 6.0 the
 * report of a memcg's OOM, which on a machine that is short of memory too may reclaim directly. For sysrq a kworker calls
 * it, without any reclaim: it may have one of before, for memory.high. A minute is more than the report takes on a slow
 * console, which is written before the kill.
 *
 * Where the kernel refuses a program that would tell: more room than others free meanwhile, and no reclaim for a memcg in
 * the last second.
 */
static __always_inline bool is_global(struct thread *thread, __u64 now, __s64 margin)
{
	__u64 ended = thread ? thread->reclaim_ended_ns : 0;

	if (is_attached(reclaim_end_program) && is_attached(direct_reclaim_end_program))
		return !ended || now - ended > MINUTE_NS;
	return margin > FREED_MEANWHILE && (!ended || now - ended > SECOND_NS);
}

/*
 * Finds the cgroup whose limit was hit: of the victim's ancestors the one with the least room left, the innermost of
 * equals. The killer runs only while there are fewer pages left than were asked for (8 at most), but others may free some
 * meanwhile. Who charges its own memcg shares the one that was full with the victim, and those below it may be full of
 * page cache: they count only where none that is shared is full. So it is where the trigger is no member: it has written
 * the limit, or charged another's memcg (to the memory of a process that it traces, a socket that was handed to it, a
 * loop device). Also finds the cgroup that is killed as a whole (memory.oom.group of the outermost up to the limit), as
 * mem_cgroup_get_oom_group does.
 */
static __always_inline void find_limit(struct task_struct *victim, struct task_struct *trigger, struct thread *thread,
				       struct pending_kill *pending)
{
	struct cgroup_subsys_state *css = memory_css(victim), *common = common_ancestor(css, memory_css(trigger));
	struct limit least = { .margin = UNLIMITED_PAGES }, of_victim = least;
	bool on_v1 = hierarchy_of(css) != 0;
	__u64 group = 0;
	int level;

	for (level = 0; level < LEVELS && css; level++) {
		struct mem_cgroup *memcg = (void *)css - bpf_core_field_offset(struct mem_cgroup, css);
		__u64 id = BPF_CORE_READ(css, cgroup, kn, id);

		if (css == common) {
			of_victim = least;
			least.margin = UNLIMITED_PAGES;
		}
		if (!on_v1 && BPF_CORE_READ(memcg, oom_group))
			group = id;
		consider(&least, &memcg->memory, id, group);
		/* only v1 has a limit of memory and swap together */
		if (on_v1)
			consider(&least, &memcg->memsw, id, group);
		css = BPF_CORE_READ(css, parent);
	}
	if (least.margin >= UNLIMITED_PAGES || (least.margin > FREED_MEANWHILE && of_victim.margin <= FREED_MEANWHILE))
		least = of_victim;
	pending->kill.global = least.margin >= UNLIMITED_PAGES || is_global(thread, pending->at, least.margin);
	if (!pending->kill.global) {
		pending->kill.limit_cgroup_id = least.cgroup_id;
		pending->kill.limit_bytes = least.max * page_size;
		pending->kill.usage_bytes = least.usage * page_size;
	}
	pending->group = pending->kill.global ? group : least.group;
	pending->kill.oom_group = pending->group != 0;
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int direct_reclaim_end(void *ctx)
{
	note_direct_reclaim();
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(kernel_kill, int signal, struct kernel_siginfo *info, struct task_struct *victim)
{
	struct task_struct *trigger;
	struct process_ids ids;
	struct thread *thread;
	__u32 id;

	/*
	 * Whatever became of the signal: if another SIGKILL was quicker by microseconds it is dropped, but the kernel counts
	 * and logs an OOM kill. Of a task that was seen to be dying it makes a victim without any signal.
	 */
	if (signal != SIGKILL || (__u64)info != SEND_SIG_PRIV)
		return 0;

	struct pending_kill pending = {};

	id = bpf_get_current_pid_tgid();
	thread = bpf_map_lookup_elem(&threads, &id);
	trigger = (struct task_struct *)bpf_get_current_task();
	read_process_ids(victim, &ids);
	pending.at = bpf_ktime_get_boot_ns();
	pending.victim_thread = victim->pid;
	pending.kill.header.cgroup_id = cgroup_id_of(victim);
	pending.kill.victim_start_ns = BPF_CORE_READ(victim, group_leader, start_boottime);
	pending.kill.victim_pid = ids.pid;
	pending.kill.victim_ns_pid = ids.ns_pid;
	pending.kill.victim_first = is_first_process(victim, pending.kill.header.cgroup_id, &ids);
	pending.kill.victim_bytes = resident_pages(victim->mm) * page_size;
	pending.kill.trigger_pid = bpf_get_current_pid_tgid() >> 32;
	BPF_CORE_READ_STR_INTO(&pending.kill.victim_command, victim, group_leader, comm);
	BPF_CORE_READ_STR_INTO(&pending.kill.trigger_command, trigger, group_leader, comm);
	find_limit(victim, trigger, thread, &pending);
	bpf_map_update_elem(&pending_kills, &id, &pending, BPF_ANY);
	return 0;
}

static __always_inline void flush_cgroup(__u64 id)
{
	struct pressure *pressure = bpf_map_lookup_elem(&pressures, &id);

	if (pressure)
		flush_pressure(id, pressure);
}

SEC("tp_btf/mark_victim")
int mark_victim(__u64 *ctx)
{
	__u32 victim, id = bpf_get_current_pid_tgid();
	struct pending_kill *pending = bpf_map_lookup_elem(&pending_kills, &id);
	struct aitia_oom_kill *record;
	struct thread *thread;
	__u64 number;

	if (bpf_core_field_exists(struct trace_event_raw_mark_victim, uid))
		victim = BPF_CORE_READ((struct task_struct *)ctx[0], pid);
	else
		victim = ctx[0];
	/* the signal comes some 15 us before, under a spinlock, but a hypervisor may pause the CPU; older ones had another reason */
	if (!pending || pending->victim_thread != victim || bpf_ktime_get_boot_ns() - pending->at > SECOND_NS)
		return 0;

	flush_cgroup(pending->kill.header.cgroup_id);
	flush_cgroup(cgroup_id_of((struct task_struct *)bpf_get_current_task()));
	record = RESERVE(aitia_oom_kill, AITIA_KIND_OOM_KILL, pending->kill.header.cgroup_id, mark_victim_program);
	if (!record)
		goto out;
	/* all but the header */
	__builtin_memcpy((void *)record + sizeof(struct aitia_header), (void *)&pending->kill + sizeof(struct aitia_header),
			 sizeof(*record) - sizeof(struct aitia_header));
	number = ((__u64)record->header.cpu << 40) | (record->header.sequence & ((1ULL << 40) - 1));
	thread = current_thread(mark_victim_program);
	if (thread && pending->group && thread->invocation && thread->group == pending->group)
		number = thread->invocation;
	record->invocation = number;
	if (thread) {
		thread->invocation = number;
		thread->group = pending->group;
	}
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
out:
	bpf_map_delete_elem(&pending_kills, &id);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
