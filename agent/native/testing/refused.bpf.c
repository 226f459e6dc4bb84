// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/* Programs that no kernel takes. */

#include "ring.bpf.h"
#include <bpf/bpf_tracing.h>

SEC("tp_btf/no_such_hook")
int no_such_hook(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_process_exec")
int no_such_access(__u64 *ctx)
{
	return *(__u64 *)ctx[100];
}

char LICENSE[] SEC("license") = "GPL";
