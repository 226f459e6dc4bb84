// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/* The programs of process.bpf.c as a kernel before 6.16 takes them: they find no `group_dead`. */

#define group_dead not_told
#include "../../../bpf/process.bpf.c"
