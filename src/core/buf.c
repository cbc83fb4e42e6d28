/* buf.c - growable bytes on malloc.  Growth is by a factor, so that appending n bytes one by one copies at most 2n, or
 * 3n of a long text, of which memory for twice as much is not to be had for a few bytes. */
#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void jn_buf_init(struct jn_buf *b, size_t ceiling)
{
    *b = (struct jn_buf){ .ceiling = ceiling ? ceiling : SIZE_MAX - 1 };
}

static char *fail(struct jn_buf *b, enum jn_status s)
{
    b->failed = s;
    return NULL;
}

/* The capacity to have for `need` bytes: twice what there was, or half as much again when that is long.  A long piece
 * gets a little more than it needs, since something short is likely to follow it. */
static size_t next_capacity(const struct jn_buf *b, size_t need)
{
    enum { LONG = 1 << 20 };
    const size_t more = b->cap < LONG ? b->cap : b->cap / 2;
    size_t cap = b->cap <= SIZE_MAX - more ? b->cap + more : SIZE_MAX;
    if (cap < 64)
        cap = 64;
    if (cap < need)
        cap = need <= SIZE_MAX - need / 32 ? need + need / 32 : need;
    return cap - 1 > b->ceiling ? b->ceiling + 1 : cap;
}

void jn_buf_flush(struct jn_buf *b)
{
    if (!b->failed && b->len && !b->sink(b->host, b->data, b->len))
        fail(b, JN_IO);
    b->len = 0;
}

void jn_buf_pass(struct jn_buf *b, jn_str s)
{
    jn_buf_flush(b);
    if (!b->failed && !b->sink(b->host, s.data, s.len))
        fail(b, JN_IO);
}

char *jn_buf_grow(struct jn_buf *b, size_t extra)
{
    if (b->sink)
        jn_buf_flush(b);
    if (b->failed)
        return NULL;
    b->is_full = extra > b->ceiling - b->len;
    if (b->is_full)
        return fail(b, JN_LIMIT);
    const size_t need = b->len + extra + 1;
    if (need <= b->cap)
        return b->data + b->len;
    bool refused;
    size_t cap = next_capacity(b, need);
    char *data = jn_budget_resize(b->budget, b->data, b->cap, cap, &refused);
    if (!data && refused)           // perhaps there is room for what is needed at least
        data = jn_budget_resize(b->budget, b->data, b->cap, cap = need, &refused);
    if (!data)
        return fail(b, refused ? JN_LIMIT : JN_NO_MEMORY);
    b->data = data;
    b->cap = cap;
    data[b->len] = '\0';            // also when nothing is written to it
    return data + b->len;
}

void jn_buf_append(struct jn_buf *b, jn_str s)
{
    char *to = jn_buf_reserve(b, s.len);
    if (!to)
        return;
    if (s.len)
        memcpy(to, s.data, s.len);
    jn_buf_commit(b, s.len);
}

void jn_buf_append_z(struct jn_buf *b, const char *z)
{
    jn_buf_append(b, jn_str_of(z));
}

void jn_buf_append_char(struct jn_buf *b, char c)
{
    char *to = jn_buf_reserve(b, 1);
    if (!to)
        return;
    *to = c;
    jn_buf_commit(b, 1);
}

void jn_buf_append_fmt(struct jn_buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, fmt, args);
    char *to = n < 0 ? NULL : jn_buf_reserve(b, (size_t)n);
    if (to) {
        vsnprintf(to, (size_t)n + 1, fmt, again);
        jn_buf_commit(b, (size_t)n);
    } else if (!b->failed) {
        fail(b, JN_BAD_VALUE);      // libc refused the format or an argument of it
    }
    va_end(again);
    va_end(args);
}

void jn_buf_truncate(struct jn_buf *b, size_t len)
{
    if (len < b->len) {
        b->len = len;
        b->data[len] = '\0';
    }
}

void jn_buf_consume(struct jn_buf *b, size_t n)
{
    if (n > b->len)
        n = b->len;
    if (!n)
        return;
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
    b->data[b->len] = '\0';
}

char *jn_buf_detach(struct jn_buf *b)
{
    char *data = NULL;
    if (!b->failed && jn_buf_reserve(b, 0)) {
        jn_buf_commit(b, 0);
        data = b->data;
        jn_budget_give(b->budget, b->cap);
        b->data = NULL;
        b->cap = 0;
    }
    jn_buf_clear(b);
    return data;
}

void jn_buf_attach(struct jn_buf *b, char *data, size_t len)
{
    jn_buf_clear(b);
    b->data = data;
    b->len = len;
    b->cap = len + 1;
}

void jn_buf_clear(struct jn_buf *b)
{
    free(b->data);
    jn_budget_give(b->budget, b->cap);
    *b = (struct jn_buf){ .ceiling = b->ceiling, .budget = b->budget, .sink = b->sink, .host = b->host };
}

void jn_buf_wipe(struct jn_buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->cap);
    jn_buf_clear(b);
}

/* ---- json.h -------------------------------------------------------------------------------------------------- */

struct jn_buf *jn_buf_new(size_t ceiling)
{
    struct jn_buf *b = malloc(sizeof *b);
    if (b)
        jn_buf_init(b, ceiling);
    return b;
}

void jn_buf_free(struct jn_buf *b)
{
    if (!b)
        return;
    jn_buf_clear(b);
    free(b);
}

jn_str jn_buf_text(const struct jn_buf *b)
{
    return jn_buf_str(b);
}

void jn_buf_reset(struct jn_buf *b)
{
    jn_buf_truncate(b, 0);
    b->failed = JN_OK;
}
