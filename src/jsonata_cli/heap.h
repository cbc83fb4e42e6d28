/* heap.h - counts what the program asks of the system's allocator, for --bench. */
#ifndef JSONATA_CLI_HEAP_H
#define JSONATA_CLI_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct heap {
    uint64_t allocations;           /* calls that gave memory, ever */
    int64_t live, peak;             /* bytes held now, and at most since heap_forget_peak() */
};

/* Counting costs a little, so it is off at first.  False when this build cannot count. */
bool heap_count(bool on);

struct heap heap_look(void);

/* The peak is what is live now. */
void heap_forget_peak(void);

#endif
