/* function_folder_test.c - function.json, the functions folder, and the environment of a process. */
#include "local/function.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"

static void without_settings_a_function_has_awss_defaults(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct local_function f = { 0 };
    assert_int_equal(local_function_settings(a, JN_STR(""), &f, NULL), JN_OK);
    assert_int_equal(f.timeout_s, 3);
    assert_int_equal(f.memory_mb, 128);
    assert_string_equal(f.handler, "bootstrap");
    assert_null(f.environment[0]);
    jn_arena_free(a);
}

static void each_setting_is_read(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct local_function f = { 0 };
    const jn_str text = JN_STR("{ \"timeout\": 900, \"memory\": 10240, \"handler\": \"a.b\", \"description\": \"d\","
                               "  \"environment\": { \"TABLE\": \"x=y\", \"EMPTY\": \"\" } }");
    assert_int_equal(local_function_settings(a, text, &f, NULL), JN_OK);
    assert_int_equal(f.timeout_s, 900);
    assert_int_equal(f.memory_mb, 10240);
    assert_string_equal(f.handler, "a.b");
    assert_string_equal(f.description, "d");
    assert_string_equal(f.environment[0], "TABLE=x=y");
    assert_string_equal(f.environment[1], "EMPTY=");
    assert_null(f.environment[2]);
    jn_arena_free(a);
}

static void a_faulty_setting_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "{\"timeout\":0}", "\"timeout\" must be a whole number from 1 to 900" },
        { "{\"timeout\":901}", "\"timeout\" must be" },
        { "{\"timeout\":2.5}", "\"timeout\" must be" },
        { "{\"timeout\":\"3\"}", "\"timeout\" must be" },
        { "{\"timeout\":1e999}", "\"timeout\" must be" },
        { "{\"memory\":64}", "\"memory\" must be a whole number from 128 to 10240" },
        { "{\"handler\":1}", "\"handler\" must be a string, it is number" },
        { "{\"handler\":\"a\\u0000b\"}", "\"handler\" holds a NUL character" },
        { "{\"timeOut\":3}", "\"timeOut\" is not a setting; there are timeout" },
        { "{\"environment\":[]}", "\"environment\" must be an object of strings" },
        { "{\"environment\":{\"A_B\":1}}", "\"A_B\" must be a string" },
        { "{\"environment\":{\"A\":\"\"}}", "has the name \"A\"" },
        { "{\"environment\":{\"A=B\":\"\"}}", "has the name \"A=B\"" },
        { "{\"environment\":{\"AWS_REGION\":\"x\"}}", "sets AWS_REGION, which belongs to Lambda" },
        { "{\"environment\":{\"AWS_LAMBDA_X\":\"x\"}}", "sets AWS_LAMBDA_X, which belongs to Lambda" },
        { "[]", "the file must hold an object, it holds array" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_arena *a = jn_arena_new(0);
        struct local_function f = { 0 };
        struct jn_error err = { 0 };
        assert_int_equal(local_function_settings(a, jn_str_of(cases[i].text), &f, &err), JN_BAD_VALUE);
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s gives: %s", cases[i].text, err.message);
        jn_arena_free(a);
    }
}

/* ---- the folder ----------------------------------------------------------------------------------------------- */

struct folder {
    char path[64];
};

static void put_file(const struct folder *d, const char *name, const char *text, mode_t mode)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", d->path, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static void put_folder(const struct folder *d, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", d->path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int make_folder(void **state)
{
    static struct folder d;
    strncpy(d.path, "/tmp/functions.XXXXXX", sizeof d.path - 1);
    *state = &d;
    return mkdtemp(d.path) ? 0 : -1;
}

static int remove_folder(void **state)
{
    const struct folder *d = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", d->path);
    return system(command);
}

static enum jn_status load(const struct folder *d, struct local_functions *out, struct jn_error *err)
{
    return local_functions_load(out, d->path, "eu-west-1", "210987654321", NULL, err);
}

static void functions_are_subfolders_with_a_bootstrap(void **state)
{
    const struct folder *d = *state;
    struct local_functions f;
    put_folder(d, "zeta");
    put_file(d, "zeta/bootstrap", "", 0700);
    put_folder(d, "alpha");
    put_file(d, "alpha/bootstrap", "", 0700);
    put_file(d, "alpha/function.json", "{\"timeout\":7}", 0600);
    put_folder(d, "not.a.name");
    put_file(d, "not.a.name/bootstrap", "", 0700);
    put_folder(d, "not-executable");
    put_file(d, "not-executable/bootstrap", "", 0600);
    put_folder(d, "empty");
    put_file(d, "file", "", 0700);

    assert_int_equal(load(d, &f, NULL), JN_OK);
    assert_int_equal(f.count, 2);
    assert_string_equal(f.list[0].name, "alpha");
    assert_int_equal(f.list[0].timeout_s, 7);
    assert_string_equal(f.list[1].arn, "arn:aws:lambda:eu-west-1:210987654321:function:zeta");
    assert_ptr_equal(local_functions_find(&f, JN_STR("zeta")), &f.list[1]);
    assert_null(local_functions_find(&f, JN_STR("zet")));
    local_functions_clear(&f);
}

static void a_folder_without_functions_is_an_error_that_says_what_one_is(void **state)
{
    struct local_functions f;
    struct jn_error err = { 0 };
    assert_int_equal(load(*state, &f, &err), JN_NOT_FOUND);
    assert_non_null(strstr(err.message, "a subfolder with an executable file called bootstrap"));
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct local_functions f;
    struct jn_error err = { 0 };
    assert_int_not_equal(local_functions_load(&f, "/nonexistent/functions", "r", "a", NULL, &err), JN_OK);
    assert_non_null(strstr(err.message, "/nonexistent/functions"));
}

static void broken_json_is_told_with_file_line_and_column(void **state)
{
    const struct folder *d = *state;
    struct local_functions f;
    struct jn_error err = { 0 };
    put_folder(d, "broken");
    put_file(d, "broken/bootstrap", "", 0700);
    put_file(d, "broken/function.json", "{\n  \"timeout\" 3\n}", 0600);
    assert_int_equal(load(d, &f, &err), JN_BAD_TEXT);
    if (!strstr(err.message, "broken/function.json, line 2, column 13: "))
        fail_msg("%s", err.message);
}

/* ---- the environment ------------------------------------------------------------------------------------------ */

static const char *find(const char *const *list, const char *name)
{
    const char *found = NULL;
    int count = 0;
    for (; *list; list++) {
        if (strncmp(*list, name, strlen(name)) == 0 && (*list)[strlen(name)] == '=') {
            found = *list + strlen(name) + 1;
            count++;
        }
    }
    assert_true(count <= 1);
    return found;
}

static void a_process_finds_lambdas_variables_and_its_own(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct local_function f = { .name = "f", .folder = "/opt/f" };
    const struct local_environment e = { "eu-west-1", "key", "secret", "127.0.0.1:7", "2026/03/14/[$LATEST]0" };
    assert_int_equal(local_function_settings(a, JN_STR("{\"environment\":{\"TZ\":\":CET\",\"CITY\":\"Wien\"}}"), &f,
                                             NULL), JN_OK);
    const char *const *list = local_function_environment(a, &f, &e);
    static const char *const expected[][2] = {
        { "AWS_LAMBDA_RUNTIME_API", "127.0.0.1:7" }, { "_HANDLER", "bootstrap" }, { "LAMBDA_TASK_ROOT", "/opt/f" },
        { "AWS_REGION", "eu-west-1" }, { "AWS_DEFAULT_REGION", "eu-west-1" }, { "AWS_LAMBDA_FUNCTION_NAME", "f" },
        { "AWS_LAMBDA_FUNCTION_VERSION", "$LATEST" }, { "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128" },
        { "AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f" }, { "AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/14/[$LATEST]0" },
        { "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand" }, { "AWS_ACCESS_KEY_ID", "key" },
        { "AWS_SECRET_ACCESS_KEY", "secret" }, { "LANG", "en_US.UTF-8" }, { "TZ", ":CET" }, { "CITY", "Wien" },
        { "LAMBDA_RUNTIME_DIR", "/var/runtime" }, { "PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin" },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_string_equal(find(list, expected[i][0]), expected[i][1]);
    size_t count = 0;
    while (list[count])
        count++;
    assert_int_equal(count, sizeof expected / sizeof *expected);
    jn_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_settings_a_function_has_awss_defaults),
        cmocka_unit_test(each_setting_is_read),
        cmocka_unit_test(a_faulty_setting_is_named),
        cmocka_unit_test_setup_teardown(functions_are_subfolders_with_a_bootstrap, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_folder_without_functions_is_an_error_that_says_what_one_is, make_folder,
                                        remove_folder),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test_setup_teardown(broken_json_is_told_with_file_line_and_column, make_folder, remove_folder),
        cmocka_unit_test(a_process_finds_lambdas_variables_and_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
