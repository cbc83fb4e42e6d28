/* storage_test.c - the object storage: a server on the same loop keeps what it is given, and misbehaves when told to. */
#include "cmocka_all.h"

#include <stdio.h>

#include "base/httpd.h"
#include "sailor/storage.h"

enum { DROP = 1, HANG = 2 };

static const char password[] = "testCryptoPassword", iv[] = "iv=any16_symbols";

struct scene {
    struct base_loop *loop;
    struct base_http *http;
    struct base_httpd *server;
    struct sailor_settings settings;
    struct sailor_metrics metrics;
    struct base_random random;
    struct sailor_cipher *cipher;
    struct sailor_storage *storage;
    char uri[64];
    const int *script;              /* statuses */
    const char *answer;             /* NULL: what was stored */
    size_t asked;
    struct jn_buf stored;
    char request[1024];
    int done;
    enum jn_status status;
    char message[512], text[512];
};

static void handle(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    const jn_str authorization = base_httpd_header(r, "Authorization"), id = base_httpd_header(r, "x-request-id");
    snprintf(s->request, sizeof s->request, "%.*s %.*s %.*s %.*s", JN_ARG(base_httpd_method(r)),
             JN_ARG(base_httpd_path(r)), JN_ARG(authorization), JN_ARG(id));
    assert_null(base_httpd_header(r, "Expect").data);
    if (base_httpd_body(r).len) {
        jn_buf_truncate(&s->stored, 0);
        jn_buf_append(&s->stored, base_httpd_body(r));
    }
    const int status = s->script[s->asked++];
    if (status == DROP)
        base_httpd_drop(r);
    else if (status != HANG)
        base_httpd_reply(r, status, NULL, 0, s->answer ? jn_str_of(s->answer) : jn_buf_str(&s->stored));
}

static void start(struct scene *s)
{
    *s = (struct scene){ .random = { .seed = 1 } };
    jn_buf_init(&s->stored, 0);
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    assert_int_equal(base_http_new(s->loop, NULL, &s->http, NULL), JN_OK);
    const struct base_httpd_options server = { .handler = handle, .arg = s };
    assert_int_equal(base_httpd_new(s->loop, &server, &s->server, NULL), JN_OK);
    snprintf(s->uri, sizeof s->uri, "http://127.0.0.1:%d//", base_httpd_port(s->server));
    s->settings = (struct sailor_settings){ .flow_id = "FLOW", .step_id = "step_1", .storage_uri = s->uri,
                                            .storage_token = "t0ken", .storage_max_retry = 2,
                                            .storage_timeout_ms = 300 };
    assert_int_equal(sailor_cipher_new(password, iv, &s->cipher, NULL), JN_OK);
    assert_int_equal(sailor_storage_new(s->loop, &s->settings, s->http, s->cipher, &s->random, &s->metrics, NULL,
                                        &s->storage, NULL), JN_OK);
}

static void finish(struct scene *s)
{
    sailor_storage_free(s->storage);
    sailor_cipher_free(s->cipher);
    base_http_free(s->http);
    base_httpd_free(s->server);
    base_loop_free(s->loop);
    jn_buf_clear(&s->stored);
}

static void on_done(const struct jn_error *failed, struct jn_buf *text, void *arg)
{
    struct scene *s = arg;
    s->done++;
    s->status = failed ? failed->status : JN_OK;
    snprintf(s->message, sizeof s->message, "%s", failed ? failed->message : "");
    snprintf(s->text, sizeof s->text, "%.*s", JN_ARG(jn_buf_str(text)));
    base_loop_stop(s->loop);
}

static void put(struct scene *s, const char *text, const int *script)
{
    s->script = script;
    s->asked = 0;
    assert_int_equal(sailor_storage_put(s->storage, jn_str_of(text), on_done, s, NULL, NULL), JN_OK);
    base_loop_run(s->loop);
}

static void get(struct scene *s, const int *script)
{
    s->script = script;
    s->asked = 0;
    assert_int_equal(sailor_storage_get(s->storage, JN_STR("an-id"), on_done, s, NULL, NULL), JN_OK);
    base_loop_run(s->loop);
}

static const int fine[] = { 200 };

static void what_is_stored_comes_back(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    s.answer = "{\"objectId\":\"the-id\",\"more\":1}";
    put(&s, "{\"ä\":[1,2]}", fine);
    assert_string_equal(s.request, "POST /objects Bearer t0ken f:FLOW;s:step_1;m:");
    assert_string_equal(s.text, "the-id");
    assert_int_equal(s.stored.len, 16);             // raw ciphertext, not base64
    assert_null(memmem(s.stored.data, s.stored.len, "[1,2]", 5));
    s.answer = NULL;
    get(&s, fine);
    assert_string_equal(s.request, "GET /objects/an-id Bearer t0ken f:FLOW;s:step_1;m:");
    assert_string_equal(s.message, "");
    assert_string_equal(s.text, "{\"ä\":[1,2]}");
    finish(&s);
}

static void attempts_are_repeated_while_it_may_help(void **state)
{
    (void)state;
    static const struct {
        int script[4];
        size_t asked;
        enum jn_status status;
        const char *says;
    } cases[] = {
        { { 500, 503, 200 }, 3, JN_OK, "" },
        { { DROP, 200 }, 2, JN_OK, "" },
        { { HANG, 200 }, 2, JN_OK, "" },
        { { 500, 500, 502 }, 3, JN_IO, "the object storage answered with status 502" },
        { { 404 }, 1, JN_REMOTE, "the object storage answered with status 404" },
        { { 302 }, 1, JN_REMOTE, "status 302" },
        { { 401 }, 1, JN_REMOTE, "status 401" },
        { { DROP, DROP, DROP }, 3, JN_IO, "closed the connection" },
    };
    struct scene s;
    start(&s);
    s.answer = "{\"objectId\":\"the-id\"}";
    put(&s, "{}", fine);
    s.answer = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        get(&s, cases[i].script);
        if (s.asked != cases[i].asked || s.status != cases[i].status || !strstr(s.message, cases[i].says))
            fail_msg("%zu: asked %zu times, status %d: %s", i, s.asked, s.status, s.message);
        if (s.status)
            assert_string_equal(s.text, "");
    }
    finish(&s);
}

static void an_upload_without_an_id_has_failed(void **state)
{
    (void)state;
    static const char *const answers[] = { "", "{}", "[]", "{\"objectId\":\"\"}", "{\"objectId\":7}", "no JSON" };
    struct scene s;
    start(&s);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        s.answer = answers[i];
        put(&s, "{}", fine);
        assert_string_equal(s.message, "the object storage took an object and did not say under which id");
        assert_int_equal(s.asked, 1);
    }
    finish(&s);
}

static void what_cannot_be_deciphered_has_failed(void **state)
{
    (void)state;
    static const char *const objects[] = { "short", "sixteen bytes!!!", "{\"clear\":\"text\"}" };
    struct scene s;
    start(&s);
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        s.answer = objects[i];
        get(&s, fine);
        assert_int_equal(s.status, JN_BAD_TEXT);
        assert_true(strstr(s.message, "Failed to decrypt message: ") || strstr(s.message, "is not JSON"));
        assert_int_equal(s.asked, 1);
    }
    finish(&s);
}

static void without_address_or_token_nothing_is_asked(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    struct jn_error err = { 0 };
    s.settings.storage_token = NULL;
    assert_int_equal(sailor_storage_get(s.storage, JN_STR("x"), on_done, &s, NULL, &err), JN_NOT_FOUND);
    assert_non_null(strstr(err.message, "ELASTICIO_OBJECT_STORAGE_TOKEN is not set"));
    err = (struct jn_error){ 0 };
    s.settings.storage_uri = NULL;
    assert_int_equal(sailor_storage_put(s.storage, JN_STR("{}"), on_done, &s, NULL, &err), JN_NOT_FOUND);
    assert_non_null(strstr(err.message, "ELASTICIO_OBJECT_STORAGE_URI is not set"));
    finish(&s);
}

static void calls_may_be_cancelled(void **state)
{
    (void)state;
    static const int hang[] = { HANG, HANG };
    struct scene s;
    start(&s);
    s.script = hang;
    struct sailor_storage_call *call;
    assert_int_equal(sailor_storage_get(s.storage, JN_STR("x"), on_done, &s, &call, NULL), JN_OK);
    assert_int_equal(sailor_storage_get(s.storage, JN_STR("y"), on_done, &s, NULL, NULL), JN_OK);
    sailor_storage_cancel(call);
    finish(&s);
    assert_int_equal(s.done, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored_comes_back),
        cmocka_unit_test(attempts_are_repeated_while_it_may_help),
        cmocka_unit_test(an_upload_without_an_id_has_failed),
        cmocka_unit_test(what_cannot_be_deciphered_has_failed),
        cmocka_unit_test(without_address_or_token_nothing_is_asked),
        cmocka_unit_test(calls_may_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
