// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/* The programs of pressure.bpf.c, which take their time between one addition and the next: a flush comes in between often. */

#include "memory.bpf.h"

static __always_inline void dawdle(void)
{
	for (int i = 0; i < 500; i++)
		bpf_ktime_get_boot_ns();
}

#define __sync_fetch_and_add(at, by) ({ dawdle(); __sync_fetch_and_add(at, by); })
#include "../../../bpf/pressure.bpf.c"
