/* amqp_driver.c - one connection to a broker, driven by lines on standard input; what happens is told by lines on
 * standard output.  The address is in AMQP_URI.  Arguments: the prefetch count (0: none), and "confirms" or "plain".
 *
 *     consume QUEUE | cancel | ack TAG | reject TAG REQUEUE | reopen | close | free | pending
 *     publish EXCHANGE KEY MANDATORY COUNT BYTES      "-" is the default exchange; bodies are BYTES times the last
 *                                                     digit of their number, message ids are the numbers
 *
 * The program ends with the connection. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "core/arena.h"
#include "sailor/amqp_connection.h"

struct driver {
    struct base_loop *loop;
    struct base_reader *input;
    struct sailor_connection *connection;
    struct jn_buf line;
};

static __attribute__((format(printf, 1, 2))) void tell(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static void stop(struct driver *d)
{
    sailor_connection_free(d->connection);
    d->connection = NULL;
    base_reader_free(d->input);
    d->input = NULL;
    base_loop_stop(d->loop);
}

/* ---- what happens -------------------------------------------------------------------------------------------- */

static void on_ready(void *arg)
{
    const struct driver *d = arg;
    tell("ready %s", sailor_connection_peer(d->connection));
}

static void on_consuming(jn_str tag, void *arg)
{
    (void)arg;
    tell("consuming %.*s", JN_ARG(tag));
}

/* Whether all bytes of the body are equal, as published. */
static bool is_uniform(const struct jn_buf *body)
{
    for (size_t i = 1; i < body->len; i++)
        if (body->data[i] != body->data[0])
            return false;
    return true;
}

static void tell_message(const char *what, const struct sailor_incoming *m)
{
    size_t len = 0;
    char *headers = m->properties.headers.type == JN_OBJECT ? jn_write_text(m->properties.headers, NULL, &len, NULL)
                                                            : NULL;
    tell("%s tag=%" PRIu64 " redelivered=%d exchange=%.*s key=%.*s id=%.*s bytes=%zu uniform=%d headers=%.*s", what,
         m->tag, m->redelivered, JN_ARG(m->exchange), JN_ARG(m->routing_key), JN_ARG(m->properties.message_id),
         m->body->len, is_uniform(m->body), (int)len, headers ? headers : "");
    free(headers);
}

static void on_delivery(const struct sailor_incoming *m, void *arg)
{
    (void)arg;
    tell_message("delivery", m);
}

static void on_cancelled(bool by_broker, void *arg)
{
    (void)arg;
    tell("cancelled by_broker=%d", by_broker);
}

static void on_confirm(uint64_t seq, bool multiple, bool ack, void *arg)
{
    (void)arg;
    tell("%s %" PRIu64 " multiple=%d", ack ? "ack" : "nack", seq, multiple);
}

static void on_return(int code, jn_str text, const struct sailor_incoming *m, void *arg)
{
    (void)arg;
    char what[64];
    snprintf(what, sizeof what, "return %d %.*s", code, JN_ARG(text));
    tell_message(what, m);
}

static void on_blocked(bool is_blocked, jn_str why, void *arg)
{
    (void)arg;
    tell("%s %.*s", is_blocked ? "blocked" : "unblocked", JN_ARG(why));
}

static void on_channel_closed(int code, jn_str text, void *arg)
{
    (void)arg;
    tell("channel_closed %d %.*s", code, JN_ARG(text));
}

static void on_closed(const struct jn_error *why, void *arg)
{
    tell("closed %s %s: %s", why ? jn_status_text(why->status) : "ok", why ? why->code : "", why ? why->message : "");
    stop(arg);
}

static const struct sailor_connection_handlers handlers = {
    .on_ready = on_ready, .on_consuming = on_consuming, .on_delivery = on_delivery, .on_cancelled = on_cancelled,
    .on_confirm = on_confirm, .on_return = on_return, .on_blocked = on_blocked,
    .on_channel_closed = on_channel_closed, .on_closed = on_closed,
};

/* ---- what is to be done -------------------------------------------------------------------------------------- */

static void publish(struct driver *d, const char *exchange, const char *key, bool mandatory, int count, size_t bytes)
{
    struct jn_arena arena;
    jn_arena_init(&arena, 0);
    char *body = malloc(bytes + 1);
    for (int i = 1; i <= count && body; i++) {
        char id[16];
        uint64_t seq = 0;
        struct jn_error err = { 0 };
        struct sailor_properties p = sailor_properties_none();
        jn_arena_reset(&arena);
        snprintf(id, sizeof id, "%d", i);
        p.message_id = jn_str_of(id);
        p.headers = jn_make_object(&arena, 1);
        jn_object_put(&arena, p.headers, JN_STR("number"), jn_make_number(i));
        memset(body, '0' + i % 10, bytes);
        if (sailor_connection_publish(d->connection, jn_str_of(strcmp(exchange, "-") ? exchange : ""), jn_str_of(key),
                                      mandatory, &p, (jn_str){ body, bytes }, &seq, &err))
            tell("refused %s", err.message);
    }
    free(body);
    jn_arena_clear(&arena);
    tell("published");
}

static void obey(struct driver *d, char *line)
{
    char text[2][256] = { "", "" };
    uint64_t n[3] = { 0 };
    if (sscanf(line, "publish %255s %255s %" SCNu64 " %" SCNu64 " %" SCNu64, text[0], text[1], &n[0], &n[1], &n[2])
        == 5)
        publish(d, text[0], text[1], n[0] != 0, (int)n[1], n[2]);
    else if (sscanf(line, "consume %255s", text[0]) == 1)
        sailor_connection_consume(d->connection, jn_str_of(text[0]));
    else if (sscanf(line, "ack %" SCNu64, &n[0]) == 1)
        sailor_connection_ack(d->connection, n[0]);
    else if (sscanf(line, "reject %" SCNu64 " %" SCNu64, &n[0], &n[1]) == 2)
        sailor_connection_reject(d->connection, n[0], n[1] != 0);
    else if (strcmp(line, "cancel") == 0)
        sailor_connection_cancel(d->connection);
    else if (strcmp(line, "reopen") == 0)
        sailor_connection_reopen(d->connection);
    else if (strcmp(line, "pending") == 0)
        tell("pending %zu", sailor_connection_pending(d->connection));
    else if (strcmp(line, "close") == 0)
        sailor_connection_close(d->connection);
    else if (strcmp(line, "free") == 0)
        stop(d);
    else
        tell("what? %s", line);
}

static void on_input(struct base_reader *r, jn_str data, const struct jn_error *failed, void *arg)
{
    (void)r, (void)failed;
    struct driver *d = arg;
    if (!data.len) {
        stop(d);
        return;
    }
    for (size_t i = 0; i < data.len && d->connection; i++) {
        if (data.data[i] != '\n') {
            jn_buf_append_char(&d->line, data.data[i]);
        } else if (d->line.len) {
            obey(d, d->line.data);
            jn_buf_truncate(&d->line, 0);
        }
    }
}

int main(int argc, char **argv)
{
    struct driver d = { 0 };
    struct sailor_amqp_uris uris;
    struct jn_error err = { 0 };
    struct base_log log;
    const struct base_env *env = base_env_system();
    jn_buf_init(&d.line, 0);
    const char *uri = getenv("AMQP_URI");
    if (argc != 3 || !uri || sailor_amqp_uris_parse(jn_str_of(uri), &uris, &err) || base_loop_new(&d.loop, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 2;
    }
    base_log_init(&log, 2, base_clock_system(), env);
    const struct sailor_connection_options opt = {
        .uri = uris.at, .name = "driver", .prefetch = atoi(argv[1]), .confirms = strcmp(argv[2], "confirms") == 0,
        .log = &log, .handlers = &handlers, .arg = &d,
    };
    if (sailor_connection_open(d.loop, &opt, &d.connection, &err)) {
        tell("closed %s : %s", jn_status_text(err.status), err.message);
    } else if (base_reader_open(d.loop, NULL, on_input, &d, &d.input, &err)) {
        return 2;
    } else {
        base_reader_resume(d.input);
        base_loop_run(d.loop);
    }
    base_loop_free(d.loop);
    sailor_amqp_uris_clear(&uris);
    jn_buf_clear(&d.line);
    return 0;
}
