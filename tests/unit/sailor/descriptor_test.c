/* descriptor_test.c - what the runtime reads from component.json (platform-protocol.md, 8.1, 2.7). */
#include "cmocka_all.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sailor/descriptor.h"

static char folder[64];

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/descriptor-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return chdir(folder) || mkdir("component", 0700);
}

static int end(void **state)
{
    (void)state;
    unlink("component.json");
    unlink("component/component.json");
    rmdir("component");
    return chdir("/") || rmdir(folder);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const struct { const char *function; enum jn_status status; bool is_trigger, auto_resolve; } cases[] = {
    { "plain", JN_OK, false, true }, { "off", JN_OK, false, false }, { "text", JN_OK, false, true },
    { "both", JN_OK, true, true }, { "none", JN_NOT_FOUND, false, false }, { "nothing", JN_NOT_FOUND, false, false },
};

static void functions_are_found_triggers_first(void **state)
{
    (void)state;
    write_file("component.json",
               "{\"triggers\":{\"both\":{}},\"actions\":{\"plain\":{\"main\":\"x\"},"
               "\"off\":{\"autoResolveObjectReferences\":false},\"text\":{\"autoResolveObjectReferences\":\"false\"},"
               "\"both\":{\"autoResolveObjectReferences\":false},\"nothing\":null}}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sailor_descriptor_entry e = { 0 };
        assert_int_equal(sailor_descriptor_find(NULL, cases[i].function, &e, NULL), cases[i].status);
        assert_int_equal(e.is_trigger, cases[i].is_trigger);
        assert_int_equal(e.auto_resolve, cases[i].auto_resolve);
    }
    struct sailor_descriptor_entry e;
    struct jn_error err = { 0 };
    sailor_descriptor_find(NULL, "none", &e, &err);
    assert_string_equal(err.message, "Trigger or action \"none\" is not found in component.json!");
}

/* 1.3 */
static void the_path_is_below_the_working_directory(void **state)
{
    (void)state;
    struct sailor_descriptor_entry e;
    write_file("component/component.json", "{\"actions\":{\"here\":{}}}");
    assert_int_equal(sailor_descriptor_find("component", "here", &e, NULL), JN_OK);
    assert_int_equal(sailor_descriptor_find("/component/", "here", &e, NULL), JN_OK);
    assert_int_equal(sailor_descriptor_find("", "here", &e, NULL), JN_NOT_FOUND);
}

static void a_missing_or_broken_file_names_its_folder(void **state)
{
    (void)state;
    struct sailor_descriptor_entry e;
    struct jn_error err = { 0 };
    char expected[200];
    assert_int_equal(sailor_descriptor_find("other", "here", &e, &err), JN_IO);
    snprintf(expected, sizeof expected, "Failed to load component.json from %s/other: ", folder);
    assert_true(jn_str_starts(jn_str_of(err.message), jn_str_of(expected)));
    write_file("component.json", "{\"actions\":");
    err = (struct jn_error){ 0 };
    assert_int_equal(sailor_descriptor_find(NULL, "here", &e, &err), JN_BAD_TEXT);
    snprintf(expected, sizeof expected, "Failed to load component.json from %s: ", folder);
    assert_true(jn_str_starts(jn_str_of(err.message), jn_str_of(expected)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_found_triggers_first),
        cmocka_unit_test(the_path_is_below_the_working_directory),
        cmocka_unit_test(a_missing_or_broken_file_names_its_folder),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
