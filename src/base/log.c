/* log.c - lines for people, or one JSON object a line for machines.
 *
 *   2026-03-14T15:09:26.123Z INFO  name: message key=value other="two words"
 *   {"time":"2026-03-14T15:09:26.123Z","level":"info","name":"name","message":"message","key":"value"}
 *
 * A line is built in memory and written with one write(2), so that lines of several processes on one descriptor do not
 * mix.  Whatever cannot stand in a line (a newline, a control character, a byte that is not UTF-8) is escaped.  A log
 * never fails its caller: without memory, or when the descriptor refuses, the line is lost. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/utf8.h"

static const struct {
    const char *text, *json, *colour;
} levels[] = {
    [BASE_TRACE] = { "TRACE", "trace", "\033[36m" },
    [BASE_DEBUG] = { "DEBUG", "debug", "\033[34m" },
    [BASE_INFO] = { "INFO ", "info", "\033[32m" },
    [BASE_WARN] = { "WARN ", "warn", "\033[33m" },
    [BASE_ERROR] = { "ERROR", "error", "\033[31m" },
    [BASE_FATAL] = { "FATAL", "fatal", "\033[35m" },
};

static const struct {
    const char *name;
    unsigned bit;
} categories[] = {
    { "http", BASE_TRACE_HTTP },
    { "lambda", BASE_TRACE_LAMBDA },
    { "local", BASE_TRACE_LOCAL },
    { "state", BASE_TRACE_STATE },
    { "amqp", BASE_TRACE_AMQP },
    { "all", BASE_TRACE_HTTP | BASE_TRACE_LAMBDA | BASE_TRACE_LOCAL | BASE_TRACE_STATE |
             BASE_TRACE_AMQP },
};

/* ---- setting up ---------------------------------------------------------------------------------------------- */

/* One word of TRACE: [+|-] category.  Unknown words are ignored: the variable is shared with other programs. */
static unsigned apply_word(unsigned traced, jn_str word)
{
    const bool off = word.len && word.data[0] == '-';
    if (off || (word.len && word.data[0] == '+'))
        word = jn_str_sub(word, 1, word.len);
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
        if (jn_str_eq(word, jn_str_of(categories[i].name)))
            return off ? traced & ~categories[i].bit : traced | categories[i].bit;
    }
    return traced;
}

static unsigned parse_trace(jn_str list)
{
    unsigned traced = 0;
    for (size_t from = 0; from < list.len;) {
        size_t comma = jn_str_find(list, JN_STR(","), from);
        if (comma == SIZE_MAX)
            comma = list.len;
        traced = apply_word(traced, jn_str_trim(jn_str_sub(list, from, comma)));
        from = comma + 1;
    }
    return traced;
}

void base_log_init(struct base_log *l, int fd, const struct base_clock *clock, const struct base_env *env)
{
    *l = (struct base_log){
        .fd = fd,
        .level = BASE_INFO,
        .traced = parse_trace(jn_str_of(base_env_get(env, "TRACE"))),
        .clock = clock,
        .name = "",
    };
}

/* ---- escaping ------------------------------------------------------------------------------------------------ */

/* Appends one byte below 0x80 as JSON has it inside a string. */
static void put_ascii(struct jn_buf *b, char c)
{
    if (c == '\n')
        jn_buf_append_z(b, "\\n");
    else if (c == '\r')
        jn_buf_append_z(b, "\\r");
    else if (c == '\t')
        jn_buf_append_z(b, "\\t");
    else if ((unsigned char)c < 0x20 || c == 0x7f)
        jn_buf_append_fmt(b, "\\u%04x", (unsigned)c);
    else
        jn_buf_append_char(b, c);
}

/* Appends `s` with control characters escaped, bytes that are not UTF-8 as U+FFFD, and a backslash before every
 * character of `special`. */
static void put_escaped(struct jn_buf *b, jn_str s, const char *special)
{
    size_t valid = jn_utf8_invalid(s);
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.data[i];
        if (i == valid) {
            jn_buf_append_z(b, "\xef\xbf\xbd");
            valid = i + 1 + jn_utf8_invalid(jn_str_sub(s, i + 1, s.len));
        } else if ((unsigned char)c >= 0x80) {
            jn_buf_append_char(b, c);
        } else {
            if (c && strchr(special, c))
                jn_buf_append_char(b, '\\');
            put_ascii(b, c);
        }
    }
}

static void put_quoted(struct jn_buf *b, jn_str s)
{
    jn_buf_append_char(b, '"');
    put_escaped(b, s, "\"\\");
    jn_buf_append_char(b, '"');
}

/* A value can stand bare when a reader still sees where it ends. */
static bool is_bare(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
            return false;
    }
    return s.len > 0;
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

static void put_text(struct jn_buf *b, const struct base_log *l, enum base_log_level level, const char *time,
                     jn_str message, const struct base_field *f)
{
    jn_buf_append_fmt(b, "%s %s%s%s ", time, l->colour ? levels[level].colour : "", levels[level].text,
                      l->colour ? "\033[0m" : "");
    if (l->name && *l->name)
        jn_buf_append_fmt(b, "%s: ", l->name);
    put_escaped(b, message, "");
    for (; f && f->name; f++) {
        jn_buf_append_fmt(b, " %s=", f->name);
        if (is_bare(f->value))
            put_escaped(b, f->value, "");
        else
            put_quoted(b, f->value);
    }
}

static void put_member(struct jn_buf *b, const char *name, jn_str value)
{
    jn_buf_append_char(b, ',');
    put_quoted(b, jn_str_of(name));
    jn_buf_append_char(b, ':');
    put_quoted(b, value);
}

static void put_json(struct jn_buf *b, const struct base_log *l, enum base_log_level level, const char *time,
                     jn_str message, const struct base_field *f)
{
    jn_buf_append_fmt(b, "{\"time\":\"%s\"", time);
    put_member(b, "level", jn_str_of(levels[level].json));
    if (l->name && *l->name)
        put_member(b, "name", jn_str_of(l->name));
    put_member(b, "message", message);
    for (; f && f->name; f++)
        put_member(b, f->name, f->value);
    jn_buf_append_char(b, '}');
}

/* One write for a line.  The rest of a short write (a full pipe) is tried again; anything else loses the line. */
static void write_line(int fd, jn_str line)
{
    while (line.len > 0) {
        const ssize_t n = write(fd, line.data, line.len);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0)
            line = jn_str_sub(line, (size_t)n, line.len);
    }
}

static void log_line(const struct base_log *l, enum base_log_level level, const struct base_field *fields,
                     jn_str message)
{
    struct jn_buf line;
    jn_buf_init(&line, 0);
    char time[32];
    base_time_iso(time, l->clock->wall_ms(l->clock));
    if (l->format)
        l->format(l, level, fields, message, &line);
    else if (l->json)
        put_json(&line, l, level, time, message, fields);
    else
        put_text(&line, l, level, time, message, fields);
    jn_buf_append_char(&line, '\n');
    if (!line.failed)
        write_line(l->fd, jn_buf_str(&line));
    jn_buf_clear(&line);
}

/* Formats into the stack when it fits, which it nearly always does. */
JN_PRINTF(4, 0)
static void log_format(const struct base_log *l, enum base_log_level level, const struct base_field *fields,
                       const char *fmt, va_list args)
{
    char small[1024];
    va_list again;
    va_copy(again, args);
    const int len = vsnprintf(small, sizeof small, fmt, args);  // NOLINT(clang-analyzer-valist.*): the caller began it
    if (len >= 0 && (size_t)len < sizeof small) {
        log_line(l, level, fields, (jn_str){ small, (size_t)len });
    } else if (len >= 0) {
        char *large = NULL;
        const int written = vasprintf(&large, fmt, again);
        if (written >= 0) {
            log_line(l, level, fields, (jn_str){ large, (size_t)written });
            free(large);
        }
    }
    va_end(again);
}

void base_log(const struct base_log *l, enum base_log_level level, const struct base_field *fields, const char *fmt,
              ...)
{
    if (!l || level < l->level || level >= BASE_SILENT)
        return;
    va_list args;
    va_start(args, fmt);
    log_format(l, level, fields, fmt, args);
    va_end(args);
}

void base_trace(const struct base_log *l, enum base_trace_category c, const char *fmt, ...)
{
    if (!l || !(l->traced & (unsigned)c))
        return;
    va_list args;
    va_start(args, fmt);
    log_format(l, BASE_TRACE, NULL, fmt, args);
    va_end(args);
}
