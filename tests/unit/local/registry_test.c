/* registry_test.c - functions as the disk has them, while it changes. */
#include "local/registry.h"

#include <stdio.h>

#include "folder.h"
#include "cmocka_all.h"

static struct local_registry *open_path(const struct folder *d, const char *name)
{
    char path[256];
    struct local_registry *r = NULL;
    struct jn_error err = { 0 };
    snprintf(path, sizeof path, "%s/%s", d->path, name);
    if (local_registry_open(&d->site, path, &r, &err))
        fail_msg("%s", err.message);
    return r;
}

static void assert_no_registry(const struct folder *d, enum jn_status expected, const char *sentence)
{
    struct local_registry *r = NULL;
    struct jn_error err = { 0 };
    assert_int_equal(local_registry_open(&d->site, d->path, &r, &err), expected);
    if (!strstr(err.message, sentence))
        fail_msg("expected: %s\ncame: %s", sentence, err.message);
}

/* ---- where functions are ---------------------------------------------------------------------------------------- */

static void functions_are_subfolders_with_code(void **state)
{
    const struct folder *d = *state;
    folder_put_function(d, "zeta", NULL);
    folder_put_function(d, "alpha", "{\"timeout\":7}");
    folder_put_function(d, "not.a.name", NULL);
    folder_put_function(d, ".hidden", NULL);
    folder_put_folder(d, "not-executable");
    folder_put(d, "not-executable/bootstrap", "", 0600);
    folder_put_folder(d, "empty");
    folder_put(d, "file", "", 0700);

    struct local_registry *r = open_path(d, "");
    assert_int_equal(local_registry_count(r), 2);
    assert_string_equal(local_registry_at(r, 0)->name, "alpha");
    assert_int_equal(local_registry_at(r, 0)->latest->config.timeout_s, 7);
    assert_string_equal(local_registry_at(r, 0)->latest->config.handler, "bootstrap");
    assert_string_equal(local_registry_at(r, 1)->arn, "arn:aws:lambda:eu-west-1:210987654321:function:zeta");
    assert_ptr_equal(local_registry_find(r, JN_STR("zeta")), local_registry_at(r, 1));
    assert_null(local_registry_find(r, JN_STR("zet")));
    assert_null(local_registry_find(r, JN_STR("zetas")));
    local_registry_free(r);
}

static void a_folder_may_be_a_function_itself(void **state)
{
    const struct folder *d = *state;
    folder_put_function(d, "hello", NULL);
    folder_put_folder(d, "hello/lib");
    struct local_registry *r = open_path(d, "hello");
    assert_int_equal(local_registry_count(r), 1);
    assert_string_equal(local_registry_at(r, 0)->name, "hello");
    local_registry_free(r);
}

static void a_functions_json_lists_them(void **state)
{
    const struct folder *d = *state;
    folder_put_function(d, "one", "{\"timeout\":5,\"memory\":256}");
    folder_put_function(d, "code", NULL);
    folder_put_function(d, "unlisted", NULL);
    folder_put(d, "functions.json", "{\"one\":{\"timeout\":9},\"two\":{\"folder\":\"code\",\"environment\":{\"AB\":\"c\"}}}",
               0600);
    struct local_registry *r = open_path(d, "functions.json");
    assert_int_equal(local_registry_count(r), 2);
    assert_int_equal(local_registry_find(r, JN_STR("one"))->latest->config.timeout_s, 9);
    assert_int_equal(local_registry_find(r, JN_STR("one"))->latest->config.memory_mb, 256);
    assert_string_equal(local_registry_find(r, JN_STR("two"))->latest->config.environment[0], "AB=c");
    assert_null(local_registry_find(r, JN_STR("unlisted")));

    folder_put(d, "functions.json", "{\"two\":{\"folder\":\"code\",\"timeout\":11},\"unlisted\":{}}", 0600);
    assert_null(local_registry_find(r, JN_STR("one")));
    assert_int_equal(local_registry_find(r, JN_STR("two"))->latest->config.timeout_s, 11);
    assert_non_null(local_registry_find(r, JN_STR("unlisted")));
    folder_put(d, "functions.json", "{\"two\":", 0600);         // half written: what was holds
    assert_non_null(local_registry_find(r, JN_STR("unlisted")));
    local_registry_free(r);
}

static void faulty_settings_are_told_with_their_place(void **state)
{
    const struct folder *d = *state;
    assert_no_registry(d, JN_NOT_FOUND, "a function is a folder with an index.mjs, app.py or executable bootstrap");
    folder_put_function(d, "broken", "{\n  \"timeout\" 3\n}");
    assert_no_registry(d, JN_BAD_TEXT, "broken/function.json, line 2, column 13: ");
    folder_put(d, "broken/function.json", "{\"timeout\":0}", 0600);
    assert_no_registry(d, JN_BAD_VALUE, "broken/function.json: \"timeout\" must be");
    folder_put(d, "broken/function.json", "{}", 0600);
    folder_put(d, "functions.json", "{\"no good\":{}}", 0600);
    assert_no_registry(d, JN_BAD_VALUE, "\"no good\" cannot be a function's name");
    folder_put(d, "functions.json", "{\"broken\":{\"timeout\":0}}", 0600);
    assert_no_registry(d, JN_BAD_VALUE, "function broken: \"timeout\" must be");
    folder_put(d, "functions.json", "{\"absent\":{}}", 0600);
    assert_no_registry(d, JN_NOT_FOUND, "absent");
    folder_put(d, "functions.json", "{\"broken\":{},\n,}", 0600);
    assert_no_registry(d, JN_BAD_TEXT, "functions.json, line 2, column 1: ");
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    const struct folder *d = *state;
    struct local_registry *r = NULL;
    struct jn_error err = { 0 };
    assert_int_not_equal(local_registry_open(&d->site, "/nonexistent/functions", &r, &err), JN_OK);
    assert_non_null(strstr(err.message, "/nonexistent/functions"));
}

/* ---- changes ---------------------------------------------------------------------------------------------------- */

static void a_changed_folder_is_another_latest(void **state)
{
    const struct folder *d = *state;
    folder_put_function(d, "f", "{\"timeout\":5}");
    struct local_registry *r = open_path(d, "");
    struct local_version *first = local_version_ref(local_registry_find(r, JN_STR("f"))->latest);
    assert_ptr_equal(local_registry_find(r, JN_STR("f"))->latest, first);
    folder_put_folder(d, "f/__pycache__");
    folder_put(d, "f/__pycache__/f.pyc", "", 0600);
    assert_ptr_equal(local_registry_find(r, JN_STR("f"))->latest, first);

    folder_put(d, "f/bootstrap", "#!/bin/false\n", 0700);
    struct local_version *second = local_registry_find(r, JN_STR("f"))->latest;
    assert_ptr_not_equal(second, first);
    assert_true(first->is_retired && !second->is_retired);
    folder_put(d, "f/function.json", "{\"timeout\":", 0600);     // faulty: the old one is kept
    assert_ptr_equal(local_registry_find(r, JN_STR("f"))->latest, second);
    folder_put(d, "f/function.json", "{\"timeout\":6}", 0600);
    assert_int_equal(local_registry_find(r, JN_STR("f"))->latest->config.timeout_s, 6);
    local_version_unref(first);
    local_registry_free(r);
}

static void functions_come_and_go_with_their_folders(void **state)
{
    const struct folder *d = *state;
    folder_put_function(d, "f", NULL);
    struct local_registry *r = open_path(d, "");
    assert_null(local_registry_find(r, JN_STR("g")));
    folder_put_function(d, "g", NULL);
    assert_non_null(local_registry_find(r, JN_STR("g")));
    folder_delete(d, "f");
    assert_null(local_registry_find(r, JN_STR("f")));
    assert_int_equal(local_registry_count(r), 1);
    folder_put_function(d, "f", NULL);
    local_registry_look(r);
    assert_int_equal(local_registry_count(r), 2);
    local_registry_free(r);
}

/* ---- versions and aliases ---------------------------------------------------------------------------------------- */

static const char *resolved(const struct local_function *f, const char *qualifier)
{
    const struct local_version *v = local_function_resolve(f, qualifier ? jn_str_of(qualifier) : (jn_str){ NULL, 0 });
    return v ? v->number : "none";
}

static struct local_version *publish(struct local_function *f, const char *description)
{
    struct local_version *v = NULL;
    struct jn_error err = { 0 };
    if (local_function_publish(f, description, &v, &err))
        fail_msg("%s", err.message);
    return v;
}

static void a_published_version_keeps_code_and_settings(void **state)
{
    const struct folder *d = *state;
    char path[256];
    struct jn_buf code;
    folder_put_function(d, "f", "{\"timeout\":5,\"environment\":{\"AB\":\"c\"}}");
    folder_put(d, "f/data", "old", 0640);
    struct local_registry *r = open_path(d, "");
    struct local_function *f = local_registry_find(r, JN_STR("f"));
    assert_string_equal(publish(f, NULL)->number, "1");
    assert_string_equal(publish(f, NULL)->number, "1");                 // nothing has changed
    assert_string_equal(publish(f, "first")->number, "2");              // its description has
    folder_put(d, "f/data", "new", 0640);
    folder_put(d, "f/function.json", "{\"timeout\":6}", 0600);
    local_function_look(f);
    assert_string_equal(publish(f, NULL)->number, "3");

    local_registry_free(r);
    r = open_path(d, "");
    f = local_registry_find(r, JN_STR("f"));
    assert_int_equal(f->version_count, 3);
    const struct local_version *one = local_function_resolve(f, JN_STR("1"));
    assert_int_equal(one->config.timeout_s, 5);
    assert_string_equal(one->config.environment[0], "AB=c");
    assert_string_equal(f->versions[1]->config.description, "first");
    assert_int_equal(f->versions[2]->config.timeout_s, 6);
    assert_string_equal(publish(f, NULL)->number, "3");

    jn_buf_init(&code, 0);
    snprintf(path, sizeof path, "%s/data", one->folder);
    FILE *file = fopen(path, "r");
    char text[8] = "";
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_string_equal(text, "old");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    local_registry_free(r);
}

/* What a copy that was cut short has left behind is no version, and in nobody's way. */
static void a_version_without_its_settings_is_none(void **state)
{
    const struct folder *d = *state;
    folder_put_function(d, "f", NULL);
    folder_put_folder(d, ".lambda");
    folder_put_folder(d, ".lambda/functions");
    folder_put_folder(d, ".lambda/functions/f");
    folder_put_folder(d, ".lambda/functions/f/versions");
    folder_put_folder(d, ".lambda/functions/f/versions/1");
    folder_put_folder(d, ".lambda/functions/f/versions/1.part");
    struct local_registry *r = open_path(d, "");
    struct local_function *f = local_registry_find(r, JN_STR("f"));
    assert_int_equal(f->version_count, 0);
    assert_string_equal(publish(f, NULL)->number, "1");
    assert_string_equal(resolved(f, "1"), "1");
    local_registry_free(r);
}

static void aliases_lead_to_versions_and_are_kept(void **state)
{
    const struct folder *d = *state;
    struct jn_error err = { 0 };
    folder_put_function(d, "f", "{\"aliases\":{\"live\":\"1\",\"dev\":\"$LATEST\"},\"reservedConcurrency\":3}");
    struct local_registry *r = open_path(d, "");
    struct local_function *f = local_registry_find(r, JN_STR("f"));
    assert_string_equal(resolved(f, NULL), "$LATEST");
    assert_string_equal(resolved(f, "live"), "none");
    publish(f, NULL);
    publish(f, "second");
    assert_string_equal(resolved(f, "live"), "1");
    assert_string_equal(resolved(f, "dev"), "$LATEST");
    assert_string_equal(resolved(f, "2"), "2");
    assert_string_equal(resolved(f, "3"), "none");
    assert_string_equal(resolved(f, "nobody"), "none");

    const struct local_alias live = { .name = "live", .version = "2", .description = "" };
    assert_int_equal(local_function_put_alias(f, &live, &err), JN_OK);
    assert_string_equal(resolved(f, "live"), "2");
    assert_int_equal(local_function_reserved(f), 3);
    assert_int_equal(local_function_reserve(f, 0, &err), JN_OK);
    local_registry_free(r);

    r = open_path(d, "");
    f = local_registry_find(r, JN_STR("f"));
    assert_string_equal(resolved(f, "live"), "2");
    assert_int_equal(local_function_reserved(f), 0);
    assert_int_equal(local_function_reserve(f, -1, &err), JN_OK);
    assert_int_equal(local_function_reserved(f), 3);
    assert_int_equal(local_function_delete_alias(f, JN_STR("live"), &err), JN_OK);
    assert_string_equal(resolved(f, "live"), "1");
    assert_int_equal(local_function_delete_alias(f, JN_STR("live"), NULL), JN_NOT_FOUND);
    local_registry_free(r);
}

static void a_weighted_alias_shares_the_calls_out(void **state)
{
    const struct folder *d = *state;
    int other = 0;
    folder_put_function(d, "f", "{\"aliases\":{\"split\":{\"version\":\"1\",\"weights\":{\"2\":0.3}},"
                                "\"all\":{\"version\":\"1\",\"weights\":{\"2\":1}},"
                                "\"nothing\":{\"version\":\"1\",\"weights\":{\"2\":0}}}}");
    struct local_registry *r = open_path(d, "");
    struct local_function *f = local_registry_find(r, JN_STR("f"));
    publish(f, "one");
    publish(f, "two");
    for (int i = 0; i < 10000; i++) {
        other += strcmp(resolved(f, "split"), "2") == 0;
        assert_string_equal(resolved(f, "all"), "2");
        assert_string_equal(resolved(f, "nothing"), "1");
    }
    assert_in_range(other, 2700, 3300);         // six standard deviations
    local_registry_free(r);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(functions_are_subfolders_with_code),
        IN_FOLDER(a_folder_may_be_a_function_itself),
        IN_FOLDER(a_functions_json_lists_them),
        IN_FOLDER(faulty_settings_are_told_with_their_place),
        IN_FOLDER(a_folder_that_is_not_there_is_an_error),
        IN_FOLDER(a_changed_folder_is_another_latest),
        IN_FOLDER(functions_come_and_go_with_their_folders),
        IN_FOLDER(a_published_version_keeps_code_and_settings),
        IN_FOLDER(a_version_without_its_settings_is_none),
        IN_FOLDER(aliases_lead_to_versions_and_are_kept),
        IN_FOLDER(a_weighted_alias_shares_the_calls_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
