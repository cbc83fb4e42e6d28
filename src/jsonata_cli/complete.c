/* complete.c - see complete.h.
 *
 * A word that begins with $ is a function or a variable.  Another one is a field: behind `a.b.` those that the path
 * a.b leads to, which are found by evaluating it, within limits, as keys of the document; elsewhere all keys of the
 * document that are seen in a bounded walk.  A key that is no name gets its backquotes. */
#include "complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { WALKED = 20000, DEEPEST = 64, MOST_WORDS = 500, TIME_MS = 200 };

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static bool is_name(jn_str s)
{
    bool ok = s.len > 0 && !(s.data[0] >= '0' && s.data[0] <= '9');
    for (size_t i = 0; i < s.len; i++)
        ok = ok && is_name_byte(s.data[i]);
    return ok;
}

static bool starts_with(jn_str s, jn_str start)
{
    return s.len >= start.len && memcmp(s.data, start.data, start.len) == 0;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

static void add(struct line_words *w, jn_str word)
{
    if (w->count < MOST_WORDS)
        line_words_add(w, word.data, word.len);
}

/* A key that can be typed on: plain, or in backquotes. */
static void add_key(struct line_words *w, jn_str key, jn_str typed)
{
    char quoted[200];
    if (is_name(key) && starts_with(key, typed)) {
        add(w, key);
        return;
    }
    if (is_name(key) || key.len == 0 || key.len > sizeof quoted - 3 || memchr(key.data, '`', key.len) ||
        memchr(key.data, '\0', key.len))
        return;
    snprintf(quoted, sizeof quoted, "`%.*s`", (int)key.len, key.data);
    if (starts_with(text_of(quoted), typed) || (typed.len && starts_with(key, typed)))
        add(w, text_of(quoted));
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_once(struct line_words *w)
{
    size_t kept = 0;
    if (w->count)
        qsort(w->word, w->count, sizeof *w->word, compare_words);
    for (size_t i = 0; i < w->count; i++) {
        if (kept && strcmp(w->word[kept - 1], w->word[i]) == 0)
            free(w->word[i]);
        else
            w->word[kept++] = w->word[i];
    }
    w->count = kept;
}

/* ---- $names ------------------------------------------------------------------------------------------------------ */

static void add_dollar(struct line_words *w, jn_str name, jn_str typed, bool is_function)
{
    char word[200];
    if (!is_name(name) || !starts_with(name, typed) || name.len > sizeof word - 3)
        return;
    snprintf(word, sizeof word, "$%.*s%s", (int)name.len, name.data, is_function ? "(" : "");
    add(w, text_of(word));
}

static void add_dollars(const struct completion *c, jn_str typed, struct line_words *w)
{
    const char *name;
    for (size_t i = 0; (name = jsonata_function_at(i, NULL)) != NULL; i++)
        add_dollar(w, text_of(name), typed, true);
    for (size_t i = 0; i < c->functions_len; i++)
        add_dollar(w, text_of(c->functions[i]), typed, true);
    for (size_t i = 0; i < jn_length(c->bindings); i++)
        add_dollar(w, jn_key_at(c->bindings, i), typed, false);
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

struct walk {
    struct line_words *words;
    jn_str typed;
    size_t left;                    /* values that may still be looked at */
};

static void walk(struct walk *k, jn_value v, unsigned depth)
{
    if (depth == DEEPEST || (v.type != JN_OBJECT && v.type != JN_ARRAY))
        return;
    for (size_t i = 0; i < jn_length(v) && k->left; i++) {
        k->left--;
        if (v.type == JN_OBJECT)
            add_key(k->words, jn_key_at(v, i), k->typed);
        walk(k, jn_at(v, i), depth + 1);
    }
}

/* Where the path begins that ends at `end`: names, backquoted ones too, and dots. */
static size_t path_start(jn_str text, size_t end)
{
    size_t at = end;
    while (at > 0 && (is_name_byte(text.data[at - 1]) || strchr(".$`", text.data[at - 1])))
        at--;
    return at;
}

/* The keys of what the path leads to. */
static void add_keys_at(const struct completion *c, jn_str path, jn_str typed, struct line_words *w)
{
    char text[300];
    struct jsonata *program;
    jn_value keys;
    const struct jsonata_limits limits = { .timeout_ms = TIME_MS, .max_bytes = (size_t)64 << 20 };
    snprintf(text, sizeof text, "$keys(%.*s)", (int)path.len, path.data);
    if (path.len > sizeof text - 10 || jsonata_compile(text_of(text), NULL, &program, NULL))
        return;
    jsonata_context_reset(c->context);
    jsonata_context_limit(c->context, &limits);
    if (jsonata_evaluate(program, c->context, c->document, c->bindings, &keys, NULL) == JN_OK) {
        if (keys.type == JN_STRING)
            add_key(w, jn_get_string(keys), typed);
        for (size_t i = 0; i < (keys.type == JN_ARRAY ? jn_length(keys) : 0); i++)
            add_key(w, jn_get_string(jn_at(keys, i)), typed);
    }
    jsonata_context_reset(c->context);
    jsonata_free(program);
}

static void add_fields(const struct completion *c, jn_str before, size_t start, jn_str typed, struct line_words *w)
{
    if (start > 1 && before.data[start - 1] == '.') {
        const size_t from = path_start(before, start - 1);
        add_keys_at(c, (jn_str){ before.data + from, start - 1 - from }, typed, w);
    }
    struct walk k = { w, typed, WALKED };
    if (!w->count)
        walk(&k, c->document, 0);
}

void complete_names(const struct completion *c, jn_str before, struct line_words *out)
{
    size_t start = before.len;
    while (start > 0 && is_name_byte(before.data[start - 1]))
        start--;
    const bool is_dollar = start > 0 && before.data[start - 1] == '$';
    start -= start > 0 && (is_dollar || before.data[start - 1] == '`');
    const jn_str typed = { before.data + start, before.len - start };
    out->typed = typed.len;
    if (is_dollar)
        add_dollars(c, (jn_str){ typed.data + 1, typed.len - 1 }, out);
    else
        add_fields(c, before, start, typed, out);
    sort_once(out);
}
