/* refusal.c - the service's errors: one table, one document. */
#include "local/refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "local/text.h"

static const struct {
    int status;
    const char *code, *type, *member;
} refusals[] = {
    [LOCAL_REFUSED_NOT] = { 200, "", NULL, "message" },
#define X(name, status, code, type, member) [LOCAL_REFUSED_##name] = { status, code, type, member },
    LOCAL_REFUSALS(X)
#undef X
};

void local_refusal_init(struct local_refusal *r)
{
    r->kind = LOCAL_REFUSED_NOT;
    r->reason = NULL;
    r->retry_after_s = 1;
    jn_buf_init(&r->message, 0);
}

void local_refusal_clear(struct local_refusal *r)
{
    r->kind = LOCAL_REFUSED_NOT;
    jn_buf_clear(&r->message);
}

bool local_refuse(struct local_refusal *r, enum local_refusal_kind kind, const char *fmt, ...)
{
    if (r->kind)
        return false;
    r->kind = kind;
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    const int len = vasprintf(&text, fmt, args);
    va_end(args);
    if (len >= 0) {
        jn_buf_append(&r->message, (jn_str){ text, (size_t)len });
        free(text);
    }
    return false;
}

int local_refusal_status(enum local_refusal_kind kind)
{
    return refusals[kind].status;
}

const char *local_refusal_code(enum local_refusal_kind kind)
{
    return refusals[kind].code;
}

void local_put_refusal(struct jn_buf *out, const struct local_refusal *r)
{
    jn_buf_append_char(out, '{');
    if (r->reason)
        jn_buf_append_fmt(out, "\"Reason\":\"%s\",", r->reason);
    if (refusals[r->kind].type)
        jn_buf_append_fmt(out, "\"Type\":\"%s\",", refusals[r->kind].type);
    jn_buf_append_fmt(out, "\"%s\":", refusals[r->kind].member);
    local_put_json_string(out, jn_buf_str(&r->message));
    jn_buf_append_char(out, '}');
}
