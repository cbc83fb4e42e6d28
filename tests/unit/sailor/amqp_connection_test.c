/* amqp_connection_test.c - one connection against a broker that is a script: what no real broker does, and what happens
 * when memory ends.  Real brokers are in tests/step/connection_test.py. */
#include "cmocka_all.h"

#include <stdio.h>

#include "base/loop.h"
#include "failing_memory.h"
#include "octets.h"
#include "peer.h"
#include "sailor/amqp_connection.h"

/* What the broker says, each time it has heard something; NULL ends it.  "hang up" closes. */
struct play {
    struct jn_buf said[12];
    size_t count;
    bool hangs_up;
};

static const char start[] = "000a 000a 00 09 () ('PLAIN') ()", tune[] = "000a 001e 07ff 00020000 003c",
                  open_ok[] = "000a 0029 00", channel_ok[] = "0014 000b 00000000", qos_ok[] = "003c 000b",
                  confirm_ok[] = "0055 000b";

static void says(struct play *p, int channel, const char *text)
{
    struct jn_buf *b = &p->said[p->count++];
    jn_buf_init(b, 0);
    method(b, channel, text);
}

static void adds(struct play *p, int type, int channel, const char *text)
{
    frame_of(&p->said[p->count - 1], type, channel, text);
}

static void says_hello(struct play *p)
{
    says(p, 0, start);
    says(p, 0, tune);
    says(p, 0, open_ok);
    says(p, 1, channel_ok);
    says(p, 1, qos_ok);
    adds(p, SAILOR_FRAME_METHOD, 1, confirm_ok);
}

static void play_clear(struct play *p)
{
    for (size_t i = 0; i < p->count; i++)
        jn_buf_clear(&p->said[i]);
}

static void perform(struct peer *p)
{
    const struct play *play = p->arg;
    char heard[4096];
    for (size_t i = 0; i < play->count && p->fd >= 0; i++) {
        if (recv(p->fd, heard, sizeof heard, 0) <= 0)
            return;
        peer_send(p, play->said[i].data, play->said[i].len);
    }
    if (!play->hangs_up && p->fd >= 0)
        peer_await_end(p);
}

/* ---- our side ------------------------------------------------------------------------------------------------ */

enum event { READY = 1, DELIVERY = 2, CHANNEL_CLOSED = 4, BLOCKED = 8, CLOSED = 16, RETURN = 32 };

struct client {
    struct base_loop *loop;
    struct sailor_connection *connection;
    unsigned seen, free_at, stop_at;
    int closed;
    struct jn_error why;
    char body[16];
    bool was_malformed;
};

static void note(struct client *c, enum event e)
{
    c->seen |= e;
    if (c->free_at & e) {
        sailor_connection_free(c->connection);
        c->connection = NULL;
        base_loop_stop(c->loop);
    }
    if (c->stop_at & e)
        base_loop_stop(c->loop);
}

static void on_ready(void *arg)
{
    struct client *c = arg;
    sailor_connection_consume(c->connection, JN_STR("q"));
    note(c, READY);
}

static void on_delivery(const struct sailor_incoming *m, void *arg)
{
    struct client *c = arg;
    snprintf(c->body, sizeof c->body, "%.*s", JN_ARG(jn_buf_str(m->body)));
    c->was_malformed = m->properties.headers.type == JN_UNDEFINED;
    note(c, DELIVERY);
}

static void on_return(int code, jn_str text, const struct sailor_incoming *m, void *arg)
{
    struct client *c = arg;
    assert_int_equal(code, 312);
    assert_true(jn_str_eq(text, JN_STR("NO_ROUTE")) && jn_str_eq(m->routing_key, JN_STR("k")));
    note(c, RETURN);
}

static void on_blocked(bool is_blocked, jn_str why, void *arg)
{
    (void)is_blocked, (void)why;
    note(arg, BLOCKED);
}

static void on_channel_closed(int code, jn_str text, void *arg)
{
    (void)code, (void)text;
    note(arg, CHANNEL_CLOSED);
}

static void on_closed(const struct jn_error *why, void *arg)
{
    struct client *c = arg;
    c->closed++;
    if (why)
        c->why = *why;
    note(c, CLOSED);
    base_loop_stop(c->loop);
}

static const struct sailor_connection_handlers handlers = {
    .on_ready = on_ready, .on_delivery = on_delivery, .on_return = on_return, .on_blocked = on_blocked,
    .on_channel_closed = on_channel_closed, .on_closed = on_closed,
};

/* Connects to the play and runs until the end, or what c->free_at or c->stop_at names. */
static enum jn_status run(struct client *c, struct play *play, struct jn_error *err)
{
    struct peer p = { 0 };
    char text[64];
    struct sailor_amqp_uris uris = { 0 };
    assert_true(peer_start(&p, perform, play));
    snprintf(text, sizeof text, "amqp://me:S3CRET@127.0.0.1:%d", p.port);
    enum jn_status status = base_loop_new(&c->loop, err);
    if (!status)
        status = sailor_amqp_uris_parse(jn_str_of(text), &uris, err);
    const struct sailor_connection_options opt = { .uri = uris.at, .name = "test", .prefetch = 1, .confirms = true,
                                                   .max_body = 100, .handlers = &handlers, .arg = c };
    if (!status)
        status = sailor_connection_open(c->loop, &opt, &c->connection, err);
    if (!status)
        base_loop_run(c->loop);
    sailor_connection_free(c->connection);
    base_loop_free(c->loop);
    sailor_amqp_uris_clear(&uris);
    peer_join(&p);
    return status;
}

static void assert_ends(struct play *play, enum jn_status status, const char *message)
{
    struct client c = { 0 };
    assert_int_equal(run(&c, play, NULL), JN_OK);
    assert_int_equal(c.closed, 1);
    assert_null(strstr(c.why.message, "S3CRET"));
    if (c.why.status != status || !strstr(c.why.message, message))
        fail_msg("%s", c.why.message);
    play_clear(play);
}

/* ---- cases --------------------------------------------------------------------------------------------------- */

static void a_broker_without_plain_logins_is_told(void **state)
{
    (void)state;
    struct play p = { 0 };
    says(&p, 0, "000a 000a 00 09 () ('EXTERNAL AMQPLAIN') ()");
    assert_ends(&p, JN_REMOTE, "takes the login only as \"EXTERNAL AMQPLAIN\"");
}

/* Brokers of long ago. */
static void hanging_up_on_a_login_means_what_it_means(void **state)
{
    (void)state;
    struct play p = { .hangs_up = true };
    says(&p, 0, start);
    p.said[p.count++] = (struct jn_buf){ 0 };
    assert_ends(&p, JN_IO, "the login failed; user name or password may be wrong: ");
}

static void what_is_out_of_turn_ends_the_connection(void **state)
{
    (void)state;
    static const struct { int hello; int channel; const char *text, *says; } cases[] = {
        { 0, 0, tune, "sent connection.tune out of turn: connection.start is due" },
        { 1, 0, start, "sent connection.start out of turn: connection.tune" },
        { 1, 0, open_ok, "sent connection.open-ok out of turn" },
        { 2, 1, channel_ok, "sent channel.open-ok out of turn: connection.open-ok is due" },
        { 3, 1, "003c 003c 03'tag' 0000000000000007 01 02'ex' 03'key'", "sent basic.deliver out of turn" },
        { 5, 1, channel_ok, "sent channel.open-ok out of turn: nothing: in use is due" },
        { 5, 0, "000a 0033", "sent connection.close-ok out of turn" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct play p = { 0 };
        says_hello(&p);
        while (p.count > (size_t)cases[i].hello)
            jn_buf_clear(&p.said[--p.count]);
        says(&p, cases[i].channel, cases[i].text);
        assert_ends(&p, JN_BAD_TEXT, cases[i].says);
    }
}

static const char deliver[] = "003c 003c 03'tag' 0000000000000007 01 02'ex' 03'key'",
                  return_[] = "003c 0032 0138 08'NO_ROUTE' 00 01'k'";

static void a_message_above_the_limit_ends_the_connection(void **state)
{
    (void)state;
    static const char *const sizes[] = { "0000000000000065", "ffffffffffffffff" };
    for (size_t i = 0; i < 2; i++) {
        struct play p = { 0 };
        char header[64];
        snprintf(header, sizeof header, "003c 0000 %s 0000", sizes[i]);
        says_hello(&p);
        says(&p, 1, deliver);
        adds(&p, SAILOR_FRAME_HEADER, 1, header);
        assert_ends(&p, JN_LIMIT, "; 100 are the most");
    }
}

static void says_messages(struct play *p)
{
    says(p, 1, deliver);
    adds(p, SAILOR_FRAME_HEADER, 1, "003c 0000 0000000000000004 2000 (01'a' 'b' 01)");
    adds(p, SAILOR_FRAME_BODY, 1, "'bo'");
    adds(p, SAILOR_FRAME_BODY, 1, "'dy'");
    adds(p, SAILOR_FRAME_METHOD, 1, return_);
    adds(p, SAILOR_FRAME_HEADER, 1, "003c 0000 0000000000000000 0000");
    adds(p, SAILOR_FRAME_METHOD, 0, "000a 003c 03'low'");
    adds(p, SAILOR_FRAME_METHOD, 1, "0014 0028 0194 07'missing' 003c 0014");
    adds(p, SAILOR_FRAME_METHOD, 0, "000a 0032 0140 05'going' 0000 0000");
}

static void all_that_a_broker_says_in_one_breath_is_heard(void **state)
{
    (void)state;
    struct play p = { .hangs_up = true };
    struct client c = { 0 };
    says_hello(&p);
    says_messages(&p);
    assert_int_equal(run(&c, &p, NULL), JN_OK);
    assert_int_equal(c.seen, READY | DELIVERY | RETURN | BLOCKED | CHANNEL_CLOSED | CLOSED);
    assert_string_equal(c.body, "body");
    assert_int_equal(c.why.status, JN_REMOTE);
    assert_string_equal(c.why.code, "320");
    play_clear(&p);
}

static void it_may_be_freed_in_any_callback(void **state)
{
    (void)state;
    for (unsigned at = READY; at <= RETURN; at *= 2) {
        struct play p = { .hangs_up = true };
        struct client c = { .free_at = at };
        says_hello(&p);
        says_messages(&p);
        assert_int_equal(run(&c, &p, NULL), JN_OK);
        assert_true(c.seen & at);
        assert_int_equal(c.closed, at == CLOSED);
        play_clear(&p);
    }
}

/* After its connection.close a broker that does not close the socket gets a second. */
static void a_broker_that_only_says_it_closes_is_believed(void **state)
{
    (void)state;
    struct play p = { 0 };
    says_hello(&p);
    says(&p, 0, "000a 0032 0140 05'going' 0000 0000");
    assert_ends(&p, JN_REMOTE, "closed the connection: going (320)");
}

/* ---- without memory ------------------------------------------------------------------------------------------ */

static struct play everything;

static enum jn_status live(struct jn_error *err)
{
    struct client c = { .stop_at = CHANNEL_CLOSED };
    const enum jn_status status = run(&c, &everything, err);
    if (!status && c.why.status)
        return jn_fail(err, c.why.status, "%s", c.why.message);
    return status;
}

static void without_memory_it_ends_and_says_so(void **state)
{
    (void)state;
    says_hello(&everything);
    says_messages(&everything);
    with_failing_memory(live, 10);
    play_clear(&everything);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_without_plain_logins_is_told),
        cmocka_unit_test(hanging_up_on_a_login_means_what_it_means),
        cmocka_unit_test(what_is_out_of_turn_ends_the_connection),
        cmocka_unit_test(a_message_above_the_limit_ends_the_connection),
        cmocka_unit_test(all_that_a_broker_says_in_one_breath_is_heard),
        cmocka_unit_test(it_may_be_freed_in_any_callback),
        cmocka_unit_test(a_broker_that_only_says_it_closes_is_believed),
        cmocka_unit_test(without_memory_it_ends_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
