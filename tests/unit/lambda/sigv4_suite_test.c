/* sigv4_suite_test.c - the public Signature Version 4 test suite: each case signed with a header and in the query, all
 * stages compared.  The suite is not ours, and so not in this repository: it is looked for in $ALC_SHARED, else in
 * ../shared, as spec/vectors/sigv4; without it the program says so and ends with 77. */
#include "vectors.h"

#include <unistd.h>

#include "base/clock.h"
#include "lambda/sigv4.h"

enum { MAX_HEADERS = 16, CASES = 38 };

static char root[4096];

/* A case's files, and the request read from them. */
struct suite_case {
    char dir[4200];
    struct vectors context;
    struct jn_buf request_text;
    struct base_header headers[MAX_HEADERS];
    struct lambda_sigv4_request request;
    struct lambda_sigv4_scope scope;
    struct lambda_sigv4_options options;
};

static void read_file(const struct suite_case *c, const char *name, struct jn_buf *out)
{
    char path[4400];
    struct jn_error err = { 0 };
    snprintf(path, sizeof path, "%s/%s", c->dir, name);
    if (base_file_read(path, out, &err))
        fail_msg("%s", err.message);
}

static void take_context(struct suite_case *c)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/context.json", c->dir);
    vectors_read(&c->context, path);
    const jn_value x = c->context.root, keys = member(x, "credentials");
    c->scope = (struct lambda_sigv4_scope){
        .access_key = text_of(keys, "access_key_id"), .secret_key = text_of(keys, "secret_access_key"),
        .region = text_of(x, "region"), .service = text_of(x, "service"),
    };
    if (!jn_is_undefined(member(keys, "token")))
        c->scope.session_token = text_of(keys, "token");
    assert_true(base_time_parse(text_of(x, "timestamp"), &c->scope.time_ms));
    const bool signs_body = jn_get_boolean(member(x, "sign_body"));
    c->options = (struct lambda_sigv4_options){
        .no_normalize = !jn_get_boolean(member(x, "normalize")),
        .no_content_sha256 = !signs_body,
        .unsigned_body = !signs_body,
        .token_unsigned = jn_get_boolean(member(x, "omit_session_token")),
        .expires_s = (int64_t)jn_get_number(member(x, "expiration_in_seconds")),
    };
}

/* "METHOD target HTTP/1.1"; the target may hold blanks. */
static void take_request_line(struct suite_case *c, jn_str line)
{
    const size_t blank = jn_str_find(line, JN_STR(" "), 0);
    const jn_str tail = JN_STR(" HTTP/1.1");
    assert_true(jn_str_ends(line, tail));
    const jn_str target = jn_str_sub(line, blank + 1, line.len - tail.len);
    const size_t mark = jn_str_find(target, JN_STR("?"), 0);
    c->request.method = jn_str_sub(line, 0, blank);
    c->request.path = jn_str_sub(target, 0, mark);
    c->request.query = mark == SIZE_MAX ? JN_STR("") : jn_str_sub(target, mark + 1, target.len);
}

/* A line that begins with a blank continues the value before it. */
static void take_header_line(struct suite_case *c, jn_str line)
{
    size_t *count = &c->request.header_count;
    if (line.data[0] == ' ') {
        jn_str *value = &c->headers[*count - 1].value;
        value->len = (size_t)(line.data + line.len - value->data);
        return;
    }
    const size_t colon = jn_str_find(line, JN_STR(":"), 0);
    assert_true(*count < MAX_HEADERS && colon != SIZE_MAX);
    c->headers[(*count)++] = (struct base_header){ jn_str_sub(line, 0, colon), jn_str_sub(line, colon + 1, line.len) };
}

static void take_request(struct suite_case *c)
{
    read_file(c, "request.txt", &c->request_text);
    const jn_str text = jn_buf_str(&c->request_text);
    size_t at = jn_str_find(text, JN_STR("\n"), 0);
    c->request.headers = c->headers;
    take_request_line(c, jn_str_sub(text, 0, at));
    for (at = at == SIZE_MAX ? text.len : at + 1; at < text.len;) {
        const size_t end = jn_str_find(text, JN_STR("\n"), at);
        const jn_str line = jn_str_sub(text, at, end);
        at = end == SIZE_MAX ? text.len : end + 1;
        if (line.len == 0)
            break;
        take_header_line(c, line);
    }
    c->request.body = jn_str_sub(text, at, text.len);
}

static void expect_file(const struct suite_case *c, const char *name, jn_str got)
{
    struct jn_buf wanted;
    jn_buf_init(&wanted, 0);
    read_file(c, name, &wanted);
    expect_text(got, jn_buf_str(&wanted), jn_str_of(c->dir), name);
    jn_buf_clear(&wanted);
}

static void check_case(struct suite_case *c)
{
    struct lambda_sigv4 s;
    lambda_sigv4_init(&s);
    assert_int_equal(lambda_sigv4_sign(&s, &c->request, &c->scope, &c->options, NULL), JN_OK);
    expect_file(c, "header-canonical-request.txt", jn_buf_str(&s.canonical_request));
    expect_file(c, "header-string-to-sign.txt", jn_buf_str(&s.string_to_sign));
    expect_file(c, "header-signature.txt", jn_str_of(s.signature));

    struct jn_buf signed_request;
    jn_buf_init(&signed_request, 0);
    read_file(c, "header-signed-request.txt", &signed_request);
    if (jn_str_find(jn_buf_str(&signed_request), jn_buf_str(&s.authorization), 0) == SIZE_MAX)
        fail_msg("%s: header-signed-request.txt does not hold\n  %s", c->dir, s.authorization.data);
    jn_buf_clear(&signed_request);

    assert_int_equal(lambda_sigv4_presign(&s, &c->request, &c->scope, &c->options, NULL), JN_OK);
    expect_file(c, "query-canonical-request.txt", jn_buf_str(&s.canonical_request));
    expect_file(c, "query-string-to-sign.txt", jn_buf_str(&s.string_to_sign));
    expect_file(c, "query-signature.txt", jn_str_of(s.signature));
    lambda_sigv4_clear(&s);
}

static bool run_case(const char *name, void *arg)
{
    struct suite_case c = { 0 };
    snprintf(c.dir, sizeof c.dir, "%s/%.80s", root, name);
    if (!base_is_directory(c.dir))
        return true;
    jn_buf_init(&c.request_text, 0);
    take_context(&c);
    take_request(&c);
    check_case(&c);
    jn_buf_clear(&c.request_text);
    vectors_free(&c.context);
    ++*(size_t *)arg;
    return true;
}

static void every_case_of_the_suite_comes_out_right(void **state)
{
    size_t count = 0;
    (void)state;
    assert_int_equal(base_directory_list(root, run_case, &count, NULL), JN_OK);
    assert_int_equal(count, CASES);
}

int main(void)
{
    const char *shared = getenv("ALC_SHARED");
    snprintf(root, sizeof root, "%s/spec/vectors/sigv4", shared && *shared ? shared : "../shared");
    if (!base_is_directory(root)) {
        printf("skipped: %d cases of the Signature Version 4 suite, which is not at %s (see ALC_SHARED)\n", CASES,
               root);
        return 77;
    }
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_case_of_the_suite_comes_out_right) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
