/* httpd_test.c - the server, spoken to over plain sockets: what it reads, when it answers, how it ends. */
#include "cmocka_all.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/httpd.h"
#include "base/timer.h"
#include "httpd_client.h"

enum answer { AT_ONCE, LATER, NEVER, DROP, FREE_SERVER };

struct scene {
    struct base_loop *loop;
    struct base_httpd *server;
    struct base_timer *timer;       /* ends run_for() */
    enum answer answer;
    struct base_httpd_request *held;    /* the last one not answered */
    int seen, gone;
    bool free_when_gone;
    char method[16], path[64], query[64], header[64];
    size_t body_size, body_len, header_count;
    bool too_large;
    char body[64];                  /* its start */
};

static void copy(char *to, size_t size, jn_str from)
{
    snprintf(to, size, "%.*s", JN_ARG(from));
}

static void reply(struct base_httpd_request *r)
{
    const struct base_header headers[] = {
        { JN_STR_INIT("X-Test"), JN_STR_INIT("yes") },
        { JN_STR_INIT("X-Evil"), JN_STR_INIT("a\r\nX-Injected: b") },
        { JN_STR_INIT("Content-Length"), JN_STR_INIT("99") },
    };
    const jn_str path = base_httpd_path(r);
    base_httpd_reply(r, 200, headers, 3, path);
}

static void on_gone(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    assert_ptr_equal(r, s->held);
    assert_true(base_httpd_path(r).len > 0);        // still valid
    s->held = NULL;
    s->gone++;
    if (s->free_when_gone) {
        base_httpd_free(s->server);
        s->server = NULL;
    }
}

static void handle(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    s->seen++;
    copy(s->method, sizeof s->method, base_httpd_method(r));
    copy(s->path, sizeof s->path, base_httpd_path(r));
    copy(s->query, sizeof s->query, base_httpd_query(r));
    copy(s->header, sizeof s->header, base_httpd_header(r, "x-seen"));
    copy(s->body, sizeof s->body, base_httpd_body(r));
    s->body_size = base_httpd_body_size(r);
    s->body_len = base_httpd_body(r).len;
    s->too_large = base_httpd_too_large(r);
    base_httpd_headers(r, &s->header_count);
    switch (s->answer) {
    case AT_ONCE:
        reply(r);
        break;
    case LATER:
    case NEVER:
        s->held = r;
        if (s->answer == LATER)
            base_httpd_on_gone(r, on_gone, s);
        break;
    case DROP:
        base_httpd_drop(r);
        break;
    case FREE_SERVER:
        base_httpd_free(s->server);
        s->server = NULL;
        break;
    }
}

static void on_timer(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(((struct scene *)arg)->loop);
}

static void run_for(struct scene *s, int64_t ms)
{
    base_timer_start(s->timer, ms);
    base_loop_run(s->loop);
    base_timer_stop(s->timer);
}

static void start(struct scene *s, enum answer answer, size_t max_body)
{
    *s = (struct scene){ .answer = answer };
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    assert_int_equal(base_timer_new(s->loop, on_timer, s, &s->timer, NULL), JN_OK);
    const struct base_httpd_options opt = { .handler = handle, .arg = s, .max_body = max_body };
    assert_int_equal(base_httpd_new(s->loop, &opt, &s->server, NULL), JN_OK);
}

static void finish(struct scene *s)
{
    base_httpd_free(s->server);
    base_timer_free(s->timer);
    base_loop_free(s->loop);
}

/* Runs until `answers` answers have come, or the end of the connection; two seconds at most.  "(nothing)" and
 * "(closed)" stand for themselves. */
static const char *hear(struct scene *s, int fd, int answers)
{
    static char text[65536];
    size_t len = 0;
    ssize_t n = -1;
    for (int rounds = 0; rounds < 400; rounds++) {
        run_for(s, 5);
        while ((n = recv(fd, text + len, sizeof text - 1 - len, MSG_DONTWAIT)) > 0)
            len += (size_t)n;
        text[len] = '\0';
        if (n == 0 || (answers && count(text, "HTTP/1.1 200") >= answers))
            break;
    }
    return len ? text : n == 0 ? "(closed)" : "(nothing)";
}

/* Runs until `*what` is `wanted`, two seconds at most. */
static void await(struct scene *s, const int *what, int wanted)
{
    for (int rounds = 0; rounds < 400 && *what != wanted; rounds++)
        run_for(s, 5);
    assert_int_equal(*what, wanted);
}

/* Nothing may come: a short while must do. */
static void hear_nothing(struct scene *s, int fd)
{
    char c;
    run_for(s, 20);
    assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), -1);
}

static void targets_and_headers_are_as_on_the_wire(void **state)
{
    (void)state;
    struct scene s;
    start(&s, AT_ONCE, 0);
    const int fd = open_client(s.server);
    say(fd, "PUT /a%2Fb/../c%20?x=%41+&y=?z HTTP/1.1\r\nHost: h\r\nX-Seen:  some thing \r\n"
            "Content-Length: 4\r\n\r\nbo");
    run_for(&s, 10);
    assert_int_equal(s.seen, 0);
    say(fd, "dy");
    await(&s, &s.seen, 1);
    assert_string_equal(s.method, "PUT");
    assert_string_equal(s.path, "/a%2Fb/../c%20");
    assert_string_equal(s.query, "x=%41+&y=?z");
    assert_string_equal(s.header, "some thing");
    assert_string_equal(s.body, "body");
    assert_int_equal(s.header_count, 3);
    const char *answer = hear(&s, fd, 1);
    assert_int_equal(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_non_null(strstr(answer, "\r\nX-Test: yes\r\n"));
    assert_non_null(strstr(answer, "\r\nContent-Length: 14\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\n/a%2Fb/../c%20"));
    assert_null(strstr(answer, "Injected"));
    close(fd);
    finish(&s);
}

static void a_connection_carries_many_requests(void **state)
{
    (void)state;
    struct scene s;
    start(&s, AT_ONCE, 0);
    const int fd = open_client(s.server);
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /one HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_int_equal(count(hear(&s, fd, 1), "HTTP/1.1 200"), 1);
    }
    say(fd, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
            "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    const char *answers = hear(&s, fd, 3);
    assert_int_equal(s.seen, 6);
    assert_int_equal(count(answers, "HTTP/1.1 200"), 3);
    assert_true(strstr(answers, "/1") < strstr(answers, "/2") && strstr(answers, "/2") < strstr(answers, "/3"));
    close(fd);
    finish(&s);
}

static void an_answer_may_come_at_any_time(void **state)
{
    (void)state;
    struct scene s;
    start(&s, LATER, 0);
    const int fd = open_client(s.server);
    for (int i = 0; i < 3; i++) {
        say(fd, "POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxyGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
        await(&s, &s.seen, 2 * i + 1);
        hear_nothing(&s, fd);
        assert_string_equal(s.path, "/slow");
        reply(s.held);
        assert_int_equal(count(hear(&s, fd, 1), "/slow"), 1);
        await(&s, &s.seen, 2 * i + 2);
        assert_string_equal(s.path, "/next");
        reply(s.held);
        assert_int_equal(count(hear(&s, fd, 1), "/next"), 1);
    }
    assert_int_equal(s.seen, 6);
    assert_int_equal(s.gone, 0);
    close(fd);
    finish(&s);
}

static int64_t cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void waiting_costs_nothing(void **state)
{
    (void)state;
    struct scene s;
    start(&s, LATER, 0);
    const int waiting = open_client(s.server), idle = open_client(s.server), halfway = open_client(s.server);
    say(waiting, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    await(&s, &s.seen, 1);
    say(halfway, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    run_for(&s, 10);
    const int64_t before = cpu_ms();
    run_for(&s, 200);
    assert_true(cpu_ms() - before < 50);
    close(waiting);
    close(idle);
    close(halfway);
    await(&s, &s.gone, 1);
    finish(&s);
}

static void chunks_are_joined_and_trailers_count_as_headers(void **state)
{
    (void)state;
    struct scene s;
    start(&s, AT_ONCE, 0);
    const int fd = open_client(s.server);
    say(fd, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Seen\r\n\r\n5\r\nhello\r\n");
    run_for(&s, 5);
    say(fd, "7;ext=1\r\n, world\r\n0\r\nX-Seen: trailer\r\n\r\n");
    await(&s, &s.seen, 1);
    assert_string_equal(s.body, "hello, world");
    assert_int_equal(s.body_size, 12);
    assert_string_equal(s.header, "trailer");
    close(fd);
    finish(&s);
}

static void post_bytes(struct scene *s, int fd, size_t size)
{
    char head[128], piece[8192];
    memset(piece, 'x', sizeof piece);
    snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", size);
    say(fd, head);
    for (size_t sent = 0; sent < size;) {
        const size_t n = size - sent < sizeof piece ? size - sent : sizeof piece;
        const ssize_t took = send(fd, piece, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += took > 0 ? (size_t)took : 0;
        if (took <= 0)
            run_for(s, 1);
    }
    assert_int_equal(count(hear(s, fd, 1), "HTTP/1.1 200"), 1);
}

static void a_body_above_the_limit_is_measured_and_left_out(void **state)
{
    (void)state;
    struct scene s;
    start(&s, AT_ONCE, 1000000);
    const int fd = open_client(s.server);
    post_bytes(&s, fd, 1000000);
    assert_false(s.too_large);
    assert_int_equal(s.body_len, 1000000);
    post_bytes(&s, fd, 3000000);
    assert_true(s.too_large);
    assert_int_equal(s.body_len, 0);
    assert_int_equal(s.body_size, 3000000);
    close(fd);
    finish(&s);
}

static void a_client_that_leaves_is_reported_once(void **state)
{
    (void)state;
    struct scene s;
    start(&s, LATER, 0);
    for (int i = 0; i < 3; i++) {
        const int fd = open_client(s.server);
        if (i == 2)                     // leaves with a reset
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
        say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await(&s, &s.seen, i + 1);
        assert_int_equal(s.gone, i);
        close(fd);
        await(&s, &s.gone, i + 1);
    }
    finish(&s);
}

/* The connection has been watched before; its end comes with the request, perhaps before anybody waits for it. */
static void an_end_that_comes_early_is_reported_too(void **state)
{
    (void)state;
    struct scene s;
    start(&s, LATER, 0);
    for (int i = 0; i < 5; i++) {
        const int fd = open_client(s.server);
        say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await(&s, &s.seen, 2 * i + 1);
        reply(s.held);
        assert_int_equal(count(hear(&s, fd, 1), "HTTP/1.1 200"), 1);
        say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        shutdown(fd, SHUT_WR);
        await(&s, &s.gone, i + 1);
        assert_int_equal(s.seen, 2 * i + 2);
        close(fd);
    }
    finish(&s);
}

/* Nobody asked to be told: the request stays valid until it is answered. */
static void an_answer_to_nobody_is_harmless(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NEVER, 0);
    const int fd = open_client(s.server);
    say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await(&s, &s.seen, 1);
    close(fd);
    run_for(&s, 20);
    reply(s.held);
    run_for(&s, 10);
    assert_int_equal(s.gone, 0);
    finish(&s);
}

static void a_dropped_connection_is_closed_without_a_word(void **state)
{
    (void)state;
    struct scene s;
    start(&s, DROP, 0);
    const int now = open_client(s.server), later = open_client(s.server);
    say(now, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_string_equal(hear(&s, now, 0), "(closed)");
    s.answer = LATER;
    say(later, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await(&s, &s.seen, 2);
    base_httpd_drop(s.held);
    assert_string_equal(hear(&s, later, 0), "(closed)");
    assert_int_equal(s.gone, 0);
    close(now);
    close(later);
    finish(&s);
}

static void the_server_may_be_freed_at_any_time(void **state)
{
    (void)state;
    static const enum answer answers[] = { FREE_SERVER, LATER, LATER };
    for (int i = 0; i < 3; i++) {
        struct scene s;
        start(&s, answers[i], 0);
        s.free_when_gone = i == 1;
        const int fd = open_client(s.server), other = open_client(s.server);
        say(other, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
        say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await(&s, &s.seen, 1);
        if (i == 1) {
            close(fd);
            await(&s, &s.gone, 1);
        }
        assert_int_equal(s.server == NULL, i < 2);
        finish(&s);                     // the third: with a request that waits
        char c;
        if (i != 1) {
            assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
            close(fd);
        }
        close(other);
    }
}

static void nonsense_is_answered_or_closed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\r\n\r\n\r\n", "nonsense\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    struct scene s;
    start(&s, AT_ONCE, 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const int fd = open_client(s.server);
        say(fd, texts[i]);
        run_for(&s, 10);
        close(fd);
        run_for(&s, 5);
    }
    assert_int_equal(s.seen, 0);
    finish(&s);
}

/* With each number of descriptors too few, a server is refused, and with one more it works. */
static void without_descriptors_there_is_no_server(void **state)
{
    (void)state;
    struct scene s;
    struct rlimit usual, tight;
    int spare[64], refusals = 0;
    start(&s, AT_ONCE, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    for (int left = 0; left < 8; left++) {
        struct base_httpd *d = NULL;
        struct jn_error err = { 0 };
        int taken = 0;
        tight = (struct rlimit){ (rlim_t)dup(1) + 20, usual.rlim_max };
        close((int)tight.rlim_cur - 20);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
        while ((spare[taken] = dup(1)) >= 0)
            taken++;
        for (int i = 0; i < left; i++)
            close(spare[--taken]);
        if (base_httpd_new(s.loop, &(struct base_httpd_options){ .handler = handle, .arg = &s }, &d, &err) == JN_OK) {
            base_httpd_free(d);
        } else {
            assert_int_equal(err.status, JN_IO);
            refusals++;
        }
        while (taken > 0)
            close(spare[--taken]);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
        run_for(&s, 1);
    }
    assert_in_range(refusals, 2, 6);
    finish(&s);
}

static void a_head_may_be_as_long_as_it_was_said(void **state)
{
    (void)state;
    struct scene s;
    struct base_httpd *d = NULL;
    static char head[40000];
    start(&s, AT_ONCE, 0);
    const struct base_httpd_options opt = { .handler = handle, .arg = &s, .max_head = 16384 };
    assert_int_equal(base_httpd_new(s.loop, &opt, &d, NULL), JN_OK);
    for (int i = 0; i < 2; i++) {
        const int fd = open_client(d);
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: h\r\nX-Long: %0*d\r\n\r\n", i ? 36000 : 15000, 0);
        say(fd, head);
        assert_int_equal(count(hear(&s, fd, 1), i ? "HTTP/1.1 431" : "HTTP/1.1 200"), 1);
        close(fd);
    }
    base_httpd_free(d);
    finish(&s);
}

static void addresses(void **state)
{
    (void)state;
    struct scene s;
    start(&s, AT_ONCE, 0);
    struct base_httpd *d = NULL;
    struct jn_error err = { 0 };
    struct base_httpd_options opt = { .handler = handle, .arg = &s, .port = base_httpd_port(s.server) };
    assert_int_equal(base_httpd_new(s.loop, &opt, &d, &err), JN_IO);
    assert_non_null(strstr(err.message, "another program already does"));
    err = (struct jn_error){ 0 };
    opt = (struct base_httpd_options){ .handler = handle, .host = "192.0.2.1" };
    assert_int_equal(base_httpd_new(s.loop, &opt, &d, &err), JN_IO);
    assert_string_equal(err.message, "cannot listen on 192.0.2.1:0: Cannot assign requested address");
    opt = (struct base_httpd_options){ .handler = handle, .port = 70000 };
    assert_int_equal(base_httpd_new(s.loop, &opt, &d, NULL), JN_BAD_VALUE);
    opt = (struct base_httpd_options){ .handler = handle, .host = "localhost" };
    assert_int_equal(base_httpd_new(s.loop, &opt, &d, NULL), JN_OK);
    assert_in_range(base_httpd_port(d), 1, 65535);
    base_httpd_free(d);
    base_httpd_free(NULL);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_and_headers_are_as_on_the_wire),
        cmocka_unit_test(a_connection_carries_many_requests),
        cmocka_unit_test(an_answer_may_come_at_any_time),
        cmocka_unit_test(waiting_costs_nothing),
        cmocka_unit_test(chunks_are_joined_and_trailers_count_as_headers),
        cmocka_unit_test(a_body_above_the_limit_is_measured_and_left_out),
        cmocka_unit_test(a_client_that_leaves_is_reported_once),
        cmocka_unit_test(an_end_that_comes_early_is_reported_too),
        cmocka_unit_test(an_answer_to_nobody_is_harmless),
        cmocka_unit_test(a_dropped_connection_is_closed_without_a_word),
        cmocka_unit_test(the_server_may_be_freed_at_any_time),
        cmocka_unit_test(nonsense_is_answered_or_closed),
        cmocka_unit_test(without_descriptors_there_is_no_server),
        cmocka_unit_test(a_head_may_be_as_long_as_it_was_said),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
