/* http_resend_test.c - no request is executed twice.  A server on plain sockets counts the requests that it has read
 * to their end, and closes at every awkward moment, on fresh connections and on reused ones. */
#include "cmocka_all.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http.h"
#include "base/timer.h"

/* ---- the server ---------------------------------------------------------------------------------------------- */

enum behaviour {
    ANSWER,                 /* whole, and the connection stays open */
    ANSWER_THEN_CLOSE,      /* whole, without announcing it */
    AT_ACCEPT,              /* closes a new connection at once */
    AT_FIRST_BYTE,          /* closes with everything unread, which resets the connection */
    AFTER_HEADERS,          /* closes when the headers are read */
    AFTER_REQUEST,          /* closes when the request is read to its end */
    RESET_AFTER_REQUEST,
    AFTER_STATUS_LINE, IN_HEADERS, IN_BODY, IN_CHUNK, BEFORE_LAST_CHUNK,
};

struct server {
    int fd, port;
    pthread_t thread;
    const enum behaviour *plan;     /* for the n-th request that begins; ANSWER when the plan is over */
    size_t plan_len;
    atomic_size_t begun;
    atomic_int executed;
    pthread_t connections[64];      /* one thread each */
    size_t connection_count;
};

struct connection {
    struct server *server;
    int fd;
};

static void say(int fd, const char *text)
{
    send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void set_reset(int fd)
{
    const struct linger hard = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/* Reads up to the blank line; the number of bytes of the body that came along in *extra, -1 at the end of input. */
static long read_head(int fd, size_t *extra)
{
    static _Thread_local char head[65536];
    size_t len = 0;
    for (;;) {
        const ssize_t n = recv(fd, head + len, sizeof head - 1 - len, 0);
        if (n <= 0)
            return -1;
        len += (size_t)n;
        head[len] = '\0';
        const char *end = strstr(head, "\r\n\r\n");
        if (!end)
            continue;
        *extra = len - (size_t)(end + 4 - head);
        const char *length = strcasestr(head, "\r\ncontent-length:");
        return length ? strtol(length + 17, NULL, 10) : 0;
    }
}

static bool read_body(int fd, size_t left)
{
    char piece[65536];
    while (left > 0) {
        const ssize_t n = recv(fd, piece, left < sizeof piece ? left : sizeof piece, 0);
        if (n <= 0)
            return false;
        left -= (size_t)n;
    }
    return true;
}

static void answer(int fd, enum behaviour b)
{
    switch (b) {
    case ANSWER:
    case ANSWER_THEN_CLOSE:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        break;
    case AFTER_STATUS_LINE:
        say(fd, "HTTP/1.1 200 OK\r\n");
        break;
    case IN_HEADERS:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Le");
        break;
    case IN_BODY:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntwelve bytes");
        break;
    case IN_CHUNK:
        say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\ntwelve bytes");
        break;
    case BEFORE_LAST_CHUNK:
        say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\ntwelve bytes\r\n");
        break;
    case AT_ACCEPT:
    case AT_FIRST_BYTE:
    case AFTER_HEADERS:
    case AFTER_REQUEST:
    case RESET_AFTER_REQUEST:
        break;
    }
}

static enum behaviour next_behaviour(struct server *s)
{
    const size_t n = atomic_load(&s->begun);
    return n < s->plan_len ? s->plan[n] : ANSWER;
}

/* One request; false when the connection is to be closed. */
static bool serve(struct server *s, int fd)
{
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    poll(&readable, 1, -1);
    const enum behaviour b = next_behaviour(s);
    char peek;
    if (recv(fd, &peek, 1, MSG_PEEK) <= 0)
        return false;
    s->begun++;
    if (b == AT_FIRST_BYTE)
        return false;
    size_t extra = 0;
    const long length = read_head(fd, &extra);
    if (length < 0 || b == AFTER_HEADERS || !read_body(fd, (size_t)length - extra))
        return false;
    atomic_fetch_add(&s->executed, 1);
    if (b == RESET_AFTER_REQUEST)
        set_reset(fd);
    answer(fd, b);
    return b == ANSWER;
}

static void *serve_connection(void *arg)
{
    const struct connection c = *(struct connection *)arg;
    free(arg);
    while (serve(c.server, c.fd))
        continue;
    close(c.fd);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct server *s = arg;
    for (;;) {
        const int fd = accept(s->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (next_behaviour(s) == AT_ACCEPT) {
            s->begun++;
            close(fd);
            continue;
        }
        struct connection *c = malloc(sizeof *c);
        *c = (struct connection){ s, fd };
        assert(s->connection_count < sizeof s->connections / sizeof *s->connections);
        pthread_create(&s->connections[s->connection_count++], NULL, serve_connection, c);
    }
}

static void start_server(struct server *s, const enum behaviour *plan, size_t plan_len)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    *s = (struct server){ .fd = socket(AF_INET, SOCK_STREAM, 0), .plan = plan, .plan_len = plan_len };
    assert_int_equal(bind(s->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(s->fd, 16), 0);
    getsockname(s->fd, (struct sockaddr *)&address, &len);
    s->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, accept_all, s), 0);
}

/* The client is gone by now, so every connection is at its end. */
static void stop_server(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->connection_count; i++)
        pthread_join(s->connections[i], NULL);
    close(s->fd);
}

/* ---- the client ---------------------------------------------------------------------------------------------- */

struct client {
    struct base_loop *loop;
    struct base_http *http;
    char url[64];
    unsigned calls;
};

struct outcome {
    struct base_loop *loop;
    enum jn_status status;
    bool sent, refused, reused;
    int http_status;
    int64_t total_us;
    char message[512];
};

static void start_client(struct client *c, int port)
{
    *c = (struct client){ 0 };
    assert_int_equal(base_loop_new(&c->loop, NULL), JN_OK);
    assert_int_equal(base_http_new(c->loop, NULL, &c->http, NULL), JN_OK);
    snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d/x", port);
}

static void stop_client(struct client *c)
{
    base_http_free(c->http);
    base_loop_free(c->loop);
}

static void on_done(const struct base_http_response *r, void *arg)
{
    struct outcome *o = arg;
    o->status = r->status;
    o->sent = r->sent;
    o->refused = r->refused;
    o->reused = r->reused_connection;
    o->http_status = r->http_status;
    o->total_us = r->total_us;
    snprintf(o->message, sizeof o->message, "%s", r->error.message);
    base_loop_stop(o->loop);
}

static struct outcome call(struct client *c, const char *method, size_t body_size)
{
    char *body = calloc(1, body_size + 1);
    memset(body, 'x', body_size);
    struct outcome o = { .loop = c->loop };
    const struct base_http_request req = {
        .method = method, .url = c->url, .body = { body, body_size }, .total_timeout_ms = 8000,
    };
    assert_int_equal(base_http_send(c->http, &req, on_done, &o, NULL, NULL), JN_OK);
    base_loop_run(c->loop);
    c->calls++;
    free(body);
    return o;
}

static void on_pause(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(arg);
}

static void pause_ms(struct client *c, int64_t ms)
{
    struct base_timer *t = NULL;
    assert_int_equal(base_timer_new(c->loop, on_pause, c->loop, &t, NULL), JN_OK);
    base_timer_start(t, ms);
    base_loop_run(c->loop);
    base_timer_free(t);
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

enum { SMALL = 100, LARGE = 16 << 20 };     /* LARGE is more than all socket buffers hold */
enum sent { NOT_SENT, SENT, EITHER };

static const struct {
    const char *name;
    const char *method;
    size_t body_size;
    bool reused;                    /* a first call warms the connection up */
    enum behaviour behaviour;
    enum jn_status status;
    enum sent sent;
    int executed;                   /* by the call in question */
} cases[] = {
    { "fresh, at accept", "POST", SMALL, false, AT_ACCEPT, JN_IO, EITHER, 0 },
    { "fresh, at accept, large", "POST", LARGE, false, AT_ACCEPT, JN_IO, NOT_SENT, 0 },
    { "fresh, at accept, GET", "GET", 0, false, AT_ACCEPT, JN_IO, EITHER, 0 },
    { "fresh, at the first byte", "POST", SMALL, false, AT_FIRST_BYTE, JN_IO, EITHER, 0 },
    { "fresh, after the headers", "POST", SMALL, false, AFTER_HEADERS, JN_IO, EITHER, 0 },
    { "fresh, after the headers, large", "POST", LARGE, false, AFTER_HEADERS, JN_IO, NOT_SENT, 0 },
    { "fresh, after the request", "POST", SMALL, false, AFTER_REQUEST, JN_IO, SENT, 1 },
    { "fresh, after the request, large", "POST", LARGE, false, AFTER_REQUEST, JN_IO, SENT, 1 },
    { "fresh, after the request, GET", "GET", 0, false, AFTER_REQUEST, JN_IO, SENT, 1 },
    { "fresh, reset after the request", "POST", SMALL, false, RESET_AFTER_REQUEST, JN_IO, SENT, 1 },
    { "fresh, after the status line", "POST", SMALL, false, AFTER_STATUS_LINE, JN_IO, SENT, 1 },
    { "fresh, in the headers", "POST", SMALL, false, IN_HEADERS, JN_IO, SENT, 1 },
    { "fresh, in the body", "POST", SMALL, false, IN_BODY, JN_IO, SENT, 1 },
    { "fresh, in a chunk", "POST", SMALL, false, IN_CHUNK, JN_IO, SENT, 1 },
    { "fresh, before the last chunk", "POST", SMALL, false, BEFORE_LAST_CHUNK, JN_IO, SENT, 1 },
    { "reused, after the request", "POST", SMALL, true, AFTER_REQUEST, JN_IO, SENT, 1 },
    { "reused, after the request, large", "POST", LARGE, true, AFTER_REQUEST, JN_IO, SENT, 1 },
    { "reused, reset after the request", "POST", SMALL, true, RESET_AFTER_REQUEST, JN_IO, SENT, 1 },
    { "reused, reset after the request, PUT", "PUT", SMALL, true, RESET_AFTER_REQUEST, JN_IO, SENT, 1 },
    { "reused, after the request, GET", "GET", 0, true, AFTER_REQUEST, JN_IO, SENT, 1 },
    { "reused, reset after the request, GET", "GET", 0, true, RESET_AFTER_REQUEST, JN_IO, SENT, 1 },
    { "reused, after the headers, large", "POST", LARGE, true, AFTER_HEADERS, JN_OK, EITHER, 1 },
    { "reused, at the first byte, large", "POST", LARGE, true, AT_FIRST_BYTE, JN_OK, EITHER, 1 },
    { "reused, after the status line", "POST", SMALL, true, AFTER_STATUS_LINE, JN_IO, SENT, 1 },
    { "reused, in the headers", "POST", SMALL, true, IN_HEADERS, JN_IO, SENT, 1 },
    { "reused, in the body", "POST", SMALL, true, IN_BODY, JN_IO, SENT, 1 },
    { "reused, in a chunk", "POST", SMALL, true, IN_CHUNK, JN_IO, SENT, 1 },
    { "reused, before the last chunk", "POST", SMALL, true, BEFORE_LAST_CHUNK, JN_IO, SENT, 1 },
};

static void claim(bool holds, const char *name, const char *what, const struct outcome *o, int executed)
{
    if (!holds)
        fail_msg("%s: %s (status %d, sent %d, refused %d, executed %d, %lld us: %s)", name, what, o->status, o->sent,
                 o->refused, executed, (long long)o->total_us, o->message);
}

static void every_awkward_moment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = cases[i].name;
        const enum behaviour plan[] = { cases[i].reused ? ANSWER : cases[i].behaviour, cases[i].behaviour };
        struct server s;
        struct client c;
        start_server(&s, plan, cases[i].reused ? 2 : 1);
        start_client(&c, s.port);
        if (cases[i].reused)
            call(&c, "POST", SMALL);
        const struct outcome o = call(&c, cases[i].method, cases[i].body_size);
        pause_ms(&c, 5);                // a repetition would arrive by now
        const int executed = atomic_load(&s.executed) - cases[i].reused;
        stop_client(&c);
        stop_server(&s);
        claim(executed <= 1, name, "executed twice", &o, executed);
        claim(executed == cases[i].executed, name, "executed", &o, executed);
        claim(o.status == cases[i].status, name, "status", &o, executed);
        claim(!executed || o.status == JN_OK || o.sent, name, "executed, but said not to be sent", &o, executed);
        claim(o.status == JN_OK || cases[i].sent == EITHER || o.sent == (cases[i].sent == SENT), name, "sent", &o,
              executed);
        claim(!o.refused && o.total_us < 3000000, name, "late or refused", &o, executed);
    }
}

/* The server closes idle connections at once, without announcing it. */
static void dead_idle_connections_are_not_used(void **state)
{
    (void)state;
    static const enum behaviour plan[] = { ANSWER_THEN_CLOSE, ANSWER_THEN_CLOSE, ANSWER_THEN_CLOSE, ANSWER_THEN_CLOSE };
    struct server s;
    struct client c;
    start_server(&s, plan, 4);
    start_client(&c, s.port);
    for (int i = 0; i < 4; i++) {
        const struct outcome o = call(&c, "POST", SMALL);
        claim(o.status == JN_OK && o.http_status == 200 && !o.reused, "dead idle", "answer", &o, s.executed);
        pause_ms(&c, 20);
    }
    stop_client(&c);
    stop_server(&s);
    assert_int_equal(s.executed, 4);
}

/* The same without a pause: the end of the connection may overtake the request or not.  Either the answer comes, or an
 * error that does not lie. */
static void racing_the_close_never_executes_twice(void **state)
{
    (void)state;
    enum { CALLS = 40 };
    enum behaviour plan[CALLS];
    for (int i = 0; i < CALLS; i++)
        plan[i] = ANSWER_THEN_CLOSE;
    struct server s;
    struct client c;
    start_server(&s, plan, CALLS);
    start_client(&c, s.port);
    for (int i = 0; i < CALLS; i++) {
        const int before = atomic_load(&s.executed);
        const struct outcome o = call(&c, i % 4 == 3 ? "GET" : "POST", i % 4 == 3 ? 0 : i % 4 == 2 ? LARGE : SMALL);
        const int executed = atomic_load(&s.executed) - before;
        claim(executed <= 1, "race", "executed twice", &o, executed);
        claim(o.status != JN_OK || executed == 1, "race", "an answer out of nothing", &o, executed);
        claim(o.status == JN_OK || o.sent || !executed, "race", "executed, but said not to be sent", &o, executed);
    }
    stop_client(&c);
    stop_server(&s);
}

/* Nothing would tell whether a dead connection took it. */
static void a_post_without_body_takes_a_fresh_connection(void **state)
{
    (void)state;
    struct server s;
    struct client c;
    start_server(&s, NULL, 0);
    start_client(&c, s.port);
    call(&c, "POST", SMALL);
    const struct outcome o = call(&c, "POST", 0);
    claim(o.status == JN_OK && !o.reused, "POST without body", "reused", &o, s.executed);
    stop_client(&c);
    stop_server(&s);
}

static void a_warm_connection_is_reused(void **state)
{
    (void)state;
    struct server s;
    struct client c;
    start_server(&s, NULL, 0);
    start_client(&c, s.port);
    assert_false(call(&c, "POST", SMALL).reused);
    assert_true(call(&c, "POST", SMALL).reused);
    assert_true(call(&c, "GET", 0).reused);
    assert_true(call(&c, "PUT", LARGE).reused);
    stop_client(&c);
    stop_server(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_awkward_moment),
        cmocka_unit_test(dead_idle_connections_are_not_used),
        cmocka_unit_test(racing_the_close_never_executes_twice),
        cmocka_unit_test(a_post_without_body_takes_a_fresh_connection),
        cmocka_unit_test(a_warm_connection_is_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
