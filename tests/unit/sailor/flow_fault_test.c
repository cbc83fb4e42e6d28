/* flow_fault_test.c - a message's life with the n-th request for memory failing, n = 1, 2, ... until none fails.  Each
 * time the message is settled exactly once: acked when all that the action emitted was published, rejected when an error
 * was, else given back to the queue.  And the next message finds everything as if nothing had been.
 *
 * The rooms around the flow are played here: consumer, publisher, object storage, the platform's API. */
#include "failing_memory.h"

#include <stdlib.h>

#include "cmocka_all.h"

#include "base/timer.h"
#include "core/value.h"
#include "sailor/flow.h"

enum { DATA, ERRORS, REBOUNDS, SNAPSHOTS, REPLIES, KEYS, KINDS, MAX_PENDING = 16, MAX_TURNS = 200 };

typedef void act_fn(struct sailor_task *t);

struct story {
    const char *message, *reply_to;
    bool is_passthrough, is_lightweight, is_deaf;       /* deaf: cannot be told to stop */
    act_fn *const *acts;                                /* what the action does, one after the other; ended by NULL */
    int expected[KINDS];                                /* published, when the message is acked or rejected */
    enum sailor_verdict verdict;
};

/* Something that was asked for and is not done yet. */
struct pending {
    void *handle;                   /* NULL: nothing */
    int kind;
    sailor_published_fn *published;
    sailor_storage_fn *stored;
    sailor_platform_fn *answered;
    void *arg;
    bool is_put;
};

static struct world {
    const struct story *story;
    struct base_loop *loop;
    struct base_timer *stop;
    struct base_random random;
    struct sailor_settings settings;
    struct sailor_metrics metrics;
    struct sailor_identity *identity;
    struct sailor_cipher *cipher;
    struct sailor_log_origin *origin;
    struct sailor_log log;
    struct sailor_step step;
    struct sailor_flow *flow;
    struct sailor_delivery delivery;
    struct jn_arena arena;          /* of the delivery */
    struct pending pending[MAX_PENDING];
    size_t act;                     /* the next one */
    int counts[KINDS], settled;
    enum sailor_verdict verdict;
} w;

/* ---- the rooms around ---------------------------------------------------------------------------------------- */

static struct pending *add_pending(struct jn_error *err)
{
    void *handle = malloc(1);
    for (size_t i = 0; handle && i < MAX_PENDING; i++)
        if (!w.pending[i].handle) {
            w.pending[i] = (struct pending){ .handle = handle };
            return &w.pending[i];
        }
    free(handle);
    jn_fail(err, JN_NO_MEMORY, "no memory, says the test");
    return NULL;
}

static void drop_pending(const void *handle)
{
    for (size_t i = 0; i < MAX_PENDING; i++)
        if (w.pending[i].handle && w.pending[i].handle == handle) {
            free(w.pending[i].handle);
            w.pending[i].handle = NULL;
        }
}

enum jn_status sailor_publisher_publish(struct sailor_publisher *p, const struct sailor_publish *what,
                                        sailor_published_fn *done, void *arg, struct sailor_publication **out,
                                        struct jn_error *err)
{
    (void)p;
    static const char *const keys[] = { "data", "error", "rebound", "snapshot", "reply" };
    struct pending *x = add_pending(err);
    if (!x)
        return JN_NO_MEMORY;
    assert_true(what->body.len > 0);
    while (!jn_str_eq(what->routing_key, jn_str_of(keys[x->kind])))
        assert_true(++x->kind < KEYS);
    x->published = done;
    x->arg = arg;
    if (out)
        *out = x->handle;
    return JN_OK;
}

void sailor_publication_cancel(struct sailor_publication *x)
{
    drop_pending(x);
}

static enum jn_status store(bool is_put, sailor_storage_fn *fn, void *arg, struct sailor_storage_call **out,
                            struct jn_error *err)
{
    struct pending *x = add_pending(err);
    if (!x)
        return JN_NO_MEMORY;
    x->stored = fn;
    x->arg = arg;
    x->is_put = is_put;
    *out = x->handle;
    return JN_OK;
}

enum jn_status sailor_storage_put(struct sailor_storage *s, jn_str text, sailor_storage_fn *fn, void *arg,
                                  struct sailor_storage_call **out, struct jn_error *err)
{
    (void)s, (void)text;
    return store(true, fn, arg, out, err);
}

enum jn_status sailor_storage_get(struct sailor_storage *s, jn_str id, sailor_storage_fn *fn, void *arg,
                                  struct sailor_storage_call **out, struct jn_error *err)
{
    (void)s, (void)id;
    return store(false, fn, arg, out, err);
}

void sailor_storage_cancel(struct sailor_storage_call *c)
{
    drop_pending(c);
}

enum jn_status sailor_platform_put_account(struct sailor_platform *p, jn_str account, jn_str keys,
                                           sailor_platform_fn *fn, void *arg)
{
    (void)p, (void)account, (void)keys;
    struct pending *x = add_pending(NULL);
    if (!x)
        return JN_NO_MEMORY;
    x->kind = KEYS;
    x->answered = fn;
    x->arg = arg;
    return JN_OK;
}

void sailor_delivery_settle(struct sailor_delivery *d, enum sailor_verdict v)
{
    assert_ptr_equal(d, &w.delivery);
    w.settled++;
    w.verdict = v;
}

static void answer_storage(const struct pending *x)
{
    struct jn_buf text;
    const long paused = memory_pause();
    jn_buf_init(&text, 0);
    jn_buf_append_z(&text, x->is_put ? "object-1" : "{\"stored\":true}");
    memory_resume(paused);
    x->stored(NULL, &text, x->arg);
    jn_buf_clear(&text);
}

/* All that was asked for is done, in order. */
static void do_pending(void)
{
    for (size_t i = 0; i < MAX_PENDING; i++) {
        const struct pending x = w.pending[i];
        if (!x.handle)
            continue;
        drop_pending(x.handle);
        if (x.stored) {
            answer_storage(&x);
            continue;
        }
        w.counts[x.kind]++;
        if (x.published)
            x.published(NULL, x.arg);
        else
            x.answered(NULL, JN_STR(""), x.arg);
    }
}

/* ---- the action ---------------------------------------------------------------------------------------------- */

static void go_on(struct sailor_task *t)
{
    act_fn *const act = w.story->acts[w.act];
    w.act += act != NULL;
    if (act)
        act(t);
    else
        sailor_task_end(t);
}

static void on_emitted(const struct jn_error *failed, void *arg)
{
    (void)failed;
    go_on(arg);
}

static void emit_data(struct sailor_task *t)
{
    const struct sailor_message m = { .body = JN_STR("{\"result\":[1,2,3]}"), .headers = JN_STR("{\"h\":\"v\"}") };
    sailor_task_emit_data(t, &m, on_emitted, t);
}

static void emit_two(struct sailor_task *t)
{
    const struct sailor_message m = { .body = JN_STR("{\"result\":1}") };
    sailor_task_emit_data(t, &m, NULL, NULL);
    sailor_task_emit_data(t, &m, on_emitted, t);
}

static void emit_snapshot(struct sailor_task *t)
{
    sailor_task_emit_snapshot(t, JN_STR("{\"at\":7}"), on_emitted, t);
}

static void emit_update_snapshot(struct sailor_task *t)
{
    sailor_task_emit_update_snapshot(t, JN_STR("{\"more\":8}"), on_emitted, t);
}

static void emit_keys(struct sailor_task *t)
{
    sailor_task_emit_update_keys(t, JN_STR("{\"t\":\"new\"}"), on_emitted, t);
}

static void emit_reply(struct sailor_task *t)
{
    sailor_task_emit_http_reply(t, JN_STR("{\"statusCode\":200,\"headers\":{\"a\":\"b\"}}"), on_emitted, t);
}

static void emit_error(struct sailor_task *t)
{
    sailor_task_emit_error(t, &(struct sailor_failure){ .message = JN_STR("no") });
    go_on(t);
}

static void emit_rebound(struct sailor_task *t)
{
    sailor_task_emit_rebound(t, JN_STR("later"));
    go_on(t);
}

static void on_abort(struct sailor_task *t, void *arg)
{
    (void)t, (void)arg;
}

static void process(void *self, struct sailor_task *t)
{
    (void)self;
    if (!w.story->is_deaf)
        sailor_task_on_abort(t, on_abort, NULL);
    go_on(t);
}

static const struct sailor_action action = { .key = "test", .process = process };

/* ---- a run --------------------------------------------------------------------------------------------------- */

static void on_stop(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(arg);
}

static void prepare(void)
{
    static const char *const variables[] = { "LOG_LEVEL", "fatal", NULL };
    const struct base_env env = base_env_of(variables);
    w.random.seed = 1;
    w.settings = (struct sailor_settings){
        .flow_id = "f", .exec_id = "e", .step_id = "step_1", .container_id = "c", .workspace_id = "w", .user_id = "u",
        .comp_id = "k", .function = "test", .data_routing_key = "data", .error_routing_key = "error",
        .rebound_routing_key = "rebound", .snapshot_routing_key = "snapshot", .rebound_limit = 20,
        .rebound_initial_expiration_ms = 1, .data_rate_limit = 1000, .error_rate_limit = 1000,
        .snapshot_rate_limit = 1000, .rate_interval_ms = 100, .protocol_version = 1, .outgoing_size_limit = 1 << 20,
        .input_format = "default", .emit_lightweight = w.story->is_lightweight, .storage_threshold = 8,
    };
    assert_int_equal(base_loop_new(&w.loop, NULL), JN_OK);
    assert_int_equal(base_timer_new(w.loop, on_stop, w.loop, &w.stop, NULL), JN_OK);
    assert_int_equal(sailor_identity_new(&w.settings, &env, &w.identity, NULL), JN_OK);
    assert_int_equal(sailor_cipher_new("password", "0123456789abcdef", &w.cipher, NULL), JN_OK);
    assert_int_equal(sailor_log_origin_new(&env, base_clock_system(), &w.origin, NULL), JN_OK);
    w.log = sailor_log_of(w.origin, "sailor", NULL);
    w.step = (struct sailor_step){ .loop = w.loop, .env = &env, .clock = base_clock_system(), .random = &w.random,
                                   .log = &w.log.base, .function = "test", .config = JN_STR("{\"_account\":\"1\"}"),
                                   .variables = JN_STR("{}") };
}

static void clear(void)
{
    sailor_flow_free(w.flow);
    for (size_t i = 0; i < MAX_PENDING; i++)
        free(w.pending[i].handle);
    sailor_log_origin_free(w.origin);
    sailor_cipher_free(w.cipher);
    sailor_identity_free(w.identity);
    base_timer_free(w.stop);
    base_loop_free(w.loop);
}

static void put_header(const char *name, const char *value)
{
    if (value)
        jn_object_put(&w.arena, w.delivery.properties.headers, jn_str_of(name), jn_make_string(jn_str_of(value)));
}

static void make_delivery(void)
{
    jn_arena_init(&w.arena, 0);
    w.delivery = (struct sailor_delivery){ .arena = &w.arena, .message_id = JN_STR("m1"), .tag = 1 };
    w.delivery.properties.headers = jn_make_object(&w.arena, 4);
    put_header("messageId", "m1");
    put_header("threadId", "t1");
    put_header("stepId", "step_0");
    put_header("reply_to", w.story->reply_to);
    jn_buf_init(&w.delivery.body, 0);
    jn_buf_append_z(&w.delivery.body, w.story->message);
    assert_int_equal(sailor_encrypt_in_place(w.cipher, &w.delivery.body, 0, true, NULL), JN_OK);
    w.act = 0;
    w.settled = 0;
    memset(w.counts, 0, sizeof w.counts);
}

static void clear_delivery(void)
{
    jn_buf_clear(&w.delivery.body);
    jn_arena_clear(&w.arena);
}

/* Takes the delivery, and does what is asked for until it is settled. */
static void take(void)
{
    sailor_flow_take(w.flow, &w.delivery);
    for (int turn = 0; turn < MAX_TURNS && !w.settled; turn++) {
        base_timer_start(w.stop, 0);
        base_loop_run(w.loop);
        do_pending();
    }
}

static void check(void)
{
    assert_int_equal(w.settled, 1);
    assert_int_equal(sailor_flow_in_process(w.flow), 0);
    if (w.verdict == SAILOR_REJECT)
        assert_true(w.counts[ERRORS] > 0);
    for (int i = 0; i < KINDS && w.verdict == SAILOR_ACK; i++)
        assert_int_equal(w.counts[i], w.story->expected[i]);
}

static void check_untouched(void)
{
    check();
    assert_int_equal(w.verdict, w.story->verdict);
    for (int i = 0; i < KINDS; i++)
        assert_int_equal(w.counts[i], w.story->expected[i]);
}

static enum jn_status run_story(struct jn_error *err)
{
    const struct story *story = w.story;
    w = (struct world){ .story = story };
    long paused = memory_pause();
    prepare();
    const struct sailor_flow_options opt = {
        .settings = &w.settings, .identity = w.identity, .log_origin = w.origin, .action = &action, .step = &w.step,
        .is_passthrough = story->is_passthrough, .auto_resolve = true, .snapshot = JN_STR("{}"), .cipher = w.cipher,
        .storage = (struct sailor_storage *)&w, .metrics = &w.metrics,
    };
    memory_resume(paused);
    const enum jn_status s = sailor_flow_new(w.loop, &opt, &w.flow, err);
    paused = memory_pause();
    if (!s) {
        make_delivery();
        memory_resume(paused);
        take();
        paused = memory_pause();
        check();
        clear_delivery();
        make_delivery();
        take();
        check_untouched();
        clear_delivery();
    }
    clear();
    memory_resume(paused);
    return s;
}

static const char plain[] = "{\"body\":{\"a\":1},\"headers\":{}}";
static const char referring[] = "{\"body\":{},\"headers\":{\"x-ipaas-object-storage-id\":\"o1\"},\"passthrough\":{"
                                "\"step_0\":{\"body\":{},\"headers\":{\"x-ipaas-object-storage-id\":\"o2\"}}}}";

static void tell(const struct story *story)
{
    w.story = story;
    with_failing_memory(run_story, 5);
}

static void data_is_published_or_the_message_goes_back(void **state)
{
    (void)state;
    act_fn *const acts[] = { emit_data, emit_two, NULL };
    tell(&(struct story){ .message = plain, .acts = acts, .expected = { [DATA] = 3 }, .verdict = SAILOR_ACK });
    tell(&(struct story){ .message = plain, .acts = acts, .expected = { [DATA] = 3 }, .verdict = SAILOR_ACK,
                          .is_passthrough = true });
}

static void errors_and_their_replies(void **state)
{
    (void)state;
    act_fn *const acts[] = { emit_data, emit_error, NULL };
    tell(&(struct story){ .message = plain, .reply_to = "reply", .acts = acts, .verdict = SAILOR_REJECT,
                          .expected = { [DATA] = 1, [ERRORS] = 1, [REPLIES] = 1 } });
}

static void rebounds(void **state)
{
    (void)state;
    act_fn *const acts[] = { emit_rebound, NULL };
    tell(&(struct story){ .message = plain, .acts = acts, .expected = { [REBOUNDS] = 1 }, .verdict = SAILOR_ACK });
}

static void snapshots_keys_and_replies(void **state)
{
    (void)state;
    act_fn *const acts[] = { emit_snapshot, emit_update_snapshot, emit_keys, emit_reply, NULL };
    tell(&(struct story){ .message = plain, .reply_to = "reply", .acts = acts, .verdict = SAILOR_ACK,
                          .expected = { [SNAPSHOTS] = 2, [KEYS] = 1, [REPLIES] = 1 } });
}

static void bodies_from_and_to_the_object_storage(void **state)
{
    (void)state;
    act_fn *const acts[] = { emit_data, NULL };
    tell(&(struct story){ .message = referring, .acts = acts, .expected = { [DATA] = 1 }, .verdict = SAILOR_ACK,
                          .is_passthrough = true, .is_lightweight = true });
}

static void an_action_that_cannot_be_told_to_stop(void **state)
{
    (void)state;
    act_fn *const acts[] = { emit_data, emit_two, emit_snapshot, NULL };
    tell(&(struct story){ .message = plain, .acts = acts, .expected = { [DATA] = 3, [SNAPSHOTS] = 1 },
                          .verdict = SAILOR_ACK, .is_deaf = true });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_published_or_the_message_goes_back),
        cmocka_unit_test(errors_and_their_replies),
        cmocka_unit_test(rebounds),
        cmocka_unit_test(snapshots_keys_and_replies),
        cmocka_unit_test(bodies_from_and_to_the_object_storage),
        cmocka_unit_test(an_action_that_cannot_be_told_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
