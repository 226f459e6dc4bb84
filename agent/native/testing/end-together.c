/* Starts a process that is at work on all CPUs, and that a signal ends on all of them at once; again and again, each under a name of its own. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t started;

static void *run(void *nothing)
{
	pthread_barrier_wait(&started);
	for (;;)
		__asm__ volatile("");
	return nothing;
}

static void end(int round)
{
	int threads = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	char name[16];
	pthread_t thread;

	snprintf(name, sizeof(name), "together-%d", round);
	prctl(PR_SET_NAME, name);
	pthread_barrier_init(&started, NULL, threads + 1);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, run, NULL) != 0)
			exit(1);
	pthread_barrier_wait(&started);
	kill(getpid(), SIGKILL);
}

int main(int count, char **words)
{
	for (int round = 0; count > 1 && round < atoi(words[1]); round++) {
		pid_t child = fork();

		if (child == 0)
			end(round);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return 1;
	}
	return 0;
}
