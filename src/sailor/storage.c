/* storage.c - see storage.h.  One exchange per object (exchange.c); what is stored is the raw ciphertext. */
#include "sailor/storage.h"

#include <stdlib.h>

#include "core/arena.h"
#include "sailor/exchange.h"

enum {
    FIRST_PAUSE_MS = 100,               // doubled each time, with up to a fifth by lot (6.2)
    LONGEST_PAUSE_MS = 15000,
    MAX_OBJECT = 256 << 20,             // bytes: far above the platform's 100 MB for an attachment
    WARM_BYTES = 1 << 20,
};

struct sailor_storage {
    struct base_loop *loop;
    const struct sailor_settings *settings;
    struct base_http *http;
    struct sailor_cipher *cipher;
    struct base_random *random;
    struct sailor_metrics *metrics;
    const struct base_log *log;
    struct jn_buf authorization, request_id;
    struct jn_arena scratch;            /* to validate what was read */
    struct sailor_storage_call *calls;
};

struct sailor_storage_call {
    struct sailor_storage *storage;
    struct sailor_storage_call *next, **self;
    struct sailor_exchange *exchange;
    bool is_upload;
    sailor_storage_fn *fn;
    void *arg;
};

/* ---- life ---------------------------------------------------------------------------------------------------- */

enum jn_status sailor_storage_new(struct base_loop *l, const struct sailor_settings *settings, struct base_http *http,
                                  struct sailor_cipher *cipher, struct base_random *random,
                                  struct sailor_metrics *metrics, const struct base_log *log,
                                  struct sailor_storage **out, struct jn_error *err)
{
    struct sailor_storage *s = calloc(1, sizeof *s);
    if (!s)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the object storage");
    *s = (struct sailor_storage){ .loop = l, .settings = settings, .http = http, .cipher = cipher, .random = random,
                                  .metrics = metrics, .log = log };
    jn_arena_init(&s->scratch, 0);
    jn_buf_init(&s->authorization, 0);
    jn_buf_init(&s->request_id, 0);
    if (settings->storage_token)
        jn_buf_append_fmt(&s->authorization, "Bearer %s", settings->storage_token);
    jn_buf_append_fmt(&s->request_id, "f:%s;s:%s;m:", settings->flow_id ? settings->flow_id : "",
                      settings->step_id ? settings->step_id : "");
    if (s->authorization.failed || s->request_id.failed) {
        sailor_storage_free(s);
        return jn_fail(err, JN_NO_MEMORY, "no memory for the object storage");
    }
    *out = s;
    return JN_OK;
}

static void unlink_call(struct sailor_storage_call *c)
{
    *c->self = c->next;
    if (c->next)
        c->next->self = c->self;
}

void sailor_storage_cancel(struct sailor_storage_call *c)
{
    unlink_call(c);
    sailor_exchange_cancel(c->exchange);
    free(c);
}

void sailor_storage_free(struct sailor_storage *s)
{
    if (!s)
        return;
    for (struct sailor_storage_call *c = s->calls, *next; c; c = next) {
        next = c->next;
        sailor_storage_cancel(c);
    }
    jn_buf_wipe(&s->authorization);
    jn_buf_clear(&s->request_id);
    jn_arena_clear(&s->scratch);
    free(s);
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

/* {"objectId": "..."}: without one nobody could find the object again (advice Q17). */
static enum jn_status read_object_id(struct sailor_storage *s, jn_str answer, struct jn_buf *out, struct jn_error *err)
{
    jn_value v = { 0 };
    jn_read(&s->scratch, answer, NULL, &v, NULL, NULL);
    const jn_str id = jn_get_string(jn_member(v, JN_STR("objectId")));
    if (!id.len)
        return jn_fail(err, JN_REMOTE, "the object storage took an object and did not say under which id");
    jn_buf_append(out, id);
    return out->failed ? jn_fail(err, out->failed, "no memory for an object's id") : JN_OK;
}

static enum jn_status read_object(struct sailor_storage *s, jn_str answer, struct jn_buf *out, struct jn_error *err)
{
    jn_buf_append(out, answer);
    if (out->failed)
        return jn_fail(err, out->failed, "no memory for a stored object of %zu bytes", answer.len);
    enum jn_status status = sailor_decrypt(s->cipher, out->data, &out->len, false, NULL, err);
    jn_value v;
    if (!status) {
        status = jn_read(&s->scratch, jn_buf_str(out), NULL, &v, NULL, err);
        if (status)
            jn_error_prefix(err, "the stored object is not JSON");
    }
    return status;
}

static void read_answer(struct sailor_storage_call *c, const struct sailor_answer *a, struct jn_buf *out,
                        struct jn_error *err)
{
    struct sailor_storage *s = c->storage;
    if (a->failed)
        *err = *a->failed;
    else if (a->status < 200 || a->status > 299)
        jn_fail(err, a->status < 500 ? JN_REMOTE : JN_IO, "the object storage answered with status %d", a->status);
    else if (c->is_upload)
        read_object_id(s, a->body, out, err);
    else
        read_object(s, a->body, out, err);
    jn_arena_reset(&s->scratch);
    if (a->body.len > WARM_BYTES)
        jn_arena_trim(&s->scratch);
}

/* The callback may free the storage. */
static void on_answer(const struct sailor_answer *a, void *arg)
{
    struct sailor_storage_call *c = arg;
    struct jn_error err = { 0 };
    struct jn_buf text;
    jn_buf_init(&text, 0);
    read_answer(c, a, &text, &err);
    if (err.status)
        jn_buf_clear(&text);
    unlink_call(c);
    c->fn(err.status ? &err : NULL, &text, c->arg);
    jn_buf_clear(&text);
    free(c);
}

/* ---- questions ----------------------------------------------------------------------------------------------- */

static enum jn_status check(const struct sailor_storage *s, struct jn_error *err)
{
    if (!s->settings->storage_uri)
        return jn_fail(err, JN_NOT_FOUND, "there is no object storage: ELASTICIO_OBJECT_STORAGE_URI is not set");
    if (!s->settings->storage_token)
        return jn_fail(err, JN_NOT_FOUND, "the object storage cannot be asked: ELASTICIO_OBJECT_STORAGE_TOKEN is not "
                       "set");
    return JN_OK;
}

/* Redirects are not followed (6.1): credentials and bodies go where the settings say. */
static enum jn_status ask(struct sailor_storage_call *c, jn_str url, struct jn_buf *body)
{
    const struct sailor_storage *s = c->storage;
    const struct sailor_exchange_options opt = {
        .loop = s->loop,
        .http = s->http,
        .random = s->random,
        .metrics = s->metrics,
        .log = s->log,
        .what = c->is_upload ? "upload to the object storage" : "download from the object storage",
        .method = c->is_upload ? "POST" : "GET",
        .url = url,
        .authorization = jn_buf_str(&s->authorization),
        .request_id = jn_buf_str(&s->request_id),
        .body = body,
        .attempts = 1 + s->settings->storage_max_retry,
        .timeout_ms = s->settings->storage_timeout_ms,
        .pause_ms = FIRST_PAUSE_MS,
        .pause_cap_ms = LONGEST_PAUSE_MS,
        .max_response = MAX_OBJECT,
        .fn = on_answer,
        .arg = c,
    };
    return sailor_exchange_start(&opt, &c->exchange, NULL);
}

/* `id` {NULL, 0}: an upload. */
static enum jn_status start(struct sailor_storage *s, jn_str id, struct jn_buf *body, sailor_storage_fn *fn, void *arg,
                            struct sailor_storage_call **out, struct jn_error *err)
{
    struct sailor_storage_call *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a request to the object storage");
    *c = (struct sailor_storage_call){ .storage = s, .is_upload = !id.data, .fn = fn, .arg = arg };
    jn_str base = jn_str_of(s->settings->storage_uri);
    while (base.len && base.data[base.len - 1] == '/')
        base.len--;
    struct jn_buf url;
    jn_buf_init(&url, 0);
    jn_buf_append(&url, base);
    jn_buf_append_z(&url, id.data ? "/objects/" : "/objects");
    jn_buf_append(&url, id);
    const enum jn_status status = url.failed ? url.failed : ask(c, jn_buf_str(&url), body);
    jn_buf_clear(&url);
    if (status) {
        free(c);
        return jn_fail(err, status, "no memory for a request to the object storage");
    }
    c->next = s->calls;
    c->self = &s->calls;
    if (c->next)
        c->next->self = &c->next;
    s->calls = c;
    if (out)
        *out = c;
    return JN_OK;
}

enum jn_status sailor_storage_put(struct sailor_storage *s, jn_str text, sailor_storage_fn *fn, void *arg,
                                  struct sailor_storage_call **out, struct jn_error *err)
{
    struct jn_buf body;
    jn_buf_init(&body, 0);
    enum jn_status status = check(s, err);
    if (!status)
        status = sailor_encrypt(s->cipher, text, false, &body, err);
    if (!status)
        status = start(s, (jn_str){ NULL, 0 }, &body, fn, arg, out, err);
    jn_buf_clear(&body);
    return status;
}

enum jn_status sailor_storage_get(struct sailor_storage *s, jn_str id, sailor_storage_fn *fn, void *arg,
                                  struct sailor_storage_call **out, struct jn_error *err)
{
    const enum jn_status status = check(s, err);
    return status ? status : start(s, id.data ? id : JN_STR(""), NULL, fn, arg, out, err);
}
