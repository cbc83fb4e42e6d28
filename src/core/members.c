/* members.c - one pass over a text, validating.  Which brackets are open is a bit per level, so that nesting costs
 * neither memory nor C stack; as many levels as jn_read() allows. */
#include "core/members.h"

#include "core/json_source.h"

enum { DEEPEST = 10000 };

struct nesting {
    size_t depth;
    uint64_t objects[DEEPEST / 64 + 1];     /* bit per level: it is an object's; only those below depth are set */
};

static bool in_object(const struct nesting *n)
{
    return n->objects[n->depth / 64] >> n->depth % 64 & 1;
}

static bool enter(struct nesting *n, bool is_object)
{
    if (n->depth == DEEPEST)
        return false;
    n->depth++;
    const uint64_t bit = UINT64_C(1) << n->depth % 64;
    uint64_t *word = &n->objects[n->depth / 64];
    if (n->depth % 64 == 0)
        *word = 0;
    *word = is_object ? *word | bit : *word & ~bit;
    return true;
}

/* ---- values -------------------------------------------------------------------------------------------------- */

static inline const char *skip_space(struct jn_source *s, const char *p)
{
    return p < s->end && (unsigned char)*p <= ' ' ? jn_scan_space(p, s->end) : p;
}

static const char *skip_number(struct jn_source *s, const char *p)
{
    jn_value v;
    const char *after = jn_source_short_number(s, p, &v);
    return after ? after : jn_source_number(s, p, &v);
}

static const char *skip_scalar(struct jn_source *s, const char *p)
{
    jn_value v;
    const char c = p < s->end ? *p : '\0';
    if (c == '"')
        return jn_source_check_string(s, p);
    if (c == '-' || (c >= '0' && c <= '9'))
        return skip_number(s, p);
    return jn_source_word(s, p, &v);
}

/* key := string ':' */
static const char *skip_key(struct jn_source *s, const char *p)
{
    p = skip_space(s, p);
    if (p == s->end || *p != '"')
        return jn_source_expected(s, p, "a key in double quotes");
    p = jn_source_check_string(s, p);
    p = p ? skip_space(s, p) : NULL;
    if (p && (p == s->end || *p != ':'))
        return jn_source_expected(s, p, "':' after a key");
    return p ? p + 1 : NULL;
}

static const char *too_deep(struct jn_source *s, const char *p)
{
    s->failed = jn_fail(s->err, JN_LIMIT, "arrays and objects are nested deeper than %d levels", DEEPEST);
    if (s->err)
        jn_error_place(s->err, (jn_str){ s->start, (size_t)(s->end - s->start) }, (size_t)(p - s->start));
    return NULL;
}

/* p is at an opening bracket; goes to the first member, or behind the bracket of an empty container. */
static const char *open_container(struct jn_source *s, const char *p, struct nesting *n, bool *is_empty)
{
    const bool is_object = *p == '{';
    if (!enter(n, is_object))
        return too_deep(s, p);
    p = skip_space(s, p + 1);
    *is_empty = p < s->end && *p == (is_object ? '}' : ']');
    if (*is_empty) {
        n->depth--;
        return p + 1;
    }
    return is_object ? skip_key(s, p) : p;
}

/* p is behind a member; goes to the next one, through all brackets that close.  Depth 0: the value is complete. */
static const char *after_member(struct jn_source *s, const char *p, struct nesting *n)
{
    while (n->depth) {
        const bool is_object = in_object(n);
        p = skip_space(s, p);
        if (p < s->end && *p == ',')
            return is_object ? skip_key(s, p + 1) : p + 1;
        if (p == s->end || *p != (is_object ? '}' : ']'))
            return jn_source_expected(s, p, is_object ? "',' or '}' in an object" : "',' or ']' in an array");
        p++;
        n->depth--;
    }
    return p;
}

/* Validates the value at p, behind white space; the result is the place behind it. */
static const char *skip_value(struct jn_source *s, const char *p)
{
    struct nesting n;
    n.depth = 0;
    n.objects[0] = 0;
    do {
        bool is_complete = true;
        p = skip_space(s, p);
        if (p < s->end && (*p == '{' || *p == '[')) {
            p = open_container(s, p, &n, &is_complete);
        } else {
            p = skip_scalar(s, p);
        }
        if (p && is_complete)
            p = after_member(s, p, &n);
    } while (p && n.depth);
    return p;
}

/* Nothing but white space may follow a document. */
static const char *check_end(struct jn_source *s, const char *p)
{
    p = skip_space(s, p);
    return p == s->end ? p : jn_source_expected(s, p, "the end of the text");
}

/* ---- members ------------------------------------------------------------------------------------------------- */

static struct jn_source source_of(jn_str text, struct jn_arena *a, struct jn_error *err)
{
    const char *start = text.data ? text.data : "";
    return (struct jn_source){ .start = start, .end = start + text.len, .a = a, .err = err };
}

enum jn_status jn_validate(jn_str text, struct jn_error *err)
{
    struct jn_source s = source_of(text, NULL, err);
    const char *p = skip_value(&s, s.start);
    if (p)
        check_end(&s, p);
    return s.failed;
}

/* What begins with no brace is JSON of another kind, or none at all. */
static void refuse(struct jn_members *m)
{
    m->failed = jn_validate(m->text, m->err);
    if (!m->failed)
        m->failed = jn_fail(m->err, JN_BAD_VALUE, "the JSON text is no object");
    m->at = NULL;
}

void jn_members_begin(struct jn_members *m, struct jn_arena *arena, jn_str text, struct jn_error *err)
{
    *m = (struct jn_members){ .text = text, .arena = arena, .err = err };
    const struct jn_source s = source_of(text, arena, err);
    m->at = jn_scan_space(s.start, s.end);
    if (m->at == s.end || *m->at != '{')
        refuse(m);
}

static const char *read_key(struct jn_members *m, struct jn_source *s, const char *p)
{
    jn_value key;
    if (p == s->end || *p != '"')
        return jn_source_expected(s, p, "a key in double quotes");
    const char *after = m->arena ? jn_source_string(s, p, &key) : jn_source_check_string(s, p);
    if (!after)
        return NULL;
    m->key = m->arena ? jn_text(key) : (jn_str){ p + 1, (size_t)(after - p) - 2 };
    m->pair.data = p;
    p = skip_space(s, after);
    if (p == s->end || *p != ':')
        return jn_source_expected(s, p, "':' after a key");
    return skip_space(s, p + 1);
}

/* m->at is at the opening brace or behind a value; the result is at the next key, or NULL at the end. */
static const char *next_key(struct jn_members *m, struct jn_source *s)
{
    const bool is_first = !m->pair.data;
    const char *p = skip_space(s, is_first ? m->at + 1 : m->at);
    if (p < s->end && *p == '}') {
        check_end(s, p + 1);
        return NULL;
    }
    if (is_first)
        return p;
    if (p == s->end || *p != ',')
        return jn_source_expected(s, p, "',' or '}' in an object");
    return skip_space(s, p + 1);
}

bool jn_members_next(struct jn_members *m)
{
    if (!m->at)
        return false;
    struct jn_source s = source_of(m->text, m->arena, m->err);
    const char *p = next_key(m, &s);
    p = p ? read_key(m, &s, p) : NULL;
    const char *after = p ? skip_value(&s, p) : NULL;
    m->at = after;
    m->failed = s.failed;
    if (!after)
        return false;
    m->value = (jn_str){ p, (size_t)(after - p) };
    m->pair.len = (size_t)(after - m->pair.data);
    return true;
}
