/* picture_fuzz.c - pictures of numbers, integers and dates, with what they format or parse:
 *
 *      which function, a letter (see functions[])
 *      the picture
 *      a number, or a text
 *      options of $formatNumber as JSON, or a time zone; may be missing
 *
 * one to a line.  What a context remembers of a picture must not change what it does, so each call is made twice; and
 * what was formatted is parsed again by the same picture. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonata/jsonata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct jsonata_limits limits = { .max_bytes = 16 << 20, .max_depth = 500, .timeout_ms = 1000 };

static const struct {
    char letter;
    const char *expression;
} functions[] = {
    { 'n', "$formatNumber(number, picture)" },
    { 'o', "$formatNumber(number, picture, options)" },
    { 'i', "($t := $formatInteger(number, picture); $n := $parseInteger($t, picture); $t)" },
    { 'p', "$parseInteger(text, picture)" },
    { 'd', "($t := $fromMillis(number, picture); $n := $toMillis($t, picture); $t)" },
    { 'z', "$fromMillis(number, picture, rest)" },
    { 't', "$toMillis(text, picture)" },
    { 's', "$toMillis(text)" },
};

/* The text up to the next line feed; moves on behind it. */
static jn_str take_line(jn_str *rest)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    const jn_str line = { rest->data, end ? (size_t)(end - rest->data) : rest->len };
    rest->data += line.len + (end != NULL);
    rest->len -= line.len + (end != NULL);
    return line;
}

static void put(struct jn_arena *a, jn_value object, const char *key, jn_value v)
{
    if (v.type)
        jn_object_put(a, object, (jn_str){ key, strlen(key) }, v);
}

/* Strings go through the reader: values hold well-formed text only. */
static jn_value read_text(struct jn_arena *a, jn_str s)
{
    char *json = malloc(6 * s.len + 3);
    jn_value v = { 0 };
    size_t n = 0;
    if (!json)
        return v;
    json[n++] = '"';
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.data[i] < ' ' || s.data[i] == '"' || s.data[i] == '\\')
            n += (size_t)snprintf(json + n, 7, "\\u%04x", (unsigned char)s.data[i]);
        else
            json[n++] = s.data[i];
    json[n++] = '"';
    jn_value read;
    if (jn_read(a, (jn_str){ json, n }, NULL, &read, NULL, NULL) == JN_OK)
        v = jn_copy_string(a, jn_get_string(read));
    free(json);
    return v;
}

static jn_value read_json(struct jn_arena *a, jn_str s)
{
    jn_value v;
    return jn_read(a, s, NULL, &v, NULL, NULL) == JN_OK ? v : (jn_value){ 0 };
}

static jn_value read_input(struct jn_arena *a, jn_str rest)
{
    const jn_value input = jn_make_object(a, 5);
    put(a, input, "picture", read_text(a, take_line(&rest)));
    const jn_str text = take_line(&rest);
    const jn_value number = read_json(a, text);
    put(a, input, "text", read_text(a, text));
    put(a, input, "number", number.type == JN_NUMBER ? number : (jn_value){ 0 });
    put(a, input, "options", read_json(a, rest));
    put(a, input, "rest", read_text(a, rest));
    return input;
}

/* The outcome as text, for the caller to free; NULL for a limit, which need not be met twice at the same place. */
static char *outcome(const struct jsonata *program, struct jsonata_context *c, jn_value input)
{
    jn_value result;
    struct jsonata_error err = { 0 };
    const enum jn_status s = jsonata_evaluate(program, c, input, (jn_value){ 0 }, &result, &err);
    if (s != JN_OK && !*err.message)
        abort();
    if (s == JN_LIMIT || strcmp(err.code, "D1012") == 0)
        return NULL;
    char *text = s == JN_OK && result.type ? jn_write_text(result, NULL, NULL, NULL) : NULL;
    return text ? text : strdup(s == JN_OK ? "" : err.code);
}

static void run(const char *expression, jn_str rest)
{
    struct jsonata *program = NULL;
    struct jsonata_context *c = jsonata_context_new(&limits);
    struct jn_arena *a = jn_arena_new(0);
    if (c && a && jsonata_compile((jn_str){ expression, strlen(expression) }, NULL, &program, NULL) == JN_OK) {
        const jn_value input = read_input(a, rest);
        char *first = outcome(program, c, input), *second = outcome(program, c, input);
        if (first && second && strcmp(first, second) != 0)
            abort();
        free(first);
        free(second);
    }
    jsonata_free(program);
    jsonata_context_free(c);
    jn_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    jn_str rest = { (const char *)data, size };
    const jn_str letter = take_line(&rest);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (letter.len == 1 && *letter.data == functions[i].letter)
            run(functions[i].expression, rest);
    return 0;
}
