/* heap_count.h - the C library's allocator, counted and made to fail: link heap_count.c into a test for it.
 *
 * What is counted is what blocks really take (malloc_usable_size), from all code in the process, libraries included,
 * and calls to mmap() that do not come from inside the C library.  The sanitizers bring allocators of their own: under
 * them nothing is counted, nothing fails, and heap_is_counted() says so. */
#ifndef HEAP_COUNT_H
#define HEAP_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool heap_is_counted(void);

/* Bytes and blocks in use now; the most bytes since heap_watch(); requests to the system since then. */
size_t heap_live(void);
size_t heap_blocks(void);
size_t heap_peak(void);
uint64_t heap_requests(void);
void heap_watch(void);

/* Lets the n-th request from now on fail (1: the next), and all after it when `ever_after`; 0: none. */
void heap_fail(uint64_t n, bool ever_after);

/* Whether a request has failed since heap_fail(). */
bool heap_has_failed(void);

#endif
