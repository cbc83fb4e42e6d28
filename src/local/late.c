/* late.c - see late.h.
 *
 *   holding  -> sending   a whole answer: its delay is over
 *   sending  -> ending    an end was asked for, and all bytes are gone
 *   ending   -> gone      a stream: its delay is over */
#include "local/late.h"

#include <stdlib.h>

#include "base/timer.h"
#include "core/arena.h"

enum { TICK_MS = 50, FEW_BYTES = 65536, LAST_BYTES_MS = 20, LAST_WAITS_MAX = 50 };

struct local_late {
    struct local_lates *all;
    struct local_late *next, **link;
    struct base_httpd_request *req;
    struct base_timer *timer;
    struct local_lateness how;
    enum { HOLDING, SENDING, ENDING } state;
    bool is_whole, is_asked_to_end;
    int waits;                      /* for the last bytes to leave before the connection is closed */
    struct jn_buf unsent;
    void (*on_drain)(void *arg);
    void *arg;

    /* of a whole answer, until it begins */
    struct jn_arena memory;
    int status;
    struct base_header *headers;
    size_t header_count;
};

void local_late_free(struct local_late *l)
{
    *l->link = l->next;
    if (l->next)
        l->next->link = l->link;
    base_timer_free(l->timer);
    jn_buf_clear(&l->unsent);
    jn_arena_clear(&l->memory);
    free(l);
}

void local_late_drop(struct local_late *l)
{
    base_httpd_drop(l->req);
    local_late_free(l);
}

void local_lates_clear(struct local_lates *all)
{
    for (struct local_late *l = all->first, *next; l; l = next) {
        next = l->next;
        local_late_drop(l);
    }
}

static void on_gone(struct base_httpd_request *req, void *arg)
{
    (void)req;
    local_late_free(arg);
}

/* ---- sending -------------------------------------------------------------------------------------------------- */

/* What has not left is lost when the connection is closed; and what the server has taken may not have left. */
static bool may_have_more_to_send(struct local_late *l)
{
    const int waits = l->waits++;
    return waits == 0 || (base_httpd_unsent(l->req) > 0 && waits < LAST_WAITS_MAX);
}

static void finish(struct local_late *l)
{
    if (l->how.is_cut && may_have_more_to_send(l)) {
        base_timer_start(l->timer, LAST_BYTES_MS);
    } else if (l->how.is_cut) {
        local_late_drop(l);
    } else {
        base_httpd_end(l->req);
        local_late_free(l);
    }
}

/* What is sent in a tick, and a byte at least. */
static size_t piece_size(const struct local_late *l)
{
    const size_t size = (size_t)l->how.bytes_per_second * TICK_MS / 1000;
    return size ? size : 1;
}

/* A stream waits with its end, a whole answer has waited before. */
static void go_on(struct local_late *l)
{
    const int rate = l->how.bytes_per_second;
    if (l->unsent.len > 0) {
        base_timer_start(l->timer, (int64_t)piece_size(l) * 1000 / rate);
    } else if (l->is_asked_to_end) {
        l->state = ENDING;
        base_timer_start(l->timer, l->is_whole ? 0 : l->how.delay_ms);
    }
}

static void on_http_drain(struct base_httpd_request *req, void *arg)
{
    (void)req;
    struct local_late *l = arg;
    void (*drained)(void *arg) = l->on_drain;
    l->on_drain = NULL;
    if (drained)
        drained(l->arg);
}

static void send_some(struct local_late *l)
{
    const jn_str piece = jn_str_sub(jn_buf_str(&l->unsent), 0, piece_size(l));
    void (*drained)(void *arg) = l->on_drain;
    void *arg = l->arg;
    base_httpd_write(l->req, piece);
    jn_buf_consume(&l->unsent, piece.len);
    go_on(l);
    if (drained && local_late_unsent(l) <= FEW_BYTES) {
        l->on_drain = NULL;
        drained(arg);
    } else if (drained && l->unsent.len == 0) {
        base_httpd_on_drain(l->req, on_http_drain, l);      // it is the connection that is slow
    }
}

static void begin_held(struct local_late *l)
{
    if (l->how.is_cut) {
        local_late_drop(l);
    } else if (l->how.bytes_per_second == 0) {
        base_httpd_reply(l->req, l->status, l->headers, l->header_count, jn_buf_str(&l->unsent));
        local_late_free(l);
    } else {
        base_httpd_begin(l->req, l->status, l->headers, l->header_count);
        l->state = SENDING;
        go_on(l);
    }
}

static void on_time(struct base_timer *t, void *arg)
{
    (void)t;
    struct local_late *l = arg;
    if (l->state == HOLDING)
        begin_held(l);
    else if (l->state == SENDING)
        send_some(l);
    else
        finish(l);
}

/* ---- the owner's side ----------------------------------------------------------------------------------------- */

static struct local_late *make(struct local_lates *all, struct base_httpd_request *req, const struct local_lateness *how)
{
    struct local_late *l = calloc(1, sizeof *l);
    struct base_timer *timer = NULL;
    if (!l || base_timer_new(all->loop, on_time, l, &timer, NULL)) {
        free(l);
        base_httpd_drop(req);
        return NULL;
    }
    *l = (struct local_late){ .all = all, .req = req, .timer = timer, .how = *how, .next = all->first,
                              .link = &all->first };
    if (l->next)
        l->next->link = &l->next;
    all->first = l;
    jn_buf_init(&l->unsent, 0);
    jn_arena_init(&l->memory, 0);
    return l;
}

static void copy_head(struct local_late *l, int status, const struct base_header *headers, size_t count)
{
    l->status = status;
    l->header_count = count;
    l->headers = jn_arena_zalloc(&l->memory, (count + 1) * sizeof *l->headers);
    for (size_t i = 0; l->headers && i < count; i++)
        l->headers[i] = (struct base_header){ jn_arena_copy(&l->memory, headers[i].name),
                                              jn_arena_copy(&l->memory, headers[i].value) };
}

void local_late_reply(struct local_lates *all, struct base_httpd_request *req, int status,
                      const struct base_header *headers, size_t header_count, jn_str body,
                      const struct local_lateness *how)
{
    if (how->delay_ms == 0 && how->is_cut) {
        base_httpd_drop(req);
        return;
    }
    if (how->delay_ms == 0 && how->bytes_per_second == 0) {
        base_httpd_reply(req, status, headers, header_count, body);
        return;
    }
    struct local_late *l = make(all, req, how);
    if (!l)
        return;
    l->is_whole = l->is_asked_to_end = true;
    copy_head(l, status, headers, header_count);
    jn_buf_append(&l->unsent, body);
    if (l->unsent.failed || jn_arena_failed(&l->memory)) {
        local_late_drop(l);
        return;
    }
    base_httpd_on_gone(req, on_gone, l);
    base_timer_start(l->timer, how->delay_ms);
}

struct local_late *local_late_begin(struct local_lates *all, struct base_httpd_request *req, int status,
                                    const struct base_header *headers, size_t header_count,
                                    const struct local_lateness *how)
{
    struct local_late *l = make(all, req, how);
    if (!l)
        return NULL;
    l->state = SENDING;
    base_httpd_begin(req, status, headers, header_count);
    return l;
}

void local_late_write(struct local_late *l, jn_str piece)
{
    const bool is_waiting = l->unsent.len > 0;
    if (l->how.bytes_per_second == 0) {
        base_httpd_write(l->req, piece);
        return;
    }
    jn_buf_append(&l->unsent, piece);
    if (l->unsent.failed)
        l->how.is_cut = true;       // the caller must not take what there is for the whole
    if (!is_waiting)
        go_on(l);
}

size_t local_late_unsent(const struct local_late *l)
{
    return l->unsent.len + base_httpd_unsent(l->req);
}

void local_late_on_drain(struct local_late *l, void (*fn)(void *arg), void *arg)
{
    l->on_drain = fn;
    l->arg = arg;
    if (l->how.bytes_per_second == 0)
        base_httpd_on_drain(l->req, on_http_drain, l);
}

void local_late_end(struct local_late *l)
{
    const bool is_sending = l->unsent.len > 0;
    l->on_drain = NULL;
    if (!is_sending && l->how.delay_ms == 0 && !l->how.is_cut) {
        finish(l);
        return;
    }
    l->is_asked_to_end = true;
    base_httpd_on_gone(l->req, on_gone, l);
    if (!is_sending)
        go_on(l);
}
