/* cred_source.c - what all sources of keys have in common, and the simplest of them: keys that stay as they are. */
#include "lambda/cred_source.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/timer.h"

enum { MAX_TOKEN_FILE = 64 << 10 };

/* ---- life ---------------------------------------------------------------------------------------------------- */

void *lambda_source_new(const struct lambda_source_type *type, size_t size, struct lambda_cred_site *site,
                        struct jn_error *err, const char *fmt, ...)
{
    char name[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(name, sizeof name, fmt, args);
    va_end(args);
    struct lambda_source *s = calloc(1, size);
    char *copy = s ? strdup(name) : NULL;
    if (!copy) {
        free(s);
        jn_fail(err, JN_NO_MEMORY, "no memory for AWS credentials from %s", name);
        return NULL;
    }
    *s = (struct lambda_source){ .type = type, .site = site, .name = copy };
    return s;
}

void lambda_source_free(struct lambda_source *s)
{
    if (!s)
        return;
    lambda_source_cancel(s);
    lambda_keys_unref(s->fixed);
    free(s->name);
    s->type->free(s);
}

/* ---- asking -------------------------------------------------------------------------------------------------- */

enum jn_status lambda_source_ask(struct lambda_source *s, lambda_cred_fn *done, void *arg, struct jn_error *err)
{
    assert(!s->done);
    s->done = done;
    s->arg = arg;
    const enum jn_status status = s->type->ask(s, done, arg, err);
    if (status)
        s->done = NULL;
    return status;
}

void lambda_source_cancel(struct lambda_source *s)
{
    s->done = NULL;
    s->type->cancel(s);
}

void lambda_source_answer(struct lambda_source *s, struct lambda_keys *keys, const struct jn_error *failed)
{
    lambda_cred_fn *done = s->done;
    s->done = NULL;
    done(keys, failed, s->arg);
}

/* ---- what they share ----------------------------------------------------------------------------------------- */

enum jn_status lambda_cred_http(struct lambda_cred_site *site, struct base_http **out, struct jn_error *err)
{
    const struct base_http_options opt = { .ca_bundle = site->ca_bundle, .extra_ca = site->extra_ca,
                                           .http_proxy = site->http_proxy, .log = site->log };
    const enum jn_status s = site->http ? JN_OK : base_http_new(site->loop, &opt, &site->http, err);
    *out = site->http;
    return s;
}

enum jn_status lambda_token_read(const char *path, const char *what, struct jn_buf *out, struct jn_error *err)
{
    jn_buf_wipe(out);
    jn_buf_init(out, MAX_TOKEN_FILE);
    jn_buf_reserve(out, MAX_TOKEN_FILE - 1);    // at once: a buffer that grows leaves copies behind that nobody wipes
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))       // reading a pipe would stop the loop
        return jn_fail(err, JN_BAD_VALUE, "%s, which %s names, is no file", path, what);
    struct jn_error why = { 0 };
    const enum jn_status s = out->failed ? jn_fail(&why, JN_NO_MEMORY, "no memory for it")
                                         : base_file_read(path, out, &why);
    if (s)
        return jn_fail(err, s == JN_NOT_FOUND ? JN_IO : s, "cannot read the token that %s names: %s", what,
                       why.message);
    if (out->len && out->data[out->len - 1] == '\n')
        jn_buf_truncate(out, out->len - 1);
    if (out->len && out->data[out->len - 1] == '\r')
        jn_buf_truncate(out, out->len - 1);
    return out->len ? JN_OK : jn_fail(err, JN_BAD_VALUE, "%s, which %s names, is empty", path, what);
}

/* ---- keys that stay ------------------------------------------------------------------------------------------ */

struct static_source {
    struct lambda_source head;
    struct base_timer *soon;        /* made when first asked: mostly nobody does */
};

static void on_soon(struct base_timer *t, void *arg)
{
    struct lambda_source *s = arg;
    (void)t;
    lambda_source_answer(s, s->fixed, NULL);
}

static enum jn_status ask_static(struct lambda_source *head, lambda_cred_fn *done, void *arg, struct jn_error *err)
{
    struct static_source *s = (struct static_source *)head;
    (void)done, (void)arg;
    const enum jn_status status = s->soon ? JN_OK : base_timer_new(head->site->loop, on_soon, s, &s->soon, err);
    if (!status)
        base_timer_start(s->soon, 0);
    return status;
}

static void cancel_static(struct lambda_source *head)
{
    struct static_source *s = (struct static_source *)head;
    if (s->soon)
        base_timer_stop(s->soon);
}

static void free_static(struct lambda_source *head)
{
    struct static_source *s = (struct static_source *)head;
    base_timer_free(s->soon);
    free(s);
}

static const struct lambda_source_type static_type = { ask_static, cancel_static, free_static, false };

enum jn_status lambda_source_static(struct lambda_cred_site *site, struct lambda_keys *keys, const char *name,
                                    struct lambda_source **out, struct jn_error *err)
{
    struct static_source *s = lambda_source_new(&static_type, sizeof *s, site, err, "%s", name);
    if (!s) {
        lambda_keys_unref(keys);
        return JN_NO_MEMORY;
    }
    s->head.fixed = keys;
    *out = &s->head;
    return JN_OK;
}
