// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/*
 * The programs of oom.bpf.c, and one that takes each reclaim for a memcg for a direct one: loaded after those of
 * pressure.bpf.c it plays what a thread does that allocates on a machine without memory, which no test can bring about.
 */

#include "../../../bpf/oom.bpf.c"

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int played_direct_reclaim(void *ctx)
{
	note_direct_reclaim();
	return 0;
}
