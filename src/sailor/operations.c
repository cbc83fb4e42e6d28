/* operations.c - see operations.h.  That /livez is answered at all is its answer: the loop turns.  A step that waits
 * for its broker lives and is not ready, so that nobody restarts it for what a restart cannot mend. */
#include "sailor/operations.h"

#include <stdlib.h>

#include "base/httpd.h"

enum { MAX_BODY = 1024 };

struct sailor_operations {
    struct sailor_operations_options opt;
    struct base_httpd *server;
    struct jn_buf text;             /* of the answer at hand */
};

static int answer_live(struct sailor_operations *o)
{
    jn_buf_append_z(&o->text, "ok\n");
    return 200;
}

static int answer_ready(struct sailor_operations *o)
{
    const char *why = o->opt.not_ready ? o->opt.not_ready(o->opt.arg) : NULL;
    jn_buf_append_fmt(&o->text, "%s\n", why ? why : "ok");
    return why ? 503 : 200;
}

static int answer_metrics(struct sailor_operations *o)
{
    sailor_metrics_write(o->opt.metrics, &o->text);
    if (o->opt.more)
        o->opt.more(&o->text, o->opt.arg);
    return 200;
}

static const struct page {
    const char *path, *type;
    int (*answer)(struct sailor_operations *o);
} pages[] = {
    { "/livez", "text/plain; charset=utf-8", answer_live },
    { "/readyz", "text/plain; charset=utf-8", answer_ready },
    { "/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics },
};

static const struct page *find_page(jn_str path)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (jn_str_eq(path, jn_str_of(pages[i].path)))
            return &pages[i];
    }
    return NULL;
}

static void reply(struct base_httpd_request *r, int status, const char *type, jn_str body)
{
    const struct base_header headers[] = { { JN_STR_INIT("Content-Type"), jn_str_of(type) } };
    base_httpd_reply(r, status, headers, 1, body);
}

static void on_request(struct base_httpd_request *r, void *arg)
{
    struct sailor_operations *o = arg;
    const struct page *page = find_page(base_httpd_path(r));
    const jn_str method = base_httpd_method(r);
    if (!page) {
        reply(r, 404, "text/plain", JN_STR("there are /livez, /readyz and /metrics\n"));
    } else if (!jn_str_eq(method, JN_STR("GET")) && !jn_str_eq(method, JN_STR("HEAD"))) {
        reply(r, 405, "text/plain", JN_STR("ask with GET\n"));
    } else {
        jn_buf_truncate(&o->text, 0);
        const int status = page->answer(o);
        reply(r, o->text.failed ? 500 : status, page->type, jn_buf_str(&o->text));
        if (o->text.failed)
            jn_buf_clear(&o->text);
    }
}

enum jn_status sailor_operations_new(struct base_loop *l, const struct sailor_operations_options *opt,
                                     struct sailor_operations **out, struct jn_error *err)
{
    struct sailor_operations *o = calloc(1, sizeof *o);
    if (!o)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the operations server");
    o->opt = *opt;
    jn_buf_init(&o->text, 0);
    const struct base_httpd_options server = {
        .host = opt->host ? opt->host : "0.0.0.0", .port = opt->port, .max_body = MAX_BODY, .handler = on_request,
        .arg = o,
    };
    const enum jn_status s = base_httpd_new(l, &server, &o->server, err);
    if (s)
        free(o);
    else
        *out = o;
    return s;
}

int sailor_operations_port(const struct sailor_operations *o)
{
    return base_httpd_port(o->server);
}

void sailor_operations_free(struct sailor_operations *o)
{
    if (!o)
        return;
    base_httpd_free(o->server);
    jn_buf_clear(&o->text);
    free(o);
}
