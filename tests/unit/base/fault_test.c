/* fault_test.c - everything that asks for memory, with the n-th request failing, n = 1, 2, ... until none fails.  Each
 * time the failure is told or does no harm, nothing hangs, and nothing leaks (the sanitizer watches). */
#include "failing_memory.h"

#include "cmocka_all.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/httpd.h"
#include "base/process.h"
#include "base/signal.h"
#include "base/stream.h"
#include "base/timer.h"
#include "base/url.h"

static void on_timer(struct base_timer *t, void *arg)
{
    (void)t, (void)arg;
}

static void on_signal(int signum, void *arg)
{
    (void)signum, (void)arg;
}

static void on_deferred(void *arg)
{
    ++*(int *)arg;
}

static enum jn_status loop_scenario(struct jn_error *err)
{
    struct base_loop *l = NULL;
    struct base_timer *t = NULL;
    struct base_signal *g = NULL;
    int deferred = 0;
    enum jn_status s = base_loop_new(&l, err);
    if (!s)
        s = base_timer_new(l, on_timer, NULL, &t, err);
    if (!s)
        s = base_signal_new(l, SIGUSR1, on_signal, NULL, &g, err);
    if (!s && base_loop_defer(l, on_deferred, &deferred))
        s = jn_fail(err, JN_NO_MEMORY, "not deferred");
    if (!s) {
        base_timer_start(t, 1);
        base_loop_run(l);
        assert_int_equal(deferred, 1);
    }
    base_timer_free(t);
    base_signal_free(g);
    base_loop_free(l);
    return s;
}

static bool take_all(const char *name, void *arg)
{
    (void)name, (void)arg;
    return true;
}

static enum jn_status text_scenario(struct jn_error *err)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    base_base64_encode(&b, JN_STR("some text that is a bit longer"));
    base_url_encode(&b, JN_STR("and this, with blanks"), false);
    base_base64_decode(&b, JN_STR("Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy"));
    enum jn_status s = b.failed ? jn_fail(err, b.failed, "no memory") : base_file_read("/etc/passwd", &b, err);
    if (!s)
        s = base_directory_list("/usr", take_all, NULL, err);
    char *path = base_path_join("/a", "b");
    if (!s && !path)
        s = jn_fail(err, JN_NO_MEMORY, "no path");
    free(path);
    jn_buf_clear(&b);
    return s;
}

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg)
{
    (void)p, (void)is_stderr, (void)line, (void)arg;
}

static void on_end(struct base_process *p, const struct base_process_end *end, void *arg)
{
    (void)p;
    *(int *)arg = end->status;
}

static enum jn_status process_scenario(struct jn_error *err)
{
    static const char *const argv[] = { "sh", "-c", "echo a; exit 3", NULL };
    static const char *const env[] = { "PATH=/nowhere:/bin", NULL };
    struct base_loop *l = NULL;
    struct base_process *p = NULL;
    int status = 0;
    const struct base_process_options opt = { .file = "sh", .argv = argv, .env = env, .on_line = on_line,
                                              .on_end = on_end, .arg = &status };
    enum jn_status s = base_loop_new(&l, err);
    if (!s)
        s = base_process_start(l, &opt, &p, err);
    if (!s) {
        base_loop_run(l);
        assert_int_equal(status, 3);
    }
    base_process_free(p);
    base_loop_free(l);
    return s;
}

static void on_data(struct base_reader *r, jn_str data, const struct jn_error *failed, void *arg)
{
    (void)r, (void)failed;
    *(size_t *)arg += data.len;
}

static enum jn_status stream_scenario(struct jn_error *err)
{
    struct base_loop *l = NULL;
    struct base_reader *r = NULL;
    size_t len = 0;
    enum jn_status s = base_loop_new(&l, err);
    if (!s)
        s = base_reader_open(l, "/etc/passwd", on_data, &len, &r, err);
    if (!s) {
        base_reader_resume(r);
        base_loop_run(l);
        assert_true(len > 0);
    }
    base_reader_free(r);
    base_loop_free(l);
    return s;
}

struct exchange {
    struct base_loop *loop;
    struct base_http *http;
    struct base_httpd *server;
    struct base_httpd_request *held;
    struct base_timer *timer;
    enum jn_status status;
    struct jn_error error;
};

static void on_gone(struct base_httpd_request *r, void *arg)
{
    (void)r;
    ((struct exchange *)arg)->held = NULL;
}

static void on_answer_time(struct base_timer *t, void *arg)
{
    (void)t;
    struct exchange *x = arg;
    const struct base_header header = { JN_STR_INIT("X-A"), JN_STR_INIT("b") };
    if (x->held)
        base_httpd_reply(x->held, 200, &header, 1, JN_STR("answer"));
    x->held = NULL;
}

static void handle(struct base_httpd_request *r, void *arg)
{
    struct exchange *x = arg;
    x->held = r;
    base_httpd_on_gone(r, on_gone, x);
    base_timer_start(x->timer, 1);
}

static void on_done(const struct base_http_response *r, void *arg)
{
    struct exchange *x = arg;
    x->status = r->status;
    x->error = r->error;
    base_loop_stop(x->loop);
}

/* A server without memory closes the connection, which the client sees as JN_IO: as good as an answer here. */
static enum jn_status http_scenario(struct jn_error *err)
{
    struct exchange x = { .status = JN_TIMEOUT };
    const struct base_httpd_options server = { .handler = handle, .arg = &x };
    enum jn_status s = base_loop_new(&x.loop, err);
    if (!s)
        s = base_timer_new(x.loop, on_answer_time, &x, &x.timer, err);
    if (!s)
        s = base_httpd_new(x.loop, &server, &x.server, err);
    if (!s)
        s = base_http_new(x.loop, &(struct base_http_options){ .ca_bundle = "/etc/passwd" }, &x.http, err);
    for (int i = 0; !s && i < 2; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%d/path", base_httpd_port(x.server));
        const struct base_header header = { JN_STR_INIT("X-A"), JN_STR_INIT("b") };
        const struct base_http_request req = { .method = "POST", .url = url, .headers = &header, .header_count = 1,
                                               .body = JN_STR_INIT("body"), .total_timeout_ms = 2000,
                                               .no_proxy = true };
        s = base_http_send(x.http, &req, on_done, &x, NULL, err);
        if (!s) {
            base_loop_run(x.loop);
            s = x.status;
            *err = x.error;
        }
    }
    base_http_free(x.http);
    base_httpd_free(x.server);
    base_timer_free(x.timer);
    base_loop_free(x.loop);
    if (s == JN_IO && strstr(err->message, "closed the connection"))
        s = JN_NO_MEMORY;
    return s;
}

static void loops_and_timers(void **state)
{
    (void)state;
    with_failing_memory(loop_scenario, 4);
}

static void texts_and_files(void **state)
{
    (void)state;
    with_failing_memory(text_scenario, 5);
}

static void processes(void **state)
{
    (void)state;
    with_failing_memory(process_scenario, 5);
}

static void streams(void **state)
{
    (void)state;
    with_failing_memory(stream_scenario, 3);
}

static void clients_and_servers(void **state)
{
    (void)state;
    with_failing_memory(http_scenario, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_and_timers), cmocka_unit_test(texts_and_files), cmocka_unit_test(processes),
        cmocka_unit_test(streams), cmocka_unit_test(clients_and_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
