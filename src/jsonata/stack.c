/* stack.c - running a function on another stack.
 *
 * Recursion in JSONata is recursion in C here, and the reference takes some 100,000 levels.  The caller's stack may be a
 * small one, so evaluations that can nest run on a range of their own: hundreds of megabytes of addresses, of which
 * only touched pages cost anything, with a guard page at its end.  The switch is makecontext()'s; the sanitizers are
 * told about it, since they keep books on stacks. */
#include "jsonata/stack.h"

#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define STACK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STACK_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define STACK_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STACK_TSAN 1
#endif
#endif

#ifdef STACK_ASAN
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#define __sanitizer_finish_switch_fiber(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#endif
#ifdef STACK_TSAN
#include <sanitizer/tsan_interface.h>
#else
#define __tsan_get_current_fiber() NULL
#define __tsan_create_fiber(flags) NULL
#define __tsan_switch_to_fiber(fiber, flags) ((void)(fiber))
#define __tsan_destroy_fiber(fiber) ((void)(fiber))
#endif

/* ---- memory -------------------------------------------------------------------------------------------------- */

bool reserve_open(struct reserve *r, size_t want, size_t least)
{
    for (; want >= least; want /= 2) {
        char *p = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
            continue;
        if (mprotect(p, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) == 0) {
            *r = (struct reserve){ p, want };
            return true;
        }
        munmap(p, want);
    }
    return false;
}

void reserve_close(struct reserve *r)
{
    if (r->size)
        munmap(r->start, r->size);
    *r = (struct reserve){ NULL, 0 };
}

char *reserve_first(const struct reserve *r)
{
    return r->start + (size_t)sysconf(_SC_PAGESIZE);
}

enum { KEEP = 1 << 20 };        /* bytes that stay warm */

void reserve_trim(struct reserve *r, bool is_stack)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char is_touched = 0;
    if (r->size <= 4 * (size_t)KEEP)
        return;
    char *probe = is_stack ? r->start + r->size - KEEP : r->start + KEEP;
    if (mincore(probe, page, &is_touched) || !(is_touched & 1))
        return;
    if (is_stack)
        madvise(r->start + page, r->size - KEEP - page, MADV_DONTNEED);
    else
        madvise(probe, r->size - KEEP, MADV_DONTNEED);
}

const char *reserve_limit(const struct reserve *r)
{
    enum { RED_ZONE = 1 << 21 };    /* for what nests by the parser's leave only, and for built-ins */
    return r->start + (r->size > 4 * (size_t)RED_ZONE ? (size_t)RED_ZONE : r->size / 4);
}

/* ---- switching ----------------------------------------------------------------------------------------------- */

struct crossing {
    ucontext_t here, there;
    void (*fn)(void *);
    void *arg;
    const void *caller_stack;       /* for the sanitizers */
    size_t caller_size;
    void *caller_fiber, *fiber;
};

/* makecontext() hands on ints only. */
static void arrive(unsigned high, unsigned low)
{
    struct crossing *c = (struct crossing *)(((uintptr_t)high << 16 << 16) | low);
    __sanitizer_finish_switch_fiber(NULL, &c->caller_stack, &c->caller_size);
    c->fn(c->arg);
    __tsan_switch_to_fiber(c->caller_fiber, 0);
    __sanitizer_start_switch_fiber(NULL, c->caller_stack, c->caller_size);
}

void reserve_run(const struct reserve *r, void (*fn)(void *), void *arg)
{
    struct crossing c = { .fn = fn, .arg = arg };
    void *fake = NULL;
    const uintptr_t self = (uintptr_t)&c;
    getcontext(&c.there);
    c.there.uc_stack.ss_sp = r->start;
    c.there.uc_stack.ss_size = r->size;
    c.there.uc_link = &c.here;
    makecontext(&c.there, (void (*)(void))(uintptr_t)arrive, 2, (unsigned)(self >> 16 >> 16), (unsigned)self);
    c.caller_fiber = __tsan_get_current_fiber();
    c.fiber = __tsan_create_fiber(0);
    __sanitizer_start_switch_fiber(&fake, r->start, r->size);
    __tsan_switch_to_fiber(c.fiber, 0);
    swapcontext(&c.here, &c.there);
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
    __tsan_destroy_fiber(c.fiber);
}
