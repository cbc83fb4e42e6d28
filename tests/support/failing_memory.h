/* failing_memory.h - our libraries' requests for memory, made to fail one by one: call alc_failing_memory() for a
 * test.  The linker puts our functions in front of the C library's for what is linked statically; libuv's, libcurl's
 * and other libraries' requests stay their own.  (heap_count.h fails everybody's, and counts them.) */
#ifndef FAILING_MEMORY_H
#define FAILING_MEMORY_H

#include "jsonata/json.h"

/* Runs `scenario` with the n-th request failing, n = 1, 2, ... until it passes untouched, which must not happen before
 * `least` times.  A scenario may go on without what failed; a status other than JN_OK and JN_NO_MEMORY, or a failure
 * without a sentence, fails the test. */
void with_failing_memory(enum jn_status (*scenario)(struct jn_error *err), int least);

/* Inside a scenario: nothing fails from here until the counting goes on where it stopped. */
long memory_pause(void);
void memory_resume(long paused);

#endif
