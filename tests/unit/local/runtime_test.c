/* runtime_test.c - which runtime a name or a folder means, and where its interpreter is. */
#include "local/runtime.h"

#include <stdio.h>
#include <stdlib.h>

#include "folder.h"
#include "cmocka_all.h"

static void aws_s_names_lead_to_families(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int family;                 /* -1: none */
    } cases[] = {
        { "provided", LOCAL_PROVIDED },      { "provided.al2", LOCAL_PROVIDED }, { "provided.al2023", LOCAL_PROVIDED },
        { "nodejs", LOCAL_NODEJS },          { "nodejs22.x", LOCAL_NODEJS },     { "nodejs8.10", LOCAL_NODEJS },
        { "python", LOCAL_PYTHON },          { "python3", LOCAL_PYTHON },        { "python3.13", LOCAL_PYTHON },
        { "java21", -1 }, { "", -1 }, { "node", -1 }, { "pythonic", -1 }, { "nodejs 22", -1 }, { "Python3", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct local_runtime *r = local_runtime_find(jn_str_of(cases[i].name));
        assert_int_equal(r ? (int)r->family : -1, cases[i].family);
    }
    assert_true(local_runtime_handles_errors("nodejs8.10"));
    assert_false(local_runtime_handles_errors("nodejs18.x"));
}

static void expect(const struct folder *d, const char *name, int family, const char *handler)
{
    const char *found = NULL;
    const struct local_runtime *r = local_runtime_detect(d->path, &found);
    if ((r ? (int)r->family : -1) != family || (r && strcmp(found, handler) != 0))
        fail_msg("%s: %d, %s", name, r ? (int)r->family : -1, r ? found : "");
}

static void files_tell_runtime_and_handler(void **state)
{
    const struct folder *d = *state;
    static const struct {
        const char *file, *text;
        int family;
        const char *handler;
    } cases[] = {
        { "index.mjs", "", LOCAL_NODEJS, "index.handler" },
        { "index.js", "", LOCAL_NODEJS, "index.handler" },
        { "index.cjs", "", LOCAL_NODEJS, "index.handler" },
        { "index.ts", "", -1, "" },
        { "app.py", "", LOCAL_PYTHON, "app.handler" },
        { "app.py", "def handler(e, c): pass\n", LOCAL_PYTHON, "app.handler" },
        { "app.py", "import x\ndef lambda_handler(e, c): pass\n", LOCAL_PYTHON, "app.lambda_handler" },
        { "app.py", "async def lambda_handler (e, c): pass\n", LOCAL_PYTHON, "app.lambda_handler" },
        { "app.py", "lambda_handler = 5", LOCAL_PYTHON, "app.lambda_handler" },
        { "app.py", "def lambda_handlers(): pass\nlambda_handler(1)\n", LOCAL_PYTHON, "app.handler" },
        { "lambda_function.py", "def lambda_handler(e, c): pass\n", LOCAL_PYTHON, "lambda_function.lambda_handler" },
        { "lambda_function.py", "def handler(e, c): pass\n", LOCAL_PYTHON, "lambda_function.handler" },
    };
    expect(d, "nothing", -1, "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        folder_put(d, cases[i].file, cases[i].text, 0600);
        expect(d, cases[i].text, cases[i].family, cases[i].handler);
        folder_delete(d, cases[i].file);
    }
    folder_put(d, "index.mjs", "", 0600);
    folder_put(d, "bootstrap", "", 0600);
    expect(d, "a bootstrap that may not be executed", LOCAL_NODEJS, "index.handler");
    folder_put(d, "bootstrap", "", 0700);
    expect(d, "a bootstrap beside other code", LOCAL_PROVIDED, "bootstrap");
}

static void an_interpreter_is_looked_for_in_path(void **state)
{
    const struct folder *d = *state;
    const struct local_runtime *node = local_runtime_find(JN_STR("nodejs"));
    struct jn_error err = { 0 };
    char path[256], expected[256];
    snprintf(path, sizeof path, "/nonexistent:%s/b:%s", d->path, d->path);
    assert_null(local_runtime_interpreter(node, path, &err));
    assert_non_null(strstr(err.message, "there is no program called node in PATH (/nonexistent:"));
    assert_non_null(strstr(err.message, "it comes with the package nodejs"));
    folder_put(d, "node", "", 0600);            // no program
    assert_null(local_runtime_interpreter(node, path, NULL));
    folder_put_folder(d, "b");
    folder_put(d, "b/node", "", 0700);
    char *found = local_runtime_interpreter(node, path, NULL);
    snprintf(expected, sizeof expected, "%s/b/node", d->path);
    assert_string_equal(found, expected);
    free(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aws_s_names_lead_to_families),
        cmocka_unit_test_setup_teardown(files_tell_runtime_and_handler, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(an_interpreter_is_looked_for_in_path, folder_make, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
