/* cred_scene.h - a source of keys and the server that it asks: a list of replies, given one after the other, and a
 * record of what was asked.  Everything is over real sockets; only the clock is scripted. */
#ifndef CRED_SCENE_H
#define CRED_SCENE_H

#include "vectors.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/httpd.h"
#include "base/timer.h"
#include "lambda/cred_source.h"

#define SCENE_TIME INT64_C(1773500966000)           /* 2026-03-14T15:09:26Z */

enum scene_how { REPLY, DROP, HANG };

struct reply {
    int status;
    const char *body;
    enum scene_how how;
    const char *header, *value;     /* one header more; NULL: none */
};

struct scene {
    struct base_loop *loop;
    struct base_httpd *server;
    char url[64], dir[64];
    struct base_clock clock;
    struct base_random random;
    const char *env[64];            /* pairs */
    size_t env_len;
    struct base_env base_env;

    const struct reply *replies;    /* the last one is repeated */
    size_t reply_count, requests, stop_at;  /* stop_at: the loop stops with the n-th request; 0: never */
    struct jn_buf seen;             /* "METHOD path", lines of the headers that matter, body; for each request */
    struct base_httpd_request *held;

    struct lambda_cred_site site;   /* for tests of single sources */
    struct lambda_source *source;
    struct lambda_cred *cred;       /* for tests of chains */

    unsigned answers, awaited;      /* the loop stops when as many have come as are awaited */
    struct jn_buf got;              /* "access/token", or "failed: sentence"; a line each */
    struct jn_error failed;
    struct lambda_keys *keys;       /* the latest */
};

/* ---- the server ---------------------------------------------------------------------------------------------- */

static inline void scene_note(struct scene *s, const struct base_httpd_request *r)
{
    static const char *const headers[] = { "Accept", "Authorization", "x-aws-ec2-metadata-token",
                                           "x-aws-ec2-metadata-token-ttl-seconds" };
    jn_buf_append_fmt(&s->seen, "%.*s %.*s\n", JN_ARG(base_httpd_method(r)), JN_ARG(base_httpd_path(r)));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const jn_str value = base_httpd_header(r, headers[i]);
        if (value.data)
            jn_buf_append_fmt(&s->seen, "%s: %.*s\n", headers[i], JN_ARG(value));
    }
    const jn_str body = base_httpd_body(r);
    if (body.len)
        jn_buf_append_fmt(&s->seen, "%.*s\n", JN_ARG(body));
}

static inline void scene_on_gone(struct base_httpd_request *r, void *arg)
{
    (void)r, (void)arg;
}

static inline void scene_on_request(struct base_httpd_request *r, void *arg)
{
    struct scene *s = arg;
    assert_true(s->reply_count > 0);
    const struct reply *reply = &s->replies[s->requests < s->reply_count ? s->requests : s->reply_count - 1];
    s->requests++;
    scene_note(s, r);
    if (s->requests == s->stop_at)
        base_loop_stop(s->loop);
    const struct base_header header = { jn_str_of(reply->header), jn_str_of(reply->value) };
    if (reply->how == REPLY)
        base_httpd_reply(r, reply->status, &header, reply->header ? 1 : 0, jn_str_of(reply->body));
    else if (reply->how == DROP)
        base_httpd_drop(r);
    else
        base_httpd_on_gone(r, scene_on_gone, NULL);
}

/* ---- the scene ----------------------------------------------------------------------------------------------- */

static inline int scene_open(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    *state = s;
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    const struct base_httpd_options opt = { .handler = scene_on_request, .arg = s };
    assert_int_equal(base_httpd_new(s->loop, &opt, &s->server, NULL), JN_OK);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", base_httpd_port(s->server));
    snprintf(s->dir, sizeof s->dir, "/tmp/lambda-cred-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    s->clock = base_clock_scripted(SCENE_TIME);
    s->random = (struct base_random){ .seed = 1 };
    jn_buf_init(&s->seen, 0);
    jn_buf_init(&s->got, 0);
    s->base_env = base_env_of(s->env);
    s->site = (struct lambda_cred_site){ .loop = s->loop, .env = &s->base_env, .clock = &s->clock,
                                         .random = &s->random, .pause_ms = 1, .timeout_ms = 5000 };
    return 0;
}

static inline void scene_remove_files(const char *dir)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static inline int scene_close(void **state)
{
    struct scene *s = *state;
    lambda_source_free(s->source);
    lambda_cred_free(s->cred);
    if (s->site.http)
        base_http_free(s->site.http);
    lambda_profiles_free((struct lambda_profiles *)s->site.profiles);
    lambda_keys_unref(s->keys);
    base_httpd_free(s->server);
    base_loop_free(s->loop);
    jn_buf_clear(&s->seen);
    jn_buf_clear(&s->got);
    scene_remove_files(s->dir);
    free(s);
    return 0;
}

#define SCENE_CASE(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

/* `value` must live as long as the scene. */
static inline void scene_set(struct scene *s, const char *name, const char *value)
{
    assert_true(s->env_len + 3 < sizeof s->env / sizeof *s->env);
    s->env[s->env_len++] = name;
    s->env[s->env_len++] = value;
}

/* Path of a file of the scene; a static buffer each call, of a few. */
static inline const char *scene_path(const struct scene *s, const char *name)
{
    static char paths[8][96];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", s->dir, name);
    return path;
}

static inline void scene_write(const struct scene *s, const char *name, const char *text)
{
    FILE *f = fopen(scene_path(s, name), "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static inline void scene_script(struct scene *s, const struct reply *replies, size_t count)
{
    s->replies = replies;
    s->reply_count = count;
    s->requests = 0;
    if (s->seen.data)
        jn_buf_truncate(&s->seen, 0);
}

#define SCRIPT(s, list) scene_script(s, list, sizeof list / sizeof *list)

/* ---- asking -------------------------------------------------------------------------------------------------- */

static inline void scene_on_keys(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct scene *s = arg;
    s->answers++;
    assert_true(!keys != !failed);
    if (keys) {
        lambda_keys_ref(keys);
        lambda_keys_unref(s->keys);
        s->keys = keys;
        jn_buf_append_fmt(&s->got, "%.*s/%.*s\n", JN_ARG(lambda_keys_access(keys)), JN_ARG(lambda_keys_token(keys)));
    } else {
        s->failed = *failed;
        jn_buf_append_fmt(&s->got, "failed: %s\n", failed->message);
        assert_null(strstr(failed->message, "secret-"));    // every secret of these tests begins so
        assert_null(strstr(failed->message, "token-"));     // and every token
    }
    if (s->answers >= s->awaited)
        base_loop_stop(s->loop);
}

static inline void scene_await(struct scene *s, unsigned count)
{
    s->awaited = s->answers + count;
    base_loop_run(s->loop);
    assert_int_equal(s->answers, s->awaited);
}

/* Until the server has had so many requests. */
static inline void scene_run_until(struct scene *s, size_t requests)
{
    s->stop_at = requests;
    base_loop_run(s->loop);
    s->stop_at = 0;
    assert_int_equal(s->requests, requests);
}

static inline void scene_forget(struct scene *s)
{
    if (s->got.data)
        jn_buf_truncate(&s->got, 0);
    s->failed = (struct jn_error){ 0 };
}

/* Asks the source once, to its answer. */
static inline void scene_ask(struct scene *s)
{
    struct jn_error err = { 0 };
    scene_forget(s);
    if (lambda_source_ask(s->source, scene_on_keys, s, &err)) {
        scene_on_keys(NULL, &err, s);
        return;
    }
    assert_int_equal(s->got.len, 0);                        // never inside the call
    scene_await(s, 1);
}

static inline void scene_expect(const struct scene *s, const char *wanted)
{
    const char *got = s->got.data ? s->got.data : "";
    if (strncmp(got, wanted, strlen(wanted)) != 0)
        fail_msg("wanted: %s\n  got:    %s", wanted, got);
}

static inline void scene_expect_part(const struct scene *s, const char *wanted)
{
    const char *got = s->got.data ? s->got.data : "";
    if (!strstr(got, wanted))
        fail_msg("wanted: %s\n  got:    %s", wanted, got);
}

static inline void scene_expect_seen(const struct scene *s, const char *wanted)
{
    const char *got = s->seen.data ? s->seen.data : "";
    if (strcmp(got, wanted) != 0)
        fail_msg("wanted:\n%s  got:\n%s", wanted, got);
}

#endif
