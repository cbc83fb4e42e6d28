/* msan.h - what the memory sanitizer cannot see: code that was built without it writes to our memory, too. */
#ifndef JN_MSAN_H
#define JN_MSAN_H

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
/* Says that `n` bytes at `p` have been written by a library. */
#define jn_written(p, n) __msan_unpoison(p, n)
#endif
#endif
#ifndef jn_written
#define jn_written(p, n) ((void)(p), (void)(n))
#endif

#endif
