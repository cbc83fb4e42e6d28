/* httpd_answer.c - makes answers, and has them sent, whole or in pieces.
 *
 * Pieces wait in a buffer until libmicrohttpd asks for bytes, which it does whenever the socket takes some.  When there
 * are none, the connection is suspended; the next piece wakes it up. */
#include "base/httpd_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

/* False without memory.  A header that HTTP cannot carry (a line end in it) is left out, and so are those that
 * libmicrohttpd computes. */
static bool add_response_header(struct MHD_Response *response, const struct base_header *h)
{
    static const char *const computed[] = { "Content-Length", "Transfer-Encoding" };
    for (size_t i = 0; i < sizeof computed / sizeof *computed; i++) {
        if (h->name.len == strlen(computed[i]) && strncasecmp(h->name.data, computed[i], h->name.len) == 0)
            return true;
    }
    char *text = malloc(h->name.len + h->value.len + 2);
    if (!text)
        return false;
    char *value = text + h->name.len + 1;
    memcpy(text, h->name.data, h->name.len);
    text[h->name.len] = '\0';
    if (h->value.len)
        memcpy(value, h->value.data, h->value.len);
    value[h->value.len] = '\0';
    MHD_add_response_header(response, text, value);
    free(text);
    return true;
}

/* Takes `response`, which may be NULL; gives it back, or NULL without memory. */
static struct MHD_Response *with_headers(struct MHD_Response *response, const struct base_header *headers, size_t count)
{
    for (size_t i = 0; response && i < count; i++) {
        if (!add_response_header(response, &headers[i])) {
            MHD_destroy_response(response);
            return NULL;
        }
    }
    return response;
}

static struct MHD_Response *whole(jn_str body)
{
    return MHD_create_response_from_buffer(body.len, (void *)(body.len ? body.data : ""),
                                           body.len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
}

void base_httpd_reply(struct base_httpd_request *r, int status, const struct base_header *headers, size_t header_count,
                      jn_str body)
{
    if (r->state == GONE)
        return;
    assert(r->state == WITH_USER);      // answered exactly once
    r->status = status;
    r->response = with_headers(whole(body), headers, header_count);
    r->state = r->response ? ANSWERED : DROPPED;
    base_httpd_resume(r);
}

void base_httpd_drop(struct base_httpd_request *r)
{
    if (r->state == GONE)
        return;
    if (r->state == ORPHANED) {
        base_httpd_free_request(r);
        return;
    }
    assert(r->state == WITH_USER || r->state == READING || r->state == STREAMING);
    r->state = DROPPED;
    r->on_drain = NULL;
    base_httpd_cut(r);
}

/* ---- in pieces ----------------------------------------------------------------------------------------------- */

enum {
    LOW_WATER = 64 << 10,               // unsent bytes at which on_drain is called
    BLOCK = 16 << 10,                   // asked for at once where chunks are not spoken (HTTP/1.0)
};

size_t base_httpd_unsent(const struct base_httpd_request *r)
{
    return r->pieces.len - r->taken;
}

static void take(struct base_httpd_request *r, char *to, size_t n)
{
    memcpy(to, r->pieces.data + r->taken, n);
    r->taken += n;
    if (r->taken == r->pieces.len) {
        jn_buf_truncate(&r->pieces, 0);
        r->taken = 0;
    }
    if (r->on_drain && base_httpd_unsent(r) <= LOW_WATER)
        r->server->has_drained = true;
}

/* An MHD_ContentReaderCallback.  libmicrohttpd holds the response's lock meanwhile, so nobody is called back here. */
static ssize_t give(void *arg, uint64_t position, char *to, size_t max)
{
    (void)position;
    struct base_httpd_request *r = arg;
    const size_t unsent = base_httpd_unsent(r);
    if ((r->state != STREAMING && r->state != ENDED) || r->pieces.failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (unsent > 0) {
        const size_t n = unsent < max ? unsent : max;
        take(r, to, n);
        return (ssize_t)n;
    }
    if (r->state == ENDED)
        return MHD_CONTENT_READER_END_OF_STREAM;
    base_httpd_suspend(r);
    return 0;
}

void base_httpd_begin(struct base_httpd_request *r, int status, const struct base_header *headers, size_t header_count)
{
    if (r->state == GONE)
        return;
    assert(r->state == WITH_USER);
    r->status = status;
    r->response = with_headers(MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, give, r, NULL), headers,
                               header_count);
    r->state = STREAMING;
    base_httpd_resume(r);
}

/* Bytes that were taken are cut off when they are the half, so that moving costs no more than copying did. */
void base_httpd_write(struct base_httpd_request *r, jn_str piece)
{
    if (r->state != STREAMING || piece.len == 0)
        return;
    if (r->taken > r->pieces.len / 2) {
        jn_buf_consume(&r->pieces, r->taken);
        r->taken = 0;
    }
    jn_buf_append(&r->pieces, piece);
    base_httpd_resume(r);
}

void base_httpd_end(struct base_httpd_request *r)
{
    if (r->state == GONE)
        return;
    if (r->state == ORPHANED) {
        base_httpd_free_request(r);
        return;
    }
    assert(r->state == STREAMING);
    r->state = ENDED;
    r->on_drain = NULL;
    base_httpd_resume(r);
}

void base_httpd_on_drain(struct base_httpd_request *r, base_httpd_drain_fn *fn, void *arg)
{
    if (r->state != STREAMING && r->state != ORPHANED)
        return;
    r->on_drain = fn;
    r->drain_arg = arg;
    if (!fn || base_httpd_unsent(r) > LOW_WATER)
        return;
    r->server->has_drained = true;
    base_httpd_run_soon(r->server);
}

/* Marked first and called then, so that who asks anew in its callback is called in another round. */
static void mark_drained(struct base_httpd *d)
{
    for (struct base_httpd_request *r = d->requests; r; r = r->next)
        r->is_drained = r->on_drain && base_httpd_unsent(r) <= LOW_WATER;
}

static struct base_httpd_request *find_drained(const struct base_httpd *d)
{
    struct base_httpd_request *r = d->requests;
    while (r && !r->is_drained)
        r = r->next;
    return r;
}

/* A callback may end other requests: the search starts anew. */
void base_httpd_tell_drained(struct base_httpd *d)
{
    if (!d->has_drained)
        return;
    d->has_drained = false;
    mark_drained(d);
    for (struct base_httpd_request *r = find_drained(d); r && !d->freed; r = find_drained(d)) {
        base_httpd_drain_fn *fn = r->on_drain;
        r->is_drained = false;
        r->on_drain = NULL;
        if (fn)
            fn(r, r->drain_arg);
    }
}
