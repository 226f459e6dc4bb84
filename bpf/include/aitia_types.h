/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* Where events.h takes its integer types from: in BPF programs the kernel's, elsewhere the system's. */
#ifndef AITIA_TYPES_H
#define AITIA_TYPES_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

#ifdef __cplusplus
#define _Static_assert static_assert
#endif

#endif
