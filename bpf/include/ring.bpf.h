/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/*
 * The way of a record to user space. All programs share one ring, so that the order of records is the order in which
 * they were made; the loader gives every object the same four maps, by their names.
 */
#ifndef AITIA_RING_BPF_H
#define AITIA_RING_BPF_H

#include "events.h"
#include <bpf/bpf_helpers.h>

/* Bytes between two wake-ups of the reader, who looks by itself every 100 ms, up to 800 in a quiet time. */
#define WAKEUP_SHIFT 18

#define PROGRAM_NAME 32

/* Read by nobody: with it all records are in each object's BTF, where the agent looks whether they are as it reads them. */
const union aitia_records *const volatile records_as_built = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20); /* the loader may set another size */
} events SEC(".maps");

/* Records made by each CPU, those that found no room included: a hole in the numbers is a lost record. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sequence SEC(".maps");

/* Records that found no room, by the program that made them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, char[PROGRAM_NAME]);
	__type(value, __u64);
} lost SEC(".maps");

/* Number of the last stretch of 2^WAKEUP_SHIFT bytes at whose begin the reader was woken. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} wakeup SEC(".maps");

static __always_inline __u64 next_sequence(void)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&sequence, &zero);

	/* atomic: a program that runs in an interrupt may come in between */
	return value ? __sync_fetch_and_add(value, 1) : 0;
}

static __always_inline void count_lost(const char *program)
{
	__u64 one = 1, *value = bpf_map_lookup_elem(&lost, program);

	if (value)
		__sync_fetch_and_add(value, 1);
	else if (bpf_map_update_elem(&lost, program, &one, BPF_NOEXIST)) {
		value = bpf_map_lookup_elem(&lost, program);
		if (value)
			__sync_fetch_and_add(value, 1);
	}
}

static __always_inline void fill_header(struct aitia_header *header, __u16 kind, __u16 size, __u64 sequence_number,
					__u64 cgroup_id)
{
	header->kind = kind;
	header->size = size;
	header->cpu = bpf_get_smp_processor_id();
	header->sequence = sequence_number;
	header->cgroup_id = cgroup_id;
	/* after the room was taken: who has read the whole ring at T has read all records made before T */
	header->boot_ns = bpf_ktime_get_boot_ns();
}

static __always_inline void *reserve_if_room(__u16 kind, __u16 size, __u64 cgroup_id)
{
	struct aitia_header *header = bpf_ringbuf_reserve(&events, size, 0);

	if (header)
		fill_header(header, kind, size, next_sequence(), cgroup_id);
	return header;
}

static __always_inline void *reserve_record(__u16 kind, __u16 size, __u64 cgroup_id, const char *program)
{
	void *record = reserve_if_room(kind, size, cgroup_id);

	if (!record) {
		next_sequence();
		count_lost(program);
	}
	return record;
}

/*
 * Once for every 256 KiB written. Comparing what is unread with a threshold, as is usual, would wake the reader at each
 * record while it waits for its batch to be safe on disk, since what is read counts as unread until then.
 */
static __always_inline __u64 wakeup_flags(void)
{
	__u32 zero = 0;
	__u64 stretch = bpf_ringbuf_query(&events, BPF_RB_PROD_POS) >> WAKEUP_SHIFT;
	__u64 *last = bpf_map_lookup_elem(&wakeup, &zero);

	if (!last || *last == stretch)
		return BPF_RB_NO_WAKEUP;
	*last = stretch;
	return BPF_RB_FORCE_WAKEUP;
}

/* Makes room for a record of this kind, with its header filled in, or counts the loss and is NULL. */
#define RESERVE(struct_name, kind, cgroup_id, program) \
	((struct struct_name *)reserve_record(kind, sizeof(struct struct_name), cgroup_id, program))

/* The same for what is not lost without room, since it can be told later: it takes no number either. */
#define RESERVE_IF_ROOM(struct_name, kind, cgroup_id) \
	((struct struct_name *)reserve_if_room(kind, sizeof(struct struct_name), cgroup_id))

/* A name as `lost` counts by it: in memory that the verifier knows to be as long as the key. */
#define PROGRAM(name) static const char name##_program[PROGRAM_NAME] = #name

#endif
