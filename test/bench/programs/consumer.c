// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

/*
 * consumer FOLDER OBJECT...
 * The least that a consumer can be: the agent's programs, attached and read through libbpf's own ring buffer, every 100 ms and when
 * woken, each record counted and forgotten. Pins the maps in the folder, for records.c. Ends when its input ends.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPS 64

static const char *names[MAPS];
static int descriptors[MAPS], maps;
static unsigned long records;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int known(const char *name)
{
	for (int i = 0; i < maps; i++)
		if (!strcmp(names[i], name))
			return descriptors[i];
	return -1;
}

static int count(void *context, void *data, size_t size)
{
	records++;
	return 0;
}

static void attach(const char *folder, const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	struct bpf_map *map;

	if (!object)
		fail(path);
	bpf_object__for_each_map(map, object)
		if (known(bpf_map__name(map)) >= 0 && bpf_map__reuse_fd(map, known(bpf_map__name(map))))
			fail(bpf_map__name(map));
	if (bpf_object__load(object))
		fail(path);
	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);
		char pin[4096];

		if (strchr(name, '.') || known(name) >= 0)
			continue;
		snprintf(pin, sizeof(pin), "%s/%s", folder, name);
		if (maps == MAPS || bpf_obj_pin(bpf_map__fd(map), pin))
			fail(pin);
		names[maps] = name;
		descriptors[maps++] = bpf_map__fd(map);
	}
	bpf_object__for_each_program(program, object)
		/* others are called, not attached */
		if (strchr(bpf_program__section_name(program), '/') && !bpf_program__attach(program))
			fail(bpf_program__name(program));
}

int main(int words, char **word)
{
	struct ring_buffer *ring;

	for (int i = 2; i < words; i++)
		attach(word[1], word[i]);
	ring = ring_buffer__new(known("events"), count, NULL, NULL);
	if (!ring)
		fail("ring");
	puts("ready");
	fflush(stdout);
	struct pollfd wake[] = { { .fd = ring_buffer__epoll_fd(ring), .events = POLLIN }, { .fd = 0, .events = POLLIN } };

	while (!wake[1].revents) {
		if (poll(wake, 2, 100) < 0 || ring_buffer__consume(ring) < 0)
			fail("ring");
	}
	printf("%lu\n", records);
	return 0;
}
