/* http_stream_test.c - answers taken as they come, and transfers that stand still.  The servers are scripts on plain
 * sockets, each in a thread of its own, that say when which byte goes out. */
#include "cmocka_all.h"

#include <stdio.h>
#include <time.h>

#include "base/http.h"
#include "core/buf.h"
#include "heap_count.h"
#include "peer.h"

enum { STALL_MS = 80 };

struct scene {
    struct base_loop *loop;
    struct base_http *http;
    struct peer peer;
    struct base_http_call *call;
    /* what shall happen at a piece */
    bool cancel, free_client, nap;
    /* what came */
    int pieces, done;
    struct jn_buf text;
    int status_at_piece;
    char header_at_piece[32], trailer[80], message[512];
    enum jn_status status;
    int http_status;
    bool sent;
    size_t body_len;
};

static void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

static void say(struct peer *p, const char *text)
{
    peer_send(p, text, strlen(text));
}

/* Reads a request without a body. */
static void hear(struct peer *p)
{
    char last[4] = "";
    while (memcmp(last, "\r\n\r\n", 4) != 0) {
        memmove(last, last + 1, 3);
        if (peer_receive(p, last + 3, 1) == 0)
            return;
    }
}

static void start(struct scene *s, void (*script)(struct peer *))
{
    *s = (struct scene){ .call = NULL };
    jn_buf_init(&s->text, 0);
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    assert_int_equal(base_http_new(s->loop, NULL, &s->http, NULL), JN_OK);
    assert_true(peer_start(&s->peer, script, s));
}

static void finish(struct scene *s)
{
    base_http_free(s->http);
    peer_join(&s->peer);
    base_loop_free(s->loop);
    jn_buf_clear(&s->text);
}

static void on_data(const struct base_http_response *so_far, jn_str piece, void *arg)
{
    struct scene *s = arg;
    s->pieces++;
    s->status_at_piece = so_far->http_status;
    const jn_str kind = base_header_get(so_far->headers, so_far->header_count, "content-type");
    snprintf(s->header_at_piece, sizeof s->header_at_piece, "%.*s", JN_ARG(kind));
    assert_int_equal(so_far->body.len, 0);
    if (s->cancel)
        base_http_cancel(s->call);
    if (s->free_client) {
        base_http_free(s->http);
        s->http = NULL;
    }
    if (s->cancel || s->free_client)
        base_loop_stop(s->loop);
    if (s->nap)
        sleep_ms(3 * STALL_MS);
    jn_buf_append(&s->text, piece);     // also when its call is gone
    sem_post(&s->peer.go);
}

static void on_done(const struct base_http_response *r, void *arg)
{
    struct scene *s = arg;
    s->done++;
    s->status = r->status;
    s->sent = r->sent;
    s->http_status = r->http_status;
    s->body_len = r->body.len;
    snprintf(s->message, sizeof s->message, "%s", r->error.message);
    const jn_str trailer = base_header_get(r->headers, r->header_count, "x-trailer");
    snprintf(s->trailer, sizeof s->trailer, "%.*s", JN_ARG(trailer));
    base_loop_stop(s->loop);
}

/* Sends to the peer and waits. */
static void send_it(struct scene *s, struct base_http_request req)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", s->peer.port);
    req.url = url;
    assert_int_equal(base_http_send(s->http, &req, on_done, s, &s->call, NULL), JN_OK);
    base_loop_run(s->loop);
}

static void stream(struct scene *s)
{
    send_it(s, (struct base_http_request){ .method = "GET", .on_data = on_data });
}

static void expect_text(const struct scene *s, const char *text)
{
    assert_int_equal(s->text.len, strlen(text));
    assert_memory_equal(jn_buf_str(&s->text).data, text, s->text.len);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"

/* ---- pieces -------------------------------------------------------------------------------------------------- */

/* The second chunk does not come before the first was given on. */
static void say_two_chunks(struct peer *p)
{
    hear(p);
    say(p, CHUNKED "5\r\nfirst\r\n");
    sem_wait(&p->go);
    say(p, "7\r\n second\r\n");
    sem_wait(&p->go);
    say(p, "0\r\nX-Trailer: after a long time, so that the head has to move elsewhere\r\n\r\n");
    peer_await_end(p);
}

static void pieces_come_as_they_arrive_with_the_headers_known(void **state)
{
    struct scene s;
    start(&s, say_two_chunks);
    stream(&s);
    assert_int_equal(s.status, JN_OK);
    assert_int_equal(s.pieces, 2);
    assert_int_equal(s.status_at_piece, 200);
    assert_string_equal(s.header_at_piece, "a/b");
    expect_text(&s, "first second");
    assert_int_equal(s.body_len, 0);
    assert_string_equal(s.trailer, "after a long time, so that the head has to move elsewhere");
    finish(&s);
    (void)state;
}

static void say_an_error(struct peer *p)
{
    hear(p);
    say(p, "HTTP/1.1 429 Slow down\r\nContent-Length: 9\r\n\r\nslow down");
    peer_await_end(p);
}

static void errors_are_collected(void **state)
{
    struct scene s;
    start(&s, say_an_error);
    stream(&s);
    assert_int_equal(s.status, JN_OK);
    assert_int_equal(s.http_status, 429);
    assert_int_equal(s.pieces, 0);
    assert_int_equal(s.body_len, 9);
    finish(&s);
    (void)state;
}

enum { MUCH = 3 << 20 };

static void say_much(struct peer *p)
{
    char head[100];
    char *zeros = calloc(1, MUCH);
    hear(p);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", MUCH);
    say(p, head);
    peer_send(p, zeros, MUCH);
    free(zeros);
    peer_await_end(p);
}

static void only_what_is_collected_has_a_limit(void **state)
{
    struct scene s;
    start(&s, say_much);
    send_it(&s, (struct base_http_request){ .method = "GET", .on_data = on_data, .max_response = 100000 });
    assert_int_equal(s.status, JN_OK);
    assert_int_equal(s.text.len, MUCH);
    finish(&s);

    start(&s, say_an_error);
    send_it(&s, (struct base_http_request){ .method = "GET", .on_data = on_data, .max_response = 8 });
    assert_int_equal(s.status, JN_LIMIT);
    assert_int_equal(s.pieces, 0);
    finish(&s);
    (void)state;
}

static void break_off(struct peer *p)
{
    hear(p);
    say(p, CHUNKED "5\r\nfirst\r\n7\r\n sec");
}

static void what_breaks_off_was_given_on(void **state)
{
    struct scene s;
    start(&s, break_off);
    stream(&s);
    assert_int_equal(s.status, JN_IO);
    expect_text(&s, "first sec");
    assert_non_null(strstr(s.message, "broke off after 9 bytes"));
    assert_true(s.sent);
    finish(&s);
    (void)state;
}

static void say_a_chunk(struct peer *p)
{
    hear(p);
    say(p, CHUNKED "5\r\nfirst\r\n");
    peer_await_end(p);
}

static void a_call_may_be_cancelled_at_a_piece(void **state)
{
    struct scene s;
    start(&s, say_a_chunk);
    s.cancel = true;
    stream(&s);
    assert_int_equal(s.done, 0);
    expect_text(&s, "first");
    finish(&s);
    (void)state;
}

static void the_client_may_be_freed_at_a_piece(void **state)
{
    struct scene s;
    start(&s, say_a_chunk);
    s.free_client = true;
    stream(&s);
    assert_int_equal(s.done, 0);
    expect_text(&s, "first");
    finish(&s);
    (void)state;
}

/* ---- standing still ------------------------------------------------------------------------------------------ */

static void a_stalled_answer_fails(void **state)
{
    struct scene s;
    start(&s, say_a_chunk);
    send_it(&s, (struct base_http_request){ .method = "GET", .on_data = on_data, .stall_timeout_ms = STALL_MS });
    assert_int_equal(s.status, JN_TIMEOUT);
    assert_true(s.sent);
    expect_text(&s, "first");
    assert_non_null(strstr(s.message, "stood still for 80 ms after 5 bytes"));
    finish(&s);

    start(&s, say_a_chunk);             // collected
    send_it(&s, (struct base_http_request){ .method = "GET", .stall_timeout_ms = STALL_MS });
    assert_int_equal(s.status, JN_TIMEOUT);
    assert_int_equal(s.body_len, 5);
    finish(&s);
    (void)state;
}

static void think_then_say(struct peer *p)
{
    hear(p);
    say(p, "HTTP/1.1 103 Early Hints\r\n\r\n");
    sleep_ms(4 * STALL_MS);
    say(p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    peer_await_end(p);
}

static void a_server_that_thinks_does_not_stall(void **state)
{
    struct scene s;
    start(&s, think_then_say);
    send_it(&s, (struct base_http_request){ .method = "GET", .stall_timeout_ms = STALL_MS });
    assert_int_equal(s.status, JN_OK);
    assert_int_equal(s.body_len, 2);
    finish(&s);
    (void)state;
}

static void say_slowly(struct peer *p)
{
    hear(p);
    say(p, CHUNKED);
    for (int i = 0; i < 8; i++) {
        sleep_ms(STALL_MS / 4);
        say(p, "1\r\nx\r\n");
    }
    say(p, "0\r\n\r\n");
    peer_await_end(p);
}

static void a_slow_answer_does_not_stall(void **state)
{
    struct scene s;
    start(&s, say_slowly);
    send_it(&s, (struct base_http_request){ .method = "GET", .on_data = on_data, .stall_timeout_ms = 4 * STALL_MS });
    assert_int_equal(s.status, JN_OK);
    expect_text(&s, "xxxxxxxx");
    finish(&s);
    (void)state;
}

/* The next chunk is there, but the loop is busy. */
static void say_chunks_at_once(struct peer *p)
{
    hear(p);
    say(p, CHUNKED "5\r\nfirst\r\n");
    sleep_ms(STALL_MS / 2);
    say(p, "7\r\n second\r\n0\r\n\r\n");
    peer_await_end(p);
}

static void a_busy_loop_is_not_the_servers_fault(void **state)
{
    struct scene s;
    start(&s, say_chunks_at_once);
    s.nap = true;
    send_it(&s, (struct base_http_request){ .method = "GET", .on_data = on_data, .stall_timeout_ms = STALL_MS });
    assert_int_equal(s.status, JN_OK);
    expect_text(&s, "first second");
    finish(&s);
    (void)state;
}

static void hear_nothing(struct peer *p)
{
    sem_wait(&p->go);
}

static void a_request_that_nobody_reads_fails_and_was_not_sent(void **state)
{
    enum { MORE_THAN_SOCKETS_HOLD = 64 << 20 };
    struct scene s;
    char *zeros = calloc(1, MORE_THAN_SOCKETS_HOLD);
    assert_non_null(zeros);
    start(&s, hear_nothing);
    send_it(&s, (struct base_http_request){ .method = "POST", .body = { zeros, MORE_THAN_SOCKETS_HOLD },
                                            .stall_timeout_ms = STALL_MS });
    assert_int_equal(s.status, JN_TIMEOUT);
    assert_false(s.sent);
    assert_non_null(strstr(s.message, "took no byte of the request for 80 ms"));
    sem_post(&s.peer.go);
    finish(&s);
    free(zeros);
    (void)state;
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

enum { MANY = 300 };

static void say_many_chunks(struct peer *p)
{
    hear(p);
    say(p, CHUNKED);
    for (int i = 0; i < MANY; i++) {
        say(p, "5\r\npiece\r\n");
        sem_wait(&p->go);
    }
    say(p, "0\r\n\r\n");
    peer_await_end(p);
}

static void count_requests(const struct base_http_response *so_far, jn_str piece, void *arg)
{
    struct scene *s = arg;
    (void)so_far, (void)piece;
    if (++s->pieces == MANY / 2)
        heap_watch();
    if (s->pieces == MANY)
        s->body_len = (size_t)heap_requests();
    sem_post(&s->peer.go);
}

static void on_counted(const struct base_http_response *r, void *arg)
{
    struct scene *s = arg;
    s->status = r->status;
    base_loop_stop(s->loop);
}

static void a_piece_costs_no_memory_once_warm(void **state)
{
    struct scene s;
    char url[64];
    if (!heap_is_counted())
        skip();
    start(&s, say_many_chunks);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", s.peer.port);
    const struct base_http_request req = { .method = "GET", .url = url, .on_data = count_requests,
                                           .stall_timeout_ms = 60000 };
    assert_int_equal(base_http_send(s.http, &req, on_counted, &s, NULL, NULL), JN_OK);
    base_loop_run(s.loop);
    assert_int_equal(s.status, JN_OK);
    assert_int_equal(s.pieces, MANY);
    assert_int_equal(s.body_len, 0);
    finish(&s);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_as_they_arrive_with_the_headers_known),
        cmocka_unit_test(errors_are_collected),
        cmocka_unit_test(only_what_is_collected_has_a_limit),
        cmocka_unit_test(what_breaks_off_was_given_on),
        cmocka_unit_test(a_call_may_be_cancelled_at_a_piece),
        cmocka_unit_test(the_client_may_be_freed_at_a_piece),
        cmocka_unit_test(a_stalled_answer_fails),
        cmocka_unit_test(a_server_that_thinks_does_not_stall),
        cmocka_unit_test(a_slow_answer_does_not_stall),
        cmocka_unit_test(a_busy_loop_is_not_the_servers_fault),
        cmocka_unit_test(a_request_that_nobody_reads_fails_and_was_not_sent),
        cmocka_unit_test(a_piece_costs_no_memory_once_warm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
