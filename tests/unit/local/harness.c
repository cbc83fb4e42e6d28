/* harness.c - see harness.h. */
#include "harness.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/timer.h"
#include "base/tree.h"
#include "lambda/sigv4.h"
#include "cmocka_all.h"

/* ---- life ----------------------------------------------------------------------------------------------------- */

void harness_start(struct harness *h, const struct local_options *opt)
{
    static const char *const no_environment[] = { NULL };
    static struct base_env env;
    struct jn_error err = { 0 };
    struct local_options o = *opt;
    *h = (struct harness){ 0 };
    env = base_env_of(no_environment);
    prctl(PR_SET_CHILD_SUBREAPER, 1);       // so that count_processes() finds what a function leaves behind
    assert_int_equal(pipe2(h->log_fds, O_CLOEXEC | O_NONBLOCK), 0);
    base_log_init(&h->log, h->log_fds[1], base_clock_system(), &env);
    if (!o.functions)
        o.functions = ACTORS;
    o.log = &h->log;
    strcpy(h->state, "/tmp/alc-state-XXXXXX");
    assert_non_null(mkdtemp(h->state));
    if (!o.state)
        o.state = h->state;
    assert_int_equal(base_loop_new(&h->loop, &err), JN_OK);
    assert_int_equal(base_http_new(h->loop, &(struct base_http_options){ 0 }, &h->http, &err), JN_OK);
    if (local_start(h->loop, &o, &h->local, &err))
        fail_msg("local_start: %s", err.message);
}

static void on_stopped(void *arg)
{
    struct harness *h = arg;
    h->is_stopped = true;
    base_loop_stop(h->loop);
}

void harness_stop(struct harness *h)
{
    local_stop(h->local, on_stopped, h);
    h->local = NULL;
    while (!h->is_stopped)
        base_loop_run(h->loop);
}

void harness_end(struct harness *h)
{
    if (!h->loop)
        return;                     // a test that ended it itself, and then failed
    if (h->local)
        harness_stop(h);
    base_http_free(h->http);
    base_loop_free(h->loop);
    close(h->log_fds[0]);
    close(h->log_fds[1]);
    assert_int_equal(base_tree_remove(h->state, NULL), JN_OK);
    *h = (struct harness){ 0 };
    assert_int_equal(count_processes(), 0);
}

/* ---- requests ------------------------------------------------------------------------------------------------- */

struct headers {
    struct base_header list[16];
    size_t count;
};

static void add(struct headers *h, const char *name, const char *value)
{
    if (value)
        h->list[h->count++] = (struct base_header){ jn_str_of(name), jn_str_of(value) };
}

static const char *or(const char *given, const char *usual)
{
    return given ? given : usual;
}

static void keep_headers(struct answer *a, const struct base_http_response *r)
{
    for (size_t i = 0; i < r->header_count; i++) {
        for (size_t k = 0; k < r->headers[i].name.len; k++)
            jn_buf_append_char(&a->headers, (char)tolower((unsigned char)r->headers[i].name.data[k]));
        jn_buf_append_z(&a->headers, ": ");
        jn_buf_append(&a->headers, r->headers[i].value);
        jn_buf_append_char(&a->headers, '\n');
    }
}

struct sending {
    struct harness *harness;
    struct answer *answer;
    char *body;
};

static void free_sending(struct sending *s)
{
    free(s->body);
    free(s);
}

static void on_done(const struct base_http_response *r, void *arg)
{
    struct sending *s = arg;
    struct answer *a = s->answer;
    a->has_come = true;
    a->status = r->status;
    a->http_status = r->http_status;
    jn_buf_append(&a->body, r->body);
    keep_headers(a, r);
    base_loop_stop(s->harness->loop);
    free_sending(s);
}

static void sign(struct lambda_sigv4 *s, const struct request *r, jn_str path, const struct headers *h)
{
    const struct lambda_sigv4_request req = {
        .method = jn_str_of(or(r->method, "POST")), .path = path, .query = jn_str_of(r->query),
        .headers = h->list, .header_count = h->count, .body = r->payload,
    };
    const struct lambda_sigv4_scope scope = {
        .access_key = jn_str_of(or(r->access_key, "local")), .secret_key = jn_str_of(or(r->secret_key, "local-secret")),
        .session_token = r->token ? jn_str_of(r->token) : (jn_str){ NULL, 0 },
        .region = jn_str_of(or(r->region, "us-east-1")), .service = jn_str_of(or(r->service, "lambda")),
        .time_ms = base_clock_system()->wall_ms(base_clock_system()) + r->skew_ms,
    };
    assert_int_equal(lambda_sigv4_sign(s, &req, &scope, &(struct lambda_sigv4_options){ 0 }, NULL), JN_OK);
}

void harness_send(struct harness *h, const struct request *r, struct answer *a)
{
    char path[1024], url[2048], host[64];
    struct headers headers = { .count = 0 };
    struct lambda_sigv4 s;
    struct sending *sending = calloc(1, sizeof *sending);
    assert_non_null(sending);
    snprintf(path, sizeof path, "/2015-03-31/functions/%s/invocations", or(r->function, "actor"));
    snprintf(path, sizeof path, "%s", r->path ? r->path : strdupa(path));
    snprintf(host, sizeof host, "127.0.0.1:%d", local_port(h->local));
    snprintf(url, sizeof url, "http://%s%s%s%s", host, path, r->query ? "?" : "", r->query ? r->query : "");
    add(&headers, "Host", host);
    add(&headers, "Content-Type", "application/json");
    add(&headers, "X-Amz-Invocation-Type", r->type);
    add(&headers, "X-Amz-Log-Type", r->log_type);
    add(&headers, "X-Amz-Client-Context", r->context);

    lambda_sigv4_init(&s);
    sign(&s, r, jn_str_of(path), &headers);
    if (!r->is_unsigned) {
        add(&headers, "X-Amz-Date", s.date);
        add(&headers, "X-Amz-Content-Sha256", s.payload_hash);
        add(&headers, "X-Amz-Security-Token", r->token);
        add(&headers, "Authorization", r->authorization ? r->authorization : s.authorization.data);
    }
    add(&headers, "X-Amzn-Trace-Id", r->trace);

    *a = (struct answer){ 0 };
    jn_buf_init(&a->body, 0);
    jn_buf_init(&a->headers, 0);
    *sending = (struct sending){ h, a, malloc(r->payload.len + 1) };
    assert_non_null(sending->body);
    if (r->payload.len)
        memcpy(sending->body, r->payload.data, r->payload.len);
    if (r->tampers)
        sending->body[0] = ' ';
    const struct base_http_request req = {
        .method = or(r->method, "POST"), .url = url, .headers = headers.list, .header_count = headers.count,
        .body = { sending->body, r->payload.len }, .total_timeout_ms = 30000,
    };
    struct jn_error err = { 0 };
    if (base_http_send(h->http, &req, on_done, sending, &a->call, &err))
        fail_msg("base_http_send: %s", err.message);
    a->sending = sending;
    lambda_sigv4_clear(&s);
}

void harness_hang_up(struct answer *a)
{
    base_http_cancel(a->call);
    free_sending(a->sending);
}

void harness_wait(struct harness *h, struct answer *a)
{
    while (!a->has_come)
        base_loop_run(h->loop);
    assert_int_equal(a->status, JN_OK);
}

void harness_call(struct harness *h, const struct request *r, struct answer *a)
{
    harness_send(h, r, a);
    harness_wait(h, a);
}

static void on_time(struct base_timer *t, void *arg)
{
    struct harness *h = arg;
    (void)t;
    base_loop_stop(h->loop);
}

void harness_run_ms(struct harness *h, int64_t ms)
{
    struct base_timer *t;
    assert_int_equal(base_timer_new(h->loop, on_time, h, &t, NULL), JN_OK);
    base_timer_start(t, ms);
    while (base_timer_is_running(t))
        base_loop_run(h->loop);
    base_timer_free(t);
}

jn_str answer_header(const struct answer *a, const char *name)
{
    char head[128];
    const int len = snprintf(head, sizeof head, "%s: ", name);
    const jn_str all = jn_buf_str(&a->headers);
    const size_t at = jn_str_find(all, (jn_str){ head, (size_t)len }, 0);
    if (at == SIZE_MAX)
        return (jn_str){ "", 0 };
    return jn_str_sub(all, at + (size_t)len, jn_str_find(all, JN_STR("\n"), at));
}

void answer_clear(struct answer *a)
{
    jn_buf_clear(&a->body);
    jn_buf_clear(&a->headers);
}

/* ---- processes ------------------------------------------------------------------------------------------------ */

static bool is_child(const char *pid)
{
    char path[300];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *f = fopen(path, "re");
    const bool read = f && fscanf(f, "%*d (%*[^)]) %*c %d", &parent) == 1;
    if (f)
        fclose(f);
    return read && parent == getpid();
}

/* Its command line is the bootstrap of one of our functions; a zombie has none. */
static bool is_function(const char *pid)
{
    char path[300], line[1024] = "";
    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
    if (fd >= 0)
        close(fd);
    return n > 0 && strstr(line, "bootstrap") != NULL;
}

/* Orphans are ours as well: harness_start() has made us their next parent. */
int count_processes(void)
{
    int count = 0;
    DIR *d = opendir("/proc");
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        count += isdigit((unsigned char)e->d_name[0]) && is_child(e->d_name) && is_function(e->d_name);
    closedir(d);
    return count;
}
