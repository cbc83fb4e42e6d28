/* fake_connection.c - see fake_connection.h. */
#include "fake_connection.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/timer.h"
#include "core/value.h"

static struct sailor_connection *present;
static int opened;
static char asked[4096], told[4096];

struct sailor_connection *fake_connection(void)
{
    return present;
}

int fake_opened(void)
{
    return opened;
}

JN_PRINTF(1, 2)
static void note(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const size_t len = strlen(asked);
    const int n = snprintf(asked + len, sizeof asked - len, "%s", len ? "; " : "");
    vsnprintf(asked + len + n, sizeof asked - len - (size_t)n, fmt, args);
    va_end(args);
}

const char *fake_asked(void)
{
    memcpy(told, asked, sizeof told);
    asked[0] = '\0';
    return told;
}

void fake_reset(void)
{
    asked[0] = '\0';
    opened = 0;
}

static void stop(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(arg);
}

void fake_run(struct base_loop *l)
{
    struct base_timer *t;
    if (base_timer_new(l, stop, l, &t, NULL))
        abort();
    base_timer_start(t, 20);
    base_loop_run(l);
    base_timer_free(t);
}

void fake_ready(void)
{
    present->is_ready = true;
    present->seq = 0;
    present->opt.handlers->on_ready(present->opt.arg);
}

void fake_lose(void)
{
    const struct jn_error why = { .status = JN_IO, .message = "connection reset" };
    present->is_ready = false;
    present->opt.handlers->on_closed(&why, present->opt.arg);
}

static struct sailor_incoming incoming(struct jn_arena *a, const char *id, const char *body, struct jn_buf *buf)
{
    struct sailor_incoming m = { .body = buf, .properties = { .headers = jn_make_object(a, 1) } };
    if (id)
        jn_object_put(a, m.properties.headers, JN_STR("messageId"), jn_make_string(jn_str_of(id)));
    jn_buf_init(buf, 0);
    jn_buf_append_z(buf, body);
    m.consumer_tag = m.exchange = m.routing_key = JN_STR("x");
    return m;
}

void fake_deliver(uint64_t tag, bool redelivered, const char *id, const char *body)
{
    struct jn_arena *a = jn_arena_new(0);
    struct jn_buf buf;
    struct sailor_incoming m = incoming(a, id, body, &buf);
    m.tag = tag;
    m.redelivered = redelivered;
    present->opt.handlers->on_delivery(&m, present->opt.arg);
    jn_buf_clear(&buf);
    jn_arena_free(a);
}

void fake_return(const char *routing_key, const char *id)
{
    struct jn_arena *a = jn_arena_new(0);
    struct jn_buf buf;
    struct sailor_incoming m = incoming(a, id, "", &buf);
    m.routing_key = jn_str_of(routing_key);
    present->opt.handlers->on_return(312, JN_STR("NO_ROUTE"), &m, present->opt.arg);
    jn_buf_clear(&buf);
    jn_arena_free(a);
}

/* ---- the functions of amqp_connection.h ---------------------------------------------------------------------- */

enum jn_status sailor_connection_open(struct base_loop *l, const struct sailor_connection_options *opt,
                                      struct sailor_connection **out, struct jn_error *err)
{
    (void)l, (void)err;
    present = calloc(1, sizeof *present);
    if (!present)
        abort();
    present->opt = *opt;
    opened++;
    *out = present;
    return JN_OK;
}

void sailor_connection_consume(struct sailor_connection *c, jn_str queue)
{
    (void)c;
    note("consume %.*s", JN_ARG(queue));
}

void sailor_connection_cancel(struct sailor_connection *c)
{
    (void)c;
    note("cancel");
}

void sailor_connection_ack(struct sailor_connection *c, uint64_t tag)
{
    (void)c;
    note("ack %d", (int)tag);
}

void sailor_connection_reject(struct sailor_connection *c, uint64_t tag, bool requeue)
{
    (void)c;
    note("%s %d", requeue ? "requeue" : "reject", (int)tag);
}

enum jn_status sailor_connection_publish(struct sailor_connection *c, jn_str exchange, jn_str routing_key,
                                         bool mandatory, const struct sailor_properties *properties, jn_str body,
                                         uint64_t *seq, struct jn_error *err)
{
    (void)exchange, (void)mandatory, (void)body;
    const jn_str id = jn_get_string(jn_member(properties->headers, JN_STR("messageId")));
    const jn_value retry = jn_member(properties->headers, JN_STR("retry"));
    if (!c->is_ready)
        return jn_fail(err, JN_IO, "not ready");
    *seq = ++c->seq;
    if (jn_is_undefined(retry))
        note("publish %d %.*s %.*s", (int)*seq, JN_ARG(routing_key), JN_ARG(id));
    else
        note("publish %d %.*s %.*s retry=%d", (int)*seq, JN_ARG(routing_key), JN_ARG(id), (int)jn_get_number(retry));
    return JN_OK;
}

void sailor_connection_reopen(struct sailor_connection *c)
{
    (void)c;
    note("reopen");
}

bool sailor_connection_is_ready(const struct sailor_connection *c)
{
    return c->is_ready;
}

bool sailor_connection_is_blocked(const struct sailor_connection *c)
{
    return c->is_blocked;
}

size_t sailor_connection_pending(const struct sailor_connection *c)
{
    return c->pending;
}

const char *sailor_connection_peer(const struct sailor_connection *c)
{
    (void)c;
    return "broker:5672";
}

void sailor_connection_close(struct sailor_connection *c)
{
    (void)c;
    note("close");
}

void sailor_connection_free(struct sailor_connection *c)
{
    if (c == present)
        present = NULL;
    free(c);
}
