/* deadline.h - how long the writing of a result may take: as much of the processor's time as its evaluation.  A small
 * value can have a text without end, when its members are shared.  Waiting for who reads the output does not count. */
#ifndef JSONATA_CLI_DEADLINE_H
#define JSONATA_CLI_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline int64_t processor_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* So many milliseconds from now; 0: never. */
static inline int64_t deadline_in(int64_t ms)
{
    return ms ? processor_ms() + ms : 0;
}

static inline bool deadline_is_over(int64_t deadline_ms)
{
    return deadline_ms && processor_ms() > deadline_ms;
}

#endif
