/* socket_tls_test.c - TLS: who is trusted, who is not, and what is said about it.  `openssl s_server` is the peer. */
#include "cmocka_all.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process.h"
#include "peer.h"
#include "socket_client.h"

static const char *const environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", NULL };

enum { FILE_SIZE = 3 << 20 };

/* A folder with: ca, an authority; good and old, certificates for localhost, the latter expired; me, a client's; big, a
 * file of FILE_SIZE bytes. */
struct scene {
    struct base_loop *loop;
    struct base_process *server;
    char folder[64];
    int port;
    char ca[96], me[96], me_key[96];
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
    base_loop_stop(((struct scene *)arg)->loop);
}

/* Runs a shell's line in the folder, until it ends or listens. */
static struct base_process *run(struct scene *s, const char *line)
{
    char text[1024];
    snprintf(text, sizeof text, "cd %s && %s", s->folder, line);
    const char *const argv[] = { "sh", "-c", text, NULL };
    const struct base_process_options opt = { .file = "sh", .argv = argv, .env = environment, .on_line = on_line,
                                              .on_end = on_end, .arg = s };
    struct base_process *p = NULL;
    struct jn_error err = { 0 };
    if (base_process_start(s->loop, &opt, &p, &err))
        fail_msg("%s", err.message);
    base_loop_run(s->loop);
    return p;
}

static int start(void **state)
{
    static const char *const lines[] = {
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key"
        " -out ca.pem",
        "for i in good old me; do openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$i"
        " -addext subjectAltName=DNS:localhost -keyout $i.key -out $i.csr; done",
        "for i in good me; do openssl x509 -req -in $i.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
        " -copy_extensions copy -out $i.pem; done",
        ": >index; echo '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=ca.srl\nnew_certs_dir=.\ndefault_md=sha256\n"
        "policy=p\ncopy_extensions=copy\n[p]\ncommonName=supplied' >ca.conf;"
        " openssl ca -batch -config ca.conf -cert ca.pem"
        " -keyfile ca.key -startdate 20200101000000Z -enddate 20200102000000Z -in old.csr -out old.pem",
        "dd if=/dev/zero of=big bs=1048576 count=3",
    };
    static struct scene s;
    *state = &s;
    snprintf(s.folder, sizeof s.folder, "/tmp/socket_tls_test.XXXXXX");
    if (!mkdtemp(s.folder) || base_loop_new(&s.loop, NULL))
        return -1;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        base_process_free(run(&s, lines[i]));
    snprintf(s.ca, sizeof s.ca, "%s/ca.pem", s.folder);
    snprintf(s.me, sizeof s.me, "%s/me.pem", s.folder);
    snprintf(s.me_key, sizeof s.me_key, "%s/me.key", s.folder);
    return 0;
}

static int stop(void **state)
{
    struct scene *s = *state;
    base_process_free(run(s, "rm -rf \"$PWD\""));
    base_loop_free(s->loop);
    return 0;
}

static void serve(struct scene *s, const char *certificate, const char *options)
{
    char line[256];
    snprintf(line, sizeof line, "exec openssl s_server -accept 127.0.0.1:0 -cert %s.pem -key %s.key %s", certificate,
             certificate, options);
    s->port = 0;
    s->server = run(s, line);
    assert_int_not_equal(s->port, 0);
}

static struct base_socket_options to(const struct scene *s)
{
    return (struct base_socket_options){ .host = "localhost", .port = s->port, .tls = true, .ca_bundle = s->ca };
}

/* Connects and says one line, which the server reverses. */
static void ask(struct client *c, struct base_socket_options opt)
{
    client_init(c);
    client_open(c, opt);
    client_say(c, JN_STR("stressed\n"));
    c->expected = 9;
    base_loop_run(c->loop);
}

static void assert_answered(struct client *c)
{
    assert_string_equal(c->why.message, "");
    assert_int_equal(c->opened, 1);
    assert_string_equal(c->received.data, "desserts\n");
    client_clear(c);
}

static void assert_refused(struct client *c, const char *message)
{
    assert_int_equal(c->opened, 0);
    assert_int_equal(c->closed, 1);
    assert_int_equal(c->why.status, JN_TLS);
    assert_string_equal(c->why.message, message);
    client_clear(c);
}

static void who_is_trusted_depends_on_authority_and_name(void **state)
{
    struct scene *s = *state;
    struct client c;
    serve(s, "good", "-rev");
    ask(&c, to(s));
    assert_answered(&c);

    struct base_socket_options stranger = to(s);
    stranger.ca_bundle = NULL;
    ask(&c, stranger);
    assert_refused(&c, "the TLS certificate of host localhost is not trusted: unable to get local issuer certificate");

    struct base_socket_options by_address = to(s);
    by_address.host = "127.0.0.1";
    ask(&c, by_address);
    assert_refused(&c, "the TLS certificate of host 127.0.0.1 is not trusted: IP address mismatch");

    struct base_socket_options other = to(s);
    other.server_name = "rabbit.example.com";
    ask(&c, other);
    assert_refused(&c, "the TLS certificate of host rabbit.example.com is not trusted: hostname mismatch");

    by_address.server_name = "localhost";
    ask(&c, by_address);
    assert_answered(&c);

    stranger.insecure = true;
    ask(&c, stranger);
    assert_answered(&c);
    base_process_free(s->server);
}

static void an_expired_certificate_is_refused(void **state)
{
    struct scene *s = *state;
    struct client c;
    serve(s, "old", "-rev");
    ask(&c, to(s));
    assert_refused(&c, "the TLS certificate of host localhost is not trusted: certificate has expired");
    base_process_free(s->server);
}

static void a_server_may_want_to_know_who_we_are(void **state)
{
    struct scene *s = *state;
    struct client c;
    serve(s, "good", "-rev -Verify 1 -CAfile ca.pem -verify_return_error");
    struct base_socket_options opt = to(s);
    ask(&c, opt);                           // TLS 1.3: the refusal comes after the handshake
    assert_int_equal(c.why.status, JN_TLS);
    assert_non_null(strstr(c.why.message, "TLS with host localhost failed: "));
    assert_int_equal(c.received.len, 0);
    client_clear(&c);

    opt.certificate = s->me;
    opt.key = s->me_key;
    ask(&c, opt);
    assert_answered(&c);
    base_process_free(s->server);
}

static void files_that_cannot_be_used_are_named_at_once(void **state)
{
    struct scene *s = *state;
    const struct { const char *ca, *certificate, *key, *begins; } cases[] = {
        { "/nonexistent.pem", NULL, NULL, "cannot use the CA bundle /nonexistent.pem: " },
        { "/etc/hostname", NULL, NULL, "cannot use the CA bundle /etc/hostname: " },
        { s->ca, "/nonexistent.pem", NULL, "cannot use the client certificate /nonexistent.pem: " },
        { s->ca, s->me, NULL, "cannot use the client's key " },
        { s->ca, s->me, s->ca, "cannot use the client's key " },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_error err = { 0 };
        struct base_socket *socket;
        const struct base_socket_options opt = {
            .host = "localhost", .port = 1, .tls = true, .ca_bundle = cases[i].ca, .certificate = cases[i].certificate,
            .key = cases[i].key, .handlers = &client_handlers,
        };
        assert_int_equal(base_socket_open(s->loop, &opt, &socket, &err), JN_TLS);
        if (!jn_str_starts(jn_str_of(err.message), jn_str_of(cases[i].begins)))
            fail_msg("case %zu: %s", i, err.message);
    }
}

static void say_hello_in_clear(struct peer *p)
{
    peer_send(p, "HELLO", 5);
    peer_await_end(p);
}

static void wait_for_the_end(struct peer *p)
{
    peer_await_end(p);
}

static void hang_up(struct peer *p)
{
    char byte;
    peer_receive(p, &byte, 1);
    shutdown(p->fd, SHUT_WR);
    peer_await_end(p);
}

static void a_peer_that_does_not_speak_tls_is_told_apart(void **state)
{
    (void)state;
    const struct { void (*script)(struct peer *); enum jn_status status; const char *ends; } cases[] = {
        { say_hello_in_clear, JN_TLS, "TLS with host 127.0.0.1 failed: wrong version number" },
        { wait_for_the_end, JN_TIMEOUT, " did not answer the TLS handshake in time" },
        { hang_up, JN_IO, " closed the connection during the TLS handshake" },
    };
    for (size_t i = 0; i < 3; i++) {
        struct peer p = { 0 };
        struct client c;
        assert_true(peer_start(&p, cases[i].script, NULL));
        client_init(&c);
        client_open(&c, (struct base_socket_options){ .host = "127.0.0.1", .port = p.port, .tls = true,
                                                      .connect_timeout_ms = i == 1 ? 100 : 0 });
        base_loop_run(c.loop);
        assert_int_equal(c.why.status, cases[i].status);
        if (!jn_str_ends(jn_str_of(c.why.message), jn_str_of(cases[i].ends)))
            fail_msg("case %zu: %s", i, c.why.message);
        client_clear(&c);
        peer_join(&p);
    }
}

static void a_pause_keeps_what_was_decrypted_for_later(void **state)
{
    struct scene *s = *state;
    struct client c;
    serve(s, "good", "-WWW");
    client_init(&c);
    client_open(&c, to(s));
    client_say(&c, JN_STR("GET /big HTTP/1.0\r\n\r\n"));
    c.expected = 1;
    for (size_t rounds = 0; !c.closed; rounds++) {
        base_loop_run(c.loop);
        if (!c.closed) {
            const size_t before = c.received.len;
            base_socket_pause(c.socket);
            base_loop_run(c.loop);          // paused: nothing can happen
            assert_int_equal(c.received.len, before);
            base_socket_resume(c.socket);
            c.expected = before + 100000;
        }
    }
    assert_true(c.received.len > FILE_SIZE);
    client_clear(&c);
    base_process_free(s->server);
}

int main(void)
{
    if (!base_is_executable("/usr/bin/openssl")) {
        printf("skipped 6 cases: there is no /usr/bin/openssl\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_trusted_depends_on_authority_and_name),
        cmocka_unit_test(an_expired_certificate_is_refused),
        cmocka_unit_test(a_server_may_want_to_know_who_we_are),
        cmocka_unit_test(files_that_cannot_be_used_are_named_at_once),
        cmocka_unit_test(a_peer_that_does_not_speak_tls_is_told_apart),
        cmocka_unit_test(a_pause_keeps_what_was_decrypted_for_later),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
