/* stack.c - running a function on another stack.
 *
 * Recursion in JSONata is recursion in C here, and the reference takes 100,000 levels.  The caller's stack may be a
 * small one, so evaluations that can nest run on a range of their own: hundreds of megabytes of addresses, of which
 * only touched pages cost anything, with a guard page at its end.  The switch is makecontext()'s; the sanitizers are
 * told about it, since they keep books on stacks. */
#include "jsonata/stack.h"

#include <stdint.h>
#include <sys/mman.h>
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
#define asan_leave(save, bottom, size) __sanitizer_start_switch_fiber(save, bottom, size)
#define asan_arrive(save, bottom, size) __sanitizer_finish_switch_fiber(save, bottom, size)
#else
#define asan_leave(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#define asan_arrive(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#endif
#ifdef STACK_TSAN
#include <sanitizer/tsan_interface.h>
#define tsan_here() __tsan_get_current_fiber()
#define tsan_create() __tsan_create_fiber(0)
#define tsan_switch(fiber) __tsan_switch_to_fiber(fiber, 0)
#define tsan_destroy(fiber) __tsan_destroy_fiber(fiber)
#else
#define tsan_here() NULL
#define tsan_create() NULL
#define tsan_switch(fiber) ((void)(fiber))
#define tsan_destroy(fiber) ((void)(fiber))
#endif

/* ---- memory -------------------------------------------------------------------------------------------------- */

enum {
    AT_FIRST = 128 * 1024,      /* in use from the start: a fixed cost of its owner, and none until it is touched */
    LEAF = 64 * 1024,           /* of a stack: for built-ins and libraries called at the limit */
    RED_ZONE = 2 * 1024 * 1024, /* of a stack: never in use, for what nests by the parser's leave only */
    KEEP = 1024 * 1024,         /* bytes that stay warm */
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* How much of the range can be in use. */
static size_t capacity(const struct reserve *r)
{
    if (!r->is_stack)
        return r->size - page_size();
    return r->size > 4 * (size_t)RED_ZONE ? r->size - RED_ZONE : r->size / 4 * 3;
}

bool reserve_open(struct reserve *r, size_t want, size_t least, bool is_stack)
{
    for (; want >= least; want /= 2) {
        char *p = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
            continue;
        if (mprotect(p, page_size(), PROT_NONE) == 0) {
            *r = (struct reserve){ .start = p, .size = want, .is_stack = is_stack };
            r->used = r->least = capacity(r) < AT_FIRST ? capacity(r) : AT_FIRST;
            return true;
        }
        munmap(p, want);
    }
    return false;
}

void reserve_close(struct reserve *r, struct jn_budget *b)
{
    if (r->size) {
        munmap(r->start, r->size);
        jn_budget_give(b, r->used - r->least);
    }
    *r = (struct reserve){ .size = 0 };
}

bool reserve_grow(struct reserve *r, struct jn_budget *b, size_t more)
{
    const size_t left = capacity(r) - r->used;
    if (more > left || !jn_budget_take(b, more))
        return false;
    r->used += more;
    return true;
}

/* Gives the system all pages beyond the first `keep` bytes. */
static void shrink(struct reserve *r, struct jn_budget *b, size_t keep)
{
    const size_t page = page_size();
    if (r->is_stack)
        madvise(r->start + page, r->size - keep - page, MADV_DONTNEED);
    else
        madvise(r->start + page + keep, r->size - keep - page, MADV_DONTNEED);
    jn_budget_give(b, r->used - keep);
    r->used = keep;
}

void reserve_trim(struct reserve *r, struct jn_budget *b)
{
    if (r->used <= r->least)
        return;
    const size_t keep = KEEP < b->limit / 8 ? KEEP : r->least;
    if (r->used > keep)
        shrink(r, b, keep);
}

char *reserve_first(const struct reserve *r)
{
    return r->start + page_size();
}

char *reserve_end(const struct reserve *r)
{
    return reserve_first(r) + r->used;
}

const char *reserve_limit(const struct reserve *r)
{
    return r->start + r->size - r->used + LEAF;
}

/* ---- switching ----------------------------------------------------------------------------------------------- */

struct crossing {
    void (*fn)(void *);
    void *arg;
    char *start;                    /* of the new stack */
    const void *caller_stack;       /* for the sanitizers */
    size_t caller_size;
};

/* The first function on the new stack. */
static void arrive(void *arg)
{
    struct crossing *c = arg;
    asan_arrive(NULL, &c->caller_stack, &c->caller_size);
    c->fn(c->arg);
    asan_leave(NULL, c->caller_stack, c->caller_size);
}

#if defined(__x86_64__)

/* A plain call between two changes of the stack pointer, which waits in a register that calls preserve. */
static void call_on(char *top, void *arg)
{
    __asm__ volatile("movq %%rsp, %%rbx\n\t"
                     "movq %[top], %%rsp\n\t"
                     "callq *%[fn]\n\t"
                     "movq %%rbx, %%rsp"
                     : "+D"(arg)
                     : [top] "r"(top), [fn] "r"(arrive)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
                       "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                       "xmm15", "cc", "memory");
}

#elif defined(__aarch64__)

static void call_on(char *top, void *arg)
{
    register void *x0 __asm__("x0") = arg;
    __asm__ volatile("mov x19, sp\n\t"
                     "mov sp, %[top]\n\t"
                     "blr %[fn]\n\t"
                     "mov sp, x19"
                     : "+r"(x0)
                     : [top] "r"(top), [fn] "r"(arrive)
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                       "x16", "x17", "x19", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
                       "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
                       "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}

#else

#include <ucontext.h>

/* makecontext() hands on ints only. */
static void arrive_in_parts(unsigned high, unsigned low)
{
    arrive((void *)(((uintptr_t)high << 16 << 16) | low));
}

static void call_on(char *top, void *arg)
{
    enum { GAP = 64 };
    struct crossing *c = arg;
    ucontext_t here, there;
    getcontext(&there);
    there.uc_stack.ss_sp = c->start;
    there.uc_stack.ss_size = (size_t)(top - c->start) - GAP;
    there.uc_link = &here;
    makecontext(&there, (void (*)(void))(uintptr_t)arrive_in_parts, 2, (unsigned)((uintptr_t)arg >> 16 >> 16),
                (unsigned)(uintptr_t)arg);
    swapcontext(&here, &there);
}

#endif

void reserve_run(const struct reserve *r, void (*fn)(void *), void *arg)
{
    struct crossing c = { .fn = fn, .arg = arg, .start = r->start };
    void *fake = NULL;
    /* Both of the thread sanitizer's switches are here, so that each function it sees begin also ends on its fiber. */
    void *here = tsan_here(), *fiber = tsan_create();
    asan_leave(&fake, r->start, r->size);
    tsan_switch(fiber);
    call_on(r->start + r->size, &c);        /* page-aligned, as the ABIs want 16 bytes */
    tsan_switch(here);
    asan_arrive(fake, NULL, NULL);
    tsan_destroy(fiber);
}

void reserve_call(void (*fn)(void *), void *arg)
{
    enum { LEAST = 1 << 20 };
    struct reserve stack;
    if (!reserve_open(&stack, (size_t)64 << 20, LEAST, true)) {
        fn(arg);
        return;
    }
    reserve_run(&stack, fn, arg);
    reserve_close(&stack, NULL);
}
