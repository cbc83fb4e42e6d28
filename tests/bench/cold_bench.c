/* cold_bench RUNS COMMAND [ARGUMENT...] - how long a command takes from the start of its process to its end, with its
 * output thrown away: {"best_ns", "median_ns"}.  A process that is to be small starts small ones: no shell, no
 * interpreter. */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t run_once(char **command, const posix_spawn_file_actions_t *quiet)
{
    pid_t child;
    int status = 0;
    const int64_t start = now_ns();
    if (posix_spawnp(&child, command[0], quiet, NULL, command, environ) || waitpid(child, &status, 0) != child)
        return -1;
    return status == 0 ? now_ns() - start : -1;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const long runs = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    if (runs < 1 || runs > 1000000) {
        fprintf(stderr, "usage: cold_bench RUNS COMMAND [ARGUMENT...]\n");
        return 2;
    }
    int64_t *ns = calloc((size_t)runs, sizeof *ns);
    posix_spawn_file_actions_t quiet;
    if (!ns || posix_spawn_file_actions_init(&quiet) ||
        posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0))
        return 1;
    for (long i = 0; i < runs; i++) {
        ns[i] = run_once(argv + 2, &quiet);
        if (ns[i] < 0) {
            fprintf(stderr, "cold_bench: %s failed\n", argv[2]);
            return 1;
        }
    }
    qsort(ns, (size_t)runs, sizeof *ns, compare);
    printf("{\"best_ns\":%lld,\"median_ns\":%lld}\n", (long long)ns[0], (long long)ns[runs / 2]);
    posix_spawn_file_actions_destroy(&quiet);
    free(ns);
    return 0;
}
