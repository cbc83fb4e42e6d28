/* socket.c - a client's connection on libuv; see socket.h, and socket_tls.c for what TLS adds.
 *
 * Output leaves once per round: base_socket_flush() arms an idle and a check handle.  The check handle runs right after
 * the loop has polled, so it sends what the callbacks of this round wrote; the idle handle runs before the loop polls
 * and keeps it from sleeping, for what timers wrote.  Bytes are first offered to the kernel directly; only what it does
 * not take is handed to libuv, in `sending`, which stays as it is until libuv is done, while `output` goes on growing.
 *
 * base_socket_free() may come from any callback: memory goes when the last handle is closed and the resolver has
 * answered, which is never inside a callback of ours; after each call of a handler `state` tells whether to go on. */
#include "base/socket.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/loop_internal.h"
#include "base/socket_tls.h"

enum {
    PIECE = 65536,          /* read, and encrypted, at once */
    KEPT = 4 * PIECE,       /* a larger buffer is given back once it is empty */
    CONNECT_TIMEOUT_MS = 10000,
    KEEPALIVE_S = 60,
};

#define TO(state) (1u << SOCKET_##state)
#define SOCKET_STATES(X) /* may become                                         what holds meanwhile */          \
    X(resolving,  TO(connecting) | TO(over),                                "the resolver or the timer is due") \
    X(connecting, TO(connecting) | TO(closing_try) | TO(securing) | TO(open) | TO(over), "TCP is being opened") \
    X(closing_try, TO(connecting) | TO(over),                 "an address failed, its handle is being closed")  \
    X(securing,   TO(open) | TO(over),                        "the TLS handshake is going on")                  \
    X(open,       TO(over),                                   "bytes may flow")                                 \
    X(over,       0,                                          "on_close was called, or free")

#define X(name, next, text) SOCKET_##name,
enum socket_state { SOCKET_STATES(X) };
#undef X

#define X(name, next, text) [SOCKET_##name] = (next),
static const unsigned may_become[] = { SOCKET_STATES(X) };
#undef X

struct base_socket {
    struct base_loop *loop;
    const struct base_socket_handlers *handlers;
    void *arg;
    enum socket_state state;
    char *host;
    int port;
    char peer[64 + 256];
    struct jn_error failure;        /* of the last address that was tried */

    uv_getaddrinfo_t resolver;
    bool is_resolving;
    struct addrinfo *addresses, *next;
    struct sockaddr_storage literal;        /* `host` is an address: no need for a resolver */
    int64_t deadline_ms, timeout_ms;

    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_idle_t idle;
    uv_check_t check;
    bool has_tcp;
    unsigned handles;               /* not closed yet */
    bool freed;
    uv_connect_t connecting;
    uv_write_t write;

    struct base_tls *tls;           /* NULL: plain TCP */
    bool is_paused;
    bool holds_input;               /* TLS: paused with bytes not yet handed out */
    bool wants_flush, is_writing;
    struct jn_buf output;           /* what the user appended */
    struct jn_buf sending;          /* what libuv is sending */
    char *input;                    /* PIECE bytes */
    char *plain;                    /* the same, of TLS */
};

static void become(struct base_socket *s, enum socket_state next)
{
    assert(may_become[s->state] & 1u << next);
    s->state = next;
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void release(struct base_socket *s)
{
    if (!s->freed || s->handles || s->is_resolving)
        return;
    base_tls_free(s->tls);
    jn_buf_wipe(&s->output);        // logins pass through here
    jn_buf_wipe(&s->sending);
    uv_freeaddrinfo(s->addresses);
    free(s->input);
    free(s->plain);
    free(s->host);
    free(s);
}

static void on_closed(uv_handle_t *handle)
{
    struct base_socket *s = handle->data;
    s->handles--;
    release(s);
}

static void close_handles(struct base_socket *s)
{
    if (s->is_resolving)
        uv_cancel((uv_req_t *)&s->resolver);
    if (s->has_tcp && !uv_is_closing((uv_handle_t *)&s->tcp))
        uv_close((uv_handle_t *)&s->tcp, on_closed);
    s->has_tcp = false;
    uv_close((uv_handle_t *)&s->timer, on_closed);
    uv_close((uv_handle_t *)&s->idle, on_closed);
    uv_close((uv_handle_t *)&s->check, on_closed);
}

/* The end of the connection, told once. */
static void end(struct base_socket *s, const struct jn_error *why)
{
    if (s->state == SOCKET_over)
        return;
    become(s, SOCKET_over);
    close_handles(s);
    s->handlers->on_close(s, why, s->arg);
}

/* `before` and `after` go around the peer's name. */
static void fail(struct base_socket *s, enum jn_status status, const char *before, const char *after)
{
    struct jn_error why = { 0 };
    jn_fail(&why, status, "%s%s%s", before, s->peer, after);
    end(s, &why);
}

static void broke(struct base_socket *s, int failed)
{
    struct jn_error why = { 0 };
    jn_fail(&why, JN_IO, "the connection to %s broke: %s", s->peer, uv_strerror(failed));
    end(s, &why);
}

static void out_of_memory(struct base_socket *s)
{
    fail(s, JN_NO_MEMORY, "no memory for the connection to ", "");
}

/* ---- sending ------------------------------------------------------------------------------------------------- */

static void flush(struct base_socket *s);

static void give_back(struct jn_buf *b)
{
    if (b->cap > KEPT)
        jn_buf_clear(b);
    else
        jn_buf_truncate(b, 0);
}

static void on_written(uv_write_t *write, int failed)
{
    struct base_socket *s = write->data;
    s->is_writing = false;
    if (s->state == SOCKET_over)
        return;
    give_back(&s->sending);
    if (failed)
        broke(s, failed);
    else
        flush(s);
}

/* Sends `sending`: at once what the kernel takes, the rest when it can.  False when the connection has ended. */
static bool transmit(struct base_socket *s)
{
    size_t done = 0;
    while (done < s->sending.len) {
        const size_t rest = s->sending.len - done;
        uv_buf_t buf = uv_buf_init(s->sending.data + done, rest < INT_MAX ? (unsigned)rest : INT_MAX);
        const int n = uv_try_write((uv_stream_t *)&s->tcp, &buf, 1);
        if (n == UV_EAGAIN)
            break;
        if (n < 0) {
            broke(s, n);
            return false;
        }
        done += (size_t)n;
    }
    if (done == s->sending.len) {
        give_back(&s->sending);
        return true;
    }
    s->write.data = s;
    uv_buf_t buf = uv_buf_init(s->sending.data + done, 0);
    buf.len = s->sending.len - done;
    const int failed = uv_write(&s->write, (uv_stream_t *)&s->tcp, &buf, 1, on_written);
    if (failed) {
        broke(s, failed);
        return false;
    }
    s->is_writing = true;
    return true;
}

static bool transmit_cipher(struct base_socket *s)
{
    if (s->is_writing)
        return true;
    base_tls_drain(s->tls, &s->sending);
    if (!s->sending.failed)
        return transmit(s);
    out_of_memory(s);
    return false;
}

/* Piece by piece, and no further than the kernel takes: so that a long message is not there twice. */
static bool flush_encrypted(struct base_socket *s)
{
    size_t done = 0;
    bool is_open = transmit_cipher(s);
    while (is_open && !s->is_writing && done < s->output.len) {
        struct jn_error why = { 0 };
        size_t taken;
        if (base_tls_write(s->tls, jn_str_sub(jn_buf_str(&s->output), done, done + PIECE), &taken, &why)) {
            end(s, &why);
            return false;
        }
        if (!taken)
            break;
        done += taken;
        is_open = transmit_cipher(s);
    }
    if (is_open)
        jn_buf_consume(&s->output, done);
    return is_open;
}

static bool flush_plain(struct base_socket *s)
{
    const struct jn_buf filled = s->output;
    s->output = s->sending;
    s->sending = filled;
    return transmit(s);
}

static void flush(struct base_socket *s)
{
    s->wants_flush = false;
    if (s->output.failed) {
        out_of_memory(s);
        return;
    }
    if (s->is_writing || (s->state != SOCKET_open && s->state != SOCKET_securing))
        return;
    if (s->state == SOCKET_securing) {
        transmit_cipher(s);
        return;
    }
    if (!(s->tls ? flush_encrypted(s) : flush_plain(s)))
        return;
    if (s->output.len == 0) {
        give_back(&s->output);
        if (!s->is_writing && s->handlers->on_drain)
            s->handlers->on_drain(s, s->arg);
    }
}

/* ---- receiving ----------------------------------------------------------------------------------------------- */

/* Hands out what can be decrypted. */
static void read_encrypted(struct base_socket *s)
{
    struct jn_error why = { 0 };
    bool is_closed = false;
    size_t got = 1;
    while (s->state == SOCKET_open && !s->is_paused && got && !is_closed) {
        if (base_tls_read(s->tls, s->plain, PIECE, &got, &is_closed, &why)) {
            transmit_cipher(s);             // our alert, if we can
            end(s, &why);
        } else if (got) {
            s->handlers->on_data(s, (jn_str){ s->plain, got }, s->arg);
        }
    }
    if (s->state != SOCKET_open)
        return;
    s->holds_input = s->is_paused;
    if (is_closed)
        fail(s, JN_IO, "", " closed the connection");
    else
        transmit_cipher(s);                 // answers to key updates
}

static void opened(struct base_socket *s)
{
    become(s, SOCKET_open);
    uv_timer_stop(&s->timer);
    if (s->is_paused)
        base_socket_pause(s);
    s->handlers->on_open(s, s->arg);
    if (s->state == SOCKET_open)
        base_socket_flush(s);
}

static void handshake(struct base_socket *s)
{
    struct jn_error why = { 0 };
    bool is_done = false;
    const enum jn_status failed = base_tls_handshake(s->tls, &is_done, &why);
    if (!transmit_cipher(s))
        return;
    if (failed) {
        end(s, &why);
    } else if (is_done) {
        opened(s);
        read_encrypted(s);                  // the peer's first words may have come with its last of the handshake
    }
}

static void on_cipher(struct base_socket *s, jn_str cipher)
{
    struct jn_error why = { 0 };
    if (base_tls_feed(s->tls, cipher, &why))
        end(s, &why);
    else if (s->state == SOCKET_securing)
        handshake(s);
    else
        read_encrypted(s);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    const struct base_socket *s = handle->data;
    *buf = uv_buf_init(s->input, PIECE);
}

static void on_end_of_input(struct base_socket *s, int failed)
{
    if (s->holds_input)
        read_encrypted(s);
    if (failed == UV_EOF)
        fail(s, JN_IO, "", s->state == SOCKET_securing ? " closed the connection during the TLS handshake"
                                                       : " closed the connection");
    else
        broke(s, failed);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct base_socket *s = stream->data;
    if (n < 0)
        on_end_of_input(s, (int)n);
    else if (n > 0 && s->tls)
        on_cipher(s, (jn_str){ buf->base, (size_t)n });
    else if (n > 0)
        s->handlers->on_data(s, (jn_str){ buf->base, (size_t)n }, s->arg);
}

/* ---- connecting ---------------------------------------------------------------------------------------------- */

static void try_next(struct base_socket *s);

static void note_peer(struct base_socket *s)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    char text[64];
    if (uv_tcp_getpeername(&s->tcp, (struct sockaddr *)&address, &len))
        return;
    if (address.ss_family == AF_INET6) {
        uv_ip6_name((const struct sockaddr_in6 *)&address, text, sizeof text);
        snprintf(s->peer, sizeof s->peer, "[%s]:%d", text, s->port);
    } else {
        uv_ip4_name((const struct sockaddr_in *)&address, text, sizeof text);
        snprintf(s->peer, sizeof s->peer, "%s:%d", text, s->port);
    }
}

/* The handle of a failed attempt cannot be used again. */
static void on_try_closed(uv_handle_t *handle)
{
    struct base_socket *s = handle->data;
    s->handles--;
    if (s->state == SOCKET_closing_try)
        try_next(s);
    else
        release(s);
}

/* `status` and `reason` of the address that was tried; the next one is tried when its handle is closed. */
static void give_up_address(struct base_socket *s, enum jn_status status, const char *reason)
{
    memset(&s->failure, 0, sizeof s->failure);
    jn_fail(&s->failure, status, "cannot connect to %s: %s", s->peer, reason);
    become(s, SOCKET_closing_try);
    s->has_tcp = false;
    uv_timer_stop(&s->timer);
    uv_close((uv_handle_t *)&s->tcp, on_try_closed);
}

static void on_timer(uv_timer_t *timer)
{
    struct base_socket *s = timer->data;
    if (s->state == SOCKET_connecting)
        give_up_address(s, JN_TIMEOUT, "no answer in time");
    else if (s->state == SOCKET_securing)
        fail(s, JN_TIMEOUT, "", " did not answer the TLS handshake in time");
    else
        fail(s, JN_TIMEOUT, "the name server did not find ", " in time");
}

static void start_timer(struct base_socket *s, int64_t ms)
{
    uv_timer_start(&s->timer, on_timer, base_loop_delay(s->loop, ms), 0);
}

static void on_connected(struct base_socket *s)
{
    note_peer(s);
    uv_tcp_nodelay(&s->tcp, 1);
    uv_tcp_keepalive(&s->tcp, 1, KEEPALIVE_S);
    uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
    if (!s->tls) {
        opened(s);
        return;
    }
    become(s, SOCKET_securing);
    start_timer(s, s->deadline_ms - base_loop_now_ms(s->loop));
    handshake(s);
}

static void on_connect(uv_connect_t *request, int failed)
{
    struct base_socket *s = request->data;
    if (s->state != SOCKET_connecting || failed == UV_ECANCELED)
        return;
    if (failed)
        give_up_address(s, JN_IO, uv_strerror(failed));
    else
        on_connected(s);
}

/* An address gets its share of the time that is left, so that one that swallows packets leaves some for the others. */
static int64_t share_ms(const struct base_socket *s)
{
    int64_t left = 0;
    for (const struct addrinfo *a = s->next; a; a = a->ai_next)
        left++;
    const int64_t remaining = s->deadline_ms - base_loop_now_ms(s->loop);
    return remaining > 0 ? remaining / (left + 1) : 0;
}

static void connect_to(struct base_socket *s, const struct sockaddr *address)
{
    become(s, SOCKET_connecting);
    uv_tcp_init(base_loop_uv(s->loop), &s->tcp);
    s->tcp.data = s;
    s->handles++;
    s->has_tcp = true;
    s->connecting.data = s;
    start_timer(s, share_ms(s));
    const int failed = uv_tcp_connect(&s->connecting, &s->tcp, address, on_connect);
    if (failed)
        give_up_address(s, JN_IO, uv_strerror(failed));
}

static void try_next(struct base_socket *s)
{
    const struct addrinfo *a = s->next;
    if (!a) {
        const struct jn_error why = s->failure;
        end(s, &why);
        return;
    }
    s->next = a->ai_next;
    connect_to(s, a->ai_addr);
}

static void unknown_host(struct base_socket *s, int failed)
{
    struct jn_error why = { 0 };
    jn_fail(&why, JN_IO, "cannot find the address of host %s: %s", s->host, uv_strerror(failed));
    end(s, &why);
}

static void on_resolved(uv_getaddrinfo_t *request, int failed, struct addrinfo *addresses)
{
    struct base_socket *s = request->data;
    s->is_resolving = false;
    s->addresses = s->next = addresses;
    if (s->state == SOCKET_over)
        release(s);
    else if (failed)
        unknown_host(s, failed);
    else
        try_next(s);
}

/* Starts the search for addresses; nothing of it calls back before the next round. */
static enum jn_status resolve(struct base_socket *s, struct jn_error *err)
{
    if (uv_ip4_addr(s->host, s->port, (struct sockaddr_in *)&s->literal) == 0
        || uv_ip6_addr(s->host, s->port, (struct sockaddr_in6 *)&s->literal) == 0) {
        connect_to(s, (const struct sockaddr *)&s->literal);
        return JN_OK;
    }
    char service[16];
    snprintf(service, sizeof service, "%d", s->port);
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    s->resolver.data = s;
    const int failed = uv_getaddrinfo(base_loop_uv(s->loop), &s->resolver, on_resolved, s->host, service, &hints);
    if (failed)
        return jn_fail(err, JN_IO, "cannot find the address of host %s: %s", s->host, uv_strerror(failed));
    s->is_resolving = true;
    start_timer(s, s->timeout_ms);
    return JN_OK;
}

/* ---- the round ----------------------------------------------------------------------------------------------- */

static void on_round(struct base_socket *s)
{
    uv_idle_stop(&s->idle);
    uv_check_stop(&s->check);
    if (s->holds_input && !s->is_paused)
        read_encrypted(s);
    if (s->wants_flush && s->state != SOCKET_over)
        flush(s);
}

static void on_idle(uv_idle_t *idle)
{
    on_round(idle->data);
}

static void on_check(uv_check_t *check)
{
    on_round(check->data);
}

static void arm(struct base_socket *s)
{
    uv_idle_start(&s->idle, on_idle);
    uv_check_start(&s->check, on_check);
}

/* ---- what users call ----------------------------------------------------------------------------------------- */

static void init_handles(struct base_socket *s)
{
    uv_loop_t *loop = base_loop_uv(s->loop);
    uv_timer_init(loop, &s->timer);
    uv_idle_init(loop, &s->idle);
    uv_check_init(loop, &s->check);
    s->timer.data = s->idle.data = s->check.data = s;
    s->handles = 3;
}

static bool allocate(struct base_socket *s, const struct base_socket_options *opt)
{
    s->host = strdup(opt->host);
    s->input = malloc(PIECE);
    s->plain = opt->tls ? malloc(PIECE) : NULL;
    return s->host && s->input && (s->plain || !opt->tls);
}

enum jn_status base_socket_open(struct base_loop *l, const struct base_socket_options *opt, struct base_socket **out,
                                struct jn_error *err)
{
    struct base_socket *s = calloc(1, sizeof *s);
    if (!s)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a connection");
    *s = (struct base_socket){ .loop = l, .handlers = opt->handlers, .arg = opt->arg, .port = opt->port };
    jn_buf_init(&s->output, 0);
    jn_buf_init(&s->sending, 0);
    s->timeout_ms = opt->connect_timeout_ms ? opt->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    s->deadline_ms = base_loop_now_ms(l) + s->timeout_ms;
    snprintf(s->peer, sizeof s->peer, strchr(opt->host, ':') ? "[%s]:%d" : "%s:%d", opt->host, opt->port);
    base_loop_hold(l);
    init_handles(s);

    enum jn_status status = allocate(s, opt) ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for a connection");
    if (!status && opt->tls)
        status = base_tls_new(opt, &s->tls, err);
    if (!status)
        status = resolve(s, err);
    if (status)
        base_socket_free(s);
    else
        *out = s;
    return status;
}

struct jn_buf *base_socket_output(struct base_socket *s)
{
    return &s->output;
}

void base_socket_flush(struct base_socket *s)
{
    if (s->wants_flush || s->state == SOCKET_over)
        return;
    s->wants_flush = true;
    arm(s);
}

size_t base_socket_pending(const struct base_socket *s)
{
    return s->output.len + (s->has_tcp ? uv_stream_get_write_queue_size((const uv_stream_t *)&s->tcp) : 0);
}

void base_socket_pause(struct base_socket *s)
{
    s->is_paused = true;
    if (s->state == SOCKET_open)
        uv_read_stop((uv_stream_t *)&s->tcp);
}

void base_socket_resume(struct base_socket *s)
{
    if (!s->is_paused)
        return;
    s->is_paused = false;
    if (s->state != SOCKET_open)
        return;
    uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
    if (s->holds_input)
        arm(s);
}

const char *base_socket_peer(const struct base_socket *s)
{
    return s->peer;
}

void base_socket_free(struct base_socket *s)
{
    if (!s)
        return;
    base_loop_release(s->loop);
    s->freed = true;
    if (s->state == SOCKET_open && s->tls && !s->is_writing) {
        base_tls_shutdown(s->tls);
        base_tls_drain(s->tls, &s->sending);
        uv_buf_t goodbye = uv_buf_init(s->sending.data, (unsigned)s->sending.len);
        if (goodbye.len)
            uv_try_write((uv_stream_t *)&s->tcp, &goodbye, 1);
    }
    if (s->state == SOCKET_over) {
        release(s);
        return;
    }
    become(s, SOCKET_over);
    close_handles(s);
}
