/* failing_memory.c - see failing_memory.h; the list of functions is also in cmake/test.cmake. */
#include "failing_memory.h"

#include "cmocka_all.h"

static long countdown = -1;         /* requests until one fails; < 0: none does */

static bool must_fail(void)
{
    return countdown >= 0 && countdown-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *z);
char *__wrap_strndup(const char *z, size_t max);

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return must_fail() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t count, size_t size)
{
    return must_fail() ? NULL : __real_reallocarray(p, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strndup(const char *z, size_t max)
{
    const size_t len = strnlen(z, max);
    char *copy = __wrap_malloc(len + 1);
    if (copy) {
        memcpy(copy, z, len);
        copy[len] = '\0';
    }
    return copy;
}

char *__wrap_strdup(const char *z)
{
    return __wrap_strndup(z, SIZE_MAX);
}

void with_failing_memory(enum jn_status (*scenario)(struct jn_error *err), int least)
{
    for (int n = 0; n < 1000; n++) {
        struct jn_error err = { 0 };
        countdown = n;
        const enum jn_status s = scenario(&err);
        const bool untouched = countdown >= 0;
        countdown = -1;
        if (untouched) {
            assert_int_equal(s, JN_OK);
            assert_true(n >= least);
            return;
        }
        if (s != JN_NO_MEMORY && s != JN_OK)
            fail_msg("request %d: status %d: %s", n, s, err.message);
        if (s && !err.message[0])
            fail_msg("request %d: no sentence", n);
    }
    fail_msg("it never ends");
}

long memory_pause(void)
{
    const long left = countdown;
    countdown = -1;
    return left;
}

void memory_resume(long paused)
{
    countdown = paused;
}
