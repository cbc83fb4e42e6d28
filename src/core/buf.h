/* buf.h - growable bytes.  A buffer remembers its first failure; ask once, at the end.
 * Invariant: data[len] is always '\0' once anything was appended, so data is a C string when it holds no NUL. */
#ifndef JN_BUF_H
#define JN_BUF_H

#include "core/budget.h"
#include "core/status.h"

struct jn_buf {
    char *data;
    size_t len, cap, ceiling;       /* read len and data; leave the rest to buf.c */
    enum jn_status failed;
    bool is_full;                   /* failed at its ceiling, and not for want of memory */
    struct jn_budget *budget;       /* that the bytes count against; NULL: none */
    jn_sink_fn *sink;               /* where the bytes go instead of growing; NULL: nowhere */
    void *host;
};

/* Prepares an empty buffer that never grows past `ceiling` bytes (0: no ceiling).  Allocates nothing. */
void jn_buf_init(struct jn_buf *b, size_t ceiling);

/* Hands what there is to the sink. */
void jn_buf_flush(struct jn_buf *b);

/* Hands what there is and then `s` to the sink, without a copy of `s`. */
void jn_buf_pass(struct jn_buf *b, jn_str s);

/* The slow path of jn_buf_reserve(). */
char *jn_buf_grow(struct jn_buf *b, size_t extra);

/* Room for `extra` more bytes: where to write them, or NULL once the buffer has failed.  Then add to len by
 * jn_buf_commit(). */
static inline char *jn_buf_reserve(struct jn_buf *b, size_t extra)
{
    if (!b->failed && b->cap - b->len > extra)
        return b->data + b->len;
    return jn_buf_grow(b, extra);
}

static inline void jn_buf_commit(struct jn_buf *b, size_t written)
{
    b->len += written;
    b->data[b->len] = '\0';
}

/* Appends; each does nothing once the buffer has failed. */
void jn_buf_append(struct jn_buf *b, jn_str s);
void jn_buf_append_z(struct jn_buf *b, const char *z);
void jn_buf_append_char(struct jn_buf *b, char c);
void jn_buf_append_fmt(struct jn_buf *b, const char *fmt, ...) JN_PRINTF(2, 3);

/* Drops everything after the first `len` bytes; the memory stays. */
void jn_buf_truncate(struct jn_buf *b, size_t len);

/* Drops the first `n` bytes and moves the rest to the front. */
void jn_buf_consume(struct jn_buf *b, size_t n);

/* The bytes so far, valid until the next change. */
static inline jn_str jn_buf_str(const struct jn_buf *b)
{
    return (jn_str){ b->data ? b->data : "", b->len };
}

/* Hands the bytes to the caller, who frees them; `b` is empty again.  NULL if the buffer had failed. */
char *jn_buf_detach(struct jn_buf *b);

/* Takes `len` bytes that jn_buf_detach() gave, for those that `b`, which counts against no budget, had. */
void jn_buf_attach(struct jn_buf *b, char *data, size_t len);

/* Frees the bytes and forgets the failure.  `b` may be used again. */
void jn_buf_clear(struct jn_buf *b);

/* The same, but overwrites the bytes first: for secrets. */
void jn_buf_wipe(struct jn_buf *b);

#endif
