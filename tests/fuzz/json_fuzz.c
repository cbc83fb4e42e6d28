/* Fuzz target: whatever the reader accepts, the writer must give back as text that reads as an equal value; in compact
 * and in indented form, with and without canonical spans.  Reading a prefix must not accept more than it used.  The
 * quick way and the general one must come out the same, mistakes included; json_portable_fuzz runs the same without
 * vector instructions, on the same corpus. */
#include "core/buf.h"
#include "core/demand.h"
#include "core/value.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEEPEST = 1000 };

/* Not assert(): what a fuzz target claims must hold in every build. */
#define MUST(claim)                                                                                                    \
    do {                                                                                                               \
        if (!(claim)) {                                                                                                \
            fprintf(stderr, "json_fuzz.c:%d: %s\n", __LINE__, #claim);                                                \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A copy in memory of exactly its size, so that a sanitizer sees each byte too many. */
static jn_str copy_of(jn_str s)
{
    char *data = malloc(s.len ? s.len : 1);
    MUST(data);
    if (s.len)
        memcpy(data, s.data, s.len);
    return (jn_str){ data, s.len };
}

static void drop(jn_str s)
{
    free((void *)s.data);
}

static jn_str write_value(jn_value v, const struct jn_write_options *opt)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    MUST(jn_write(&b, v, opt, NULL) == JN_OK);
    const jn_str copy = copy_of(jn_buf_str(&b));
    jn_buf_clear(&b);
    MUST(jn_utf8_invalid(copy) == copy.len);
    return copy;
}

/* Numbers too large for a double are written as null: then the texts have to agree, not the values. */
static void check_again(struct jn_arena *a, struct jn_shapes *shapes, jn_value v, jn_str compact)
{
    static const struct jn_write_options forms[] = { { 0 }, { .indent = 3 }, { .tabs = true } };
    const struct jn_read_options opt = { .shapes = shapes };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const jn_str text = write_value(v, &forms[i]);
        jn_value again;
        MUST(jn_read(a, text, &opt, &again, NULL, NULL) == JN_OK);
        const jn_str same = write_value(again, NULL);
        MUST(jn_str_eq(same, compact));
        drop(same);
        drop(text);
    }
}

static void check_copy(struct jn_arena *a, jn_value v, jn_str compact)
{
    const jn_value copy = jn_deep_copy(a, v);
    MUST(!jn_is_undefined(copy) && jn_equal(copy, v));
    const jn_str text = write_value(copy, NULL);    // a copy has no spans
    MUST(jn_str_eq(text, compact));
    drop(text);
}

/* Forgets what is known of the spans below `v`; nested no deeper than the reader allows here. */
static void forget_spans(jn_value v)
{
    if (jn_is(v, JN_ARRAY))
        v.as.array->canonical = false;
    else if (jn_is(v, JN_OBJECT))
        v.as.object->canonical = false;
    for (size_t i = 0; i < jn_length(v); i++)
        forget_spans(jn_at(v, i));
}

static const struct jn_demand nothing = { 0, NULL };
static const struct jn_demand_member of_some[] = { { { "a", 1 }, &nothing }, { { "b", 1 }, NULL } };
static const struct jn_demand some = { 2, of_some };

/* The general way, with a table of shapes that knows as little as a new one, and then with a warm one; and with objects
 * left unread. */
static void check_plain(struct jn_arena *a, struct jn_shapes *shapes, jn_str text, enum jn_status expected,
                        const struct jn_error *mistake, jn_str compact)
{
    const struct jn_read_options forms[] = {
        { .plain = true, .max_depth = DEEPEST }, { .plain = true, .shapes = shapes, .max_depth = DEEPEST },
        { .shapes = shapes, .max_depth = DEEPEST },
        { .shapes = shapes, .max_depth = DEEPEST, .demand = &nothing },
        { .shapes = shapes, .max_depth = DEEPEST, .demand = &some },
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct jn_error err = { 0 };
        jn_value v;
        MUST(jn_read(a, text, &forms[i], &v, NULL, &err) == expected);
        if (expected) {
            MUST(err.offset == mistake->offset && strcmp(err.message, mistake->message) == 0);
            continue;
        }
        for (int spans = 0; spans < 2; spans++) {
            const jn_str same = write_value(v, NULL);
            MUST(jn_str_eq(same, compact));
            drop(same);
            forget_spans(v);
        }
    }
}

static void check_prefix(struct jn_arena *a, jn_str text)
{
    const struct jn_read_options opt = { .prefix = true };
    size_t used = 0;
    jn_value v;
    if (jn_read(a, text, &opt, &v, &used, NULL))
        return;
    MUST(used > 0 && used <= text.len);
    const jn_str part = copy_of(jn_str_sub(text, 0, used));
    MUST(jn_read(a, part, NULL, &v, NULL, NULL) == JN_OK);
    drop(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const jn_str text = copy_of((jn_str){ (const char *)data, size });
    struct jn_arena a;
    jn_arena_init(&a, 0);
    struct jn_shapes *shapes = jn_shapes_new_on(NULL, 20);   // few, so that private shapes are common
    struct jn_read_options opt = { .shapes = shapes, .max_depth = DEEPEST };
    struct jn_error err = { 0 };
    jn_value v, same;
    MUST(shapes);
    if (jn_read(&a, text, &opt, &v, NULL, &err) == JN_OK) {
        MUST(jn_read(&a, text, &opt, &same, NULL, NULL) == JN_OK && jn_equal(v, same));
        const jn_str compact = write_value(v, NULL);
        check_again(&a, shapes, v, compact);
        check_copy(&a, v, compact);
        check_plain(&a, shapes, text, JN_OK, NULL, compact);
        drop(compact);
    } else {
        check_plain(&a, shapes, text, err.status, &err, (jn_str){ NULL, 0 });
        MUST(err.status && err.message[0] && err.offset <= size && err.line > 0 && err.column > 0);
    }
    check_prefix(&a, text);
    jn_shapes_free(shapes);
    jn_arena_clear(&a);
    drop(text);
    return 0;
}
