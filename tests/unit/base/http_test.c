/* http_test.c - requests to a server on the same loop, and to sockets that say exactly what a case needs. */
#include "cmocka_all.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/httpd.h"
#include "base/timer.h"

struct scene {
    struct base_loop *loop;
    struct base_http *http;
    struct base_httpd *server;
    char url[64];
    /* what the server saw and shall do */
    char request[1024];             /* "METHOD path?query|Name: value|...|body" */
    size_t reply_size;
    int reply_status;
    bool hold, drop, accept_compressed;
    struct base_httpd_request *held;
    /* what the client was told */
    int done;
    enum jn_status status;
    bool sent, refused, reused;
    int http_status;
    char message[512], header[64], redirect[128];
    size_t body_len;
    char body_start;
    bool free_when_done, again_when_done;
};

static void handle(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    size_t count, len = 0;
    const struct base_header *h = base_httpd_headers(r, &count);
    len += (size_t)snprintf(s->request, sizeof s->request, "%.*s %.*s?%.*s", JN_ARG(base_httpd_method(r)),
                            JN_ARG(base_httpd_path(r)), JN_ARG(base_httpd_query(r)));
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(s->request + len, sizeof s->request - len, "|%.*s: %.*s", JN_ARG(h[i].name),
                                JN_ARG(h[i].value));
    const jn_str body_start = jn_str_sub(base_httpd_body(r), 0, 100);
    snprintf(s->request + len, sizeof s->request - len, "|%.*s", JN_ARG(body_start));
    if (s->drop) {
        base_httpd_drop(r);
    } else if (s->hold) {
        s->held = r;
    } else {
        char *body = malloc(s->reply_size + 1);
        memset(body, 'r', s->reply_size + 1);
        const struct base_header headers[] = { { JN_STR_INIT("X-Answer"), JN_STR_INIT("some text") } };
        base_httpd_reply(r, s->reply_status, headers, 1, (jn_str){ body, s->reply_size });
        free(body);
    }
}

static void start(struct scene *s, const struct base_http_options *opt)
{
    *s = (struct scene){ .reply_status = 200, .reply_size = 2 };
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    assert_int_equal(base_http_new(s->loop, opt, &s->http, NULL), JN_OK);
    const struct base_httpd_options server = { .handler = handle, .arg = s };
    assert_int_equal(base_httpd_new(s->loop, &server, &s->server, NULL), JN_OK);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", base_httpd_port(s->server));
}

static void finish(struct scene *s)
{
    base_http_free(s->http);
    base_httpd_free(s->server);
    base_loop_free(s->loop);
}

static void on_done(const struct base_http_response *r, void *arg)
{
    struct scene *s = arg;
    s->done++;
    s->status = r->status;
    s->sent = r->sent;
    s->refused = r->refused;
    s->reused = r->reused_connection;
    s->http_status = r->http_status;
    snprintf(s->message, sizeof s->message, "%s", r->error.message);
    const jn_str header = base_header_get(r->headers, r->header_count, "x-answer");
    snprintf(s->header, sizeof s->header, "%.*s", JN_ARG(header));
    snprintf(s->redirect, sizeof s->redirect, "%.*s", JN_ARG(r->redirect));
    s->body_len = r->body.len;
    s->body_start = r->body.len ? r->body.data[0] : '\0';
    assert_true(r->total_us >= 0);
    assert_int_equal(r->error.status, r->status);
    if (s->free_when_done) {
        base_http_free(s->http);
        s->http = NULL;
    }
    if (s->again_when_done) {
        s->again_when_done = false;
        const struct base_http_request req = { .method = "GET", .url = s->url };
        assert_int_equal(base_http_send(s->http, &req, on_done, s, NULL, NULL), JN_OK);
        return;
    }
    base_loop_stop(s->loop);
}

static void send_it(struct scene *s, const struct base_http_request *req)
{
    const int before = s->done;
    struct jn_error err = { 0 };
    if (base_http_send(s->http, req, on_done, s, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(s->done, before);      // never inside the call
    base_loop_run(s->loop);
    assert_int_equal(s->done, before + 1);
}

static void get(struct scene *s, const char *url)
{
    const struct base_http_request req = { .method = "GET", .url = url, .accept_compressed = s->accept_compressed };
    send_it(s, &req);
}

/* ---- what goes over the wire --------------------------------------------------------------------------------- */

static void only_what_was_asked_is_sent(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    char url[128], expected[512], host[64];
    snprintf(url, sizeof url, "%s/2015-03-31/functions/a%%3Ab/../%%24LATEST?Qualifier=%%24x&y", s.url);
    snprintf(host, sizeof host, "127.0.0.1:%d", base_httpd_port(s.server));
    const struct base_header headers[] = {
        { JN_STR_INIT("X-One"), JN_STR_INIT("a b") }, { JN_STR_INIT("X-Empty"), { NULL, 0 } },
        { JN_STR_INIT("content-length"), JN_STR_INIT("4") },
    };
    const struct base_http_request post = { .method = "POST", .url = url, .headers = headers, .header_count = 3,
                                            .body = JN_STR_INIT("body") };
    send_it(&s, &post);
    snprintf(expected, sizeof expected,
             "POST /2015-03-31/functions/a%%3Ab/../%%24LATEST?Qualifier=%%24x&y|Host: %s|X-One: a b|X-Empty: |"
             "Content-Length: 4|body", host);
    assert_string_equal(s.request, expected);
    assert_int_equal(s.http_status, 200);
    assert_string_equal(s.header, "some text");
    assert_int_equal(s.body_len, 2);

    static const struct {
        const char *method;
        jn_str body;
        const char *length;
    } cases[] = {
        { "GET", { NULL, 0 }, "" }, { "DELETE", { NULL, 0 }, "" }, { "PUT", { NULL, 0 }, "|Content-Length: 0" },
        { "POST", { NULL, 0 }, "|Content-Length: 0" }, { "PUT", JN_STR_INIT("x"), "|Content-Length: 1" },
        { "PATCH", JN_STR_INIT("x"), "|Content-Length: 1" }, { "GET", JN_STR_INIT("x"), "|Content-Length: 1" },
        { "GET", { NULL, 0 }, "" }, { "HEAD", { NULL, 0 }, "" }, { "POST", JN_STR_INIT("x"), "|Content-Length: 1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct base_http_request req = { .method = cases[i].method, .url = s.url, .body = cases[i].body };
        send_it(&s, &req);
        snprintf(expected, sizeof expected, "%s /?|Host: %s%s|%.*s", cases[i].method, host, cases[i].length,
                 JN_ARG(cases[i].body));
        assert_string_equal(s.request, expected);
        assert_int_equal(s.body_len, strcmp(cases[i].method, "HEAD") ? 2 : 0);
    }
    finish(&s);
}

static void a_host_header_may_be_given(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    const struct base_header headers[] = { { JN_STR_INIT("host"), JN_STR_INIT("example.com") } };
    const struct base_http_request req = { .method = "GET", .url = s.url, .headers = headers, .header_count = 1 };
    send_it(&s, &req);
    assert_non_null(strstr(s.request, "|Host: example.com|"));
    assert_null(strstr(s.request, "127.0.0.1"));
    finish(&s);
}

static void bad_requests_are_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *method, *url;
        struct base_header header;
        const char *says;
    } cases[] = {
        { "GET", "http://h/\r\nx", { JN_STR_INIT("a"), JN_STR_INIT("") }, "control character" },
        { "GET", "ftp://h/", { JN_STR_INIT("a"), JN_STR_INIT("") }, "http://" },
        { "GE T", "http://h/", { JN_STR_INIT("a"), JN_STR_INIT("") }, "method" },
        { "", "http://h/", { JN_STR_INIT("a"), JN_STR_INIT("") }, "method" },
        { "GET", "http://h/", { JN_STR_INIT("a b"), JN_STR_INIT("") }, "name" },
        { "GET", "http://h/", { JN_STR_INIT(""), JN_STR_INIT("") }, "name" },
        { "GET", "http://h/", { JN_STR_INIT("a:"), JN_STR_INIT("") }, "name" },
        { "GET", "http://h/", { JN_STR_INIT("a"), JN_STR_INIT("x\r\ny") }, "line end" },
        { "GET", "http://h/", { JN_STR_INIT("a"), JN_STR_INIT("x\0y") }, "NUL" },
    };
    struct scene s;
    start(&s, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct base_http_request req = { .method = cases[i].method, .url = cases[i].url,
                                               .headers = &cases[i].header, .header_count = 1 };
        struct jn_error err = { 0 };
        struct base_http_call *c = NULL;
        assert_int_not_equal(base_http_send(s.http, &req, on_done, &s, &c, &err), JN_OK);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%zu: %s", i, err.message);
        assert_null(c);
    }
    assert_int_equal(s.done, 0);
    finish(&s);
}

/* ---- what comes back ----------------------------------------------------------------------------------------- */

static void every_http_status_is_an_answer(void **state)
{
    (void)state;
    static const int statuses[] = { 200, 202, 204, 302, 400, 404, 413, 429, 500, 503 };
    struct scene s;
    start(&s, NULL);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        s.reply_status = statuses[i];
        get(&s, s.url);
        assert_int_equal(s.status, JN_OK);
        assert_int_equal(s.http_status, statuses[i]);
    }
    finish(&s);
}

static void large_bodies_pass_both_ways(void **state)
{
    (void)state;
    enum { SIZE = 6 << 20 };
    char *body = malloc(SIZE);
    memset(body, 'b', SIZE);
    struct scene s;
    start(&s, NULL);
    s.reply_size = SIZE;
    const struct base_http_request req = { .method = "POST", .url = s.url, .body = { body, SIZE } };
    for (int i = 0; i < 3; i++) {
        send_it(&s, &req);
        assert_int_equal(s.status, JN_OK);
        assert_int_equal(s.body_len, SIZE);
        assert_int_equal(s.body_start, 'r');
        assert_int_equal(s.reused, i > 0);
    }
    finish(&s);
    free(body);
}

static void a_larger_answer_than_allowed_is_a_limit(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    s.reply_size = 100001;
    const struct base_http_request req = { .method = "GET", .url = s.url, .max_response = 100000 };
    send_it(&s, &req);
    assert_int_equal(s.status, JN_LIMIT);
    assert_true(s.sent && !s.refused);
    assert_non_null(strstr(s.message, "larger than the 100000 bytes"));
    s.reply_size = 100000;
    send_it(&s, &req);
    assert_int_equal(s.status, JN_OK);
    finish(&s);
}

static void refusals_tell_who_and_why(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    char url[64], expected[128];
    const int fd = socket(AF_INET, SOCK_STREAM, 0);     // bound, not listening
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x?secret=1", ntohs(address.sin_port));
    get(&s, url);
    snprintf(expected, sizeof expected, "connection refused by 127.0.0.1:%d", ntohs(address.sin_port));
    assert_string_equal(s.message, expected);
    assert_int_equal(s.status, JN_IO);
    assert_true(s.refused && !s.sent);
    close(fd);

    get(&s, "http://name.invalid/");
    assert_int_equal(s.status, JN_IO);
    assert_non_null(strstr(s.message, "name.invalid:80"));
    assert_true(s.refused && !s.sent);

    s.drop = true;
    get(&s, s.url);
    assert_int_equal(s.status, JN_IO);
    assert_true(!s.refused && s.sent);
    assert_non_null(strstr(s.message, "closed the connection without an answer"));
    finish(&s);
}

static void timeouts_tell_what_was_awaited(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    s.hold = true;
    const struct base_http_request slow = { .method = "POST", .url = s.url, .body = JN_STR_INIT("x"),
                                            .total_timeout_ms = 60 };
    send_it(&s, &slow);
    assert_int_equal(s.status, JN_TIMEOUT);
    assert_true(s.sent && !s.refused);
    assert_non_null(strstr(s.message, "no answer from 127.0.0.1:"));
    assert_non_null(strstr(s.message, "within 60 ms"));
    base_httpd_reply(s.held, 200, NULL, 0, JN_STR(""));

    const int fd = socket(AF_INET, SOCK_STREAM, 0);     // its queue is full: connections are not made
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 0), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    int fillers[3];
    for (int i = 0; i < 3; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, len);
    }
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    const struct base_http_request deaf = { .method = "POST", .url = url, .body = JN_STR_INIT("x"),
                                            .connect_timeout_ms = 80 };
    send_it(&s, &deaf);
    assert_int_equal(s.status, JN_TIMEOUT);
    assert_true(!s.sent && s.refused);
    assert_non_null(strstr(s.message, "no connection to 127.0.0.1:"));
    assert_non_null(strstr(s.message, "within 80 ms"));
    for (int i = 0; i < 3; i++)
        close(fillers[i]);
    close(fd);
    finish(&s);
}

/* ---- answers byte for byte ----------------------------------------------------------------------------------- */

/* A listener whose first connection gets `text` when it can be accepted; the client's request is never read. */
struct parrot {
    int fd, connection;
    jn_str text;
    struct base_timer *timer;
    struct scene *scene;
};

static void on_parrot(struct base_timer *t, void *arg)
{
    struct parrot *p = arg;
    if (p->connection < 0)
        p->connection = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK);
    char piece[4096];
    if (p->connection < 0 || recv(p->connection, piece, sizeof piece, 0) <= 0) {
        base_timer_start(t, 1);
        return;
    }
    send(p->connection, p->text.data, p->text.len, MSG_NOSIGNAL);
    shutdown(p->connection, SHUT_WR);
}

static void get_from_parrot_bytes(struct scene *s, jn_str text)
{
    struct parrot p = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .connection = -1, .text = text };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    assert_int_equal(bind(p.fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(p.fd, 4), 0);
    getsockname(p.fd, (struct sockaddr *)&address, &len);
    assert_int_equal(base_timer_new(s->loop, on_parrot, &p, &p.timer, NULL), JN_OK);
    base_timer_start(p.timer, 1);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    get(s, url);
    base_timer_free(p.timer);
    close(p.connection);
    close(p.fd);
}

static void get_from_parrot(struct scene *s, const char *text)
{
    get_from_parrot_bytes(s, jn_str_of(text));
}

static void answers_are_read_as_http_has_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum jn_status status;
        int http_status;
        size_t body_len;
        const char *header, *says;
    } cases[] = {
        { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Answer:  a  \r\n\r\nabc", JN_OK, 200, 3, "a", "" },
        { "HTTP/1.1 100 Continue\r\nX-Answer: early\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", JN_OK,
          201, 0, "", "" },
        { "HTTP/1.1 103 Early Hints\r\nX-Answer: e\r\n\r\nHTTP/1.1 200 OK\r\nX-Answer: l\r\nContent-Length: 0\r\n\r\n",
          JN_OK, 200, 0, "l", "" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Answer: trailer\r\n\r\n",
          JN_OK, 200, 5, "trailer", "" },
        { "HTTP/1.0 200 OK\r\n\r\nuntil the end", JN_OK, 200, 13, "", "" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntwelve bytes", JN_IO, 200, 12, "",
          "broke off after 12 of 100" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabcd", JN_IO, 200, 4, "",
          "broke off after 4 bytes" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx", JN_LIMIT, 200, 0, "", "larger than" },
        { "nonsense\r\n\r\n", JN_IO, 0, 0, "", "failed: Received HTTP/0.9" },
        { "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", JN_IO, 200, 0, "", "" },
    };
    struct scene s;
    start(&s, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        get_from_parrot(&s, cases[i].text);
        if (s.status != cases[i].status || !strstr(s.message, cases[i].says) || s.body_len != cases[i].body_len ||
            s.http_status != cases[i].http_status || strcmp(s.header, cases[i].header) != 0 ||
            (s.status && (!s.sent || s.refused)))
            fail_msg("%zu: status %d, HTTP %d, %zu bytes, header \"%s\", sent %d: %s", i, s.status, s.http_status,
                     s.body_len, s.header, s.sent, s.message);
    }
    finish(&s);
}

/* ---- connections, proxies, lives ----------------------------------------------------------------------------- */

static void proxies_are_followed_unless_told_not_to(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    struct base_http_request req = { .method = "GET", .url = s.url };
    send_it(&s, &req);
    assert_int_equal(s.status, JN_IO);
    assert_true(s.refused);
    req.no_proxy = true;
    send_it(&s, &req);
    assert_int_equal(s.status, JN_OK);
    req.no_proxy = false;
    send_it(&s, &req);
    assert_int_equal(s.status, JN_IO);
    unsetenv("http_proxy");
    finish(&s);
}

static void old_connections_are_not_reused(void **state)
{
    (void)state;
    struct scene s;
    start(&s, &(struct base_http_options){ .idle_ms = 1 });     // whole seconds: 1
    get(&s, s.url);
    get(&s, s.url);
    assert_true(s.reused);
    usleep(2100000);
    get(&s, s.url);
    assert_false(s.reused);
    finish(&s);
}

static void a_call_may_be_cancelled(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    s.hold = true;
    const struct base_http_request req = { .method = "GET", .url = s.url };
    struct base_http_call *a = NULL, *b = NULL;
    assert_int_equal(base_http_send(s.http, &req, on_done, &s, &a, NULL), JN_OK);
    base_http_cancel(a);                // before anything happened
    assert_int_equal(base_http_send(s.http, &req, on_done, &s, &a, NULL), JN_OK);
    const struct base_http_request brief = { .method = "GET", .url = s.url, .total_timeout_ms = 30 };
    assert_int_equal(base_http_send(s.http, &brief, on_done, &s, &b, NULL), JN_OK);
    base_loop_run(s.loop);              // b's end
    assert_int_equal(s.done, 1);
    base_http_cancel(a);                // in the middle
    s.hold = false;
    get(&s, s.url);
    assert_int_equal(s.done, 2);
    assert_int_equal(s.status, JN_OK);
    finish(&s);
}

static void a_client_may_be_freed_at_any_time(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    const struct base_http_request req = { .method = "GET", .url = s.url };
    s.free_when_done = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(base_http_send(s.http, &req, on_done, &s, NULL, NULL), JN_OK);
    base_loop_run(s.loop);
    assert_int_equal(s.done, 1);
    assert_null(s.http);
    finish(&s);

    start(&s, NULL);
    s.hold = true;
    const struct base_http_request brief = { .method = "GET", .url = s.url, .total_timeout_ms = 30 };
    assert_int_equal(base_http_send(s.http, &req, on_done, &s, NULL, NULL), JN_OK);
    send_it(&s, &brief);
    finish(&s);                         // one still waits
    base_http_free(NULL);
}

static void a_call_may_start_the_next(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    s.again_when_done = true;
    const struct base_http_request req = { .method = "GET", .url = s.url };
    assert_int_equal(base_http_send(s.http, &req, on_done, &s, NULL, NULL), JN_OK);
    base_loop_run(s.loop);
    assert_int_equal(s.done, 2);
    assert_true(s.reused);
    finish(&s);
}

struct crowd {
    struct base_loop *loop;
    int left, good;
};

static void on_crowd(const struct base_http_response *r, void *arg)
{
    struct crowd *c = arg;
    c->good += r->status == JN_OK && r->http_status == 200;
    if (--c->left == 0)
        base_loop_stop(c->loop);
}

static void many_calls_run_side_by_side(void **state)
{
    (void)state;
    for (unsigned limit = 0; limit <= 4; limit += 4) {
        struct scene s;
        start(&s, &(struct base_http_options){ .max_connections = limit });
        struct crowd crowd = { .loop = s.loop, .left = 100 };
        const struct base_http_request req = { .method = "POST", .url = s.url, .body = JN_STR_INIT("x") };
        for (int i = 0; i < 100; i++)
            assert_int_equal(base_http_send(s.http, &req, on_crowd, &crowd, NULL, NULL), JN_OK);
        base_loop_run(s.loop);
        assert_int_equal(crowd.good, 100);
        finish(&s);
    }
}

/* ---- what the platform's API needs --------------------------------------------------------------------------- */

static void redirects_are_told_and_not_followed(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *redirect;
    } cases[] = {
        { "302 Found\r\nLocation: /other?a=b", "http://127.0.0.1:PORT/other?a=b" },
        { "307 Temporary Redirect\r\nLocation: https://example.com/x", "https://example.com/x" },
        { "302 Found", "" },
        { "200 OK\r\nLocation: /other", "" },
    };
    struct scene s;
    start(&s, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", cases[i].answer);
        get_from_parrot(&s, text);
        const char *port = strstr(cases[i].redirect, "PORT");
        assert_int_equal(s.status, JN_OK);
        if (port ? strncmp(s.redirect, cases[i].redirect, (size_t)(port - cases[i].redirect)) != 0 ||
                       !strstr(s.redirect, port + 4)
                 : strcmp(s.redirect, cases[i].redirect) != 0)
            fail_msg("%zu: \"%s\"", i, s.redirect);
    }
    finish(&s);
}

static void compressed_answers_are_undone_when_asked_for(void **state)
{
    (void)state;
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 26\r\nConnection: close\r\n\r\n"
        "\037\213\010\000\000\000\000\000\002\003\113\114\112\116\244\030\001\000\301\220\237\317\105\000\000\000";
    for (int asked = 0; asked < 2; asked++) {
        struct scene s;
        start(&s, NULL);
        s.accept_compressed = asked;
        get_from_parrot_bytes(&s, (jn_str){ answer, sizeof answer - 1 });
        assert_int_equal(s.status, JN_OK);
        assert_int_equal(s.body_len, asked ? 69 : 26);
        finish(&s);
    }
}

static void a_proxy_may_be_named_for_http(void **state)
{
    (void)state;
    static const struct {
        const char *lower, *no_proxy;
        bool reaches;
    } cases[] = {
        { NULL, NULL, false },
        { NULL, "127.0.0.1", true },
        { "SERVER", NULL, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        const struct base_http_options opt = { .http_proxy = "http://127.0.0.1:1" };
        start(&s, NULL);
        if (cases[i].lower)
            setenv("http_proxy", s.url, 1);
        if (cases[i].no_proxy)
            setenv("NO_PROXY", cases[i].no_proxy, 1);
        base_http_free(s.http);
        assert_int_equal(base_http_new(s.loop, &opt, &s.http, NULL), JN_OK);
        get(&s, s.url);
        assert_int_equal(s.status == JN_OK, cases[i].reaches);
        unsetenv("http_proxy");
        unsetenv("NO_PROXY");
        finish(&s);
    }
}

/* The loop ends by itself when nothing is awaited, although connections stay open. */
static void idle_connections_keep_nothing_alive(void **state)
{
    (void)state;
    struct scene s;
    start(&s, NULL);
    get(&s, s.url);
    base_httpd_free(s.server);
    s.server = NULL;
    base_loop_run(s.loop);
    finish(&s);
}

int main(void)
{
    static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                           "no_proxy", "NO_PROXY" };
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_asked_is_sent),
        cmocka_unit_test(a_host_header_may_be_given),
        cmocka_unit_test(bad_requests_are_refused_at_once),
        cmocka_unit_test(every_http_status_is_an_answer),
        cmocka_unit_test(large_bodies_pass_both_ways),
        cmocka_unit_test(a_larger_answer_than_allowed_is_a_limit),
        cmocka_unit_test(refusals_tell_who_and_why),
        cmocka_unit_test(timeouts_tell_what_was_awaited),
        cmocka_unit_test(answers_are_read_as_http_has_them),
        cmocka_unit_test(proxies_are_followed_unless_told_not_to),
        cmocka_unit_test(old_connections_are_not_reused),
        cmocka_unit_test(a_call_may_be_cancelled),
        cmocka_unit_test(a_client_may_be_freed_at_any_time),
        cmocka_unit_test(a_call_may_start_the_next),
        cmocka_unit_test(many_calls_run_side_by_side),
        cmocka_unit_test(redirects_are_told_and_not_followed),
        cmocka_unit_test(compressed_answers_are_undone_when_asked_for),
        cmocka_unit_test(a_proxy_may_be_named_for_http),
        cmocka_unit_test(idle_connections_keep_nothing_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
