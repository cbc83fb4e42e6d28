/* sample.c - see sample.h. */
#include "component/sample.h"

#include "core/value.h"
#include "sailor/message.h"

enum { MAX_DEPTH = 64 };            /* what is nested deeper is described by its type alone */

enum kind { UNKNOWN, MIXED, STRING, NUMBER, BOOLEAN, ARRAY, OBJECT };

/* What is known of the values at one place of the sample. */
struct shape {
    enum kind kind;
    struct shape *items;            /* of arrays; NULL: none was seen */
    struct field *first, *last;     /* of objects, in order of appearance */
};

struct field {
    jn_str key;
    struct shape shape;
    struct field *next;
};

static enum kind kind_of(jn_value v)
{
    static const enum kind kinds[] = {
        [JN_NULL] = UNKNOWN, [JN_BOOLEAN] = BOOLEAN, [JN_NUMBER] = NUMBER, [JN_STRING] = STRING, [JN_ARRAY] = ARRAY,
        [JN_OBJECT] = OBJECT,
    };
    return kinds[v.type];
}

static struct shape *field_of(struct jn_arena *a, struct shape *s, jn_str key)
{
    for (struct field *f = s->first; f; f = f->next) {
        if (jn_str_eq(f->key, key))
            return &f->shape;
    }
    struct field *f = jn_arena_zalloc(a, sizeof *f);
    if (!f)
        return NULL;
    f->key = key;
    *(s->last ? &s->last->next : &s->first) = f;
    s->last = f;
    return &f->shape;
}

static void add_value(struct jn_arena *a, struct shape *s, jn_value v, unsigned depth);

static void add_members(struct jn_arena *a, struct shape *s, jn_value v, unsigned depth)
{
    for (size_t i = 0; i < jn_length(v); i++) {
        struct shape *member = NULL;
        if (s->kind == OBJECT)
            member = field_of(a, s, jn_key_at(v, i));
        else if ((member = s->items = s->items ? s->items : jn_arena_zalloc(a, sizeof *s)) == NULL)
            return;
        if (member)
            add_value(a, member, jn_at(v, i), depth + 1);
    }
}

/* Makes `s` wide enough for `v`. */
static void add_value(struct jn_arena *a, struct shape *s, jn_value v, unsigned depth)
{
    const enum kind kind = kind_of(v);
    if (kind == UNKNOWN)
        return;
    s->kind = s->kind == UNKNOWN || s->kind == kind ? kind : MIXED;
    if ((s->kind == ARRAY || s->kind == OBJECT) && depth < MAX_DEPTH)
        add_members(a, s, v, depth);
}

static void put_shape(struct jn_buf *out, const struct shape *s)
{
    static const char *const types[] = {
        [STRING] = "string", [NUMBER] = "number", [BOOLEAN] = "boolean", [ARRAY] = "array", [OBJECT] = "object",
    };
    jn_buf_append_char(out, '{');
    if (s->kind > MIXED)
        jn_buf_append_fmt(out, "\"type\":\"%s\"", types[s->kind]);
    if (s->kind == ARRAY && s->items) {
        jn_buf_append_z(out, ",\"items\":");
        put_shape(out, s->items);
    }
    if (s->kind == OBJECT) {
        jn_buf_append_z(out, ",\"properties\":{");
        for (const struct field *f = s->first; f; f = f->next) {
            sailor_put_string(out, f->key);
            jn_buf_append_char(out, ':');
            put_shape(out, &f->shape);
            jn_buf_append_z(out, f->next ? "," : "");
        }
        jn_buf_append_char(out, '}');
    }
    jn_buf_append_char(out, '}');
}

enum jn_status component_sample_schema(jn_str sample, struct jn_buf *out, struct jn_error *err)
{
    struct jn_arena a;
    struct shape whole = { .kind = UNKNOWN };
    jn_value v;
    jn_arena_init(&a, 0);
    enum jn_status s = jn_read(&a, sample, NULL, &v, NULL, err);
    if (!s) {
        add_value(&a, &whole, v, 0);
        s = jn_arena_failed(&a);
        put_shape(out, &whole);
    }
    if (!s)
        s = out->failed;
    jn_arena_clear(&a);
    return s ? jn_fail(err, s, "no memory for the sample") : JN_OK;
}
