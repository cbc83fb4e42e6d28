/* heap.c - see heap.h.  The functions of malloc(3) are defined here anew, so that every library of the process, and not
 * only ours, is counted; they hand on to glibc's own, which have names of their own for this purpose.  The sanitizers
 * replace the allocator themselves and have hooks instead.
 *
 * Single-threaded, as the command is. */
#include "heap.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

static struct {
    struct heap heap;
    bool is_on;
} state;

static void *note_new(void *p)
{
    if (!state.is_on || !p)
        return p;
    state.heap.allocations++;
    state.heap.live += (int64_t)malloc_usable_size(p);
    if (state.heap.live > state.heap.peak)
        state.heap.peak = state.heap.live;
    return p;
}

static void note_old(void *p)
{
    if (state.is_on && p)
        state.heap.live -= (int64_t)malloc_usable_size(p);
}

struct heap heap_look(void)
{
    return state.heap;
}

void heap_forget_peak(void)
{
    state.heap.peak = state.heap.live;
}

#ifdef HEAP_HOOKS

/* <sanitizer/allocator_interface.h>, which gcc does not bring. */
extern int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                                     void (*on_free)(const volatile void *));

static void hook_new(const volatile void *p, size_t size)
{
    (void)size;
    note_new((void *)(uintptr_t)p);
}

static void hook_old(const volatile void *p)
{
    note_old((void *)(uintptr_t)p);
}

bool heap_count(bool on)
{
    static bool is_hooked;
    if (!is_hooked)
        is_hooked = __sanitizer_install_malloc_and_free_hooks(hook_new, hook_old) != 0;
    state.is_on = on && is_hooked;
    return is_hooked;
}

#elif defined(__GLIBC__)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);

bool heap_count(bool on)
{
    state.is_on = on;
    return true;
}

void *malloc(size_t size)
{
    return note_new(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return note_new(__libc_calloc(count, size));
}

void *realloc(void *p, size_t size)
{
    note_old(p);
    void *q = __libc_realloc(p, size);
    if (!q && size && p && state.is_on)         // `p` is still there
        state.heap.live += (int64_t)malloc_usable_size(p);
    return note_new(q);
}

void *memalign(size_t alignment, size_t size)
{
    return note_new(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *p = memalign(alignment, size);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

void free(void *p)
{
    note_old(p);
    __libc_free(p);
}

#else

bool heap_count(bool on)
{
    (void)on;
    return false;
}

#endif
