/* cred_container_test.c - the credential service of a container, played by a server: what it is asked, what its answers
 * mean, and which hosts are trusted. */
#include "cred_scene.h"

#define KEYS "{\"AccessKeyId\":\"AKBOX\",\"SecretAccessKey\":\"secret-box\",\"Token\":\"token-box\"," \
             "\"Expiration\":\"2026-03-14T16:09:26Z\",\"AccountId\":\"123456789012\"}"

static const struct reply good[] = { { 200, KEYS, REPLY, NULL, NULL } };

static void open_source(struct scene *s)
{
    static char url[96];
    struct jn_error err = { 0 };
    snprintf(url, sizeof url, "%s/keys?for=me", s->url);
    scene_set(s, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    if (lambda_source_container(&s->site, &s->source, &err))
        fail_msg("%s", err.message);
}

static void keys_come_from_the_full_uri(void **state)
{
    struct scene *s = *state;
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect(s, "AKBOX/token-box\n");
    scene_expect_seen(s, "GET /keys\nAccept: application/json\n");
    assert_int_equal(lambda_keys_expires_ms(s->keys), SCENE_TIME + 3600000);
    assert_true(jn_str_eq(lambda_keys_secret(s->keys), JN_STR("secret-box")));
}

static void the_token_is_sent_as_it_is(void **state)
{
    struct scene *s = *state;
    scene_set(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic token-abc\n");     // one line end is forgiven
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect_seen(s, "GET /keys\nAccept: application/json\nAuthorization: Basic token-abc\n");
}

static void the_token_file_wins_and_is_read_each_time(void **state)
{
    struct scene *s = *state;
    scene_set(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-env");
    scene_set(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", scene_path(s, "t"));
    scene_write(s, "t", "token-1\r\n");
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect_seen(s, "GET /keys\nAccept: application/json\nAuthorization: token-1\n");
    scene_write(s, "t", "token-2");
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect_seen(s, "GET /keys\nAccept: application/json\nAuthorization: token-2\n");
}

static void a_token_that_is_no_line_is_not_sent(void **state)
{
    struct scene *s = *state;
    scene_set(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", scene_path(s, "t"));
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect(s, "failed: cannot read the token that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names: cannot open ");
    assert_int_equal(mkdir(scene_path(s, "t"), 0700), 0);
    scene_ask(s);
    scene_expect_part(s, "/t, which AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names, is no file");
    assert_int_equal(rmdir(scene_path(s, "t")), 0);
    scene_write(s, "t", "\n");
    scene_ask(s);
    scene_expect_part(s, "/t, which AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names, is empty");
    scene_write(s, "t", "token-a\r\nX-Evil: token-b");
    scene_ask(s);
    scene_expect_part(s, "holds a line end or NUL");
    assert_int_equal(s->requests, 0);
}

static void what_passes_is_asked_again(void **state)
{
    static const struct reply replies[] = { { 500, "{}", REPLY, NULL, NULL }, { 0, NULL, DROP, NULL, NULL },
                                            { 200, "oops", REPLY, NULL, NULL }, { 200, KEYS, REPLY, NULL, NULL } };
    struct scene *s = *state;
    open_source(s);
    SCRIPT(s, replies);
    scene_ask(s);
    scene_expect(s, "AKBOX/token-box\n");
    assert_int_equal(s->requests, 4);
}

/* A reply that comes every time, how often it is asked for, and the sentence at the end. */
static const struct {
    struct reply reply;
    size_t requests;
    const char *wanted;
} failures[] = {
    { { 500, "", REPLY, NULL, NULL }, 4, " answered HTTP 500\n" },
    { { 503, "{\"code\":\"Busy\",\"message\":\"later\"}", REPLY, NULL, NULL }, 4, " answered HTTP 503, Busy: later\n" },
    { { 429, "<html>", REPLY, NULL, NULL }, 4, " answered HTTP 429\n" },
    { { 400, "{\"Code\":\"Bad\",\"Message\":\"no\\nway\"}", REPLY, NULL, NULL }, 1,
      " answered HTTP 400, Bad: no way\n" },
    { { 401, "", REPLY, NULL, NULL }, 1, "does it want AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE?" },
    { { 404, "", REPLY, NULL, NULL }, 1, " answered HTTP 404\n" },
    { { 302, "", REPLY, "Location", "http://127.0.0.1:9/" }, 1, " answered HTTP 302\n" },
    { { 200, "", REPLY, NULL, NULL }, 4, " gave no JSON object: 0 bytes, not JSON" },
    { { 200, "[\"secret-x\"]", REPLY, NULL, NULL }, 4, " gave no JSON object: 12 bytes, JSON of another kind" },
    { { 200, "{\"SecretAccessKey\":\"secret-x\"}", REPLY, NULL, NULL }, 4, " gave a JSON object without AccessKeyId" },
    { { 200, "{\"AccessKeyId\":\"A\"}", REPLY, NULL, NULL }, 4, " gave a JSON object without SecretAccessKey" },
    { { 200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-x\",\"SessionToken\":\"token-x\"}", REPLY, NULL,
        NULL }, 4, " gave a JSON object without Token" },
    { { 200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-x\",\"Token\":\"token-x\"}", REPLY, NULL, NULL }, 4,
      " gave a JSON object without Expiration" },
    { { 200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-x\",\"Token\":\"token-x\",\"Expiration\":\"soon\"}",
        REPLY, NULL, NULL }, 4, " gave an Expiration that is no time" },
    { { 200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-x\\n\",\"Token\":\"token-x\","
             "\"Expiration\":\"2026-03-14T16:09:26Z\"}", REPLY, NULL, NULL }, 4, "holds a line break at position 9" },
    { { 0, NULL, DROP, NULL, NULL }, 4, " closed the connection without an answer" },
};

static void each_failure_has_its_sentence(void **state)
{
    struct scene *s = *state;
    open_source(s);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        scene_script(s, &failures[i].reply, 1);
        scene_ask(s);
        scene_expect_part(s, "the container credential service (AWS_CONTAINER_CREDENTIALS_FULL_URI)");
        scene_expect_part(s, failures[i].wanted);
        assert_int_equal(s->requests, failures[i].requests);
    }
}

static void a_refused_token_is_named(void **state)
{
    static const struct reply refusal[] = { { 403, "{\"message\":\"no\"}", REPLY, NULL, NULL } };
    struct scene *s = *state;
    scene_set(s, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-x");
    open_source(s);
    SCRIPT(s, refusal);
    scene_ask(s);
    scene_expect_part(s, "answered HTTP 403: no; it does not take the authorization token");
}

static void a_slow_service_is_given_up(void **state)
{
    static const struct reply replies[] = { { 0, NULL, HANG, NULL, NULL } };
    struct scene *s = *state;
    s->site.timeout_ms = 30;
    open_source(s);
    SCRIPT(s, replies);
    scene_ask(s);
    scene_expect_part(s, "no answer from 127.0.0.1:");
    assert_int_equal(s->failed.status, JN_TIMEOUT);
}

static void nobody_there_is_told(void **state)
{
    struct scene *s = *state;
    scene_set(s, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/x");
    assert_int_equal(lambda_source_container(&s->site, &s->source, NULL), JN_OK);
    scene_ask(s);
    scene_expect_part(s, "connection refused by 127.0.0.1:9");
}

static void no_proxy_is_asked(void **state)
{
    struct scene *s = *state;
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    setenv("all_proxy", "http://127.0.0.1:9", 1);
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect(s, "AKBOX/token-box\n");
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

/* HTTP_PROXY, which libcurl does not read by itself. */
static void no_proxy_of_ours_is_asked(void **state)
{
    struct scene *s = *state;
    s->site.http_proxy = "http://127.0.0.1:9";
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect(s, "AKBOX/token-box\n");
}

static void asking_may_be_given_up_at_any_time(void **state)
{
    static const struct reply replies[] = { { 500, "", REPLY, NULL, NULL }, { 0, NULL, HANG, NULL, NULL } };
    struct scene *s = *state;
    open_source(s);
    SCRIPT(s, replies);
    assert_int_equal(lambda_source_ask(s->source, scene_on_keys, s, NULL), JN_OK);
    lambda_source_cancel(s->source);                // before the request
    SCRIPT(s, replies);
    scene_forget(s);
    assert_int_equal(lambda_source_ask(s->source, scene_on_keys, s, NULL), JN_OK);
    lambda_source_free(s->source);                  // with one in flight
    s->source = NULL;
    assert_int_equal(s->answers, 0);
}

/* ---- which URLs are asked ------------------------------------------------------------------------------------ */

static const struct {
    const char *relative, *full, *wanted;       /* a URL, or a part of the sentence behind '!' */
} urls[] = {
    { "/v2/credentials/1", NULL, "http://169.254.170.2/v2/credentials/1" },
    { "/v2/x?id=1", "https://other.example/", "http://169.254.170.2/v2/x?id=1" },
    { "v2", NULL, "!AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is \"v2\"; it must begin with a slash" },
    { "@evil.example/", NULL, "!must begin with a slash" },
    { "/a b", NULL, "!AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: " },
    { NULL, "https://keys.example/x", "https://keys.example/x" },
    { NULL, "http://127.0.0.1:80/x", "http://127.0.0.1:80/x" },
    { NULL, "http://127.1.2.3/x", "http://127.1.2.3/x" },
    { NULL, "http://LocalHost:81", "http://LocalHost:81" },
    { NULL, "http://[::1]/x", "http://[::1]/x" },
    { NULL, "http://169.254.170.2/x", "http://169.254.170.2/x" },
    { NULL, "http://169.254.170.23/v1/credentials", "http://169.254.170.23/v1/credentials" },
    { NULL, "http://[fd00:ec2::23]/v1/credentials", "http://[fd00:ec2::23]/v1/credentials" },
    { NULL, "http://169.254.169.254/x", "!names the host 169.254.169.254" },
    { NULL, "http://127.0.0.1.evil.example/", "!names the host 127.0.0.1.evil.example" },
    { NULL, "http://127.0.0.256/", "!names the host 127.0.0.256" },
    { NULL, "http://1270.0.1/", "!names the host 1270.0.1" },
    { NULL, "http://128.0.0.1/", "!names the host 128.0.0.1" },
    { NULL, "http://localhost.evil.example/", "!names the host localhost.evil.example" },
    { NULL, "http://keys.example/", "!use https" },
    { NULL, "http://169.254.170.2@evil.example/", "!AWS_CONTAINER_CREDENTIALS_FULL_URI: " },
    { NULL, "ftp://127.0.0.1/", "!AWS_CONTAINER_CREDENTIALS_FULL_URI: " },
    { NULL, "/x", "!AWS_CONTAINER_CREDENTIALS_FULL_URI: " },
};

static void keys_are_asked_for_only_where_that_is_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct jn_buf url;
        struct jn_error err = { 0 };
        jn_buf_init(&url, 0);
        const enum jn_status s = lambda_container_url(urls[i].relative, urls[i].full, &url, &err);
        const bool is_refused = urls[i].wanted[0] == '!';
        if (is_refused ? s != JN_BAD_VALUE || !strstr(err.message, urls[i].wanted + 1)
                       : s || strcmp(url.data, urls[i].wanted) != 0)
            fail_msg("wanted: %s\n  got:    %s%s", urls[i].wanted, s ? "" : url.data, err.message);
        jn_buf_clear(&url);
    }
    assert_int_equal(lambda_container_url(NULL, NULL, NULL, NULL), JN_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_CASE(keys_come_from_the_full_uri),
        SCENE_CASE(the_token_is_sent_as_it_is),
        SCENE_CASE(the_token_file_wins_and_is_read_each_time),
        SCENE_CASE(a_token_that_is_no_line_is_not_sent),
        SCENE_CASE(what_passes_is_asked_again),
        SCENE_CASE(each_failure_has_its_sentence),
        SCENE_CASE(a_refused_token_is_named),
        SCENE_CASE(a_slow_service_is_given_up),
        SCENE_CASE(nobody_there_is_told),
        SCENE_CASE(no_proxy_is_asked),
        SCENE_CASE(no_proxy_of_ours_is_asked),
        SCENE_CASE(asking_may_be_given_up_at_any_time),
        cmocka_unit_test(keys_are_asked_for_only_where_that_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
