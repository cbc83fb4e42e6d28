/* cred_memory_test.c - sources of keys with the n-th request for memory failing, n = 1, 2, ... until none fails.  The
 * servers run in threads that ask for none. */
#include "failing_memory.h"

#include "cred_scene.h"
#include "peer.h"

#define KEYS "{\"Version\":1,\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-\\u0041\"," \
             "\"Token\":\"token-a\",\"SessionToken\":\"token-a\",\"Expiration\":\"2099-03-14T16:09:26Z\"}"
#define ROLE_KEYS "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>secret-&amp;</SecretAccessKey>" \
                  "<SessionToken>token-a</SessionToken><Expiration>2099-03-14T16:09:26Z</Expiration></Credentials>"
#define REFUSAL "<Error><Code>AccessDenied</Code><Message>no&amp;</Message></Error>"

static struct base_loop *loop;
static char dir[64], config[96], token_file[96];

/* ---- the server ---------------------------------------------------------------------------------------------- */

static struct server {
    struct peer peer;
    int status;
    const char *body;
    char url[64];
} server;

/* Answers requests, as whole as they come in, until the client goes. */
static void answer_all(struct peer *p)
{
    char request[16384], answer[1024];
    while (p->fd >= 0 && recv(p->fd, request, sizeof request, 0) > 0) {
        const int len = snprintf(answer, sizeof answer, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", server.status,
                                 strlen(server.body), server.body);
        peer_send(p, answer, (size_t)len);
    }
}

static void start_server(int status, const char *body)
{
    const long paused = memory_pause();
    server.status = status;
    server.body = body;
    assert_true(peer_start(&server.peer, answer_all, NULL));
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%d", server.peer.port);
    memory_resume(paused);
}

/* ---- scenarios ----------------------------------------------------------------------------------------------- */

static void on_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct jn_error *end = arg;
    (void)keys;
    if (failed)
        *end = *failed;
    base_loop_stop(loop);
}

/* Makes a chain and asks it once.  A failure that is not memory's is an end like another. */
static enum jn_status ask_chain(const char *const *pairs, const char *profile, struct jn_error *err)
{
    struct lambda_cred *cred = NULL;
    struct jn_error end = { 0 };
    const struct base_env env = base_env_of(pairs);
    const struct lambda_cred_options opt = { .profile = profile, .env = &env, .clock = base_clock_system() };
    enum jn_status s = lambda_cred_new(loop, &opt, &cred, err);
    if (!s)
        s = lambda_cred_get(cred, on_keys, &end, err);
    if (!s)
        base_loop_run(loop);
    if (!s && end.status == JN_NO_MEMORY) {
        *err = end;
        s = JN_NO_MEMORY;
    }
    lambda_cred_free(cred);
    return s;
}

#define FILES "AWS_CONFIG_FILE", config, "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d", "PATH", "/usr/bin:/bin"

static enum jn_status ask_for_role(int status, const char *body, const char *profile, struct jn_error *err)
{
    start_server(status, body);
    const char *const pairs[] = { FILES, "AWS_ENDPOINT_URL_STS", server.url, NULL };
    const enum jn_status s = ask_chain(pairs, profile, err);
    peer_join(&server.peer);
    return s;
}

static enum jn_status role_once(struct jn_error *err)
{
    return ask_for_role(200, ROLE_KEYS, "role", err);
}

static enum jn_status refused_role_once(struct jn_error *err)
{
    return ask_for_role(403, REFUSAL, "role", err);
}

static enum jn_status web_once(struct jn_error *err)
{
    return ask_for_role(200, ROLE_KEYS, "web", err);
}

static enum jn_status program_once(struct jn_error *err)
{
    const char *const pairs[] = { FILES, NULL };
    return ask_chain(pairs, "program", err);
}

static enum jn_status circle_once(struct jn_error *err)
{
    const char *const pairs[] = { FILES, NULL };
    const enum jn_status s = ask_chain(pairs, "circle", err);
    return s == JN_BAD_VALUE ? JN_OK : s;
}

static enum jn_status container_once(struct jn_error *err)
{
    start_server(200, KEYS);
    const char *const pairs[] = { FILES, "AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url,
                                  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token_file, NULL };
    const enum jn_status s = ask_chain(pairs, NULL, err);
    peer_join(&server.peer);
    return s;
}

static enum jn_status refusing_container_once(struct jn_error *err)
{
    start_server(400, "{\"message\":\"n\\u006f\"}");
    const char *const pairs[] = { FILES, "AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url,
                                  "AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-a", NULL };
    const enum jn_status s = ask_chain(pairs, NULL, err);
    peer_join(&server.peer);
    return s;
}

/* The same answer to every question: a session and a role's name, and then keys that are none. */
static enum jn_status instance_once(struct jn_error *err)
{
    start_server(200, "name");
    const char *const pairs[] = { FILES, "AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url, NULL };
    const enum jn_status s = ask_chain(pairs, NULL, err);
    peer_join(&server.peer);
    return s;
}

static enum jn_status document_once(struct jn_error *err)
{
    struct lambda_keys *keys = NULL;
    const struct lambda_key_document doc = { .text = JN_STR(KEYS), .token = "Token", .needs_end = true,
                                             .place = "somebody" };
    const enum jn_status s = lambda_keys_read(&doc, &keys, err);
    lambda_keys_unref(keys);
    return s;
}

static void each_source_survives(void **state)
{
    static const struct {
        enum jn_status (*scenario)(struct jn_error *err);
        int least;
    } cases[] = {
        { document_once, 2 }, { circle_once, 5 }, { role_once, 20 }, { refused_role_once, 20 }, { web_once, 20 },
        { program_once, 15 }, { container_once, 15 }, { refusing_container_once, 15 }, { instance_once, 15 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        with_failing_memory(cases[i].scenario, cases[i].least);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
    (void)state;
    char text[1024];
    snprintf(dir, sizeof dir, "/tmp/lambda-cred-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(config, sizeof config, "%s/config", dir);
    snprintf(token_file, sizeof token_file, "%s/token", dir);
    write_file(token_file, "token-a\n");
    snprintf(text, sizeof text, "[profile keys]\naws_access_key_id = A\naws_secret_access_key = secret-a\n"
             "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = keys\nexternal_id = ext\n"
             "[profile web]\nrole_arn = arn:aws:iam::123456789012:role/r\nweb_identity_token_file = %s\n"
             "[profile program]\ncredential_process = echo '" KEYS "'\n"
             "[profile circle]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = circle\n", token_file);
    write_file(config, text);
    return base_loop_new(&loop, NULL) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    base_loop_free(loop);
    scene_remove_files(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_source_survives) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
