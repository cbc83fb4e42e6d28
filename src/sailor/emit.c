/* emit.c - what an action emits, made into what the platform expects (platform-protocol.md, 3.8 to 3.11, 5.3, 6.4).
 *
 * Nothing calls back from inside a call of the action's: what fails at once completes at the next tick.
 *
 * How often publishing is tried: data, snapshots and replies to httpReply as the settings say; errors and rebounds
 * without end, since a message whose error is lost would be lost itself.  A reply goes to somebody who waits for it and
 * may have left: REPLY_ATTEMPTS. */
#include "core/value.h"
#include "sailor/flow_internal.h"

enum { REPLY_ATTEMPTS = 8 };

/* ---- small parts --------------------------------------------------------------------------------------------- */

static jn_str or_empty_object(jn_str json)
{
    return json.data && json.len ? json : JN_STR("{}");
}

static void set_properties(struct sailor_emission *e, const struct sailor_header_additions *more)
{
    const jn_value headers = sailor_envelope_headers(&e->arena, e->task->base_headers, more);
    e->properties = sailor_envelope_properties(e->task->flow->opt.settings, headers);
}

static bool has_failed(const struct sailor_emission *e)
{
    return jn_arena_failed(&e->arena) || e->payload.failed;
}

/* For want of memory: the message goes back to the queue. */
static void give_up(struct sailor_emission *e)
{
    const struct jn_error no_memory = { .status = JN_NO_MEMORY, .message = "no memory for a message" };
    sailor_task_out_of_memory(e->task);
    sailor_emission_complete(e, &no_memory);
}

/* Publishes what has been built. */
static void release(struct sailor_emission *e, struct sailor_throttle *throttle)
{
    if (has_failed(e))
        give_up(e);
    else
        sailor_emission_release(e, throttle);
}

/* 3.13.  False: it is too large, and `err` says so. */
static bool is_small_enough(const struct sailor_emission *e, struct jn_error *err)
{
    const int64_t limit = e->task->flow->opt.settings->outgoing_size_limit;
    if ((int64_t)e->payload.len <= limit)
        return true;
    jn_fail(err, JN_LIMIT, "Outgoing message size %zu exceeds limit of %lld.", e->payload.len, (long long)limit);
    return false;
}

/* ---- errors -------------------------------------------------------------------------------------------------- */

/* 3.9, last part but one: whoever waits for a reply is told as well. */
static void emit_error_reply(struct sailor_task *t, jn_str error_text, int64_t end_ms)
{
    const struct sailor_settings *s = t->flow->opt.settings;
    if (!t->in.reply_to.data || s->no_error_replies)
        return;
    struct sailor_emission *e = sailor_emission_new(t, SAILOR_ERROR_REPLY, NULL, NULL);
    if (!e)
        return;
    e->routing_key = t->in.reply_to;
    e->attempts = REPLY_ATTEMPTS;
    jn_buf_append(&e->payload, error_text);
    set_properties(e, &(struct sailor_header_additions){ .end_ms = end_ms, .error_response = true });
    release(e, NULL);
}

static void emit_error(struct sailor_task *t, const struct sailor_failure *f, int64_t end_ms, sailor_emitted_fn *done,
                       void *arg)
{
    const struct sailor_flow_options *o = &t->flow->opt;
    struct sailor_emission *e = sailor_emission_new(t, SAILOR_ERROR, done, arg);
    struct jn_error why = { .status = JN_OK };
    jn_str error_text = { NULL, 0 };
    if (!e)
        return;
    e->routing_key = jn_str_of(o->settings->error_routing_key);
    e->attempts = INT64_MAX;
    if (sailor_envelope_error(&e->arena, o->cipher, f, &t->in, &e->payload, &error_text, &why)) {
        give_up(e);
        return;
    }
    set_properties(e, &(struct sailor_header_additions){ .end_ms = end_ms });
    error_text = jn_arena_copy(t->delivery->arena, error_text);     // the emission may be over before its reply is made
    release(e, &t->flow->error);
    if (error_text.data)
        emit_error_reply(t, error_text, end_ms);
}

void sailor_emit_failure(struct sailor_task *t, const struct sailor_failure *f, sailor_emitted_fn *done, void *arg)
{
    t->errors++;
    emit_error(t, f, sailor_flow_wall_ms(t->flow), done, arg);
}

void sailor_task_emit_error(struct sailor_task *t, const struct sailor_failure *f)
{
    if (!t->is_aborted)
        sailor_emit_failure(t, f, NULL, NULL);
}

/* ---- data ---------------------------------------------------------------------------------------------------- */

/* Q6: a message without an id of its own gets one, so that no two messages share one. */
static jn_str header_id(struct sailor_emission *e, char uuid[37])
{
    const jn_str own = e->message.id.data ? sailor_text_of(&e->arena, e->message.id) : (jn_str){ NULL, 0 };
    if (own.len)
        return own;
    base_random_uuid(e->task->flow->opt.step->random, uuid);
    return jn_arena_copy(&e->arena, (jn_str){ uuid, 36 });
}

/* Appends the message as it goes out: without its routing header, with its passthrough. */
static void write_data(struct sailor_emission *e, jn_str passthrough, struct jn_buf *out)
{
    struct sailor_message m = e->message;
    jn_str key = { NULL, 0 };
    sailor_envelope_routing(&e->arena, m.headers, &key, &m.headers);
    if (key.len)
        e->routing_key = jn_arena_copy(&e->arena, key);
    m.passthrough = passthrough;
    sailor_message_write(&m, out);
}

/* Everything is at hand: `in` is the incoming message as it shall be seen in the passthrough. */
static void build_data(struct sailor_emission *e, const struct sailor_incoming_message *in)
{
    struct sailor_flow *f = e->task->flow;
    const struct sailor_settings *s = f->opt.settings;
    struct jn_buf *passthrough = sailor_flow_fresh(&f->passthrough);
    struct jn_error why = { .status = JN_OK };
    if (f->opt.is_passthrough)
        sailor_envelope_passthrough(&e->arena, s, true, in, &e->message, passthrough);
    else if (e->message.passthrough.data)
        jn_buf_append(passthrough, e->message.passthrough);
    e->routing_key = jn_str_of(s->data_routing_key);
    write_data(e, passthrough->len ? jn_buf_str(passthrough) : (jn_str){ NULL, 0 }, &e->payload);
    if (passthrough->failed ||
        sailor_encrypt_in_place(f->opt.cipher, &e->payload, 0, s->protocol_version < 2, NULL)) {
        give_up(e);
        return;
    }
    if (!is_small_enough(e, &why)) {
        sailor_emission_become_error(e, &why);
        return;
    }
    char uuid[37];
    set_properties(e, &(struct sailor_header_additions){ .message_id = header_id(e, uuid),
                                                         .end_ms = sailor_flow_wall_ms(f),
                                                         .protocol_version = (int)s->protocol_version });
    release(e, &f->data);
}

/* ---- bodies on their way out --------------------------------------------------------------------------------- */

/* The passthrough to be sent, without the entry that this step adds in default mode; false without memory. */
static bool collect_bodies(struct sailor_emission *e)
{
    const struct sailor_task *t = e->task;
    const struct sailor_flow_options *o = &t->flow->opt;
    struct sailor_bodies *b = &e->bodies;
    if (!sailor_bodies_add_passthrough(b, o->is_passthrough ? t->in.message.passthrough : e->message.passthrough))
        return false;
    if (o->is_passthrough && o->settings->no_self_passthrough && t->in.step_id.data) {
        struct sailor_message previous = t->in.message;
        previous.passthrough = (jn_str){ NULL, 0 };
        sailor_bodies_put(b, t->in.step_id, &previous);
    }
    return sailor_bodies_add(b, (jn_str){ NULL, 0 }, &e->message) != NULL;
}

static int64_t total_size(const struct sailor_bodies *b)
{
    int64_t total = 0;
    for (const struct sailor_body *x = b->first; x; x = x->next)
        total += (int64_t)x->message.body.len;
    return total;
}

/* 6.4: what is to be done with each body; false when with none. */
static bool plan_bodies(struct sailor_emission *e)
{
    const struct sailor_settings *s = e->task->flow->opt.settings;
    const bool is_large = s->emit_lightweight && total_size(&e->bodies) > s->storage_threshold;
    bool has_any = false;
    for (struct sailor_body *x = e->bodies.first; x; x = x->next) {
        if (x->raw.data)
            continue;
        if (is_large && x->message.body.data)
            x->task = SAILOR_BODY_STORE;
        else if (!s->emit_lightweight && x->key.data && x->object_id.data && sailor_is_empty(x->message.body))
            x->task = SAILOR_BODY_FETCH;
        has_any |= x->task != SAILOR_BODY_STAYS;
    }
    return has_any;
}

/* The bodies are where they belong: what is sent refers to them. */
static void build_with_bodies(struct sailor_emission *e)
{
    const struct sailor_flow_options *o = &e->task->flow->opt;
    struct sailor_incoming_message in = e->task->in;
    struct jn_buf passthrough;
    jn_buf_init(&passthrough, 0);
    sailor_bodies_write_passthrough(&e->bodies, &passthrough);
    const jn_str text = jn_arena_copy(&e->arena, jn_buf_str(&passthrough));
    jn_buf_clear(&passthrough);
    for (const struct sailor_body *x = e->bodies.first; x; x = x->next)
        if (!x->key.data)
            e->message = x->message;
    if (o->is_passthrough) {
        in.message.passthrough = text;
        if (o->settings->no_self_passthrough)
            in.step_id = (jn_str){ NULL, 0 };           // its entry is among them already
    } else if (e->message.passthrough.data) {
        e->message.passthrough = text;
    }
    build_data(e, &in);
}

static void on_bodies(void *arg)
{
    struct sailor_emission *e = arg;
    const struct jn_error *why = &e->bodies.why;
    if (!e->bodies.has_failed) {
        build_with_bodies(e);
        return;
    }
    base_log(&e->task->log.base, BASE_ERROR, NULL, "a body could not be stored or fetched: %s", why->message);
    struct jn_error error = { .status = JN_OK };
    if (e->task->flow->opt.settings->emit_lightweight)
        jn_fail(&error, JN_REMOTE, "Lightweight message/passthrough body upload error");
    else
        jn_fail(&error, JN_REMOTE, "Failed to get message body with id=%.*s", JN_ARG(e->bodies.failed_id));
    sailor_emission_become_error(e, &error);
}

static void copy_texts(struct jn_arena *a, struct sailor_message *m)
{
    jn_str *const texts[] = { &m->id, &m->body, &m->headers, &m->attachments, &m->metadata, &m->passthrough, &m->rest };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i]->data)
            *texts[i] = jn_arena_copy(a, *texts[i]);
}

/* Whether bodies can have to do with the storage at all: spares taking messages apart. */
static bool may_move_bodies(const struct sailor_emission *e)
{
    const struct sailor_flow_options *o = &e->task->flow->opt;
    const jn_str passthrough = o->is_passthrough ? e->task->in.message.passthrough : e->message.passthrough;
    if (o->settings->emit_lightweight)
        return (int64_t)(e->message.body.len + passthrough.len + e->task->in.message.body.len) >
               o->settings->storage_threshold;
    return passthrough.data && jn_str_find(passthrough, JN_STR("x-ipaas-object-storage-id"), 0) != SIZE_MAX;
}

static void move_bodies(struct sailor_emission *e)
{
    copy_texts(&e->arena, &e->message);
    if (jn_arena_failed(&e->arena) || !collect_bodies(e)) {
        release(e, NULL);
        return;
    }
    if (!plan_bodies(e)) {
        build_data(e, &e->task->in);
        return;
    }
    if (!sailor_bodies_run(&e->bodies, e->task->flow->opt.storage, on_bodies, e))
        on_bodies(e);
}

void sailor_task_emit_data(struct sailor_task *t, const struct sailor_message *m, sailor_emitted_fn *done, void *arg)
{
    struct sailor_emission *e = t->is_aborted ? NULL : sailor_emission_new(t, SAILOR_DATA, done, arg);
    if (!e)
        return;
    e->message = *m;
    e->message.headers = or_empty_object(m->headers);
    if (may_move_bodies(e))
        move_bodies(e);
    else
        build_data(e, &t->in);
}

/* ---- rebound ------------------------------------------------------------------------------------------------- */

void sailor_task_emit_rebound(struct sailor_task *t, jn_str reason)
{
    const struct sailor_flow_options *o = &t->flow->opt;
    const int64_t n = t->in.rebound_iteration + 1;
    if (t->is_aborted)
        return;
    if (n > o->settings->rebound_limit) {       // 3.10: no error of the message's, which is acked
        emit_error(t, &(struct sailor_failure){ .message = JN_STR("Rebound limit exceeded") }, 0, NULL, NULL);
        return;
    }
    struct sailor_emission *e = sailor_emission_new(t, SAILOR_REBOUND, NULL, NULL);
    if (!e)
        return;
    e->routing_key = jn_str_of(o->settings->rebound_routing_key);
    e->is_mandatory = false;
    e->attempts = INT64_MAX;
    e->properties = sailor_envelope_rebound(&e->arena, o->settings, &t->delivery->properties, reason, n,
                                            sailor_flow_wall_ms(t->flow));
    if (sailor_envelope_original(o->cipher, &t->in, &e->payload, NULL))
        give_up(e);
    else
        release(e, NULL);
}

/* ---- snapshots ----------------------------------------------------------------------------------------------- */

static void publish_snapshot(struct sailor_emission *e, jn_str value, const char *event,
                             struct sailor_throttle *throttle)
{
    e->routing_key = jn_str_of(e->task->flow->opt.settings->snapshot_routing_key);
    jn_buf_append(&e->payload, value);
    set_properties(e, &(struct sailor_header_additions){ .snapshot_event = event });
    release(e, throttle);
}

/* What the flow's text holds is the snapshot from now on; without memory for it, the one before stays. */
static void keep_snapshot(struct sailor_emission *e)
{
    struct sailor_flow *f = e->task->flow;
    if (f->text.failed || jn_arena_failed(&e->arena)) {
        sailor_task_out_of_memory(e->task);
        return;
    }
    const struct jn_buf before = f->snapshot;
    f->snapshot = f->text;
    f->text = before;
}

void sailor_task_emit_snapshot(struct sailor_task *t, jn_str value, sailor_emitted_fn *done, void *arg)
{
    struct sailor_emission *e = t->is_aborted ? NULL : sailor_emission_new(t, SAILOR_SNAPSHOT, done, arg);
    const struct jn_error nothing = { .status = JN_BAD_VALUE, .message = "a snapshot must be a JSON value" };
    if (!e)
        return;
    if (!value.len) {
        sailor_emission_complete(e, &nothing);
        return;
    }
    jn_buf_append(sailor_flow_fresh(&t->flow->text), value);
    keep_snapshot(e);
    publish_snapshot(e, value, "snapshot", &t->flow->snapshots);
}

struct merge {
    struct jn_buf *out;
    struct jn_arena *arena;
    jn_str later;                   /* an object whose members are left out; {NULL, 0}: none */
};

static bool merge_member(jn_str key, jn_str value, void *arg)
{
    const struct merge *m = arg;
    if (m->later.data && sailor_member(m->arena, m->later, key).data)
        return true;
    jn_buf_append_char(m->out, m->out->len > 1 ? ',' : ' ');
    sailor_put_string(m->out, key);
    jn_buf_append_char(m->out, ':');
    jn_buf_append(m->out, value);
    return true;
}

/* The members of the present snapshot, with those of `object` in place of their namesakes. */
static void merge_snapshot(struct sailor_emission *e, jn_str object)
{
    struct sailor_flow *f = e->task->flow;
    struct jn_buf *out = sailor_flow_fresh(&f->text);
    jn_buf_append_char(out, '{');
    sailor_members(&e->arena, jn_buf_str(&f->snapshot), merge_member, &(struct merge){ out, &e->arena, object });
    sailor_members(&e->arena, object, merge_member, &(struct merge){ .out = out });
    jn_buf_append_char(out, '}');
    keep_snapshot(e);
}

static bool is_truthy(jn_str json)
{
    static const char *const falsy[] = { "", "null", "false", "0", "-0", "\"\"" };
    for (size_t i = 0; i < sizeof falsy / sizeof *falsy; i++)
        if (jn_str_eq(jn_str_trim(json), jn_str_of(falsy[i])))
            return false;
    return true;
}

static bool ignore_member(jn_str key, jn_str value, void *arg)
{
    (void)key, (void)value, (void)arg;
    return false;
}

void sailor_task_emit_update_snapshot(struct sailor_task *t, jn_str object, sailor_emitted_fn *done, void *arg)
{
    struct sailor_emission *e = t->is_aborted ? NULL : sailor_emission_new(t, SAILOR_SNAPSHOT, done, arg);
    if (!e)
        return;
    if (!sailor_members(&e->arena, object, ignore_member, NULL)) {
        base_log(&t->log.base, BASE_ERROR, NULL, "updateSnapshot was given no object; nothing is published");
        sailor_emission_complete(e, NULL);
    } else if (is_truthy(sailor_member(&e->arena, object, JN_STR("$set")))) {
        base_log(&t->log.base, BASE_WARN, NULL, "updateSnapshot with $set is not supported; nothing is published");
        sailor_emission_complete(e, NULL);
    } else {
        merge_snapshot(e, object);
        publish_snapshot(e, object, "updateSnapshot", NULL);
    }
}

/* ---- updateKeys ---------------------------------------------------------------------------------------------- */

static void on_keys(const struct jn_error *failed, jn_str body, void *arg)
{
    (void)body;
    struct sailor_emission *e = arg;
    if (failed)
        sailor_emission_become_error(e, failed);
    else
        sailor_emission_complete(e, NULL);
}

void sailor_task_emit_update_keys(struct sailor_task *t, jn_str keys, sailor_emitted_fn *done, void *arg)
{
    const struct sailor_flow_options *o = &t->flow->opt;
    struct sailor_emission *e = t->is_aborted ? NULL : sailor_emission_new(t, SAILOR_KEYS, done, arg);
    struct jn_error why = { .status = JN_OK };
    if (!e)
        return;
    e->state = SAILOR_PUBLISHING;               // nothing has to wait for it
    const jn_str account = sailor_text_of(&e->arena, sailor_member(&e->arena, o->step->config, JN_STR("_account")));
    if (!account.len)
        jn_fail(&why, JN_BAD_VALUE, "Missing value for parameter '{id}'. Please provide argument: 0");
    else if (sailor_platform_put_account(o->platform, account, keys, on_keys, e))
        jn_fail(&why, JN_NO_MEMORY, "no memory to update the credential's keys");
    if (why.status)
        sailor_emission_become_error(e, &why);
}

/* ---- httpReply ----------------------------------------------------------------------------------------------- */

/* The reply without a routing header among its headers; what is no object stays as it is. */
static void write_reply(struct sailor_emission *e, jn_str reply, struct jn_buf *out)
{
    struct sailor_message m;
    jn_str key;
    if (sailor_message_read(&e->arena, reply, &m, NULL) || !m.headers.data) {
        jn_buf_append(out, reply);
        return;
    }
    sailor_envelope_routing(&e->arena, m.headers, &key, &m.headers);
    sailor_message_write(&m, out);
}

void sailor_task_emit_http_reply(struct sailor_task *t, jn_str reply, sailor_emitted_fn *done, void *arg)
{
    struct sailor_flow *f = t->flow;
    struct sailor_emission *e = t->is_aborted ? NULL : sailor_emission_new(t, SAILOR_HTTP_REPLY, done, arg);
    struct jn_error why = { .status = JN_OK };
    if (!e)
        return;
    if (!t->in.reply_to.data) {
        jn_fail(&why, JN_BAD_VALUE,
                "Component emitted 'httpReply' event but 'reply_to' was not found in AMQP headers");
    } else {
        write_reply(e, reply, &e->payload);
        if (sailor_encrypt_in_place(f->opt.cipher, &e->payload, 0, true, NULL)) {
            give_up(e);
            return;
        }
    }
    if (why.status || !is_small_enough(e, &why)) {
        if (e->done)
            sailor_emission_complete(e, &why);
        else
            sailor_emission_become_error(e, &why);
        return;
    }
    e->routing_key = t->in.reply_to;
    e->attempts = REPLY_ATTEMPTS;
    set_properties(e, &(struct sailor_header_additions){ .protocol_version = 1 });
    release(e, NULL);
}
