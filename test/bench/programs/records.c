// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/*
 * records OBJECT RATE SECONDS CGROUP_ID FOLDER...
 * Writes RATE records a second into the ring whose maps are pinned in the folders, in portions of 10 ms; then waits until they
 * are acknowledged, for 10 s at most. Prints what became of them as JSON.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PORTION_NS 10000000L
#define SECOND_NS 1000000000L
#define WAIT_PORTIONS 1000

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static __u32 run(struct bpf_object *object, const char *name, __u64 count, __u64 cgroup_id)
{
	__u64 arguments[] = { count, cgroup_id };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments, .ctx_size_in = sizeof(arguments));
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program || bpf_prog_test_run_opts(bpf_program__fd(program), &options))
		fail(name);
	return options.retval;
}

static long until(struct timespec *next, const struct timespec *start)
{
	struct timespec now;

	next->tv_nsec += PORTION_NS;
	if (next->tv_nsec >= SECOND_NS) {
		next->tv_nsec -= SECOND_NS;
		next->tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * SECOND_NS + now.tv_nsec - start->tv_nsec;
}

int main(int count, char **words)
{
	struct bpf_object *object = count > 5 ? bpf_object__open_file(words[1], NULL) : NULL;
	struct timespec start, next;
	struct bpf_map *map;
	__u64 made = 0, lost = 0;
	long passed;

	if (!object)
		fail("records OBJECT RATE SECONDS CGROUP_ID FOLDER...");
	const long rate = atol(words[2]), seconds = atol(words[3]);
	const __u64 cgroup_id = strtoull(words[4], NULL, 10);

	bpf_object__for_each_map(map, object) {
		int fd = -1;

		if (strchr(bpf_map__name(map), '.'))
			continue;
		for (int folder = 5; folder < count && fd < 0; folder++) {
			char path[4096];

			snprintf(path, sizeof(path), "%s/%s", words[folder], bpf_map__name(map));
			fd = bpf_obj_get(path);
		}
		if (fd < 0 || bpf_map__reuse_fd(map, fd))
			fail(bpf_map__name(map));
	}
	if (bpf_object__load(object))
		fail("load");
	clock_gettime(CLOCK_MONOTONIC, &start);
	next = start;
	do {
		passed = until(&next, &start);
		if (passed > seconds * SECOND_NS)
			passed = seconds * SECOND_NS;
		const __u64 due = (double)rate * passed / SECOND_NS;

		lost += run(object, "make_records", due - made, cgroup_id);
		made = due;
	} while (passed < seconds * SECOND_NS);
	clock_gettime(CLOCK_MONOTONIC, &next);
	const double took = next.tv_sec - start.tv_sec + (next.tv_nsec - start.tv_nsec) / 1e9;
	__u32 unread = run(object, "unread", 0, 0);

	for (int portion = 0; unread && portion < WAIT_PORTIONS; portion++) {
		until(&next, &start);
		unread = run(object, "unread", 0, 0);
	}
	printf("{\"made\":%llu,\"lost\":%llu,\"unread\":%u,\"seconds\":%f}\n", made, lost, unread, took);
	return 0;
}
