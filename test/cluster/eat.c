// SPDX-License-Identifier: Apache-2.0
// A workload that fails on purpose, or just lives. README.md lists its commands. Static and tiny, so that a
// container's memory is what it was told to take.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// Slow enough that pressure shows before the kill: 64 MiB last about 1.6 s.
#define STEP_MIB 4
#define STEP_MICROSECONDS 100000

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static void live(void) {
  for (;;) pause();
}

static void take(long mib) {
  for (long taken = 0; taken < mib; taken += STEP_MIB) {
    char *step = malloc(STEP_MIB << 20);
    if (!step) exit(3);
    // Only written pages count.
    memset(step, 1, STEP_MIB << 20);
    usleep(STEP_MICROSECONDS);
  }
  printf("took %ld MiB\n", mib);
}

// Starts of this container so far, this one among them: a file in a volume of the pod has a byte for each.
static long starts(const char *path) {
  int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  struct stat counted;
  if (file < 0 || write(file, "+", 1) != 1 || fstat(file, &counted)) {
    perror(path);
    exit(6);
  }
  close(file);
  return counted.st_size;
}

// Gives the child's wait status.
static int take_in_child(long mib) {
  pid_t child = fork();
  if (child < 0) exit(4);
  if (child == 0) {
    take(mib);
    live();
  }
  int status;
  while (waitpid(child, &status, 0) < 0) continue;
  printf("child %d ended with signal %d\n", child, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return status;
}

static void serve(int port) {
  static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) {
    perror("listen");
    exit(5);
  }
  for (;;) {
    char request[1024];
    int peer = accept(listener, NULL, NULL);
    if (peer < 0) continue;
    if (read(peer, request, sizeof request) > 0) write(peer, answer, sizeof answer - 1);
    close(peer);
  }
}

int main(int count, char **words) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  // The first process of a container ignores signals that it has no handler for.
  signal(SIGTERM, end);
  signal(SIGINT, end);
  signal(SIGPIPE, SIG_IGN);
  const char *command = count > 1 ? words[1] : "";
  long number = count > 2 ? atol(words[2]) : 0;
  if (!strcmp(command, "main") && number > 0) {
    if (count < 5 || starts(words[4]) <= atol(words[3])) take(number);
    live();
  } else if (!strcmp(command, "child") && number > 0) {
    take_in_child(number);
    live();
  } else if (!strcmp(command, "child-exit") && number > 0 && count > 3) {
    take_in_child(number);
    return atoi(words[3]);
  } else if (!strcmp(command, "serve") && number > 0) {
    serve(number);
  } else if (!strcmp(command, "sleep")) {
    live();
  }
  fprintf(stderr, "expected: main MIB [TIMES FILE] | child MIB | child-exit MIB CODE | serve PORT | sleep\n");
  return 2;
}
