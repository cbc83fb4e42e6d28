/* batch.c - see batch.h.
 *
 *     {"id": 1, "expr": "a + 1", "data": {"a": 2}, "bindings": {}, "timelimit": 1000, "depth": 500}
 *     {"id":1,"result":3}
 *
 * Every line gets a line, in order, whatever is in it.  Nothing lasts from one line to the next: limits are set anew,
 * the context is reset, and no function is registered in it.  What fails outside of the language has a code of ours:
 * REQUEST (the line), RESULT (it has no text), LIMIT (memory), MEMORY (the system has none). */
#include "batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deadline.h"
#include "report.h"
#include "values.h"

enum { LONGEST_LINE = 1 << 30 };

struct request {
    jn_value id, data, bindings;
    jn_str expression;
    struct jsonata_limits limits;
};

/* ---- answers --------------------------------------------------------------------------------------------------- */

/* The longest texts that are answered.  A small value can have a text without end, when its members are shared: a
 * result may be as long as JavaScript's longest string, an error's value as long as one still looks at. */
enum { LONGEST_RESULT = 1 << 29, LONGEST_VALUE = 1 << 20 };

struct text {
    char *data;
    size_t len, cap, most;
    int64_t deadline_ms;                /* 0: none */
};

static bool collect(void *host, const char *data, size_t len)
{
    struct text *t = host;
    if (len > t->most - t->len || deadline_is_over(t->deadline_ms))
        return false;
    if (len > t->cap - t->len) {
        const size_t cap = t->cap / 2 * 3 > t->len + len ? t->cap / 2 * 3 : t->len + len;
        char *grown = realloc(t->data, cap);
        if (!grown)
            return false;
        t->data = grown;
        t->cap = cap;
    }
    memcpy(t->data + t->len, data, len);
    t->len += len;
    return true;
}

/* The value's text behind `name`, which is with punctuation; false, with nothing written, when it has none. */
static bool put(const char *name, jn_value v, size_t most)
{
    struct text t = { .most = most };
    const bool ok = jn_write_to(collect, &t, v, NULL, NULL) == JN_OK;
    if (ok) {
        fputs(name, stdout);
        fwrite(t.data, 1, t.len, stdout);
    }
    free(t.data);
    return ok;
}

static void put_id(jn_value id)
{
    if (!put("{\"id\":", id, LONGEST_RESULT))
        fputs("{\"id\":null", stdout);
}

static void answer_flag(jn_value id, const char *name)
{
    put_id(id);
    printf(",\"%s\":true}\n", name);
}

static void answer_error(jn_value id, const struct jsonata_error *e)
{
    put_id(id);
    put(",\"error\":{\"code\":", jn_make_string(text_of(e->code)), LONGEST_VALUE);
    if (e->position >= 0)
        printf(",\"position\":%lld", (long long)e->position);
    put(",\"token\":", e->token, LONGEST_VALUE);       // nothing when it is nothing
    put(",\"value\":", e->value, LONGEST_VALUE);
    put(",\"message\":", jn_make_string(text_of(e->message)), LONGEST_VALUE);
    fputs("}}\n", stdout);
}

static void answer_failure(jn_value id, const char *code, const char *message)
{
    struct jsonata_error e = { .position = -1 };
    snprintf(e.code, sizeof e.code, "%s", code);
    snprintf(e.message, sizeof e.message, "%s", message);
    answer_error(id, &e);
}

/* A failure of the library that has a code of the language, or has none. */
static void answer_status(jn_value id, enum jn_status s, struct jsonata_error *e)
{
    if (!*e->code)
        snprintf(e->code, sizeof e->code, "%s", s == JN_LIMIT ? "LIMIT" : "MEMORY");
    answer_error(id, e);
}

/* The text comes first, since without one there is another answer. */
static void answer_result(jn_value id, jn_value result, const struct jsonata_limits *limits)
{
    struct text t = { .most = LONGEST_RESULT, .deadline_ms = deadline_in(limits->timeout_ms) };
    struct jn_error err = { 0 };
    if (result.type == JN_UNDEFINED || result.type == JN_FUNCTION) {
        answer_flag(id, result.type == JN_FUNCTION ? "function" : "undefined");
        return;
    }
    const enum jn_status s = jn_write_to(collect, &t, result, NULL, &err);
    if (s && deadline_is_over(t.deadline_ms)) {
        answer_failure(id, limits->timeout_code ? limits->timeout_code : "D1012",
                       "writing the result took longer than the time limit");
    } else if (s) {
        answer_failure(id, s == JN_IO ? "LIMIT" : "RESULT", s == JN_IO ? "the result's text is too long" : err.message);
    } else {
        put_id(id);
        fputs(",\"result\":", stdout);
        fwrite(t.data, 1, t.len, stdout);
        fputs("}\n", stdout);
    }
    free(t.data);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static bool read_limit(jn_value object, const char *name, double most, double *out)
{
    const jn_value v = jn_member(object, text_of(name));
    *out = v.type == JN_NUMBER ? ceil(jn_get_number(v)) : 0;
    if (v.type == JN_UNDEFINED || v.type == JN_NULL)
        return true;
    if (*out > most)
        *out = most;
    return v.type == JN_NUMBER && *out >= 0;
}

/* The reference's own test harness raises U1001 for both limits. */
static bool read_limits(jn_value object, struct jsonata_limits *limits)
{
    double ms, depth;
    if (!read_limit(object, "timelimit", 1e12, &ms) || !read_limit(object, "depth", 1e9, &depth))
        return false;
    if (ms > 0)
        limits->timeout_ms = (int64_t)ms;
    if (depth > 0)
        limits->max_depth = (uint32_t)depth;
    if (ms > 0 || depth > 0)
        limits->timeout_code = limits->depth_code = "U1001";
    return true;
}

/* The members of a request; gives what is wrong with it, or NULL. */
static const char *read_request(const struct options *o, jn_value object, struct request *r)
{
    if (object.type != JN_OBJECT)
        return "a request is an object";
    const jn_value id = jn_member(object, text_of("id"));
    const jn_value expression = jn_member(object, text_of("expr"));
    const jn_value bindings = jn_member(object, text_of("bindings"));
    *r = (struct request){ .id = id.type ? id : jn_make_null(), .data = jn_member(object, text_of("data")),
                           .expression = jn_get_string(expression), .limits = o->limits };
    if (expression.type != JN_STRING)
        return "expr must be a string";
    if (bindings.type == JN_OBJECT)
        r->bindings = bindings;
    else if (bindings.type != JN_UNDEFINED && bindings.type != JN_NULL)
        return "bindings must be an object";
    return read_limits(object, &r->limits) ? NULL : "timelimit and depth must be numbers from 0";
}

static void evaluate(const struct options *o, struct jsonata_context *c, const struct request *r)
{
    struct jsonata *program;
    jn_value result;
    struct jsonata_error e = { 0 };
    const struct jsonata_compile_options how = { .plain = o->plain, .max_bytes = r->limits.max_bytes };
    enum jn_status s = jsonata_compile(r->expression, &how, &program, &e);
    if (s) {
        answer_status(r->id, s, &e);
        return;
    }
    jsonata_context_limit(c, &r->limits);
    s = jsonata_evaluate(program, c, r->data, r->bindings, &result, &e);
    if (s)
        answer_status(r->id, s, &e);
    else
        answer_result(r->id, result, &r->limits);
    jsonata_free(program);
}

static void answer(const struct options *o, struct jsonata_context *c, jn_str line)
{
    jn_value object;
    struct request r = { .id = jn_make_null() };
    struct jn_error err = { 0 };
    jsonata_context_limit(c, &o->limits);
    if (!line.data) {
        answer_failure(r.id, "REQUEST", "the line is longer than 1 GiB");
    } else if (jn_read(jsonata_context_arena(c), line, NULL, &object, NULL, &err)) {
        char message[500];
        snprintf(message, sizeof message, "column %u: %.450s", err.column, err.message);
        answer_failure(r.id, "REQUEST", message);
    } else {
        const char *fault = read_request(o, object, &r);
        if (fault)
            answer_failure(r.id, "REQUEST", fault);
        else
            evaluate(o, c, &r);
    }
    jsonata_context_reset(c);
}

static bool is_regular(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int batch(const struct options *o)
{
    struct jsonata_context *c = jsonata_context_new(&o->limits);
    if (!c)
        return complain(EVALUATION_ERROR, "no memory");
    struct values lines = { .files = o->files };
    struct jn_error err = { 0 };
    enum values_result got;
    jn_str line;
    const bool flushes = !is_regular(STDOUT_FILENO);
    while ((got = values_next_line(&lines, LONGEST_LINE, &line, &err)) == VALUES_ONE && !ferror(stdout)) {
        answer(o, c, line);
        if (flushes)
            fflush(stdout);
    }
    values_close(&lines);
    jsonata_context_free(c);
    if (got == VALUES_FAILED)
        return complain(INPUT_ERROR, err.message);
    return ferror(stdout) ? complain(INPUT_ERROR, "standard output cannot be written") : OK;
}
