/* operation_test.c - which operation a request line asks for. */
#include "local/operation.h"

#include "cmocka_all.h"

static void paths_lead_to_operations(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        enum local_operation_kind kind;
        const char *labels[2];
    } cases[] = {
        { "POST", "/2015-03-31/functions/f/invocations", LOCAL_OP_INVOKE, { "f", "" } },
        { "POST", "/2015-03-31/functions/f%3A1/invocations", LOCAL_OP_INVOKE, { "f%3A1", "" } },
        { "POST", "/2021-11-15/functions/f/response-streaming-invocations", LOCAL_OP_INVOKE_STREAMED, { "f", "" } },
        { "POST", "/2014-11-13/functions/f/invoke-async", LOCAL_OP_INVOKE_ASYNC, { "f", "" } },
        { "POST", "/2014-11-13/functions/f/invoke-async/", LOCAL_OP_INVOKE_ASYNC, { "f", "" } },
        { "GET", "/2015-03-31/functions", LOCAL_OP_LIST_FUNCTIONS, { "", "" } },
        { "GET", "/2015-03-31/functions/", LOCAL_OP_LIST_FUNCTIONS, { "", "" } },
        { "GET", "/2015-03-31/functions/f", LOCAL_OP_GET_FUNCTION, { "f", "" } },
        { "GET", "/2015-03-31/functions/f/configuration", LOCAL_OP_GET_CONFIGURATION, { "f", "" } },
        { "GET", "/2015-03-31/functions/f/versions", LOCAL_OP_LIST_VERSIONS, { "f", "" } },
        { "POST", "/2015-03-31/functions/f/versions", LOCAL_OP_PUBLISH_VERSION, { "f", "" } },
        { "GET", "/2015-03-31/functions/f/aliases", LOCAL_OP_LIST_ALIASES, { "f", "" } },
        { "POST", "/2015-03-31/functions/f/aliases", LOCAL_OP_CREATE_ALIAS, { "f", "" } },
        { "GET", "/2015-03-31/functions/f/aliases/prod", LOCAL_OP_GET_ALIAS, { "f", "prod" } },
        { "PUT", "/2015-03-31/functions/f/aliases/prod", LOCAL_OP_UPDATE_ALIAS, { "f", "prod" } },
        { "DELETE", "/2015-03-31/functions/f/aliases/prod", LOCAL_OP_DELETE_ALIAS, { "f", "prod" } },
        { "GET", "/2016-08-19/account-settings/", LOCAL_OP_ACCOUNT_SETTINGS, { "", "" } },
        { "PUT", "/2017-10-31/functions/f/concurrency", LOCAL_OP_PUT_CONCURRENCY, { "f", "" } },
        { "DELETE", "/2017-10-31/functions/f/concurrency", LOCAL_OP_DELETE_CONCURRENCY, { "f", "" } },
        { "GET", "/2019-09-30/functions/f/concurrency", LOCAL_OP_GET_CONCURRENCY, { "f", "" } },
        { "POST", "/", LOCAL_OP_STS, { "", "" } },
        { "GET", "/2015-03-31/functions/f/invocations", LOCAL_NO_OPERATION, { "", "" } },
        { "GET", "/", LOCAL_NO_OPERATION, { "", "" } },
        { "POST", "", LOCAL_NO_OPERATION, { "", "" } },
        { "POST", "/2015-03-31/functions//invocations", LOCAL_NO_OPERATION, { "", "" } },
        { "POST", "/2015-03-31/functions/a/b/invocations", LOCAL_NO_OPERATION, { "", "" } },
        { "POST", "/2015-03-31/functions/invocations", LOCAL_NO_OPERATION, { "", "" } },
        { "POST", "/2021-11-15/functions/f/invocations", LOCAL_NO_OPERATION, { "", "" } },
        { "POST", "/2015-03-31/functions/f/response-streaming-invocations", LOCAL_NO_OPERATION, { "", "" } },
        { "GET", "/2015-03-31/functions/f/aliases/a/b", LOCAL_NO_OPERATION, { "", "" } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct local_operation op = local_operation_find(jn_str_of(cases[i].method), jn_str_of(cases[i].path));
        if (op.kind != cases[i].kind)
            fail_msg("%s %s leads to %d", cases[i].method, cases[i].path, (int)op.kind);
        for (size_t k = 0; op.kind && k < 2; k++)
            assert_true(jn_str_equal(op.labels[k], cases[i].labels[k]));
    }
}

static void parameters_are_found_by_their_whole_name(void **state)
{
    (void)state;
    const jn_str query = JN_STR("MaxItemsX=9&MaxItems=5&Empty=&Bare&Marker=a%3D");
    assert_true(jn_str_equal(local_query_get(query, "MaxItems"), "5"));
    assert_true(jn_str_equal(local_query_get(query, "Marker"), "a%3D"));
    assert_non_null(local_query_get(query, "Empty").data);
    assert_int_equal(local_query_get(query, "Empty").len, 0);
    assert_non_null(local_query_get(query, "Bare").data);
    assert_null(local_query_get(query, "axItems").data);
    assert_null(local_query_get(JN_STR(""), "MaxItems").data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_operations),
        cmocka_unit_test(parameters_are_found_by_their_whole_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
