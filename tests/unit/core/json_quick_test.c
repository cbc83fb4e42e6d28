/* The quick way through a text and the general one come out the same: values, what is known of them, mistakes and their
 * places.  Texts are the ones below with every byte of a list put in every place, with every beginning, and with random
 * changes; tables of shapes are new, warm, or full. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/demand.h"
#include "core/value.h"

static const char *const texts[] = {
    "{\"id\":5021887,\"number\":\"#1042\",\"created_at\":\"2026-03-14T09:26:53.589Z\",\"test\":false,\"note\":null,"
    "\"customer\":{\"id\":901,\"first_name\":\"L\xc3\xa9" "a\",\"tags\":[\"vip\",\"newsletter\"],\"addresses\":["
    "{\"type\":\"billing\",\"city\":\"Berlin\"},{\"type\":\"shipping\",\"city\":\"Paris\"}]},\"line_items\":["
    "{\"id\":9000,\"price\":59.66,\"properties\":[]},{\"id\":9001,\"price\":-0.5,\"properties\":[{\"name\":\"a\","
    "\"value\":{}}]}],\"end\":true}",

    "[{\"a\":1,\"b\":\"x\"},{\"a\":2},{\"a\":3,\"b\":\"y\",\"c\":[1,2,[3,[4,[]]]]},{\"b\":1,\"a\":2},"
    "{\"a\":1,\"a\":[2]},{\"10\":1,\"9\":2},{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}},"
    "{\"a\":1,\"b\":\"z\"}]",

    "{ \"spaced\" : [ 1 , 2.50 ,\t-3e5, 0, -0, 0.0000001, 12345678901234567890, 1E2 ] ,\n"
    " \"text\" : \"\\u00e9\\n\\\"\\/\",\n"
    " \"wide\":\"\xf0\x9d\x84\x9e and a text that is longer than one window of sixty-four bytes, so that it has to "
    "look\", \"k\":[true,false,null,\"\"] ,\"a key that is longer than thirty-two bytes\":1,\"\\u006b\":2}",

    "[0,1,22,333,4444,55555,666666,7777777,88888888,999999999,1234567890,12345678901,123456789012,1234567890123,"
    "12345678901234,123456789012345,1234567890123456,0.1,1.25,-1.125,100.0,1e5,-12,{\"x\":[{\"y\":[{\"z\":0}]}]}]",

    "[[],[ ],{},{ },[\n\t],{\r\n},{\"a\":[ ]},{\"a\":{ }, \"b\":[  ],\"c\":{   } } , [{ },{  } ],[ [ ],[  ] ],"
    "{\"a\":[                                                                                ],"
    "\"b\":{            } },[ ],{ } ]",
};

enum { TEXTS = sizeof texts / sizeof *texts };

/* ---- comparing ----------------------------------------------------------------------------------------------- */

static bool same_span(const char *a, uint32_t a_len, bool a_canonical, const char *b, uint32_t b_len, bool b_canonical)
{
    return a == b && a_len == b_len && a_canonical == b_canonical;
}

/* Equal, kept in the same way, and with the same things known of them. */
static bool same(jn_value a, jn_value b)
{
    if (a.type != b.type || a.flags != b.flags || a.len != b.len || jn_length(a) != jn_length(b))
        return false;
    if (jn_is(a, JN_STRING) || jn_is(a, JN_NUMBER))
        return jn_str_eq(jn_text(a), jn_text(b));
    for (size_t i = 0; i < jn_length(a); i++)
        if (!same(jn_at(a, i), jn_at(b, i)) || !jn_str_eq(jn_key_at(a, i), jn_key_at(b, i)))
            return false;
    if (jn_is(a, JN_OBJECT)) {
        const struct jn_object *x = a.as.object, *y = b.as.object;
        return same_span(x->span, x->span_len, x->canonical, y->span, y->span_len, y->canonical);
    }
    if (jn_is(a, JN_ARRAY)) {
        const struct jn_array *x = a.as.array, *y = b.as.array;
        return same_span(x->span, x->span_len, x->canonical, y->span, y->span_len, y->canonical);
    }
    return true;
}

struct readers {
    struct jn_arena quick, general;
    struct jn_shapes *quick_shapes, *general_shapes;
    struct jn_read_options opt;
};

static void readers_init(struct readers *r, uint32_t shapes)
{
    *r = (struct readers){ .quick_shapes = jn_shapes_new_on(NULL, shapes), .general_shapes = jn_shapes_new_on(NULL, shapes) };
    assert_non_null(r->quick_shapes);
    assert_non_null(r->general_shapes);
    jn_arena_init(&r->quick, 0);
    jn_arena_init(&r->general, 0);
}

static void readers_clear(struct readers *r)
{
    jn_shapes_free(r->quick_shapes);
    jn_shapes_free(r->general_shapes);
    jn_arena_clear(&r->quick);
    jn_arena_clear(&r->general);
}

static bool same_errors(const struct jn_error *a, const struct jn_error *b)
{
    return a->offset == b->offset && a->line == b->line && a->column == b->column && !strcmp(a->message, b->message);
}


/* ---- demands ------------------------------------------------------------------------------------------------- */

static const struct jn_demand nothing = { 0, NULL };
static const struct jn_demand_member of_a[] = { { { "a", 1 }, &nothing }, { { "id", 2 }, NULL } };
static const struct jn_demand some = { 2, of_a };
static const struct jn_demand_member of_most[] = { { { "customer", 8 }, &some }, { { "a", 1 }, &some },
                                                   { { "line_items", 10 }, &nothing } };
static const struct jn_demand most = { 3, of_most };
static const struct jn_demand *const demands[] = { NULL, &nothing, &some, &most };

enum { DEMANDS = sizeof demands / sizeof *demands };

static jn_str written(jn_value v, const struct jn_write_options *form)
{
    jn_str text = { NULL, 0 };
    text.data = jn_write_text(v, form, &text.len, NULL);
    assert_non_null(text.data);
    return text;
}

/* What was read on demand is written like what was read in full. */
static void compare_written(jn_value v, jn_value w)
{
    static const struct jn_write_options forms[] = { { 0 }, { .indent = 2 } };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const jn_str x = written(v, &forms[i]), y = written(w, &forms[i]);
        if (!jn_str_eq(x, y))
            fail_msg("on demand: %s\nin full: %s", x.data, y.data);
        free((void *)x.data);
        free((void *)y.data);
    }
}

/* ---- both ways ----------------------------------------------------------------------------------------------- */

/* Reads `text` both ways, from memory of exactly its size. */
static void compare(struct readers *r, jn_str text)
{
    char *copy = malloc(text.len ? text.len : 1);
    assert_non_null(copy);
    memcpy(copy, text.data, text.len);
    const jn_str exact = { copy, text.len };
    struct jn_read_options quick = r->opt, general = r->opt;
    quick.shapes = r->quick_shapes;
    general.shapes = r->general_shapes;
    general.plain = true;
    general.demand = NULL;
    struct jn_error a = { 0 }, b = { 0 };
    jn_value v = jn_undefined(), w = jn_undefined();
    size_t v_used = 0, w_used = 0;
    jn_arena_reset(&r->quick);
    jn_arena_reset(&r->general);
    const enum jn_status s = jn_read(&r->quick, exact, &quick, &v, &v_used, &a);
    const enum jn_status t = jn_read(&r->general, exact, &general, &w, &w_used, &b);
    if (s != t || v_used != w_used || !same_errors(&a, &b))
        fail_msg("quickly %d at %u:%u %s\ngenerally %d at %u:%u %s\n%.*s", s, a.line, a.column, a.message, t, b.line,
                 b.column, b.message, JN_ARG(text));
    if (!s && !quick.demand && !same(v, w))
        fail_msg("another value: %.*s", JN_ARG(text));
    if (!s && quick.demand)
        compare_written(v, w);
    free(copy);
}

/* ---- the texts ----------------------------------------------------------------------------------------------- */

static void texts_as_they_are(void **state)
{
    (void)state;
    struct readers r;
    readers_init(&r, 0);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < TEXTS * DEMANDS; i++) {
            r.opt.demand = demands[i % DEMANDS];
            compare(&r, jn_str_of(texts[i / DEMANDS]));
        }
    readers_clear(&r);
}

static void every_beginning(void **state)
{
    (void)state;
    struct readers r;
    readers_init(&r, 0);
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t n = 0; n <= strlen(texts[i]); n++)
            compare(&r, (jn_str){ texts[i], n });
    readers_clear(&r);
}

static void every_byte_replaced(void **state)
{
    (void)state;
    static const char bytes[] = "{}[]:,\"\\ 09-.eEt/\n\x01\x7f\x80\xc3\xff";
    struct readers r;
    readers_init(&r, 0);
    for (size_t i = 0; i < TEXTS; i++) {
        char text[700];
        const size_t n = strlen(texts[i]);
        assert_true(n < sizeof text);
        for (size_t at = 0; at < n; at++)
            for (size_t b = 0; b < sizeof bytes; b++) {
                memcpy(text, texts[i], n);
                text[at] = bytes[b];
                r.opt.demand = demands[(at + b) % DEMANDS];
                compare(&r, (jn_str){ text, n });
            }
    }
    readers_clear(&r);
}

/* Values behind the text, and limits that stop in the midst of it. */
static void options(void **state)
{
    (void)state;
    struct readers r;
    readers_init(&r, 0);
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t depth = 1; depth < 12; depth++) {
            char text[1500];
            const int n = snprintf(text, sizeof text, "%s %s", texts[i], texts[i]);
            r.opt = (struct jn_read_options){ .max_depth = depth, .prefix = depth % 2 };
            compare(&r, (jn_str){ text, (size_t)n });
        }
    readers_clear(&r);
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Changes a byte, takes a piece out, or puts a piece of the text in another place. */
static size_t change(char *text, size_t n, size_t room, uint32_t *seed)
{
    static const char bytes[] = "{}[]:,\"\\ 0123-.etfn\n\xc3\xa9";
    const size_t at = next_random(seed) % n, len = next_random(seed) % 40, from = next_random(seed) % n;
    switch (next_random(seed) % 3) {
    case 0:
        text[at] = bytes[next_random(seed) % (sizeof bytes - 1)];
        return n;
    case 1:
        if (at + len >= n)
            return n;
        memmove(text + at, text + at + len, n - at - len);
        return n - len;
    default:
        if (n + len > room || from + len > n)
            return n;
        char piece[40];
        memcpy(piece, text + from, len);
        memmove(text + at + len, text + at, n - at);
        memcpy(text + at, piece, len);
        return n + len;
    }
}

static void random_changes(void **state)
{
    (void)state;
    static const uint32_t limits[] = { 0, 5, 40 };
    uint32_t seed = 88172645;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct readers r;
        readers_init(&r, limits[i]);
        for (int round = 0; round < 8000; round++) {
            char text[900];
            const char *const from = texts[next_random(&seed) % TEXTS];
            size_t n = strlen(from);
            memcpy(text, from, n);
            for (uint32_t changes = next_random(&seed) % 4; changes && n > 1; changes--)
                n = change(text, n, sizeof text, &seed);
            r.opt.demand = demands[next_random(&seed) % DEMANDS];
            compare(&r, (jn_str){ text, n });
        }
        readers_clear(&r);
    }
}

/* Containers that do not fit what is at hand: many members, deep nesting, keys by the thousand. */
static void large_containers(void **state)
{
    (void)state;
    struct readers r;
    struct jn_buf b;
    readers_init(&r, 100);
    jn_buf_init(&b, 0);
    for (int n = 1; n < 3000; n = n * 2 + 1) {
        jn_buf_truncate(&b, 0);
        jn_buf_append_z(&b, "{\"list\":[");
        for (int i = 0; i < n; i++)
            jn_buf_append_fmt(&b, "{\"id\":%d,\"of\":[%d,\"%d\"]},", i, n, i * 7);
        jn_buf_append_z(&b, "0],\"map\":{");
        for (int i = 0; i < n; i++)
            jn_buf_append_fmt(&b, "\"key%d\":{\"%d\":[]},", i, i % 10);
        jn_buf_append_z(&b, "\"last\":null},\"deep\":");
        for (int i = 0; i < n; i++)
            jn_buf_append_z(&b, i % 2 ? "[" : "{\"in\":");
        jn_buf_append_z(&b, "1");
        for (int i = n; i-- > 0;)
            jn_buf_append_z(&b, i % 2 ? "]" : "}");
        jn_buf_append_z(&b, "}");
        for (size_t i = 0; i < 2 * DEMANDS; i++) {
            r.opt.demand = demands[i % DEMANDS];
            compare(&r, jn_buf_str(&b));
        }
    }
    jn_buf_clear(&b);
    readers_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_as_they_are),   cmocka_unit_test(every_beginning), cmocka_unit_test(every_byte_replaced),
        cmocka_unit_test(options),             cmocka_unit_test(random_changes),  cmocka_unit_test(large_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
