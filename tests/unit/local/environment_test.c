/* environment_test.c - what a process finds in its environment. */
#include "local/environment.h"
#include "local/function.h"

#include "cmocka_all.h"

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
    const struct local_key key = { JN_STR("key"), JN_STR("secret"), JN_STR("token") };
    const struct local_site site = { .region = "eu-west-1", .keys = &key, .key_count = 1 };
    char name[] = "f";
    struct local_function f = { .site = &site, .name = name };
    struct local_version v = { .function = &f, .number = "3", .folder = "/opt/f",
                               .config = local_configuration_usual() };
    const struct local_environment e = { "127.0.0.1:7", "2026/03/14/[3]0" };
    assert_int_equal(local_configuration_parse(a, JN_STR("{\"runtime\":\"provided\",\"handler\":\"h\",\"environment\":"
                                                         "{\"TZ\":\":CET\",\"CITY\":\"Wien\"}}"), &v.config, NULL), JN_OK);
    const char *const *list = local_environment_make(a, &v, &e);
    static const char *const expected[][2] = {
        { "AWS_LAMBDA_RUNTIME_API", "127.0.0.1:7" }, { "_HANDLER", "h" }, { "LAMBDA_TASK_ROOT", "/opt/f" },
        { "AWS_REGION", "eu-west-1" }, { "AWS_DEFAULT_REGION", "eu-west-1" }, { "AWS_LAMBDA_FUNCTION_NAME", "f" },
        { "AWS_LAMBDA_FUNCTION_VERSION", "3" }, { "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128" },
        { "AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f" }, { "AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/14/[3]0" },
        { "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand" }, { "AWS_ACCESS_KEY_ID", "key" },
        { "AWS_SECRET_ACCESS_KEY", "secret" }, { "AWS_SESSION_TOKEN", "token" },
        { "LANG", "en_US.UTF-8" }, { "TZ", ":CET" }, { "CITY", "Wien" },
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
        cmocka_unit_test(a_process_finds_lambdas_variables_and_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
