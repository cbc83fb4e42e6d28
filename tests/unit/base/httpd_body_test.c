/* httpd_body_test.c - bodies in pieces: when they are given, how they are paused, and what happens when either side
 * leaves in the middle. */
#include "cmocka_all.h"

#include <stdio.h>

#include "base/httpd.h"
#include "httpd_client.h"

static const char CHUNKED[] = "POST /claim HTTP/1.1\r\nHost: h\r\nX-Seen: header\r\nTransfer-Encoding: chunked\r\n\r\n";

/* What on_head and on_piece do beside noting. */
enum deed { NOTHING, PAUSE, DROP, FREE_SERVER };

struct scene {
    struct stage stage;
    enum deed at_head, at_piece;
    bool tell_gone, free_when_gone;
    struct base_httpd_request *claimed;
    int heads, pieces, seen, gone;
    size_t taken, body_len, body_size;
    bool too_large, in_order;
    char text[256], trailer[32];        // the start of all pieces
};

static void do_deed(struct scene *s, enum deed deed, struct base_httpd_request *r)
{
    switch (deed) {
    case NOTHING:
        break;
    case PAUSE:
        base_httpd_pause_body(r);
        break;
    case DROP:
        base_httpd_drop(r);
        break;
    case FREE_SERVER:
        stage_free_server(&s->stage);
        break;
    }
}

static void on_gone(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    assert_ptr_equal(r, s->claimed);
    s->gone++;
    if (s->free_when_gone)
        stage_free_server(&s->stage);
}

/* Bodies count from 0 on, modulo 251, where order matters. */
static void on_piece(struct base_httpd_request *r, jn_str piece, void *arg)
{
    struct scene *s = arg;
    assert_ptr_equal(r, s->claimed);
    assert_true(piece.len > 0);
    s->pieces++;
    const size_t room = sizeof s->text - 1 - strlen(s->text);
    memcpy(s->text + strlen(s->text), piece.data, piece.len < room ? piece.len : room);
    for (size_t i = 0; i < piece.len; i++)
        s->in_order &= (unsigned char)piece.data[i] == (s->taken + i) % 251;
    s->taken += piece.len;
    assert_int_equal(base_httpd_body_size(r), s->taken);
    do_deed(s, s->at_piece, r);
}

static void on_head(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    s->heads++;
    assert_int_equal(base_httpd_header(r, "host").len, 1);
    if (!jn_str_eq(base_httpd_path(r), JN_STR("/claim")))
        return;
    s->claimed = r;
    s->taken = 0;
    base_httpd_stream_body(r, on_piece, s);
    if (s->tell_gone)
        base_httpd_on_gone(r, on_gone, s);
    do_deed(s, s->at_head, r);
}

static void handle(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    const jn_str seen = base_httpd_header(r, "x-seen"), trailer = base_httpd_header(r, "x-trailer");
    s->seen++;
    s->claimed = NULL;
    s->body_len = base_httpd_body(r).len;
    s->body_size = base_httpd_body_size(r);
    s->too_large = base_httpd_too_large(r);
    snprintf(s->trailer, sizeof s->trailer, "%.*s %.*s", JN_ARG(seen), JN_ARG(trailer));
    base_httpd_reply(r, 200, NULL, 0, base_httpd_path(r));
}

static void start(struct scene *s)
{
    *s = (struct scene){ .tell_gone = true, .in_order = true };
    const struct base_httpd_options opt = { .handler = handle, .on_head = on_head, .arg = s, .max_body = 1000 };
    stage_open(&s->stage, &opt);
}

/* Sends those of `size` counting bytes behind the first `from` that the socket takes; how many that were. */
static size_t send_counting(int fd, size_t from, size_t size)
{
    char piece[50000];
    const size_t n = size - from < sizeof piece ? size - from : sizeof piece;
    for (size_t i = 0; i < n; i++)
        piece[i] = (char)((from + i) % 251);
    const ssize_t took = send(fd, piece, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    return took > 0 ? (size_t)took : 0;
}

static void say_head(int fd, size_t size)
{
    char head[128];
    snprintf(head, sizeof head, "POST /claim HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", size);
    say(fd, head);
}

static void pieces_arrive_before_the_end(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = client_open(&s.stage);
    say(c.fd, CHUNKED);
    stage_await(&s.stage, &s.heads, 1);
    say(c.fd, "5\r\nfirst\r\n");
    stage_await(&s.stage, &s.pieces, 1);
    assert_string_equal(s.text, "first");
    say(c.fd, "8;ext=1\r\n, secon");
    stage_await(&s.stage, &s.pieces, 2);
    say(c.fd, "d\r\n");
    stage_await(&s.stage, &s.pieces, 3);
    assert_string_equal(s.text, "first, second");
    assert_int_equal(s.seen, 0);
    say(c.fd, "0\r\nX-Trailer: trailer\r\n\r\n");
    client_hear(&s.stage, &c, "/claim");
    assert_string_equal(s.trailer, "header trailer");
    assert_int_equal(s.body_len, 0);
    assert_int_equal(s.body_size, 13);
    assert_int_equal(s.gone, 0);
    client_close(&c);
    stage_close(&s.stage);
}

/* Neither the limit of bodies that are kept, nor their memory. */
static void a_long_body_goes_through_in_order(void **state)
{
    (void)state;
    enum { SIZE = 5000000 };
    struct scene s;
    start(&s);
    struct client c = client_open(&s.stage);
    say_head(c.fd, SIZE);
    for (size_t sent = 0; sent < SIZE; stage_run(&s.stage, 0))
        sent += send_counting(c.fd, sent, SIZE);
    client_hear(&s.stage, &c, "/claim");
    assert_true(s.in_order);
    assert_int_equal(s.taken, SIZE);
    assert_int_equal(s.body_size, SIZE);
    assert_false(s.too_large);
    client_close(&c);
    stage_close(&s.stage);
}

static void a_body_that_nobody_claims_is_kept_as_ever(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = client_open(&s.stage);
    say(c.fd, "POST /keep HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
    client_hear(&s.stage, &c, "/keep");
    assert_int_equal(s.heads, 1);
    assert_int_equal(s.pieces, 0);
    assert_int_equal(s.body_len, 4);
    client_close(&c);
    stage_close(&s.stage);
}

static void a_claimed_body_may_be_empty(void **state)
{
    (void)state;
    static const char *const requests[] = { "GET /claim HTTP/1.1\r\nHost: h\r\n\r\n",
                                            "POST /claim HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" };
    struct scene s;
    start(&s);
    for (int i = 0; i < 2; i++) {
        struct client c = client_open(&s.stage);
        say(c.fd, requests[i]);
        client_hear(&s.stage, &c, "/claim");
        assert_int_equal(s.pieces, 0);
        client_close(&c);
    }
    stage_close(&s.stage);
}

/* From on_head on, whether or not there is a body. */
static void a_body_may_be_paused_before_it_comes(void **state)
{
    (void)state;
    static const char *const bodies[] = { "", "3\r\nabc\r\n" };
    for (int i = 0; i < 2; i++) {
        struct scene s;
        start(&s);
        s.at_head = PAUSE;
        struct client c = client_open(&s.stage);
        say(c.fd, CHUNKED);
        say(c.fd, bodies[i]);
        say(c.fd, "0\r\nX-Trailer: trailer\r\n\r\n");
        stage_await(&s.stage, &s.heads, 1);
        stage_run(&s.stage, 20);
        assert_int_equal(s.pieces, 0);
        assert_int_equal(s.seen, 0);
        base_httpd_resume_body(s.claimed);
        client_hear(&s.stage, &c, "/claim");
        assert_string_equal(s.text, i ? "abc" : "");
        assert_string_equal(s.trailer, "header trailer");
        client_close(&c);
        stage_close(&s.stage);
    }
}

/* The client is stopped by its socket. */
static void a_paused_body_waits_in_the_socket(void **state)
{
    (void)state;
    enum { SIZE = 50000000 };
    struct scene s;
    start(&s);
    s.at_piece = PAUSE;
    struct client c = client_open(&s.stage);
    say_head(c.fd, SIZE);
    size_t sent = 0;
    for (int idle = 0; idle < 20 && sent < SIZE; stage_run(&s.stage, 1)) {
        const size_t took = send_counting(c.fd, sent, SIZE);
        idle = took ? 0 : idle + 1;
        sent += took;
    }
    assert_in_range(sent, 1, SIZE - 1);
    assert_int_equal(s.pieces, 1);
    base_httpd_resume_body(s.claimed);
    stage_await(&s.stage, &s.pieces, 2);
    stage_run(&s.stage, 10);
    assert_int_equal(s.pieces, 2);
    client_close(&c);
    stage_close(&s.stage);
}

static void a_body_paused_at_each_piece_comes_whole(void **state)
{
    (void)state;
    enum { SIZE = 1000000 };
    struct scene s;
    start(&s);
    s.at_piece = PAUSE;
    struct client c = client_open(&s.stage);
    say_head(c.fd, SIZE);
    for (size_t sent = 0; s.seen == 0; stage_run(&s.stage, 0)) {
        sent += sent < SIZE ? send_counting(c.fd, sent, SIZE) : 0;
        stage_run(&s.stage, 0);
        if (s.claimed)
            base_httpd_resume_body(s.claimed);
    }
    client_hear(&s.stage, &c, "/claim");
    assert_true(s.in_order);
    assert_int_equal(s.taken, SIZE);
    assert_true(s.pieces > 3);
    client_close(&c);
    stage_close(&s.stage);
}

static void requests_behind_a_paused_body_wait_for_their_turn(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    s.at_piece = PAUSE;
    struct client c = client_open(&s.stage);
    for (int i = 1; i <= 3; i++) {
        say(c.fd, CHUNKED);
        say(c.fd, "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n");
        say(c.fd, "GET /behind HTTP/1.1\r\nHost: h\r\n\r\n");
        stage_await(&s.stage, &s.pieces, 2 * i - 1);
        stage_run(&s.stage, 10);
        assert_int_equal(s.pieces, 2 * i - 1);
        base_httpd_resume_body(s.claimed);
        stage_await(&s.stage, &s.pieces, 2 * i);
        stage_run(&s.stage, 10);
        assert_int_equal(s.seen, 2 * i - 2);
        base_httpd_resume_body(s.claimed);
        stage_await(&s.stage, &s.seen, 2 * i);
        assert_int_equal(s.taken, 5);
    }
    client_hear(&s.stage, &c, "/behind");
    client_close(&c);
    stage_close(&s.stage);
}

enum phase { BEFORE_THE_BODY, WITHIN_IT, PAUSED, PAUSED_AT_ITS_END, PHASES };

static struct client reach(struct scene *s, enum phase phase)
{
    struct client c = client_open(&s->stage);
    const int heads = s->heads, pieces = s->pieces;
    s->at_piece = phase >= PAUSED ? PAUSE : NOTHING;
    say(c.fd, CHUNKED);
    stage_await(&s->stage, &s->heads, heads + 1);
    if (phase == BEFORE_THE_BODY)
        return c;
    say(c.fd, phase == PAUSED_AT_ITS_END ? "3\r\nabc\r\n0\r\n\r\n" : "3\r\nabc\r\n");
    stage_await(&s->stage, &s->pieces, pieces + 1);
    return c;
}

static void a_client_that_hangs_up_is_reported_once(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    for (int i = 0; i < 2 * PHASES; i++) {
        s.gone = 0;
        struct client c = reach(&s, i / 2);
        if (i % 2)                      // leaves with a reset
            setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
        client_close(&c);
        stage_await(&s.stage, &s.gone, 1);
        stage_run(&s.stage, 10);
        assert_int_equal(s.gone, 1);
        assert_int_equal(s.seen, 0);
    }
    stage_close(&s.stage);
}

static void a_dropped_body_closes_the_connection(void **state)
{
    (void)state;
    for (int i = 0; i < PHASES + 2; i++) {
        struct scene s;
        start(&s);
        s.at_head = i == PHASES ? DROP : NOTHING;
        struct client c = reach(&s, i < PHASES ? i : BEFORE_THE_BODY);
        if (i < PHASES)
            base_httpd_drop(s.claimed);
        if (i == PHASES + 1) {
            s.at_piece = DROP;
            say(c.fd, "3\r\nabc\r\n");
        }
        client_hear_end(&s.stage, &c);
        assert_int_equal(c.len, 0);
        stage_run(&s.stage, 10);
        assert_int_equal(s.gone, 0);
        assert_int_equal(s.seen, 0);
        client_close(&c);
        stage_close(&s.stage);
    }
}

/* By its owner in each phase, by who is told that the client is gone, in on_head, for a piece. */
static void the_server_may_be_freed_at_any_time(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * PHASES + 2; i++) {
        struct scene s;
        start(&s);
        s.free_when_gone = i / 2 < PHASES && i % 2;
        s.at_head = i == 2 * PHASES ? FREE_SERVER : NOTHING;
        struct client c = reach(&s, i / 2 < PHASES ? i / 2 : BEFORE_THE_BODY);
        if (i == 2 * PHASES + 1) {
            s.at_piece = FREE_SERVER;
            say(c.fd, "3\r\nabc\r\n");
            stage_await(&s.stage, &s.pieces, 1);
        }
        if (!s.free_when_gone && s.stage.server)
            stage_free_server(&s.stage);
        client_close(&c);
        if (s.free_when_gone)
            stage_await(&s.stage, &s.gone, 1);
        assert_null(s.stage.server);
        stage_close(&s.stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_arrive_before_the_end),
        cmocka_unit_test(a_long_body_goes_through_in_order),
        cmocka_unit_test(a_body_that_nobody_claims_is_kept_as_ever),
        cmocka_unit_test(a_claimed_body_may_be_empty),
        cmocka_unit_test(a_body_may_be_paused_before_it_comes),
        cmocka_unit_test(a_paused_body_waits_in_the_socket),
        cmocka_unit_test(a_body_paused_at_each_piece_comes_whole),
        cmocka_unit_test(requests_behind_a_paused_body_wait_for_their_turn),
        cmocka_unit_test(a_client_that_hangs_up_is_reported_once),
        cmocka_unit_test(a_dropped_body_closes_the_connection),
        cmocka_unit_test(the_server_may_be_freed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
