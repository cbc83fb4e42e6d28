/* http_tls_test.c - certificates: `openssl s_server` is the peer, with a certificate that nobody signed. */
#include "cmocka_all.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/http.h"
#include "base/process.h"

static const char *const environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", NULL };

struct scene {
    struct base_loop *loop;
    struct base_process *server;
    char directory[64], certificate[96], key[96];
    int port;
    bool ended;
    enum jn_status status;
    bool sent, refused;
    int http_status;
    char message[512];
    struct base_http_peer peer;
    bool has_peer;
};

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg)
{
    (void)p, (void)is_stderr;
    struct scene *s = arg;
    if (jn_str_starts(line, JN_STR("ACCEPT "))) {       // "ACCEPT 127.0.0.1:41234"
        while (line.len && line.data[line.len - 1] != ':')
            line.len--;
        s->port = atoi(line.data + line.len);
        base_loop_stop(s->loop);
    }
}

static void on_end(struct base_process *p, const struct base_process_end *end, void *arg)
{
    (void)p, (void)end;
    struct scene *s = arg;
    s->ended = true;
    base_loop_stop(s->loop);
}

static struct base_process *run(struct scene *s, const char *const *argv)
{
    const struct base_process_options opt = { .file = "openssl", .argv = argv, .env = environment, .on_line = on_line,
                                              .on_end = on_end, .arg = s };
    struct base_process *p = NULL;
    struct jn_error err = { 0 };
    if (base_process_start(s->loop, &opt, &p, &err))
        fail_msg("%s", err.message);
    base_loop_run(s->loop);
    return p;
}

/* A certificate for localhost, and a server that has it. */
static int start(void **state)
{
    static struct scene s;
    *state = &s;
    snprintf(s.directory, sizeof s.directory, "/tmp/http_tls_test.XXXXXX");
    if (!mkdtemp(s.directory) || base_loop_new(&s.loop, NULL))
        return -1;
    snprintf(s.certificate, sizeof s.certificate, "%s/cert.pem", s.directory);
    snprintf(s.key, sizeof s.key, "%s/key.pem", s.directory);
    const char *const make[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                 "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                                 "subjectAltName=DNS:localhost", "-keyout", s.key, "-out", s.certificate, NULL };
    base_process_free(run(&s, make));
    const char *const serve[] = { "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", s.certificate, "-key",
                                  s.key, "-www", NULL };
    s.ended = false;
    s.server = run(&s, serve);
    return s.port ? 0 : -1;
}

static int stop(void **state)
{
    struct scene *s = *state;
    base_process_free(s->server);
    base_loop_free(s->loop);
    unlink(s->certificate);
    unlink(s->key);
    return rmdir(s->directory);
}

static void on_done(const struct base_http_response *r, void *arg)
{
    struct scene *s = arg;
    s->status = r->status;
    s->sent = r->sent;
    s->refused = r->refused;
    s->http_status = r->http_status;
    snprintf(s->message, sizeof s->message, "%s", r->error.message);
    s->has_peer = r->peer != NULL;
    if (r->peer)
        s->peer = *r->peer;
    base_loop_stop(s->loop);
}

static void ask(struct scene *s, const char *scheme, const char *host, struct base_http_options opt, bool wants_peer)
{
    char url[128];
    snprintf(url, sizeof url, "%s://%s:%d/", scheme, host, s->port);
    const struct base_http_request req = { .method = "GET", .url = url, .no_proxy = true,
                                           .wants_peer = wants_peer };
    struct base_http *http = NULL;
    assert_int_equal(base_http_new(s->loop, &opt, &http, NULL), JN_OK);
    assert_int_equal(base_http_send(http, &req, on_done, s, NULL, NULL), JN_OK);
    base_loop_run(s->loop);
    base_http_free(http);
}

static void get_by(struct scene *s, const char *scheme, const char *host, struct base_http_options opt)
{
    ask(s, scheme, host, opt, false);
}

static void get(struct scene *s, const char *scheme, const char *host, const char *ca_bundle)
{
    get_by(s, scheme, host, (struct base_http_options){ .ca_bundle = ca_bundle });
}

static void an_unknown_certificate_is_refused(void **state)
{
    struct scene *s = *state;
    get(s, "https", "localhost", NULL);
    assert_int_equal(s->status, JN_TLS);
    assert_string_equal(s->message, "the TLS certificate of host localhost is not trusted: self-signed certificate");
    assert_true(!s->sent && s->refused);
}

static void a_certificate_of_the_bundle_is_trusted(void **state)
{
    struct scene *s = *state;
    get(s, "https", "localhost", s->certificate);
    assert_string_equal(s->message, "");
    assert_int_equal(s->http_status, 200);
}

static void a_certificate_may_be_trusted_beside_the_others(void **state)
{
    struct scene *s = *state;
    get_by(s, "https", "localhost", (struct base_http_options){ .extra_ca = s->certificate });
    assert_string_equal(s->message, "");
    assert_int_equal(s->http_status, 200);
}

static void a_certificate_for_another_name_is_refused(void **state)
{
    struct scene *s = *state;
    get(s, "https", "127.0.0.1", s->certificate);
    assert_int_equal(s->status, JN_TLS);
    assert_non_null(strstr(s->message, "the TLS certificate of host 127.0.0.1 is not trusted"));
    assert_true(!s->sent && s->refused);
}

static void plain_http_to_a_tls_port_fails(void **state)
{
    struct scene *s = *state;
    get(s, "http", "localhost", NULL);
    assert_int_equal(s->status, JN_IO);
}

static void a_bundle_that_cannot_be_used_is_told(void **state)
{
    struct scene *s = *state;
    struct base_http *http = NULL;
    struct jn_error err = { 0 };
    const struct base_http_options opt = { .ca_bundle = "/nonexistent.pem" };
    assert_int_equal(base_http_new(s->loop, &opt, &http, &err), JN_IO);
    assert_string_equal(err.message, "cannot read the CA bundle /nonexistent.pem: No such file or directory");
    get(s, "https", "localhost", "/etc/hostname");  // no certificate in it
    assert_int_equal(s->status, JN_TLS);
    assert_non_null(strstr(s->message, "/etc/hostname"));
}

static void who_is_there_is_told_to_who_wants_it(void **state)
{
    struct scene *s = *state;
    const struct base_http_options opt = { .ca_bundle = s->certificate };
    const int64_t now_ms = base_clock_system()->wall_ms(base_clock_system()), day_ms = 86400000;
    ask(s, "https", "localhost", opt, true);
    assert_int_equal(s->http_status, 200);
    assert_true(s->has_peer);
    assert_string_equal(s->peer.address, "127.0.0.1");
    assert_string_equal(s->peer.protocol, "TLSv1.3");
    assert_string_equal(s->peer.subject, "CN = localhost");
    assert_string_equal(s->peer.issuer, "CN = localhost");
    assert_in_range(s->peer.expires_ms, now_ms + day_ms, now_ms + 2 * day_ms);
    assert_true(s->peer.connect_us > 0 && s->peer.tls_us >= s->peer.connect_us);
    get(s, "https", "localhost", s->certificate);
    assert_false(s->has_peer);
}

int main(void)
{
    if (!base_is_executable("/usr/bin/openssl")) {
        printf("skipped 7 cases: there is no /usr/bin/openssl\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_certificate_is_refused),
        cmocka_unit_test(a_certificate_of_the_bundle_is_trusted),
        cmocka_unit_test(a_certificate_may_be_trusted_beside_the_others),
        cmocka_unit_test(a_certificate_for_another_name_is_refused),
        cmocka_unit_test(plain_http_to_a_tls_port_fails),
        cmocka_unit_test(a_bundle_that_cannot_be_used_is_told),
        cmocka_unit_test(who_is_there_is_told_to_who_wants_it),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
