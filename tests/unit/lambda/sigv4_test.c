/* sigv4_test.c - every stage of every Lambda and STS request that the official signer signed (tests/golden/aws), the
 * way back (verification), and what a reused signer keeps.  The public suite is in sigv4_suite_test.c. */
#include "vectors.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "lambda/request.h"
#include "lambda/signed.h"

enum { MAX_HEADERS = 32 };

/* One vector as the signer wants it. */
struct vector {
    jn_str name;
    struct lambda_sigv4_request request;
    struct lambda_sigv4_scope scope;
    struct lambda_sigv4_options options;
    struct base_header headers[MAX_HEADERS];
    struct jn_buf body;
};

static void load(struct vector *v, jn_value x)
{
    const jn_value r = member(x, "request"), c = member(x, "credentials");
    *v = (struct vector){ .name = text_of(x, "name") };
    jn_buf_init(&v->body, 0);
    assert_true(base_base64_decode(&v->body, text_of(r, "body_base64")));
    v->request = (struct lambda_sigv4_request){
        .method = text_of(r, "method"), .path = text_of(r, "path"), .query = text_of(r, "query"),
        .headers = v->headers, .header_count = headers_of(member(r, "headers"), v->headers, MAX_HEADERS),
        .body = jn_buf_str(&v->body),
    };
    v->scope = (struct lambda_sigv4_scope){
        .access_key = text_of(c, "access_key_id"), .secret_key = text_of(c, "secret_access_key"),
        .region = text_of(x, "region"), .service = text_of(x, "service"),
    };
    if (!jn_is_undefined(member(c, "session_token")))
        v->scope.session_token = text_of(c, "session_token");
    assert_true(base_time_parse(text_of(x, "timestamp"), &v->scope.time_ms));
    v->options.no_content_sha256 = jn_str_eq(v->name, JN_STR("invoke-no-content-sha256-header"));
}

static void for_each(void (*fn)(struct lambda_sigv4 *s, struct vector *v, jn_value x))
{
    struct vectors file;
    struct lambda_sigv4 s;
    vectors_read(&file, "tests/golden/aws/sigv4-lambda.json");
    lambda_sigv4_init(&s);
    const jn_value list = member(file.root, "vectors");
    assert_int_equal(jn_length(list), 54);
    for (size_t i = 0; i < jn_length(list); i++) {
        struct vector v;
        load(&v, jn_at(list, i));
        fn(&s, &v, jn_at(list, i));
        jn_buf_clear(&v.body);
    }
    lambda_sigv4_clear(&s);
    vectors_free(&file);
}

/* ---- signing ------------------------------------------------------------------------------------------------- */

static void check_stages(struct lambda_sigv4 *s, struct vector *v, jn_value x)
{
    assert_int_equal(lambda_sigv4_sign(s, &v->request, &v->scope, &v->options, NULL), JN_OK);
    unsigned char digest[BASE_SHA256];
    char digest_hex[65], key_hex[65];
    base_sha256(digest, jn_buf_str(&s->canonical_request));
    base_hex(digest_hex, digest, sizeof digest);
    base_hex(key_hex, s->key, sizeof s->key);
    const struct { const char *what; jn_str got; } stages[] = {
        { "payload_sha256", jn_str_of(s->payload_hash) },
        { "canonical_request", jn_buf_str(&s->canonical_request) },
        { "canonical_request_sha256", jn_str_of(digest_hex) },
        { "string_to_sign", jn_buf_str(&s->string_to_sign) },
        { "signing_key_hex", jn_str_of(key_hex) },
        { "credential", jn_buf_str(&s->credential) },
        { "signed_headers", jn_buf_str(&s->signed_headers) },
        { "signature", jn_str_of(s->signature) },
        { "authorization", jn_buf_str(&s->authorization) },
    };
    const jn_value expected = member(x, "expected");
    assert_int_equal(jn_length(expected), sizeof stages / sizeof *stages + 1);      // and headers_on_the_wire
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        expect_text(stages[i].got, text_of(expected, stages[i].what), v->name, stages[i].what);
}

/* The request's headers and those that sigv4.h says the caller sends besides. */
static size_t wire_headers(const struct lambda_sigv4 *s, const struct vector *v, struct base_header *out)
{
    size_t n = v->request.header_count;
    memcpy(out, v->headers, n * sizeof *out);
    out[n++] = (struct base_header){ JN_STR("x-amz-date"), jn_str_of(s->date) };
    if (!v->options.no_content_sha256)
        out[n++] = (struct base_header){ JN_STR("x-amz-content-sha256"), jn_str_of(s->payload_hash) };
    if (v->scope.session_token.data)
        out[n++] = (struct base_header){ JN_STR("x-amz-security-token"), v->scope.session_token };
    out[n++] = (struct base_header){ JN_STR("authorization"), jn_buf_str(&s->authorization) };
    return n;
}

static void check_wire(struct lambda_sigv4 *s, struct vector *v, jn_value x)
{
    struct base_header wire[MAX_HEADERS + 4];
    assert_int_equal(lambda_sigv4_sign(s, &v->request, &v->scope, &v->options, NULL), JN_OK);
    const size_t count = wire_headers(s, v, wire);
    const jn_value expected = member(member(x, "expected"), "headers_on_the_wire");
    assert_int_equal(jn_length(expected), count);
    for (size_t i = 0; i < count; i++)
        expect_text(wire[i].value, jn_get_string(jn_member(expected, wire[i].name)), v->name, "a header on the wire");
}

static void every_stage_matches_the_official_signer(void **state)
{
    (void)state;
    for_each(check_stages);
}

static void headers_on_the_wire_are_those_that_were_signed(void **state)
{
    (void)state;
    for_each(check_wire);
}

/* ---- path and query, through the client's code --------------------------------------------------------------- */

static const struct operation {
    const char *name, *path;
    const char *query[4];           /* parameters that go into the query, in the order of their names */
} operations[] = {
    { "Invoke", LAMBDA_INVOKE_PATH, { "Qualifier" } },
    { "InvokeWithResponseStream", "/2021-11-15/functions/*/response-streaming-invocations", { "Qualifier" } },
    { "InvokeAsync", "/2014-11-13/functions/*/invoke-async", { NULL } },
    { "ListFunctions", "/2015-03-31/functions", { "FunctionVersion", "Marker", "MaxItems" } },
    { "ListAliases", "/2015-03-31/functions/*/aliases", { "MaxItems" } },
    { "ListVersionsByFunction", "/2015-03-31/functions/*/versions", { "MaxItems" } },
    { "GetFunction", "/2015-03-31/functions/*", { "Qualifier" } },
    { "GetAccountSettings", "/2016-08-19/account-settings", { NULL } },
    { "GetCallerIdentity", "/", { NULL } },
    { "AssumeRole", "/", { NULL } },
};

static const struct operation *operation_called(jn_str name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (jn_str_eq(name, jn_str_of(operations[i].name)))
            return &operations[i];
    }
    fail_msg("operation %.*s is not in the table", JN_ARG(name));
    return NULL;
}

static void add_parameter(struct jn_buf *query, const char *name, jn_value v)
{
    char number[JN_NUMBER_MAX];
    if (jn_is(v, JN_NUMBER))
        lambda_query_add(query, 0, name, (jn_str){ number, jn_number_format(number, jn_get_number(v)) });
    else if (jn_is(v, JN_STRING))
        lambda_query_add(query, 0, name, jn_get_string(v));
}

static void check_url(struct lambda_sigv4 *s, struct vector *v, jn_value x)
{
    (void)s;
    const struct operation *op = operation_called(text_of(x, "operation"));
    const jn_value parameters = member(x, "parameters");
    const bool has_base = jn_str_eq(v->name, JN_STR("invoke-custom-endpoint-base-path"));
    struct jn_buf path, query;
    jn_buf_init(&path, 0);
    jn_buf_init(&query, 0);
    lambda_path(&path, has_base ? JN_STR("/aws/lambda") : JN_STR(""), op->path, text_of(parameters, "FunctionName"));
    for (size_t i = 0; op->query[i]; i++)
        add_parameter(&query, op->query[i], member(parameters, op->query[i]));
    expect_text(jn_buf_str(&path), v->request.path, v->name, "path");
    expect_text(jn_buf_str(&query), v->request.query, v->name, "query");
    jn_buf_clear(&path);
    jn_buf_clear(&query);
}

static void path_and_query_come_out_of_the_parameters(void **state)
{
    (void)state;
    for_each(check_url);
}

/* ---- verifying ----------------------------------------------------------------------------------------------- */

static void check_verified(struct lambda_sigv4 *s, struct vector *v, jn_value x)
{
    struct base_header wire[MAX_HEADERS + 4];
    (void)x;
    assert_int_equal(lambda_sigv4_sign(s, &v->request, &v->scope, &v->options, NULL), JN_OK);
    struct lambda_sigv4_request received = v->request;
    received.headers = wire;
    received.header_count = wire_headers(s, v, wire);
    struct lambda_sigv4 other;
    lambda_sigv4_init(&other);
    const enum lambda_sigv4_verdict verdict = lambda_sigv4_verify(&other, &received, &v->scope, 300000);
    if (verdict != LAMBDA_SIGV4_OK)
        fail_msg("%.*s: verdict %d\n%.*s", JN_ARG(v->name), verdict, JN_ARG(jn_buf_str(&other.canonical_request)));
    lambda_sigv4_clear(&other);
}

static void what_was_signed_verifies(void **state)
{
    (void)state;
    for_each(check_verified);
}

/* A small signed request that cases spoil in one way each. */
struct received {
    struct lambda_sigv4 signer, verifier;
    struct base_header headers[8];
    struct lambda_sigv4_request request;
    struct lambda_sigv4_scope scope;
};

enum { HOST, TYPE, DATE, TOKEN, AUTHORIZATION, HEADERS };

static void receive(struct received *r)
{
    *r = (struct received){ .scope = { .access_key = JN_STR_INIT("AK"), .secret_key = JN_STR_INIT("secret"),
                                       .session_token = JN_STR_INIT("token"), .region = JN_STR_INIT("us-east-1"),
                                       .service = JN_STR_INIT("lambda"), .time_ms = 1773500966000 } };
    lambda_sigv4_init(&r->signer);
    lambda_sigv4_init(&r->verifier);
    r->headers[HOST] = (struct base_header){ JN_STR("Host"), JN_STR("localhost:9001") };
    r->headers[TYPE] = (struct base_header){ JN_STR("X-Amz-Invocation-Type"), JN_STR("Event") };
    r->request = (struct lambda_sigv4_request){
        .method = JN_STR("POST"), .path = JN_STR("/2015-03-31/functions/a%3Ab/invocations"),
        .query = JN_STR("Qualifier=%24LATEST"), .headers = r->headers, .header_count = 2, .body = JN_STR("{}") };
    const struct lambda_sigv4_options opt = { .no_content_sha256 = true };
    assert_int_equal(lambda_sigv4_sign(&r->signer, &r->request, &r->scope, &opt, NULL), JN_OK);
    r->headers[DATE] = (struct base_header){ JN_STR("X-Amz-Date"), jn_str_of(r->signer.date) };
    r->headers[TOKEN] = (struct base_header){ JN_STR("X-Amz-Security-Token"), r->scope.session_token };
    r->headers[AUTHORIZATION] = (struct base_header){ JN_STR("Authorization"), jn_buf_str(&r->signer.authorization) };
    r->request.header_count = HEADERS;
}

static void expect_verdict(struct received *r, enum lambda_sigv4_verdict wanted)
{
    const enum lambda_sigv4_verdict got = lambda_sigv4_verify(&r->verifier, &r->request, &r->scope, 300000);
    lambda_sigv4_clear(&r->signer);
    lambda_sigv4_clear(&r->verifier);
    assert_int_equal(got, wanted);
}

static void claim(struct received *r, jn_str text) { r->headers[AUTHORIZATION].value = text; }
static void spoil_nothing(struct received *r) { (void)r; }
static void spoil_presence(struct received *r) { r->request.header_count = AUTHORIZATION; }
static void spoil_algorithm(struct received *r) { claim(r, JN_STR("AWS4-HMAC-SHA512 Credential=x")); }
static void spoil_parts(struct received *r) { claim(r, JN_STR("AWS4-HMAC-SHA256 Credential=AK/1/2/3/4")); }
static void spoil_date_form(struct received *r) { r->headers[DATE].value = JN_STR("yesterday"); }
static void spoil_access_key(struct received *r) { r->scope.access_key = JN_STR("OTHER"); }
static void spoil_token(struct received *r) { r->headers[TOKEN].value = JN_STR("stolen"); }
static void spoil_token_presence(struct received *r) { r->scope.session_token = (jn_str){ NULL, 0 }; }
static void spoil_service(struct received *r) { r->scope.service = JN_STR("sts"); }
static void spoil_region(struct received *r) { r->scope.region = JN_STR("eu-west-1"); }
static void accept_any_region(struct received *r) { r->scope.region = (jn_str){ NULL, 0 }; }
static void spoil_secret(struct received *r) { r->scope.secret_key = JN_STR("Secret"); }
static void spoil_body(struct received *r) { r->request.body = JN_STR("{ }"); }
static void spoil_path(struct received *r) { r->request.path = JN_STR("/2015-03-31/functions/a%3Ac/invocations"); }
static void spoil_query(struct received *r) { r->request.query = JN_STR("Qualifier=1"); }
static void let_five_minutes_pass(struct received *r) { r->scope.time_ms += 300000; }
static void let_more_pass(struct received *r) { r->scope.time_ms += 300001; }
static void be_early(struct received *r) { r->scope.time_ms -= 300001; }

static void add_unsigned_header(struct received *r)
{
    r->headers[r->request.header_count++] = (struct base_header){ JN_STR("x-amz-log-type"), JN_STR("Tail") };
}

static void add_harmless_header(struct received *r)
{
    r->headers[r->request.header_count++] = (struct base_header){ JN_STR("User-Agent"), JN_STR("curl") };
}

static void add_wrong_hash(struct received *r)
{
    r->headers[r->request.header_count++] = (struct base_header){ JN_STR("x-amz-content-sha256"), JN_STR("00") };
}

static void each_flaw_has_its_verdict(void **state)
{
    static const struct { void (*spoil)(struct received *r); enum lambda_sigv4_verdict verdict; } cases[] = {
        { spoil_nothing, LAMBDA_SIGV4_OK },
        { accept_any_region, LAMBDA_SIGV4_OK },
        { add_harmless_header, LAMBDA_SIGV4_OK },
        { let_five_minutes_pass, LAMBDA_SIGV4_OK },
        { spoil_presence, LAMBDA_SIGV4_MISSING },
        { spoil_algorithm, LAMBDA_SIGV4_INCOMPLETE },
        { spoil_parts, LAMBDA_SIGV4_INCOMPLETE },
        { spoil_date_form, LAMBDA_SIGV4_INCOMPLETE },
        { spoil_access_key, LAMBDA_SIGV4_UNKNOWN_KEY },
        { spoil_token, LAMBDA_SIGV4_BAD_TOKEN },
        { spoil_token_presence, LAMBDA_SIGV4_BAD_TOKEN },
        { spoil_service, LAMBDA_SIGV4_BAD_SCOPE },
        { spoil_region, LAMBDA_SIGV4_BAD_SCOPE },
        { add_unsigned_header, LAMBDA_SIGV4_UNSIGNED_HEADER },
        { add_wrong_hash, LAMBDA_SIGV4_UNSIGNED_HEADER },
        { let_more_pass, LAMBDA_SIGV4_EXPIRED },
        { be_early, LAMBDA_SIGV4_NOT_YET },
        { spoil_secret, LAMBDA_SIGV4_MISMATCH },
        { spoil_body, LAMBDA_SIGV4_MISMATCH },
        { spoil_path, LAMBDA_SIGV4_MISMATCH },
        { spoil_query, LAMBDA_SIGV4_MISMATCH },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct received r;
        receive(&r);
        cases[i].spoil(&r);
        expect_verdict(&r, cases[i].verdict);
    }
}

/* ---- what a signer keeps ------------------------------------------------------------------------------------- */

static void signing_again_takes_no_memory(void **state)
{
    (void)state;
    struct received r;
    receive(&r);
    r.request.header_count = 2;
    const struct lambda_sigv4 before = r.signer;
    const struct lambda_sigv4_options opt = { .no_content_sha256 = true };
    assert_int_equal(lambda_sigv4_sign(&r.signer, &r.request, &r.scope, &opt, NULL), JN_OK);
    const struct lambda_sigv4 *after = &r.signer;
    assert_ptr_equal(before.key_source.data, after->key_source.data);       // the key was not derived again
    assert_ptr_equal(before.canonical_request.data, after->canonical_request.data);
    assert_ptr_equal(before.string_to_sign.data, after->string_to_sign.data);
    assert_ptr_equal(before.authorization.data, after->authorization.data);
    assert_ptr_equal(before.items.data, after->items.data);
    assert_ptr_equal(before.text.data, after->text.data);
    assert_string_equal(before.signature, after->signature);
    lambda_sigv4_clear(&r.signer);
    lambda_sigv4_clear(&r.verifier);
}

static void another_secret_or_day_gives_another_key(void **state)
{
    (void)state;
    struct received r;
    unsigned char first[32], second[32];
    receive(&r);
    r.request.header_count = 2;
    memcpy(first, r.signer.key, sizeof first);
    r.scope.secret_key = JN_STR("secret2");
    assert_int_equal(lambda_sigv4_sign(&r.signer, &r.request, &r.scope, NULL, NULL), JN_OK);
    memcpy(second, r.signer.key, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    r.scope.secret_key = JN_STR("secret");
    r.scope.time_ms += 86400000;
    assert_int_equal(lambda_sigv4_sign(&r.signer, &r.request, &r.scope, NULL, NULL), JN_OK);
    assert_memory_not_equal(r.signer.key, first, sizeof first);
    r.scope.time_ms -= 86400000;
    assert_int_equal(lambda_sigv4_sign(&r.signer, &r.request, &r.scope, NULL, NULL), JN_OK);
    assert_memory_equal(r.signer.key, first, sizeof first);
    lambda_sigv4_clear(&r.signer);
    lambda_sigv4_clear(&r.verifier);
    const unsigned char zero[32] = { 0 };
    assert_memory_equal(r.signer.key, zero, sizeof zero);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_matches_the_official_signer),
        cmocka_unit_test(headers_on_the_wire_are_those_that_were_signed),
        cmocka_unit_test(path_and_query_come_out_of_the_parameters),
        cmocka_unit_test(what_was_signed_verifies),
        cmocka_unit_test(each_flaw_has_its_verdict),
        cmocka_unit_test(signing_again_takes_no_memory),
        cmocka_unit_test(another_secret_or_day_gives_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
