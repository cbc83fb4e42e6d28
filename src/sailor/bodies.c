/* bodies.c - see bodies.h.  After the first failure nothing more is started; what is under way is waited for. */
#include "sailor/bodies.h"

#include <stdlib.h>

static const jn_str object_id_name = JN_STR_INIT("x-ipaas-object-storage-id");

void sailor_bodies_init(struct sailor_bodies *b, struct jn_arena *a)
{
    *b = (struct sailor_bodies){ .arena = a };
    b->last = &b->first;
}

void sailor_bodies_clear(struct sailor_bodies *b)
{
    for (struct sailor_body *x = b->first; x; x = x->next) {
        if (x->call)
            sailor_storage_cancel(x->call);
        free(x->fetched);
    }
    sailor_bodies_init(b, b->arena);
}

struct sailor_body *sailor_bodies_add(struct sailor_bodies *b, jn_str key, const struct sailor_message *m)
{
    struct sailor_body *x = jn_arena_zalloc(b->arena, sizeof *x);
    if (!x)
        return NULL;
    x->set = b;
    x->key = key;
    x->message = *m;
    if (m->headers.data) {
        const jn_str id = sailor_text_of(b->arena, sailor_member(b->arena, m->headers, object_id_name));
        if (id.len)
            x->object_id = id;
    }
    *b->last = x;
    b->last = &x->next;
    return x;
}

struct sailor_body *sailor_bodies_put(struct sailor_bodies *b, jn_str key, const struct sailor_message *m)
{
    for (struct sailor_body **at = &b->first; *at; at = &(*at)->next) {
        if (!(*at)->key.data || !jn_str_eq((*at)->key, key))
            continue;
        if (b->last == &(*at)->next)
            b->last = at;
        *at = (*at)->next;
        break;
    }
    return sailor_bodies_add(b, key, m);
}

static bool add_member(jn_str key, jn_str value, void *arg)
{
    struct sailor_bodies *b = arg;
    struct sailor_message m = { .body = { NULL, 0 } };
    const bool is_message = sailor_message_read(b->arena, value, &m, NULL) == JN_OK;
    const jn_str copy = jn_arena_copy(b->arena, key);
    struct sailor_body *x = copy.data ? sailor_bodies_add(b, copy, &m) : NULL;
    if (x && !is_message)
        x->raw = value;
    return x != NULL;
}

bool sailor_bodies_add_passthrough(struct sailor_bodies *b, jn_str passthrough)
{
    if (passthrough.data)
        sailor_members(b->arena, passthrough, add_member, b);
    return !jn_arena_failed(b->arena);
}

/* ---- running ------------------------------------------------------------------------------------------------- */

struct header_copy {
    struct jn_buf *out;
};

static bool copy_header(jn_str key, jn_str value, void *arg)
{
    struct header_copy *copy = arg;
    if (jn_str_eq(key, object_id_name))
        return true;
    sailor_put_string(copy->out, key);
    jn_buf_append_char(copy->out, ':');
    jn_buf_append(copy->out, value);
    jn_buf_append_char(copy->out, ',');
    return true;
}

/* The headers with the object's id among them, in the arena. */
static jn_str headers_with_id(struct jn_arena *a, jn_str headers, jn_str id)
{
    struct jn_buf out;
    jn_buf_init(&out, 0);
    jn_buf_append_char(&out, '{');
    if (headers.data)
        sailor_members(a, headers, copy_header, &(struct header_copy){ &out });
    sailor_put_string(&out, object_id_name);
    jn_buf_append_char(&out, ':');
    sailor_put_string(&out, id);
    jn_buf_append_char(&out, '}');
    const jn_str text = out.failed ? (jn_str){ NULL, 0 } : jn_arena_copy(a, jn_buf_str(&out));
    jn_buf_clear(&out);
    return text;
}

static void note_failure(struct sailor_body *x, const struct jn_error *why)
{
    struct sailor_bodies *b = x->set;
    if (b->has_failed)
        return;
    b->has_failed = true;
    b->failed_id = x->object_id;
    b->why = *why;
}

static void refer_to(struct sailor_body *x, jn_str id)
{
    const struct jn_error no_memory = { .status = JN_NO_MEMORY, .message = "no memory for a reference to an object" };
    x->object_id = jn_arena_copy(x->set->arena, id);
    x->message.headers = headers_with_id(x->set->arena, x->message.headers, x->object_id);
    x->message.body = JN_STR("{}");
    if (!x->object_id.data || !x->message.headers.data)
        note_failure(x, &no_memory);
}

static void take_body(struct sailor_body *x, struct jn_buf *text)
{
    const struct jn_error no_memory = { .status = JN_NO_MEMORY, .message = "no memory for a body" };
    const size_t len = text->len;
    x->fetched = jn_buf_detach(text);
    x->message.body = (jn_str){ x->fetched, len };
    if (!x->fetched)
        note_failure(x, &no_memory);
}

static void on_stored(const struct jn_error *failed, struct jn_buf *text, void *arg)
{
    struct sailor_body *x = arg;
    struct sailor_bodies *b = x->set;
    x->call = NULL;
    if (failed)
        note_failure(x, failed);
    else if (x->task == SAILOR_BODY_FETCH)
        take_body(x, text);
    else
        refer_to(x, jn_buf_str(text));
    if (--b->pending == 0)
        b->done(b->arg);
}

/* A body that is stored already is referred to by the id it has. */
static void start(struct sailor_body *x, struct sailor_storage *storage)
{
    struct jn_error why = { .status = JN_OK };
    if (x->task == SAILOR_BODY_STORE && x->object_id.data && x->key.data) {
        refer_to(x, x->object_id);
        return;
    }
    enum jn_status s;
    if (!storage)
        s = jn_fail(&why, JN_NOT_FOUND, "no object storage: ELASTICIO_OBJECT_STORAGE_URI is not set");
    else if (x->task == SAILOR_BODY_FETCH)
        s = sailor_storage_get(storage, x->object_id, on_stored, x, &x->call, &why);
    else
        s = sailor_storage_put(storage, x->message.body, on_stored, x, &x->call, &why);
    if (s)
        note_failure(x, &why);
    else
        x->set->pending++;
}

bool sailor_bodies_run(struct sailor_bodies *b, struct sailor_storage *storage, sailor_bodies_fn *done, void *arg)
{
    b->done = done;
    b->arg = arg;
    for (struct sailor_body *x = b->first; x && !b->has_failed; x = x->next)
        if (x->task != SAILOR_BODY_STAYS)
            start(x, storage);
    return b->pending > 0;
}

void sailor_bodies_write_passthrough(const struct sailor_bodies *b, struct jn_buf *out)
{
    const char *separator = "{";
    for (const struct sailor_body *x = b->first; x; x = x->next) {
        if (!x->key.data)
            continue;
        jn_buf_append_z(out, separator);
        sailor_put_string(out, x->key);
        jn_buf_append_char(out, ':');
        if (x->raw.data)
            jn_buf_append(out, x->raw);
        else
            sailor_message_write(&x->message, out);
        separator = ",";
    }
    jn_buf_append_z(out, separator[0] == '{' ? "{}" : "}");
}
