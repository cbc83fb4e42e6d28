/* members_test.c - members of an object's text, in order and unbuilt; what is JSON is what jn_read() says. */
#include "cmocka_all.h"

#include <dirent.h>
#include <stdio.h>

#include "core/members.h"

static void members_come_as_they_stand(void **state)
{
    (void)state;
    static const struct { const char *key, *value, *pair; } expected[] = {
        { "a", "1", "\"a\" : 1" }, { "b\n", "{ \"x\" : [ ] }", "\"b\\n\":{ \"x\" : [ ] }" },
        { "", "\"}\"", "\"\":\"}\"" }, { "a", "null", "\"a\":null" },
    };
    struct jn_arena a;
    struct jn_members m;
    jn_arena_init(&a, SIZE_MAX);
    jn_members_begin(&m, &a, JN_STR(" { \"a\" : 1 , \"b\\n\":{ \"x\" : [ ] },\"\":\"}\",\"a\":null}\n"), NULL);
    for (size_t i = 0; i < 4; i++) {
        assert_true(jn_members_next(&m));
        assert_true(jn_str_equal(m.key, expected[i].key));
        assert_true(jn_str_equal(m.value, expected[i].value));
        assert_true(jn_str_equal(m.pair, expected[i].pair));
    }
    assert_false(jn_members_next(&m));
    assert_false(jn_members_next(&m));
    assert_int_equal(m.failed, JN_OK);
    jn_arena_clear(&a);
}

static void without_an_arena_keys_keep_their_escapes(void **state)
{
    (void)state;
    struct jn_members m;
    jn_members_begin(&m, NULL, JN_STR("{\"\\u0061\":1}"), NULL);
    assert_true(jn_members_next(&m));
    assert_true(jn_str_equal(m.key, "\\u0061"));
}

static enum jn_status walk(jn_str text)
{
    struct jn_arena a;
    struct jn_members m;
    jn_arena_init(&a, SIZE_MAX);
    jn_members_begin(&m, &a, text, NULL);
    while (jn_members_next(&m))
        ;
    jn_arena_clear(&a);
    return m.failed;
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    static const struct { const char *text; enum jn_status status; } cases[] = {
        { "{}", JN_OK }, { "[]", JN_BAD_VALUE }, { "null", JN_BAD_VALUE }, { " \"x\" ", JN_BAD_VALUE },
        { "12", JN_BAD_VALUE }, { "", JN_BAD_TEXT }, { "  ", JN_BAD_TEXT }, { "garbage", JN_BAD_TEXT },
        { "{} {}", JN_BAD_TEXT }, { "{,}", JN_BAD_TEXT }, { "{\"a\":1,}", JN_BAD_TEXT }, { "{\"a\" 1}", JN_BAD_TEXT },
        { "{\"a\":1 \"b\":2}", JN_BAD_TEXT }, { "{\"a\":}", JN_BAD_TEXT }, { "{a:1}", JN_BAD_TEXT },
        { "{", JN_BAD_TEXT },
        { "{\"a\":[1,{\"b\":]}}", JN_BAD_TEXT }, { "{\"a\":\"\xff\"}", JN_BAD_TEXT }, { "{\"a\":01}", JN_BAD_TEXT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (walk(jn_str_of(cases[i].text)) != cases[i].status)
            fail_msg("%s", cases[i].text);
}

static void mistakes_have_a_place(void **state)
{
    (void)state;
    struct jn_members m;
    struct jn_error err = { 0 };
    jn_members_begin(&m, NULL, JN_STR("{\"a\":1,\n \"b\":[tru]}"), &err);
    assert_true(jn_members_next(&m));
    assert_false(jn_members_next(&m));
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 10);
}

/* Arrays and objects by turns: the levels must not take each other's brackets. */
static void nesting_is_limited_and_kept_apart(void **state)
{
    (void)state;
    enum { LEVELS = 10000 };
    char *text = malloc(LEVELS * 8), *at = text;
    for (int i = 0; i < LEVELS; i++)
        at = stpcpy(at, i % 3 ? "[" : "{\"\":");
    at = stpcpy(at, "1");
    for (int i = LEVELS - 1; i >= 0; i--)
        *at++ = i % 3 ? ']' : '}';
    assert_int_equal(jn_validate((jn_str){ text, (size_t)(at - text) }, NULL), JN_OK);
    at[-1] = ']';
    assert_int_equal(jn_validate((jn_str){ text, (size_t)(at - text) }, NULL), JN_BAD_TEXT);
    memset(text, '[', LEVELS * 2);
    struct jn_error err = { 0 };
    assert_int_equal(jn_validate((jn_str){ text, LEVELS * 2 }, &err), JN_LIMIT);
    assert_int_equal(err.column, LEVELS + 1);
    free(text);
}

static enum jn_status read_status(jn_str text)
{
    struct jn_arena a;
    jn_value v;
    jn_arena_init(&a, SIZE_MAX);
    const enum jn_status s = jn_read(&a, text, NULL, &v, NULL, NULL);
    jn_arena_clear(&a);
    return s;
}

/* In memory of exactly its size, so that a sanitizer sees each byte too many. */
static void check_prefix(const char *path, jn_str text)
{
    char *copy = malloc(text.len ? text.len : 1);
    assert_non_null(copy);
    if (text.len)
        memcpy(copy, text.data, text.len);
    const jn_str exact = { copy, text.len };
    if (jn_validate(exact, NULL) != read_status(exact))
        fail_msg("%s: its first %zu bytes", path, text.len);
    free(copy);
}

static void check_file(const char *path)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    for (size_t n = len > 4000 ? len : 0; n <= len; n++)
        check_prefix(path, (jn_str){ text, n });
}

static void json_is_what_the_reader_says(void **state)
{
    (void)state;
    static const char *const folders[] = { "tests/golden/json/valid", "tests/golden/json/invalid" };
    for (int i = 0; i < 2; i++) {
        DIR *dir = opendir(folders[i]);
        assert_non_null(dir);
        char path[512];
        for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
            snprintf(path, sizeof path, "%s/%s", folders[i], entry->d_name);
            if (jn_str_ends(jn_str_of(path), JN_STR(".json")))
                check_file(path);
        }
        closedir(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_as_they_stand),
        cmocka_unit_test(without_an_arena_keys_keep_their_escapes),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(mistakes_have_a_place),
        cmocka_unit_test(nesting_is_limited_and_kept_apart),
        cmocka_unit_test(json_is_what_the_reader_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
