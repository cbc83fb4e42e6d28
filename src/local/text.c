/* text.c - JSON strings, and formatted text in an arena. */
#include "local/text.h"

#include "core/number.h"
#include "core/utf8.h"

#include <stdarg.h>
#include <stdio.h>

static void put_byte(struct jn_buf *b, char c)
{
    if (c == '"' || c == '\\') {
        jn_buf_append_char(b, '\\');
        jn_buf_append_char(b, c);
    } else if (c == '\n') {
        jn_buf_append_z(b, "\\n");
    } else if ((unsigned char)c < 0x20) {
        jn_buf_append_fmt(b, "\\u%04x", (unsigned char)c);
    } else {
        jn_buf_append_char(b, c);
    }
}

static void put_valid(struct jn_buf *b, jn_str s)
{
    for (size_t i = 0; i < s.len; i++)
        put_byte(b, s.data[i]);
}

void local_put_json_string(struct jn_buf *b, jn_str s)
{
    jn_buf_append_char(b, '"');
    while (s.len > 0) {
        const size_t valid = jn_utf8_invalid(s);
        put_valid(b, jn_str_sub(s, 0, valid));
        if (valid < s.len)
            jn_buf_append_z(b, "\xef\xbf\xbd");
        s = jn_str_sub(s, valid + (valid < s.len), s.len);
    }
    jn_buf_append_char(b, '"');
}

void local_put_json_number(struct jn_buf *b, double d)
{
    char text[JN_NUMBER_MAX];
    jn_buf_append(b, (jn_str){ text, jn_number_format(text, d) });
}

char *local_print(struct jn_arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    const int len = vsnprintf(NULL, 0, fmt, args);
    char *text = len >= 0 ? jn_arena_alloc(a, (size_t)len + 1) : NULL;
    if (text)
        vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    va_end(args);
    return text;
}
