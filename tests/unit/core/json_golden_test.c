/* The texts of tests/golden/json: valid ones come out as they should, invalid ones fail where their name says, and
 * every beginning of a valid text fails at its own end. */
#include "core/buf.h"
#include "core/value.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define VALID "tests/golden/json/valid"
#define INVALID "tests/golden/json/invalid"

/* The whole file in memory of exactly its size, so that a sanitizer sees each byte too many; data is NULL without it.
 */
static jn_str load(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return (jn_str){ NULL, 0 };
    fseek(f, 0, SEEK_END);
    const long len = ftell(f);
    rewind(f);
    char *data = malloc(len ? (size_t)len : 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)len, f), len);
    fclose(f);
    return (jn_str){ data, (size_t)len };
}

static bool ends_with(const char *name, const char *tail)
{
    return jn_str_ends(jn_str_of(name), jn_str_of(tail));
}

typedef void case_fn(const char *name, jn_str text);

static void for_each_case(const char *folder, case_fn *run)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int cases = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (!ends_with(entry->d_name, ".json"))
            continue;
        const jn_str text = load(folder, entry->d_name);
        run(entry->d_name, text);
        free((void *)text.data);
        cases++;
    }
    closedir(dir);
    assert_true(cases > 0);
}

static jn_str expected_text(const char *name, jn_str text)
{
    char out[256];
    snprintf(out, sizeof out, "%.*s.out", (int)(strlen(name) - strlen(".json")), name);
    const jn_str expected = load(VALID, out);
    if (expected.data)
        return expected;
    char *copy = malloc(text.len + 1);
    assert_non_null(copy);
    memcpy(copy, text.data, text.len);
    return (jn_str){ copy, text.len };
}

static jn_value must_read(struct jn_arena *a, const char *name, jn_str text, struct jn_shapes *shapes)
{
    const struct jn_read_options opt = { .shapes = shapes };
    struct jn_error err = { 0 };
    jn_value v = jn_undefined();
    if (jn_read(a, text, &opt, &v, NULL, &err))
        fail_msg("%s: %u:%u %s", name, err.line, err.column, err.message);
    return v;
}

static void write_and_compare(const char *name, jn_value v, jn_str expected)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    assert_int_equal(jn_write(&b, v, NULL, NULL), JN_OK);
    if (!jn_str_eq(jn_buf_str(&b), expected))
        fail_msg("%s: expected %.*s, got %.*s", name, JN_ARG(expected), JN_ARG(jn_buf_str(&b)));
    jn_buf_clear(&b);
}

/* Thrice with one table of shapes: unknown keys, predicted keys; and a deep copy, which has no spans to copy. */
static void check_valid(const char *name, jn_str text)
{
    struct jn_arena a, other;
    jn_arena_init(&a, 0);
    jn_arena_init(&other, 0);
    struct jn_shapes *shapes = jn_shapes_new_on(NULL, 0);
    const jn_str expected = expected_text(name, text);
    jn_value first = jn_undefined();
    for (int round = 0; round < 2; round++) {
        const jn_value v = must_read(&a, name, text, shapes);
        write_and_compare(name, v, expected);
        if (round == 0)
            first = v;
        assert_true(jn_equal(first, v));
    }
    write_and_compare(name, must_read(&a, name, text, NULL), expected);
    const jn_value copy = jn_deep_copy(&other, first);
    write_and_compare(name, copy, expected);
    assert_true(jn_equal(copy, first));
    free((void *)expected.data);
    jn_shapes_free(shapes);
    jn_arena_clear(&a);
    jn_arena_clear(&other);
}

static void check_indented(const char *name, jn_str text)
{
    struct jn_arena a;
    jn_arena_init(&a, 0);
    const jn_value v = must_read(&a, name, text, NULL);
    const struct jn_write_options forms[] = { { .indent = 1 }, { .indent = 4 }, { .tabs = true } };
    const jn_str expected = expected_text(name, text);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t len = 0;
        char *indented = jn_write_text(v, &forms[i], &len, NULL);
        assert_non_null(indented);
        write_and_compare(name, must_read(&a, name, (jn_str){ indented, len }, NULL), expected);
        free(indented);
    }
    free((void *)expected.data);
    jn_arena_clear(&a);
}

static void check_invalid(const char *name, jn_str text)
{
    const char *place = strchr(name, '.');
    unsigned line = 0, column = 0;
    assert_int_equal(sscanf(place, ".%u.%u.json", &line, &column), 2);
    struct jn_arena a;
    jn_arena_init(&a, 0);
    struct jn_error err = { 0 };
    jn_value v = jn_boolean(true);
    if (jn_read(&a, text, NULL, &v, NULL, &err) != JN_BAD_TEXT || err.status != JN_BAD_TEXT)
        fail_msg("%s: is accepted", name);
    if (err.line != line || err.column != column)
        fail_msg("%s: fails at %u:%u: %s", name, err.line, err.column, err.message);
    assert_true(jn_is(v, JN_BOOLEAN));      // results are written only on success
    assert_true(err.message[0] != '\0' && jn_utf8_invalid(jn_str_of(err.message)) == strlen(err.message));
    jn_arena_clear(&a);
}

static void fails_at_its_end(struct jn_arena *a, const char *name, jn_str text, size_t len)
{
    char *part = malloc(len ? len : 1);
    assert_non_null(part);
    memcpy(part, text.data, len);
    struct jn_error err = { 0 };
    jn_value v;
    if (jn_read(a, (jn_str){ part, len }, NULL, &v, NULL, &err) != JN_BAD_TEXT)
        fail_msg("%s: its first %zu bytes are accepted", name, len);
    if (err.offset != len)
        fail_msg("%s: its first %zu bytes fail at byte %zu: %s", name, len, (size_t)err.offset, err.message);
    free(part);
    jn_arena_reset(a);
}

static void check_beginnings(const char *name, jn_str text)
{
    struct jn_arena a;
    jn_arena_init(&a, 0);
    const jn_str trimmed = jn_str_trim(text);
    if (trimmed.data[0] != '-' && (trimmed.data[0] < '0' || trimmed.data[0] > '9')) {
        const size_t end = (size_t)(trimmed.data - text.data) + trimmed.len;
        for (size_t len = 0; len < end; len++)
            fails_at_its_end(&a, name, text, len);
    }
    jn_arena_clear(&a);
}

static void valid_texts_come_out_as_they_should(void **unused)
{
    (void)unused;
    for_each_case(VALID, check_valid);
}

static void valid_texts_survive_indentation(void **unused)
{
    (void)unused;
    for_each_case(VALID, check_indented);
}

static void invalid_texts_fail_where_they_are_wrong(void **unused)
{
    (void)unused;
    for_each_case(INVALID, check_invalid);
}

static void every_beginning_fails_at_its_own_end(void **unused)
{
    (void)unused;
    for_each_case(VALID, check_beginnings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts_come_out_as_they_should),
        cmocka_unit_test(valid_texts_survive_indentation),
        cmocka_unit_test(invalid_texts_fail_where_they_are_wrong),
        cmocka_unit_test(every_beginning_fails_at_its_own_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
