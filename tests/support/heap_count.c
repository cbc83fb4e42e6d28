/* heap_count.c - see heap_count.h.  Definitions in the program come before those of the C library, which keeps the real
 * ones reachable as __libc_malloc() and so on.  One lock serves threads; the counts are for one at a time. */
#include "heap_count.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define COUNTED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define COUNTED 0
#endif
#endif
#ifndef COUNTED
#define COUNTED 1
#endif

static atomic_size_t live, blocks, peak;
static atomic_ullong requests, fail_in;
static atomic_bool fail_ever_after, has_failed;

bool heap_is_counted(void)
{
    return COUNTED;
}

size_t heap_live(void)
{
    return live;
}

size_t heap_blocks(void)
{
    return blocks;
}

size_t heap_peak(void)
{
    return peak;
}

uint64_t heap_requests(void)
{
    return requests;
}

void heap_watch(void)
{
    peak = live;
    requests = 0;
}

void heap_fail(uint64_t n, bool ever_after)
{
    fail_ever_after = ever_after;
    has_failed = false;
    fail_in = n;
}

bool heap_has_failed(void)
{
    return has_failed;
}

#if COUNTED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

/* Whether this request is to fail. */
static bool refuses(void)
{
    requests++;
    if (!fail_in)
        return false;
    if (fail_in > 1) {
        fail_in--;
        return false;
    }
    if (!fail_ever_after)
        fail_in = 0;
    has_failed = true;
    errno = ENOMEM;
    return true;
}

static void *enter(void *p)
{
    if (!p)
        return p;
    blocks++;
    const size_t size = malloc_usable_size(p), now = atomic_fetch_add(&live, size) + size;
    if (now > peak)
        peak = now;
    return p;
}

static void leave(void *p)
{
    if (!p)
        return;
    blocks--;
    live -= malloc_usable_size(p);
}

void *malloc(size_t size)
{
    return refuses() ? NULL : enter(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return refuses() ? NULL : enter(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
    if (refuses())
        return NULL;
    const size_t old = p ? malloc_usable_size(p) : 0;
    void *q = __libc_realloc(p, size);
    if (!q)
        return NULL;
    live -= old;
    blocks -= p != NULL;
    return enter(q);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return refuses() ? NULL : enter(__libc_memalign(alignment, size));
}

void *memalign(size_t alignment, size_t size)
{
    return refuses() ? NULL : enter(__libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *p = refuses() ? NULL : enter(__libc_memalign(alignment, size));
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

void free(void *p)
{
    leave(p);
    __libc_free(p);
}

/* Address space is not memory yet, so mapping counts as a request only. */
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (refuses())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

#endif
