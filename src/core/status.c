/* status.c - the kinds of failure, and how a struct jn_error is filled.  Every message passes finish(): it is one line,
 * valid UTF-8 at its cut, and always terminated, whatever the caller's values held. */
#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/utf8.h"

static const struct {
    enum jn_status status;
    const char *text;
} kinds[] = {
    { JN_OK, "success" },
    { JN_NO_MEMORY, "out of memory" },
    { JN_LIMIT, "limit reached" },
    { JN_BAD_TEXT, "malformed text" },
    { JN_BAD_VALUE, "value not allowed" },
    { JN_NOT_FOUND, "not found" },
    { JN_IO, "system error" },
    { JN_TIMEOUT, "timed out" },
    { JN_CANCELLED, "cancelled" },
    { JN_TLS, "TLS failure" },
    { JN_REMOTE, "remote error" },
    { JN_EVALUATION, "evaluation failed" },
};

const char *jn_status_text(enum jn_status s)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].status == s)
            return kinds[i].text;
    return "unknown failure";
}

/* The longest part of s[0..len) that ends with a whole character. */
static size_t whole_characters(const char *s, size_t len)
{
    size_t start = len;
    while (start > 0 && len - start < 3 && ((unsigned char)s[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return len;
    const unsigned char lead = (unsigned char)s[start - 1];
    const size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return need > len - start + 1 ? start - 1 : len;
}

/* Cuts a message that vsnprintf() may have truncated, and makes it one line. */
static void finish(char *message, size_t size, int wanted)
{
    if (wanted < 0)
        message[0] = '\0';
    if (wanted >= (int)size)
        message[whole_characters(message, size - 1)] = '\0';
    for (char *c = message; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

JN_PRINTF(3, 0)
static enum jn_status fill(struct jn_error *err, enum jn_status s, const char *fmt, va_list args)
{
    *err = (struct jn_error){ .status = s };
    finish(err->message, sizeof err->message, vsnprintf(err->message, sizeof err->message, fmt, args));
    return s;
}

enum jn_status jn_fail(struct jn_error *err, enum jn_status s, const char *fmt, ...)
{
    if (!err || err->status)
        return s;
    va_list args;
    va_start(args, fmt);
    fill(err, s, fmt, args);
    va_end(args);
    return s;
}

enum jn_status jn_fail_code(struct jn_error *err, enum jn_status s, jn_str code, const char *fmt, ...)
{
    if (!err || err->status)
        return s;
    va_list args;
    va_start(args, fmt);
    fill(err, s, fmt, args);
    va_end(args);
    const size_t room = sizeof err->code - 1;
    const size_t len = code.len <= room ? code.len : whole_characters(code.data, room);
    if (len)
        memcpy(err->code, code.data, len);
    return s;
}

enum jn_status jn_fail_at(struct jn_error *err, jn_str text, size_t offset, const char *fmt, ...)
{
    if (!err || err->status)
        return JN_BAD_TEXT;
    va_list args;
    va_start(args, fmt);
    fill(err, JN_BAD_TEXT, fmt, args);
    va_end(args);
    jn_error_place(err, text, offset);
    return JN_BAD_TEXT;
}

/* Bytes that start a character; works for text that is not valid UTF-8 too, which is where it is needed most. */
static uint32_t count_characters(const char *s, size_t len)
{
    uint32_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
    return n;
}

void jn_error_place(struct jn_error *err, jn_str text, size_t offset)
{
    if (!err || err->line)
        return;
    if (offset > text.len)
        offset = text.len;
    size_t line_start = 0;
    err->line = 1;
    for (const char *at = text.data, *hit; offset > line_start; line_start = (size_t)(at - text.data)) {
        hit = memchr(at, '\n', offset - line_start);
        if (!hit)
            break;
        at = hit + 1;
        err->line++;
    }
    err->offset = offset;
    err->column = 1 + (offset > line_start ? count_characters(text.data + line_start, offset - line_start) : 0);
}

void jn_error_prefix(struct jn_error *err, const char *fmt, ...)
{
    if (!err || !err->status)
        return;
    struct jn_error head;
    va_list args;
    va_start(args, fmt);
    fill(&head, err->status, fmt, args);
    va_end(args);
    char joined[sizeof head.message + sizeof err->message + 2];
    const int n = snprintf(joined, sizeof joined, "%s: %s", head.message, err->message);
    const size_t room = sizeof err->message - 1;
    const size_t len = (size_t)n <= room ? (size_t)n : whole_characters(joined, room);
    memcpy(err->message, joined, len);
    err->message[len] = '\0';
}
