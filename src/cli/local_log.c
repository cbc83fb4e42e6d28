/* local_log.c - the log of a local Lambda as people read it.
 *
 *     15:09:26.123 hello 3ed79126  INFO got { a: 1 }
 *     15:09:26.131 hello 3ed79126  answered in 8.3 ms, 7 bytes in, 410 out
 *
 * What a function writes goes to a terminal: of what steers one only tabs and the ends of lines have an effect.  Runtimes
 * write carriage returns for the ends of lines within a record, and begin each with the time and the id that the line
 * has already. */
#include "cli/local_log.h"

#include "base/clock.h"
#include "core/utf8.h"

enum { ID_SHOWN = 8 };

static jn_str field(const struct base_field *fields, const char *name)
{
    for (; fields && fields->name; fields++) {
        if (strcmp(fields->name, name) == 0)
            return fields->value;
    }
    return JN_STR("");
}

/* ---- text ------------------------------------------------------------------------------------------------------ */

static void put_byte(struct jn_buf *b, char c)
{
    if (c == '\r' || c == '\n')
        jn_buf_append_z(b, "\n    ");
    else if (c == '\t')
        jn_buf_append_char(b, ' ');
    else if ((unsigned char)c < ' ' || c == 0x7f)
        jn_buf_append_fmt(b, "\\x%02x", (unsigned char)c);
    else
        jn_buf_append_char(b, c);
}

/* U+0080 to U+009F steer terminals, too; they are two bytes, of which the first is C2. */
static void put_message(struct jn_buf *b, jn_str s)
{
    while (s.len > 0) {
        const size_t valid = jn_utf8_invalid(s);
        for (size_t i = 0; i < valid; i++) {
            const bool steers = s.data[i] == '\xc2' && i + 1 < valid && (unsigned char)s.data[i + 1] < 0xa0;
            if (steers)
                jn_buf_append_fmt(b, "\\u00%02x", (unsigned char)s.data[++i]);
            else
                put_byte(b, s.data[i]);
        }
        if (valid < s.len)
            jn_buf_append_fmt(b, "\\x%02x", (unsigned char)s.data[valid]);
        s = jn_str_sub(s, valid + (valid < s.len), s.len);
    }
}

/* ---- what runtimes write ------------------------------------------------------------------------------------------ */

static jn_str next_cell(jn_str *rest)
{
    const size_t tab = jn_str_find(*rest, JN_STR("\t"), 0);
    const jn_str cell = jn_str_sub(*rest, 0, tab);
    *rest = tab == SIZE_MAX ? JN_STR("") : jn_str_sub(*rest, tab + 1, rest->len);
    return cell;
}

static bool is_time(jn_str s)
{
    int64_t ms;
    return s.len == 24 && base_time_parse(s, &ms);
}

/* node := time TAB id TAB level TAB message;  python := '[' level ']' TAB time TAB id TAB message
 * The level and the message, if it is one of them. */
static bool take_record(jn_str *message, jn_str *level, jn_str id)
{
    jn_str rest = *message;
    jn_str first = next_cell(&rest), second = next_cell(&rest), third = next_cell(&rest);
    const bool is_node = is_time(first) && (jn_str_eq(second, id) || jn_str_equal(second, "undefined"));
    const bool is_python = is_time(second) && first.len > 2 && first.data[0] == '[' &&
                           (jn_str_eq(third, id) || third.len == 0);
    if (!is_node && !is_python)
        return false;
    *level = is_node ? third : jn_str_sub(first, 1, first.len - 1);
    *message = rest;
    return true;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static const char *colour_of(enum base_log_level level, jn_str word)
{
    if (level >= BASE_ERROR || jn_str_equal(word, "ERROR") || jn_str_equal(word, "FATAL") ||
        jn_str_equal(word, "CRITICAL"))
        return "\033[31m";
    if (level == BASE_WARN || jn_str_equal(word, "WARN") || jn_str_equal(word, "WARNING"))
        return "\033[33m";
    return "";
}

static void put_head(const struct base_log *l, const struct base_field *fields, struct jn_buf *line)
{
    const struct base_civil t = base_civil_of(l->clock->wall_ms(l->clock));
    const jn_str function = field(fields, "function"), id = field(fields, "request");
    jn_buf_append_fmt(line, "%s%02d:%02d:%02d.%03d", l->colour ? "\033[2m" : "", t.hour, t.minute, t.second, t.millisecond);
    if (function.len > 0)
        jn_buf_append_fmt(line, " %.*s", JN_ARG(function));
    if (id.len > 0)
        jn_buf_append_fmt(line, " %.*s", JN_ARG(jn_str_sub(id, 0, ID_SHOWN)));
    jn_buf_append_fmt(line, "%s  ", l->colour ? "\033[0m" : "");
}

static void put_other_fields(const struct base_field *f, struct jn_buf *line)
{
    for (; f && f->name; f++) {
        if (strcmp(f->name, "function") == 0 || strcmp(f->name, "request") == 0)
            continue;
        jn_buf_append_fmt(line, " %s=", f->name);
        put_message(line, f->value);
    }
}

void cli_local_log_line(const struct base_log *l, enum base_log_level level, const struct base_field *fields,
                        jn_str message, struct jn_buf *line)
{
    jn_str word = JN_STR("");
    put_head(l, fields, line);
    const bool is_record = take_record(&message, &word, field(fields, "request"));
    const char *colour = l->colour ? colour_of(level, word) : "";
    jn_buf_append_z(line, colour);
    if (is_record)
        jn_buf_append_fmt(line, "%.*s ", JN_ARG(word));
    put_message(line, jn_str_trim(message));
    if (*colour)
        jn_buf_append_z(line, "\033[0m");
    put_other_fields(fields, line);
}
