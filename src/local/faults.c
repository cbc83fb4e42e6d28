/* faults.c - see faults.h. */
#include "local/faults.h"

#include <stdlib.h>

#include "base/file.h"
#include "local/member.h"
#include "local/text.h"

enum { TEXT_MAX_BYTES = 1 << 20 };

struct rule {
    struct rule *next;
    struct jn_arena memory;         /* of its texts */
    struct local_fault fault;
};

struct local_faults {
    struct rule *first, **last;
};

static const char *const words[] = {
    [LOCAL_NO_FAULT] = "",
#define X(kind, word) [LOCAL_FAULT_##kind] = (word),
    LOCAL_FAULTS(X)
#undef X
};
enum { KINDS = sizeof words / sizeof *words };

const char *local_fault_word(enum local_fault_kind kind)
{
    return words[kind];
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

static void free_rules(struct rule *first)
{
    for (struct rule *r = first, *next; r; r = next) {
        next = r->next;
        jn_arena_clear(&r->memory);
        free(r);
    }
}

struct local_faults *local_faults_new(void)
{
    struct local_faults *f = calloc(1, sizeof *f);
    if (f)
        f->last = &f->first;
    return f;
}

void local_faults_clear(struct local_faults *f)
{
    free_rules(f->first);
    f->first = NULL;
    f->last = &f->first;
}

void local_faults_free(struct local_faults *f)
{
    if (!f)
        return;
    free_rules(f->first);
    free(f);
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

struct reading {
    struct jn_arena *a;
    struct local_fault *fault;
    struct jn_error *err;
};

typedef enum jn_status set_fn(struct reading *r, const char *name, jn_value v);

/* "throttle, error, ... and slow" */
static void put_words(struct jn_buf *out, const char *const *list, size_t stride, size_t count)
{
    for (size_t i = 0; i < count; i++)
        jn_buf_append_fmt(out, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", list[i * stride]);
}

static enum jn_status refuse_word(struct reading *r, const char *what, jn_str word, const char *const *list,
                                  size_t stride, size_t count)
{
    struct jn_buf known;
    jn_buf_init(&known, 0);
    put_words(&known, list, stride, count);
    const enum jn_status s = jn_fail(r->err, JN_BAD_VALUE, "\"%.*s\" is not %s; there are %.*s", JN_ARG(word), what,
                                     JN_ARG(jn_buf_str(&known)));
    jn_buf_clear(&known);
    return s;
}

static enum jn_status set_kind(struct reading *r, const char *name, jn_value v)
{
    const char *word = NULL;
    const enum jn_status s = local_member_text(r->a, name, v, &word, r->err);
    if (s)
        return s;
    for (size_t i = LOCAL_NO_FAULT + 1; i < KINDS; i++) {
        if (strcmp(word, words[i]) == 0)
            r->fault->kind = (enum local_fault_kind)i;
    }
    return r->fault->kind ? JN_OK : refuse_word(r, "a fault", jn_str_of(word), words + 1, 1, KINDS - 1);
}

static enum jn_status set_when(struct reading *r, const char *name, jn_value v)
{
    const char *word = NULL;
    const enum jn_status s = local_member_text(r->a, name, v, &word, r->err);
    if (s)
        return s;
    r->fault->is_late = strcmp(word, "after") == 0;
    if (r->fault->is_late || strcmp(word, "before") == 0)
        return JN_OK;
    return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" is \"%s\"; it must be before or after: the function runs", name, word);
}

#define SET_TEXT(member)                                                                         \
    static enum jn_status set_##member(struct reading *r, const char *name, jn_value v)          \
    {                                                                                            \
        return local_member_text(r->a, name, v, &r->fault->member, r->err);                      \
    }
#define SET_NUMBER(member, min, max)                                                             \
    static enum jn_status set_##member(struct reading *r, const char *name, jn_value v)          \
    {                                                                                            \
        return local_member_number(name, v, min, max, &r->fault->member, r->err);                \
    }
#define SET_DECIMAL(member, min, max)                                                            \
    static enum jn_status set_##member(struct reading *r, const char *name, jn_value v)          \
    {                                                                                            \
        return local_member_decimal(name, v, min, max, &r->fault->member, r->err);               \
    }
SET_TEXT(function)
SET_TEXT(qualifier)
SET_TEXT(code)
SET_TEXT(message)
SET_TEXT(reason)
SET_NUMBER(after, 0, 1000000)
SET_NUMBER(times, 1, 1000000)
SET_NUMBER(bytes_per_second, 1, 100000000)
SET_NUMBER(status, 400, 599)
SET_NUMBER(retry_after_s, 0, 3600)
SET_DECIMAL(probability, 0, 1)
SET_DECIMAL(seconds, 0, 3600)

/* What was written may be read again; the count begins anew. */
static enum jn_status skip_hits(struct reading *r, const char *name, jn_value v)
{
    (void)r, (void)name, (void)v;
    return JN_OK;
}

static const struct {
    const char *name;
    set_fn *set;
    unsigned kinds;                 /* a bit per kind that has it; 0: all */
} members[] = {
    { "fault", set_kind, 0 },
    { "function", set_function, 0 },
    { "qualifier", set_qualifier, 0 },
    { "after", set_after, 0 },
    { "times", set_times, 0 },
    { "probability", set_probability, 0 },
    { "when", set_when, 1u << LOCAL_FAULT_CUT | 1u << LOCAL_FAULT_DELAY },
    { "seconds", set_seconds, 1u << LOCAL_FAULT_DELAY },
    { "bytesPerSecond", set_bytes_per_second, 1u << LOCAL_FAULT_SLOW },
    { "status", set_status, 1u << LOCAL_FAULT_ERROR },
    { "code", set_code, 1u << LOCAL_FAULT_ERROR },
    { "message", set_message, 1u << LOCAL_FAULT_ERROR | 1u << LOCAL_FAULT_THROTTLE },
    { "reason", set_reason, 1u << LOCAL_FAULT_THROTTLE },
    { "hits", skip_hits, 0 },
    { "retryAfter", set_retry_after_s, 1u << LOCAL_FAULT_THROTTLE },
};
enum { MEMBERS = sizeof members / sizeof *members };

static enum jn_status read_member(struct reading *r, jn_str name, jn_value v)
{
    const unsigned kind = 1u << r->fault->kind;
    size_t at = 0;
    while (at < MEMBERS && !jn_str_equal(name, members[at].name))
        at++;
    if (at == MEMBERS)
        return refuse_word(r, "a member of a rule", name, &members[0].name, sizeof *members / sizeof(char *), MEMBERS);
    if (members[at].kinds && !(members[at].kinds & kind))
        return jn_fail(r->err, JN_BAD_VALUE, "\"%s\" means nothing to the fault %s", members[at].name,
                       words[r->fault->kind]);
    return members[at].set(r, members[at].name, v);
}

/* What AWS calls its errors of these statuses; a 504 comes from what is in between. */
static const char *usual_code(int status)
{
    switch (status) {
    case 429: return "TooManyRequestsException";
    case 500: return "ServiceException";
    case 502: return "EC2UnexpectedException";
    case 503: return "ServiceUnavailableException";
    case 504: return "";
    default: return status < 500 ? "InvalidParameterValueException" : "InternalFailure";
    }
}

static enum jn_status complete(struct reading *r)
{
    struct local_fault *f = r->fault;
    if (f->kind == LOCAL_FAULT_DELAY && f->seconds <= 0)
        return jn_fail(r->err, JN_BAD_VALUE, "a delay needs \"seconds\"");
    if (f->kind == LOCAL_FAULT_SLOW && f->bytes_per_second == 0)
        return jn_fail(r->err, JN_BAD_VALUE, "slow needs \"bytesPerSecond\"");
    if (!f->code)
        f->code = usual_code(f->status);
    return JN_OK;
}

/* The kind first: what the other members mean depends on it. */
static enum jn_status read_rule(struct reading *r, jn_value v)
{
    if (!jn_is(v, JN_OBJECT))
        return jn_fail(r->err, JN_BAD_VALUE, "it must be an object, it is %s", jn_type_name(v));
    const jn_value kind = jn_member(v, JN_STR("fault"));
    if (jn_is(kind, JN_UNDEFINED))
        return jn_fail(r->err, JN_BAD_VALUE, "it has no \"fault\"");
    enum jn_status s = set_kind(r, "fault", kind);
    for (size_t i = 0; !s && i < jn_length(v); i++)
        s = read_member(r, jn_key_at(v, i), jn_at(v, i));
    return s ? s : complete(r);
}

static enum jn_status add_rule(struct rule ***last, jn_value v, struct jn_error *err)
{
    struct rule *rule = calloc(1, sizeof *rule);
    if (!rule)
        return JN_NO_MEMORY;
    rule->fault = (struct local_fault){
        .times = -1, .probability = 1, .status = 500, .retry_after_s = 1,
        .reason = "ConcurrentInvocationLimitExceeded",
    };
    jn_arena_init(&rule->memory, 0);
    **last = rule;
    *last = &rule->next;
    return read_rule(&(struct reading){ &rule->memory, &rule->fault, err }, v);
}

static enum jn_status read_rules(struct rule **first, jn_value v, struct jn_error *err)
{
    struct rule **last = first;
    enum jn_status s = JN_OK;
    if (!jn_is(v, JN_ARRAY))
        return add_rule(&last, v, err);
    for (size_t i = 0; !s && i < jn_length(v); i++) {
        struct jn_error reason = { 0 };
        s = add_rule(&last, jn_at(v, i), &reason);
        jn_error_prefix(&reason, "rule %zu", i + 1);
        if (s && err && !err->status)
            *err = reason;
    }
    return s;
}

enum jn_status local_faults_add(struct local_faults *f, jn_str text, struct jn_error *err)
{
    struct rule *rules = NULL;
    struct jn_arena a;
    jn_value v = jn_undefined();
    jn_arena_init(&a, 0);
    enum jn_status s = jn_read(&a, text, NULL, &v, NULL, err);
    if (!s)
        s = read_rules(&rules, v, err);
    jn_arena_clear(&a);
    if (s) {
        free_rules(rules);
        return s == JN_NO_MEMORY ? jn_fail(err, s, "no memory for rules") : s;
    }
    *f->last = rules;
    while (*f->last)
        f->last = &(*f->last)->next;
    return JN_OK;
}

enum jn_status local_faults_load(struct local_faults *f, const char *path, struct jn_error *err)
{
    struct jn_buf text;
    struct jn_error reason = { 0 };
    jn_buf_init(&text, TEXT_MAX_BYTES);
    const enum jn_status read = base_file_read(path, &text, err);
    const enum jn_status s = read ? read : local_faults_add(f, jn_buf_str(&text), &reason);
    jn_buf_clear(&text);
    if (s && reason.line)
        jn_error_prefix(&reason, "%s, line %u, column %u", path, reason.line, reason.column);
    else if (s)
        jn_error_prefix(&reason, "%s", path);
    if (s && !read && err && !err->status)
        *err = reason;
    return s;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static void put_text(struct jn_buf *out, const char *name, const char *text)
{
    if (!text)
        return;
    jn_buf_append_fmt(out, ",\"%s\":", name);
    local_put_json_string(out, jn_str_of(text));
}

static void put_number(struct jn_buf *out, const char *name, double d)
{
    jn_buf_append_fmt(out, ",\"%s\":", name);
    local_put_json_number(out, d);
}

static void put_fault(struct jn_buf *out, const struct local_fault *f)
{
    jn_buf_append_fmt(out, "{\"fault\":\"%s\"", words[f->kind]);
    put_text(out, "function", f->function);
    put_text(out, "qualifier", f->qualifier);
    if (f->after)
        put_number(out, "after", f->after);
    if (f->times >= 0)
        put_number(out, "times", f->times);
    if (f->probability < 1)
        put_number(out, "probability", f->probability);
    if (f->kind == LOCAL_FAULT_CUT || f->kind == LOCAL_FAULT_DELAY)
        put_text(out, "when", f->is_late ? "after" : "before");
    if (f->kind == LOCAL_FAULT_DELAY)
        put_number(out, "seconds", f->seconds);
    if (f->kind == LOCAL_FAULT_SLOW)
        put_number(out, "bytesPerSecond", f->bytes_per_second);
    if (f->kind == LOCAL_FAULT_ERROR) {
        put_number(out, "status", f->status);
        put_text(out, "code", f->code);
    }
    if (f->kind == LOCAL_FAULT_THROTTLE) {
        put_text(out, "reason", f->reason);
        put_number(out, "retryAfter", f->retry_after_s);
    }
    put_text(out, "message", f->message);
    put_number(out, "hits", f->hits);
    jn_buf_append_char(out, '}');
}

void local_faults_put(struct jn_buf *out, const struct local_faults *f)
{
    jn_buf_append_char(out, '[');
    for (const struct rule *r = f->first; r; r = r->next) {
        jn_buf_append_z(out, r == f->first ? "" : ",");
        put_fault(out, &r->fault);
    }
    jn_buf_append_char(out, ']');
}

/* ---- striking ------------------------------------------------------------------------------------------------- */

static bool hits(struct local_fault *f, jn_str function, jn_str qualifier, struct base_random *r)
{
    if (f->function && !jn_str_equal(function, f->function))
        return false;
    if (f->qualifier && !jn_str_equal(qualifier, f->qualifier))
        return false;
    if (f->seen < f->after) {
        f->seen++;
        return false;
    }
    if (f->times >= 0 && f->hits >= f->times)
        return false;
    if (f->probability < 1 && base_random_unit(r) >= f->probability)
        return false;
    f->hits++;
    return true;
}

static bool is_hold(const struct local_fault *f)
{
    return f->kind == LOCAL_FAULT_DELAY && !f->is_late;
}

double local_faults_hold(struct local_faults *f, jn_str function, jn_str qualifier, struct base_random *r)
{
    double seconds = 0;
    for (struct rule *i = f->first; i; i = i->next) {
        if (is_hold(&i->fault) && hits(&i->fault, function, qualifier, r))
            seconds += i->fault.seconds;
    }
    return seconds;
}

static void add_strike(struct local_strike *out, const struct local_fault *f)
{
    switch (f->kind) {
    case LOCAL_FAULT_DELAY:
        out->delay_s += f->seconds;
        break;
    case LOCAL_FAULT_SLOW:
        if (!out->bytes_per_second || f->bytes_per_second < out->bytes_per_second)
            out->bytes_per_second = f->bytes_per_second;
        break;
    case LOCAL_FAULT_CUT:
        out->is_cut = f->is_late;
        out->refusal = f->is_late ? NULL : f;
        break;
    case LOCAL_FAULT_THROTTLE:
    case LOCAL_FAULT_ERROR:
    case LOCAL_FAULT_EXPIRED_TOKEN:
        out->refusal = f;
        break;
    case LOCAL_NO_FAULT:
        break;
    }
}

void local_faults_strike(struct local_faults *f, jn_str function, jn_str qualifier, struct base_random *r,
                         struct local_strike *out)
{
    for (struct rule *i = f->first; i && !out->refusal && !out->is_cut; i = i->next) {
        if (!is_hold(&i->fault) && hits(&i->fault, function, qualifier, r))
            add_strike(out, &i->fault);
    }
}
