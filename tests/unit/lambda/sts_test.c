/* sts_test.c - the Security Token Service, played by a server: what it is sent, signed or not, what its answers mean,
 * and which are asked for again. */
#include "cred_scene.h"

#include "lambda/sigv4.h"
#include "lambda/sts.h"

#define R(status, body) { status, body, REPLY, NULL, NULL }
#define ROLE "arn:aws:iam::123456789012:role/r"
#define STS_NS "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\""
#define ROLE_KEYS "<AssumeRoleResponse " STS_NS "><AssumeRoleResult><Credentials><AccessKeyId>AKROLE</AccessKeyId>" \
                  "<SecretAccessKey>secret-role</SecretAccessKey><SessionToken>token-role&amp;==</SessionToken>" \
                  "<Expiration>2026-03-14T16:09:26Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define REFUSAL(code, message) "<ErrorResponse " STS_NS "><Error><Type>Sender</Type><Code>" code "</Code><Message>" \
                               message "</Message></Error><RequestId>id</RequestId></ErrorResponse>"

struct sts {
    struct base_http *http;
    struct lambda_keys *keys;
    struct lambda_sts_options opt;
    struct lambda_sts_call *call;
};

static void open_sts(struct scene *s, struct sts *t)
{
    *t = (struct sts){ .keys = lambda_keys_new(JN_STR("AKUSER"), JN_STR("secret-user"), (jn_str){ NULL, 0 }, 0) };
    scene_set(s, "AWS_ENDPOINT_URL_STS", s->url);
    scene_set(s, "AWS_REGION", "eu-west-1");
    assert_int_equal(base_http_new(s->loop, &(struct base_http_options){ 0 }, &t->http, NULL), JN_OK);
    t->opt = (struct lambda_sts_options){ .http = t->http, .env = &s->base_env, .clock = &s->clock, .keys = t->keys,
                                          .loop = s->loop, .random = &s->random, .timeout_ms = 5000 };
}

static void close_sts(struct sts *t)
{
    base_http_free(t->http);
    lambda_keys_unref(t->keys);
}

static const struct lambda_sts_role role = { .arn = JN_STR_INIT(ROLE), .session_name = JN_STR_INIT("me@home") };

static void assume(struct scene *s, struct sts *t, const struct lambda_sts_role *r)
{
    struct jn_error err = { 0 };
    scene_forget(s);
    if (lambda_sts_assume_role(&t->opt, r, scene_on_keys, s, &t->call, &err))
        fail_msg("%s", err.message);
    scene_await(s, 1);
}

static void assume_with_token(struct scene *s, struct sts *t)
{
    struct jn_error err = { 0 };
    scene_forget(s);
    if (lambda_sts_assume_role_with_web_identity(&t->opt, &role, JN_STR("token-a+b/c="), scene_on_keys, s, &t->call,
                                                 &err))
        fail_msg("%s", err.message);
    scene_await(s, 1);
}

/* "METHOD path", the Authorization line, the body. */
static const char *sent_body(const struct scene *s)
{
    const char *body = s->seen.data ? strstr(s->seen.data, "Action=") : NULL;
    return body ? body : "";
}

static const struct reply good[] = { R(200, ROLE_KEYS) };

static void a_role_is_assumed_by_a_signed_form(void **state)
{
    struct scene *s = *state;
    struct sts t;
    open_sts(s, &t);
    SCRIPT(s, good);
    assume(s, &t, &role);
    scene_expect(s, "AKROLE/token-role&==\n");
    assert_int_equal(lambda_keys_expires_ms(s->keys), SCENE_TIME + 3600000);
    assert_non_null(strstr(s->seen.data, "POST /\nAuthorization: AWS4-HMAC-SHA256 Credential=AKUSER/20260314/eu-west-1/"
                                         "sts/aws4_request, "));
    assert_string_equal(sent_body(s), "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012"
                                      "%3Arole%2Fr&RoleSessionName=me%40home&DurationSeconds=3600\n");
    close_sts(&t);
}

static void external_id_and_duration_are_sent(void **state)
{
    struct lambda_sts_role r = role;
    struct scene *s = *state;
    struct sts t;
    r.external_id = JN_STR("a:b/c");
    r.duration_s = 900;
    open_sts(s, &t);
    SCRIPT(s, good);
    assume(s, &t, &r);
    assert_non_null(strstr(sent_body(s), "&DurationSeconds=900&ExternalId=a%3Ab%2Fc\n"));
    close_sts(&t);
}

static void a_web_identity_is_not_signed(void **state)
{
    struct scene *s = *state;
    struct sts t;
    open_sts(s, &t);
    t.opt.keys = NULL;
    SCRIPT(s, good);
    assume_with_token(s, &t);
    scene_expect(s, "AKROLE/");
    assert_null(strstr(s->seen.data, "Authorization"));
    assert_non_null(strstr(sent_body(s), "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"));
    assert_non_null(strstr(sent_body(s), "&WebIdentityToken=token-a%2Bb%2Fc%3D\n"));
    close_sts(&t);
}

/* Replies, how many are asked for, and the end: keys, or a part of the sentence behind '!'. */
static const struct {
    struct reply replies[3];
    size_t count;
    const char *wanted;
} ends[] = {
    { { R(500, ""), R(200, ROLE_KEYS) }, 2, "AKROLE/" },
    { { R(503, REFUSAL("ServiceUnavailable", "")), { 0, NULL, DROP, NULL, NULL }, R(200, ROLE_KEYS) }, 3, "AKROLE/" },
    { { R(400, REFUSAL("IDPCommunicationError", "x")), R(200, ROLE_KEYS) }, 2, "AKROLE/" },
    { { R(500, ""), R(500, ""), R(500, "") }, 3, "!answered HTTP 500; is it the endpoint of AWS STS?" },
    { { R(403, REFUSAL("AccessDenied", "User: u is not authorized to perform: sts:AssumeRole")) }, 1,
      "!AccessDenied: User: u is not authorized to perform: sts:AssumeRole; the role's trust policy must name" },
    { { R(403, REFUSAL("InvalidClientTokenId", "The security token included in the request is invalid.")) }, 1,
      "!access key AKUSER is unknown or was deleted" },
    { { R(403, REFUSAL("ExpiredToken", "x")) }, 1, "!the session of access key AKUSER has ended" },
    { { R(400, REFUSAL("ExpiredTokenException", "Token expired")) }, 1, "!whoever writes its file must renew it" },
    { { R(400, REFUSAL("InvalidIdentityToken", "")) }, 1, "!InvalidIdentityToken: refused; the token's issuer" },
    { { R(403, REFUSAL("RegionDisabledException", "x")) }, 1, "!activate AWS STS in the region" },
    { { R(400, REFUSAL("ValidationError", "x")) }, 1, "!check ARN, session name" },
    { { R(404, "<html>") }, 1, "!answered HTTP 404: <html>; is it the endpoint of AWS STS?" },
    { { R(200, "<html/>") }, 1, "!does not answer as AWS STS does" },
    { { R(200, "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>secret-x</SecretAccessKey><SessionToken>"
               "token-x</SessionToken></Credentials>") }, 1, "!does not answer as AWS STS does" },
    { { R(302, "") }, 1, "!answered HTTP 302" },
};

static void what_may_pass_is_asked_again_and_the_rest_explained(void **state)
{
    struct scene *s = *state;
    struct sts t;
    open_sts(s, &t);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        scene_script(s, ends[i].replies, ends[i].count);
        assume(s, &t, &role);
        if (ends[i].wanted[0] == '!')
            scene_expect_part(s, ends[i].wanted + 1);
        else
            scene_expect(s, ends[i].wanted);
        assert_int_equal(s->requests, ends[i].count);
    }
    close_sts(&t);
}

static void without_a_loop_there_is_one_attempt(void **state)
{
    static const struct reply replies[] = { R(500, ""), R(200, ROLE_KEYS) };
    struct scene *s = *state;
    struct sts t;
    open_sts(s, &t);
    t.opt.loop = NULL;
    SCRIPT(s, replies);
    assume(s, &t, &role);
    scene_expect_part(s, "HTTP 500");
    assert_int_equal(s->requests, 1);
    close_sts(&t);
}

static void nobody_there_is_told(void **state)
{
    struct scene *s = *state;
    struct sts t;
    open_sts(s, &t);
    s->env_len = 0;
    memset(s->env, 0, sizeof s->env);
    scene_set(s, "AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9");
    assume(s, &t, &role);
    scene_expect(s, "failed: AWS STS could not be asked: connection refused by 127.0.0.1:9");
    close_sts(&t);
}

static void a_call_may_be_cancelled_in_flight_and_in_a_pause(void **state)
{
    static const struct reply hang[] = { { 0, NULL, HANG, NULL, NULL } };
    static const struct reply busy[] = { R(500, "") };
    struct scene *s = *state;
    struct sts t;
    open_sts(s, &t);
    SCRIPT(s, hang);
    assert_int_equal(lambda_sts_assume_role(&t.opt, &role, scene_on_keys, s, &t.call, NULL), JN_OK);
    scene_run_until(s, 1);
    lambda_sts_cancel(t.call);
    SCRIPT(s, busy);
    assert_int_equal(lambda_sts_assume_role(&t.opt, &role, scene_on_keys, s, &t.call, NULL), JN_OK);
    scene_run_until(s, 2);
    lambda_sts_cancel(t.call);
    assert_int_equal(s->answers, 0);
    close_sts(&t);
}

/* ---- who -------------------------------------------------------------------------------------------------------- */

static void on_identity(const struct jn_error *failed, const struct lambda_identity *who, void *arg)
{
    struct scene *s = arg;
    s->answers++;
    if (failed)
        jn_buf_append_fmt(&s->got, "failed: %s\n", failed->message);
    else
        jn_buf_append_fmt(&s->got, "%.*s %.*s %.*s\n", JN_ARG(who->account), JN_ARG(who->arn), JN_ARG(who->user_id));
    base_loop_stop(s->loop);
}

static void the_owner_of_keys_is_told(void **state)
{
    static const struct reply replies[] = {
        R(500, ""), R(200, "<GetCallerIdentityResponse " STS_NS "><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/a"
                           "</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
                           "</GetCallerIdentityResponse>"),
    };
    struct scene *s = *state;
    struct sts t;
    open_sts(s, &t);
    SCRIPT(s, replies);
    assert_int_equal(lambda_sts_ask(&t.opt, on_identity, s, NULL, NULL), JN_OK);
    scene_await(s, 1);
    scene_expect(s, "123456789012 arn:aws:iam::1:user/a AIDA\n");
    close_sts(&t);
}

/* ---- where ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *region, *env[8];
    const char *endpoint, *signing_region;
} places[] = {
    { "eu-west-1", { NULL }, "https://sts.eu-west-1.amazonaws.com", "eu-west-1" },
    { "cn-north-1", { NULL }, "https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1" },
    { "aws-global", { NULL }, "https://sts.amazonaws.com", "us-east-1" },
    { "us-east-1", { "AWS_USE_FIPS_ENDPOINT", "true" }, "https://sts-fips.us-east-1.amazonaws.com", "us-east-1" },
    { "fips-us-east-1", { NULL }, "https://sts-fips.us-east-1.amazonaws.com", "us-east-1" },
    { "us-east-1", { "AWS_USE_DUALSTACK_ENDPOINT", "true" }, "https://sts.us-east-1.api.aws", "us-east-1" },
    { "us-east-1", { "AWS_ENDPOINT_URL_STS", "http://h:1/x/", "AWS_ENDPOINT_URL", "http://other" }, "http://h:1/x",
      "us-east-1" },
    { "us-east-1", { "AWS_ENDPOINT_URL", "http://all" }, "http://all", "us-east-1" },
    { "us-east-1", { "AWS_ENDPOINT_URL_LAMBDA", "http://lambda" }, "http://profile-sts", "us-east-1" },
    { "us-east-1", { "AWS_ENDPOINT_URL", "http://all", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" },
      "https://sts.us-east-1.amazonaws.com", "us-east-1" },
};

static void the_endpoint_is_the_regions_own_or_a_custom_one(void **state)
{
    struct lambda_profiles *profiles;
    (void)state;
    assert_int_equal(lambda_profiles_parse(JN_STR("[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = "
                                                  "http://profile-sts\n"), JN_STR(""), &profiles, NULL), JN_OK);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct lambda_target t;
        struct jn_error err = { 0 };
        const struct base_env env = base_env_of(places[i].env);
        const bool uses_profile = strstr(places[i].endpoint, "profile") != NULL;
        const struct lambda_target_options opt = { .service = "sts", .region = places[i].region, .env = &env,
                                                   .profiles = uses_profile ? profiles : NULL,
                                                   .profile = JN_STR("default") };
        if (lambda_target_init(&t, &opt, &err))
            fail_msg("%s: %s", places[i].endpoint, err.message);
        assert_string_equal(t.endpoint.data, places[i].endpoint);
        assert_true(jn_str_eq(t.signing_region, jn_str_of(places[i].signing_region)));
        lambda_target_clear(&t);
    }
    lambda_profiles_free(profiles);
}

/* ---- what is checked before asking --------------------------------------------------------------------------- */

static void roles_that_cannot_be_are_refused(void **state)
{
    static const struct { struct lambda_sts_role role; const char *wanted; } cases[] = {
        { { .arn = JN_STR_INIT("r"), .session_name = JN_STR_INIT("me") }, "\"r\" is no ARN of a role" },
        { { .arn = JN_STR_INIT("arn:aws:iam::123456789012:user/u"), .session_name = JN_STR_INIT("me") },
          "is no ARN of a role" },
        { { .arn = JN_STR_INIT(ROLE), .session_name = JN_STR_INIT("m") }, "\"m\" cannot be the name" },
        { { .arn = JN_STR_INIT(ROLE), .session_name = JN_STR_INIT("my session") }, "cannot be the name" },
        { { .arn = JN_STR_INIT(ROLE), .session_name = JN_STR_INIT("me"), .external_id = JN_STR_INIT("a b") },
          "the external id of the role is wrong" },
        { { .arn = JN_STR_INIT(ROLE), .session_name = JN_STR_INIT("me"), .duration_s = 899 }, "gives 900 to 43200" },
        { { .arn = JN_STR_INIT(ROLE), .session_name = JN_STR_INIT("me"), .duration_s = 43201 }, "900 to 43200" },
    };
    (void)state;
    assert_int_equal(lambda_sts_role_check(&role, NULL), JN_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_error err = { 0 };
        assert_int_equal(lambda_sts_role_check(&cases[i].role, &err), JN_BAD_VALUE);
        if (!strstr(err.message, cases[i].wanted))
            fail_msg("wanted: %s\n  got:    %s", cases[i].wanted, err.message);
    }
    char name[64];
    struct base_clock clock = base_clock_scripted(SCENE_TIME);
    lambda_session_name(name, &clock);
    assert_string_equal(name, "aws-lambda-component-1773500966000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_CASE(a_role_is_assumed_by_a_signed_form),
        SCENE_CASE(external_id_and_duration_are_sent),
        SCENE_CASE(a_web_identity_is_not_signed),
        SCENE_CASE(what_may_pass_is_asked_again_and_the_rest_explained),
        SCENE_CASE(without_a_loop_there_is_one_attempt),
        SCENE_CASE(nobody_there_is_told),
        SCENE_CASE(a_call_may_be_cancelled_in_flight_and_in_a_pause),
        SCENE_CASE(the_owner_of_keys_is_told),
        cmocka_unit_test(the_endpoint_is_the_regions_own_or_a_custom_one),
        cmocka_unit_test(roles_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
