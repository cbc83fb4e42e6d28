/* httpd_stream_test.c - answers in pieces, heard on plain sockets: when each piece arrives, how fast they may come, and
 * what happens when either side leaves in the middle. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/httpd.h"
#include "httpd_client.h"

static const char GET[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

enum { MUCH = 8 << 20 };                // more than the sockets between two processes hold

struct scene {
    struct stage stage;
    struct base_httpd_request *held;    /* the last one */
    bool tell_gone, free_when_gone, free_when_drained, ask_again;
    int seen, gone, drained;
    size_t unsent_when_drained;
};

static void on_gone(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    assert_ptr_equal(r, s->held);
    base_httpd_write(r, JN_STR("nobody hears this"));
    s->held = NULL;
    s->gone++;
    if (s->free_when_gone)
        stage_free_server(&s->stage);
}

static void on_drain(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    s->drained++;
    s->unsent_when_drained = base_httpd_unsent(r);
    if (s->ask_again && s->drained < 3)
        base_httpd_on_drain(r, on_drain, s);
    if (s->free_when_drained)
        stage_free_server(&s->stage);
}

static void handle(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    s->seen++;
    s->held = r;
    if (s->tell_gone)
        base_httpd_on_gone(r, on_gone, s);
}

static void start(struct scene *s)
{
    *s = (struct scene){ .tell_gone = true };
    const struct base_httpd_options opt = { .handler = handle, .arg = s };
    stage_open(&s->stage, &opt);
}

/* A client whose request is with the handler. */
static struct client ask(struct scene *s, const char *request)
{
    struct client c = client_open(&s->stage);
    say(c.fd, request);
    stage_await(&s->stage, &s->seen, s->seen + 1);
    return c;
}

static void begin(struct scene *s)
{
    const struct base_header headers[] = {
        { JN_STR_INIT("X-Test"), JN_STR_INIT("yes") },
        { JN_STR_INIT("Content-Length"), JN_STR_INIT("99") },
    };
    base_httpd_begin(s->held, 200, headers, 2);
}

static void write_much(struct scene *s)
{
    char *bytes = calloc(1, MUCH);
    assert_non_null(bytes);
    base_httpd_write(s->held, (jn_str){ bytes, MUCH });
    free(bytes);
}

static void pieces_arrive_before_the_end(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = ask(&s, GET);
    begin(&s);
    client_hear(&s.stage, &c, "\r\n\r\n");
    assert_non_null(strstr(c.text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(c.text, "X-Test: yes\r\n"));
    assert_non_null(strstr(c.text, "Transfer-Encoding: chunked\r\n"));
    assert_null(strstr(c.text, "Content-Length"));
    base_httpd_write(s.held, JN_STR("one"));
    client_hear(&s.stage, &c, "\r\n\r\n3\r\none\r\n");
    base_httpd_write(s.held, JN_STR(""));
    base_httpd_write(s.held, JN_STR("and two"));
    client_hear(&s.stage, &c, "one\r\n7\r\nand two\r\n");
    base_httpd_end(s.held);
    client_hear(&s.stage, &c, "and two\r\n0\r\n\r\n");
    assert_int_equal(s.gone, 0);
    client_close(&c);
    stage_close(&s.stage);
}

static void an_answer_may_be_written_in_one_go(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    for (int i = 0; i < 2; i++) {
        struct client c = ask(&s, GET);
        begin(&s);
        if (i == 0)
            base_httpd_write(s.held, JN_STR("all"));
        base_httpd_end(s.held);
        client_hear(&s.stage, &c, i == 0 ? "\r\n\r\n3\r\nall\r\n0\r\n\r\n" : "\r\n\r\n0\r\n\r\n");
        client_close(&c);
    }
    stage_close(&s.stage);
}

static void the_connection_goes_on_behind_the_last_chunk(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = client_open(&s.stage);
    say(c.fd, GET);
    say(c.fd, GET);
    for (int i = 1; i <= 4; i++) {
        stage_await(&s.stage, &s.seen, i);
        client_forget(&c);
        begin(&s);
        base_httpd_write(s.held, JN_STR("piece"));
        client_hear(&s.stage, &c, "5\r\npiece\r\n");
        assert_int_equal(s.seen, i);
        base_httpd_end(s.held);
        client_hear(&s.stage, &c, "piece\r\n0\r\n\r\n");
        if (i > 1)
            say(c.fd, GET);
    }
    assert_int_equal(s.gone, 0);
    client_close(&c);
    stage_close(&s.stage);
}

/* HTTP/1.0 knows no chunks: the end of the connection is the end of the answer. */
static void an_old_client_hears_plain_pieces(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = ask(&s, "GET / HTTP/1.0\r\n\r\n");
    begin(&s);
    base_httpd_write(s.held, JN_STR("one"));
    client_hear(&s.stage, &c, "\r\n\r\none");
    base_httpd_write(s.held, JN_STR(" two"));
    base_httpd_end(s.held);
    client_hear_end(&s.stage, &c);
    assert_non_null(strstr(c.text, "\r\n\r\none two"));
    client_close(&c);
    stage_close(&s.stage);
}

static void a_slow_client_holds_bytes_back_until_it_reads(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = ask(&s, GET);
    begin(&s);
    base_httpd_on_drain(s.held, on_drain, &s);
    assert_int_equal(s.drained, 0);     // not from inside
    stage_await(&s.stage, &s.drained, 1);
    write_much(&s);
    base_httpd_on_drain(s.held, on_drain, &s);
    stage_run(&s.stage, 50);
    assert_int_equal(s.drained, 1);
    assert_in_range(base_httpd_unsent(s.held), 1 << 20, MUCH - 1);
    while (s.drained < 2) {
        client_listen(&c);
        stage_run(&s.stage, 1);
    }
    assert_in_range(s.unsent_when_drained, 0, 64 << 10);
    base_httpd_write(s.held, JN_STR("the last"));
    base_httpd_end(s.held);
    while (c.len < MUCH + 8) {
        client_listen(&c);
        stage_run(&s.stage, 1);
    }
    assert_int_equal(s.drained, 2);     // once for each asking
    client_close(&c);
    stage_close(&s.stage);
}

/* Numbers, so that a piece that is lost, doubled or in the wrong place is seen. */
static void pieces_keep_their_order_behind_a_slow_client(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = ask(&s, "GET / HTTP/1.0\r\n\r\n");
    begin(&s);
    enum { LINES = 600000 };
    char *heard = malloc(LINES * 8 + 4096), line[16];
    assert_non_null(heard);
    size_t len = 0;
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "%07d\n", i);
        base_httpd_write(s.held, (jn_str){ line, 8 });
        if (i % 1000 == 0) {
            stage_run(&s.stage, 0);
            const ssize_t n = recv(c.fd, heard + len, 7001, MSG_DONTWAIT);
            len += n > 0 ? (size_t)n : 0;
        }
    }
    base_httpd_end(s.held);
    for (ssize_t n = -1; n; len += n > 0 ? (size_t)n : 0) {
        stage_run(&s.stage, 0);
        n = recv(c.fd, heard + len, LINES * 8 + 4096 - len, MSG_DONTWAIT);
    }
    const char *body = heard;
    while (memcmp(body, "\r\n\r\n", 4) != 0)
        body++;
    body += 4;
    assert_int_equal(heard + len - body, LINES * 8);
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "%07d\n", i);
        assert_memory_equal(body + i * 8, line, 8);
    }
    free(heard);
    client_close(&c);
    stage_close(&s.stage);
}

static void who_asks_anew_when_drained_is_called_anew(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    s.ask_again = true;
    struct client c = ask(&s, GET);
    begin(&s);
    base_httpd_on_drain(s.held, on_drain, &s);
    stage_await(&s.stage, &s.drained, 3);
    base_httpd_on_drain(s.held, on_drain, &s);
    base_httpd_on_drain(s.held, NULL, NULL);
    stage_run(&s.stage, 20);
    assert_int_equal(s.drained, 3);
    base_httpd_on_drain(s.held, on_drain, &s);
    base_httpd_end(s.held);             // which forgets it
    client_hear(&s.stage, &c, "0\r\n\r\n");
    assert_int_equal(s.drained, 3);
    client_close(&c);
    stage_close(&s.stage);
}

enum phase { BEFORE_ANY_PIECE, BETWEEN_PIECES, WHILE_BYTES_WAIT, PHASES };

static struct client reach(struct scene *s, enum phase phase)
{
    struct client c = ask(s, GET);
    begin(s);
    if (phase == BETWEEN_PIECES) {
        base_httpd_write(s->held, JN_STR("piece"));
        client_hear(&s->stage, &c, "piece");
    }
    if (phase == WHILE_BYTES_WAIT)
        write_much(s);
    stage_run(&s->stage, 20);
    assert_int_equal(s->gone, 0);
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
    }
    stage_close(&s.stage);
}

static void nobody_is_told_behind_the_end(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = reach(&s, WHILE_BYTES_WAIT);
    base_httpd_end(s.held);
    client_close(&c);
    stage_run(&s.stage, 30);
    assert_int_equal(s.gone, 0);
    stage_close(&s.stage);
}

/* Who did not ask to be told writes on, waits for draining as ever, and ends the answer. */
static void an_answer_to_nobody_may_be_written_to_its_end(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * PHASES; i++) {
        struct scene s;
        start(&s);
        s.tell_gone = false;
        struct client c = reach(&s, i / 3);
        base_httpd_on_drain(s.held, on_drain, &s);
        client_close(&c);
        stage_await(&s.stage, &s.drained, 1);
        for (int j = 0; j < 5; j++) {
            base_httpd_write(s.held, JN_STR("piece"));
            stage_run(&s.stage, 5);
        }
        base_httpd_on_drain(s.held, on_drain, &s);
        stage_await(&s.stage, &s.drained, 2);
        assert_int_equal(base_httpd_unsent(s.held), 0);
        if (i % 3 == 0)
            base_httpd_end(s.held);
        if (i % 3 == 1)
            base_httpd_drop(s.held);
        stage_run(&s.stage, 5);
        stage_close(&s.stage);          // the third: with an answer that nobody ended
    }
}

static void a_dropped_answer_has_no_last_chunk(void **state)
{
    (void)state;
    for (int i = 0; i < PHASES; i++) {
        struct scene s;
        start(&s);
        struct client c = reach(&s, i);
        base_httpd_on_drain(s.held, on_drain, &s);
        base_httpd_drop(s.held);
        client_hear_end(&s.stage, &c);
        assert_int_equal(strncmp(c.text, "HTTP/1.1 200", 12), 0);
        assert_null(strstr(c.text, "\r\n0\r\n\r\n"));
        assert_in_range(c.len, 1, MUCH - 1);
        stage_run(&s.stage, 10);
        assert_int_equal(s.gone, 0);
        assert_int_equal(s.drained, 0);
        client_close(&c);
        stage_close(&s.stage);
    }
}

/* There is nothing behind the headers: the client is served, and the writer need not go on. */
static void an_answer_to_head_ends_with_its_headers(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct client c = ask(&s, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    begin(&s);
    client_hear(&s.stage, &c, "\r\n\r\n");
    stage_await(&s.stage, &s.gone, 1);
    client_close(&c);
    stage_close(&s.stage);
}

/* By its owner, by who is told that the client is gone, by who is told that it drained. */
static void the_server_may_be_freed_in_each_phase(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * PHASES; i++) {
        struct scene s;
        start(&s);
        struct client other = ask(&s, GET);
        base_httpd_on_gone(s.held, NULL, NULL);
        base_httpd_begin(s.held, 200, NULL, 0);
        struct client c = reach(&s, i / 3);
        s.free_when_gone = i % 3 == 1;
        s.free_when_drained = i % 3 == 2;
        if (s.free_when_drained)
            base_httpd_on_drain(s.held, on_drain, &s);
        if (s.free_when_gone)
            client_close(&c);
        for (int rounds = 0; rounds < 1000 && i % 3 && s.stage.server; rounds++) {
            stage_run(&s.stage, 2);
            if (s.free_when_drained)
                client_listen(&c);
        }
        assert_int_equal(s.stage.server == NULL, i % 3 != 0);
        if (!s.free_when_gone)
            client_close(&c);
        client_close(&other);
        stage_close(&s.stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_arrive_before_the_end),
        cmocka_unit_test(an_answer_may_be_written_in_one_go),
        cmocka_unit_test(the_connection_goes_on_behind_the_last_chunk),
        cmocka_unit_test(an_old_client_hears_plain_pieces),
        cmocka_unit_test(a_slow_client_holds_bytes_back_until_it_reads),
        cmocka_unit_test(pieces_keep_their_order_behind_a_slow_client),
        cmocka_unit_test(who_asks_anew_when_drained_is_called_anew),
        cmocka_unit_test(a_client_that_hangs_up_is_reported_once),
        cmocka_unit_test(nobody_is_told_behind_the_end),
        cmocka_unit_test(an_answer_to_nobody_may_be_written_to_its_end),
        cmocka_unit_test(a_dropped_answer_has_no_last_chunk),
        cmocka_unit_test(an_answer_to_head_ends_with_its_headers),
        cmocka_unit_test(the_server_may_be_freed_in_each_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
