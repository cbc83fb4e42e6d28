/* invoke_request_test.c - what a request asks for and why it is refused: the checks of the Invoke API, the paths of the
 * Runtime API. */
#include "folder.h"
#include "local/invoke_check.h"
#include "local/runtime_api.h"

#include <stdio.h>

#include "cmocka_all.h"

static struct local_registry *functions;
static struct local_site site;
static struct local_function *the_function;

struct outcome {
    struct jn_arena memory;
    struct local_invoke v;
    struct local_refusal r;
    bool ok;
};

static struct local_invoke invoke_of(const char *name, const char *query)
{
    static char path[400];
    snprintf(path, sizeof path, "/2015-03-31/functions/%s/invocations", name);
    return (struct local_invoke){ .operation = local_operation_find(JN_STR("POST"), jn_str_of(path)),
                                  .query = jn_str_of(query) };
}

static void check(struct outcome *o, struct local_invoke v)
{
    local_refusal_init(&o->r);
    jn_arena_init(&o->memory, 0);
    o->v = v;
    o->v.memory = &o->memory;
    o->ok = local_invoke_check_size(&o->v, &o->r) && local_invoke_check(&o->v, &site, functions, &o->r);
}

static void clear(struct outcome *o)
{
    local_refusal_clear(&o->r);
    jn_arena_clear(&o->memory);
}

static void assert_refused(struct local_invoke v, enum local_refusal_kind kind, const char *message)
{
    struct outcome o;
    check(&o, v);
    assert_false(o.ok);
    assert_int_equal(o.r.kind, kind);
    if (!strstr(o.r.message.data, message))
        fail_msg("expected: %s\ncame: %s", message, o.r.message.data);
    clear(&o);
}

static void a_function_is_found_by_every_form_of_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *name, *query, *arn_end;
    } cases[] = {
        { "f", "", "function:f" },
        { "f", "Qualifier=%24LATEST", "function:f:$LATEST" },
        { "f%3A%24LATEST", "", "function:f:$LATEST" },
        { "f:$LATEST", "x=y&Qualifier=$LATEST", "function:f:$LATEST" },
        { "123456789012:f", "", "function:f" },
        { "123456789012%3Afunction%3Af", "", "function:f" },
        { "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af", "", "function:f" },
        { "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", "", "function:f:$LATEST" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome o;
        check(&o, invoke_of(cases[i].name, cases[i].query));
        if (!o.ok)
            fail_msg("%s: %s", cases[i].name, o.r.message.data);
        assert_ptr_equal(o.v.target.version, the_function->latest);
        assert_true(jn_str_ends(jn_str_of(o.v.target.arn), jn_str_of(cases[i].arn_end)));
        clear(&o);
    }
}

static void names_that_lead_nowhere_are_refused_as_aws_does(void **state)
{
    (void)state;
    static const struct {
        const char *name, *query;
        enum local_refusal_kind kind;
        const char *message;
    } cases[] = {
        { "g", "", LOCAL_REFUSED_NOT_FOUND,
          "Function not found: arn:aws:lambda:us-east-1:123456789012:function:g:$LATEST" },
        { "f", "Qualifier=PROD", LOCAL_REFUSED_NOT_FOUND,
          "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:PROD" },
        { "f:42", "", LOCAL_REFUSED_NOT_FOUND,
          "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:42" },
        { "999999999999:f", "", LOCAL_REFUSED_NOT_FOUND,
          "Function not found: arn:aws:lambda:us-east-1:999999999999:function:f:$LATEST" },
        { "arn:aws:lambda:eu-west-1:123456789012:function:f", "", LOCAL_REFUSED_NOT_FOUND,
          "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')" },
        { "f:PROD", "Qualifier=BETA", LOCAL_REFUSED_INVALID_PARAMETER,
          "The derived qualifier from the function name does not match the specified qualifier." },
        { "f%20g", "", LOCAL_REFUSED_VALIDATION,
          "1 validation error detected: Value 'f g' at 'functionName' failed to satisfy constraint" },
        { "f", "Qualifier=a%20b", LOCAL_REFUSED_VALIDATION, "Value 'a b' at 'qualifier' failed" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(invoke_of(cases[i].name, cases[i].query), cases[i].kind, cases[i].message);
}

static void headers_choose_type_and_log(void **state)
{
    (void)state;
    static const struct {
        const char *type, *log;
        enum local_invocation_type expected;
        bool wants_log;
    } cases[] = {
        { "", "", LOCAL_REQUEST_RESPONSE, false },        { "RequestResponse", "Tail", LOCAL_REQUEST_RESPONSE, true },
        { "Event", "None", LOCAL_EVENT, false },          { "Event", "Tail", LOCAL_EVENT, false },
        { "DryRun", "", LOCAL_DRY_RUN, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome o;
        struct local_invoke v = invoke_of("f", "");
        v.type_header = jn_str_of(cases[i].type);
        v.log_header = jn_str_of(cases[i].log);
        check(&o, v);
        assert_true(o.ok);
        assert_int_equal(o.v.type, cases[i].expected);
        assert_int_equal(o.v.wants_log, cases[i].wants_log);
        clear(&o);
    }
    struct local_invoke v = invoke_of("f", "");
    v.type_header = JN_STR("event");
    assert_refused(v, LOCAL_REFUSED_VALIDATION, "Value 'event' at 'invocationType'");
    v.type_header = JN_STR("");
    v.log_header = JN_STR("All");
    assert_refused(v, LOCAL_REFUSED_VALIDATION, "Value 'All' at 'logType'");
}

static void assert_context(const char *base64, const char *type, const char *expected)
{
    struct outcome o;
    struct local_invoke v = invoke_of("f", "");
    v.context_header = jn_str_of(base64);
    v.type_header = jn_str_of(type);
    check(&o, v);
    assert_true(o.ok);
    if (expected)
        assert_string_equal(o.v.client_context, expected);
    else
        assert_null(o.v.client_context);
    clear(&o);
}

static void a_client_context_is_decoded_and_must_be_an_object(void **state)
{
    (void)state;
    assert_context("eyJjdXN0b20iOiB7ImEiOjF9fQ==", "", "{\"custom\": {\"a\":1}}");
    assert_context("ewogICJhIjogMQp9", "", "{\"a\":1}");       // over several lines, which a header cannot be
    assert_context("e30=", "Event", NULL);
    static const char *const bad[] = { "e30", "!", "WzFd", "eyJhIjp9" };        // no base64, no base64, [1], {"a":}
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct local_invoke v = invoke_of("f", "");
        v.context_header = jn_str_of(bad[i]);
        assert_refused(v, LOCAL_REFUSED_INVALID_CONTENT, "Client context must be a valid Base64-encoded JSON object.");
    }
}

static void a_body_must_be_json_or_nothing(void **state)
{
    (void)state;
    struct outcome o;
    struct local_invoke v = invoke_of("f", "");
    v.body = JN_STR(" [1, {\"a\": null}] ");
    check(&o, v);
    assert_true(o.ok);
    clear(&o);
    v.body = JN_STR("");
    check(&o, v);
    assert_true(o.ok);
    clear(&o);
    v.body = JN_STR("{\"a\":1,}");
    assert_refused(v, LOCAL_REFUSED_INVALID_CONTENT, "Could not parse request body into json: ");
    v.body = JN_STR("1 2");
    assert_refused(v, LOCAL_REFUSED_INVALID_CONTENT, "Could not parse request body into json: ");
}

static void a_body_above_the_limit_is_refused_with_both_numbers(void **state)
{
    (void)state;
    struct local_invoke v = invoke_of("f", "");
    v.body_size = 6291457;
    assert_refused(v, LOCAL_REFUSED_TOO_LARGE, "6291457 byte payload is too large for the RequestResponse invocation "
                   "type (limit 6291456 bytes)");
    v.type_header = JN_STR("Event");
    v.body_size = 1048577;
    assert_refused(v, LOCAL_REFUSED_TOO_LARGE, "1048577 byte payload is too large for the Event invocation type (limit "
                   "1048576 bytes)");
}

/* InvokeWithResponseStream: another path, no events, and otherwise the same. */
static void a_streamed_call_is_told_by_its_path(void **state)
{
    (void)state;
    struct outcome o;
    struct local_invoke v = invoke_of("f", "Qualifier=%24LATEST");
    check(&o, v);
    assert_true(o.ok);
    assert_false(local_invoke_is_streamed(&o.v));
    clear(&o);
    v.operation = local_operation_find(JN_STR("POST"),
                                       JN_STR("/2021-11-15/functions/f/response-streaming-invocations"));
    v.log_header = JN_STR("Tail");
    check(&o, v);
    assert_true(o.ok && local_invoke_is_streamed(&o.v) && o.v.wants_log);
    assert_ptr_equal(o.v.target.version, the_function->latest);
    clear(&o);
    v.type_header = JN_STR("DryRun");
    check(&o, v);
    assert_true(o.ok && local_invoke_is_streamed(&o.v) && o.v.type == LOCAL_DRY_RUN);
    clear(&o);
    v.type_header = JN_STR("Event");
    v.body_size = 1048577;              // the limit of events is not asked
    assert_refused(v, LOCAL_REFUSED_VALIDATION, "enum value set: [RequestResponse, DryRun]");
}

/* InvokeAsync: an event whatever its headers say, and a small one. */
static void an_asynchronous_call_is_an_event(void **state)
{
    (void)state;
    struct outcome o;
    struct local_invoke v = invoke_of("f", "");
    v.operation = local_operation_find(JN_STR("POST"), JN_STR("/2014-11-13/functions/f/invoke-async/"));
    v.body_size = 262144;
    check(&o, v);
    assert_true(o.ok && o.v.type == LOCAL_EVENT);
    clear(&o);
    v.body_size = 262145;
    assert_refused(v, LOCAL_REFUSED_TOO_LARGE, "(limit 262144 bytes)");
}

/* ---- the Runtime API ------------------------------------------------------------------------------------------ */

static void the_runtime_apis_paths(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        enum local_runtime_operation operation;
        const char *id;
    } cases[] = {
        { "GET", "/2018-06-01/runtime/invocation/next", LOCAL_RUNTIME_NEXT, "" },
        { "POST", "/2018-06-01/runtime/invocation/next", LOCAL_RUNTIME_BAD_METHOD, "" },
        { "POST", "/2018-06-01/runtime/invocation/ab-1/response", LOCAL_RUNTIME_RESPONSE, "ab-1" },
        { "POST", "/2018-06-01/runtime/invocation/ab-1/error", LOCAL_RUNTIME_ERROR, "ab-1" },
        { "GET", "/2018-06-01/runtime/invocation/ab-1/error", LOCAL_RUNTIME_BAD_METHOD, "ab-1" },
        { "POST", "/2018-06-01/runtime/invocation/ab-1/errors", LOCAL_RUNTIME_UNKNOWN, "" },
        { "POST", "/2018-06-01/runtime/invocation/ab-1", LOCAL_RUNTIME_UNKNOWN, "" },
        { "POST", "/2018-06-01/runtime/invocation/", LOCAL_RUNTIME_UNKNOWN, "" },
        { "POST", "/2018-06-01/runtime/init/error", LOCAL_RUNTIME_INIT_ERROR, "" },
        { "GET", "/2018-06-01/ping", LOCAL_RUNTIME_PING, "" },
        { "GET", "/ping", LOCAL_RUNTIME_PING, "" },
        { "GET", "/runtime/invocation/next", LOCAL_RUNTIME_UNKNOWN, "" },
        { "GET", "/2018-06-01/runtime/restore/next", LOCAL_RUNTIME_UNKNOWN, "" },
        { "GET", "/", LOCAL_RUNTIME_UNKNOWN, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jn_str id;
        assert_int_equal(local_runtime_route(jn_str_of(cases[i].method), jn_str_of(cases[i].path), &id),
                         cases[i].operation);
        assert_true(jn_str_eq(id, jn_str_of(cases[i].id)));
    }
}

static void an_error_type_is_logged_only_when_it_looks_like_one(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "Runtime.NoSuchHandler", "Runtime.NoSuchHandler" }, { "Function.Broken", "Function.Broken" },
        { "", "Runtime.Unknown" },          { "Runtime.", "Runtime.Unknown" },  { "Runtime.x", "Runtime.Unknown" },
        { "Runtime.A", "Runtime.Unknown" }, { "Runtime.A1", "Runtime.Unknown" }, { "Other.Abc", "Runtime.Unknown" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(jn_str_eq(local_runtime_error_type(jn_str_of(cases[i][0])), jn_str_of(cases[i][1])));
}

static int open_functions(void **state)
{
    if (folder_make(state))
        return -1;
    const struct folder *d = *state;
    folder_put_function(d, "f", NULL);
    site = d->site;
    site.region = "us-east-1";
    site.account = "123456789012";
    if (local_registry_open(&site, d->path, &functions, NULL))
        return -1;
    the_function = local_registry_find(functions, JN_STR("f"));
    return 0;
}

static int close_functions(void **state)
{
    local_registry_free(functions);
    return folder_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_is_found_by_every_form_of_its_name),
        cmocka_unit_test(names_that_lead_nowhere_are_refused_as_aws_does),
        cmocka_unit_test(headers_choose_type_and_log),
        cmocka_unit_test(a_client_context_is_decoded_and_must_be_an_object),
        cmocka_unit_test(a_body_must_be_json_or_nothing),
        cmocka_unit_test(a_body_above_the_limit_is_refused_with_both_numbers),
        cmocka_unit_test(a_streamed_call_is_told_by_its_path),
        cmocka_unit_test(an_asynchronous_call_is_an_event),
        cmocka_unit_test(the_runtime_apis_paths),
        cmocka_unit_test(an_error_type_is_logged_only_when_it_looks_like_one),
    };
    return cmocka_run_group_tests(tests, open_functions, close_functions);
}
