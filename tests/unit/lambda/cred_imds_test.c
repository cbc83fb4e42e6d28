/* cred_imds_test.c - the metadata service of an instance, played by a server: sessions, versions, roles, failures. */
#include "cred_scene.h"

#define R(status, body) { status, body, REPLY, NULL, NULL }
#define KEYS "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"AKEC2\",\"SecretAccessKey\":" \
             "\"secret-ec2\",\"Token\":\"token-ec2\",\"Expiration\":\"2026-03-14T16:09:26Z\"}"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define PUT_TOKEN "PUT /latest/api/token\nx-aws-ec2-metadata-token-ttl-seconds: 21600\n"

static const struct reply good[] = { R(200, "session=="), R(200, "web-role\n"), R(200, KEYS) };

static void open_source(struct scene *s)
{
    struct jn_error err = { 0 };
    scene_set(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT", s->url);
    if (lambda_source_imds(&s->site, JN_STR("default"), &s->source, &err))
        fail_msg("%s", err.message);
}

static void three_questions_give_the_keys(void **state)
{
    struct scene *s = *state;
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect(s, "AKEC2/token-ec2\n");
    scene_expect_seen(s, PUT_TOKEN "GET " ROLES "\nx-aws-ec2-metadata-token: session==\n"
                         "GET " ROLES "web-role\nx-aws-ec2-metadata-token: session==\n");
}

static void a_session_is_used_again_until_it_ends(void **state)
{
    static const struct reply again[] = { R(200, "web-role"), R(200, KEYS) };
    struct scene *s = *state;
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    s->clock.scripted_ms += INT64_C(5) * 3600 * 1000;
    SCRIPT(s, again);
    scene_ask(s);
    scene_expect(s, "AKEC2/");
    assert_int_equal(s->requests, 2);
    s->clock.scripted_ms += INT64_C(1) * 3600 * 1000;
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect(s, "AKEC2/");
    assert_int_equal(s->requests, 3);
}

static void a_session_that_ended_early_is_renewed_once(void **state)
{
    static const struct reply renewed[] = { R(401, ""), R(200, "session-2"), R(200, "web-role"), R(200, KEYS) };
    static const struct reply never[] = { R(401, ""), R(200, "session-3"), R(401, "") };
    struct scene *s = *state;
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    SCRIPT(s, renewed);
    scene_ask(s);
    scene_expect(s, "AKEC2/");
    SCRIPT(s, never);
    scene_ask(s);
    scene_expect_part(s, "answered HTTP 401 to a question for " ROLES);
    assert_int_equal(s->requests, 3);
}

static void without_sessions_version_one_is_spoken(void **state)
{
    static const int statuses[] = { 403, 404, 405 };
    struct scene *s = *state;
    open_source(s);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const struct reply replies[] = { R(statuses[i], "session"), R(200, "web-role"), R(200, KEYS) };
        SCRIPT(s, replies);
        scene_ask(s);
        scene_expect(s, "AKEC2/");
        scene_expect_seen(s, PUT_TOKEN "GET " ROLES "\nGET " ROLES "web-role\n");
    }
}

static void no_answer_to_the_first_question_means_version_one(void **state)
{
    static const struct reply replies[] = { { 0, NULL, HANG, NULL, NULL }, R(200, "web-role"), R(200, KEYS) };
    struct scene *s = *state;
    s->site.timeout_ms = 200;
    open_source(s);
    SCRIPT(s, replies);
    scene_ask(s);
    scene_expect(s, "AKEC2/");
}

static void version_one_can_be_switched_off(void **state)
{
    static const struct reply replies[] = { R(403, "") };
    struct scene *s = *state;
    scene_set(s, "AWS_EC2_METADATA_V1_DISABLED", "True");
    open_source(s);
    SCRIPT(s, replies);
    scene_ask(s);
    scene_expect_part(s, "gives no session (HTTP 403), and version 1 of its protocol, which needs none, is switched");
    assert_int_equal(s->requests, 1);
}

static void no_role_is_no_source(void **state)
{
    static const struct reply replies[] = { R(200, "session"), R(404, "") };
    struct scene *s = *state;
    open_source(s);
    SCRIPT(s, replies);
    scene_ask(s);
    assert_int_equal(s->failed.status, JN_NOT_FOUND);
    scene_expect_part(s, "none is attached to the instance");
}

static void nobody_there_is_no_source(void **state)
{
    struct scene *s = *state;
    scene_set(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9");
    assert_int_equal(lambda_source_imds(&s->site, JN_STR("default"), &s->source, NULL), JN_OK);
    scene_ask(s);
    assert_int_equal(s->failed.status, JN_NOT_FOUND);
    scene_expect_part(s, "connection refused by 127.0.0.1:9");
}

/* What comes at the end of a script, and what is said of it. */
static const struct {
    struct reply replies[3];
    size_t count;
    const char *wanted;
} failures[] = {
    { { R(400, "") }, 1, "answered HTTP 400 to a question for /latest/api/token" },
    { { R(500, "") }, 1, "answered HTTP 500 to a question for /latest/api/token" },
    { { { 0, NULL, DROP, NULL, NULL } }, 1, "closed the connection without an answer" },
    { { R(200, "") }, 1, "gave a session of 0 bytes that cannot be one" },
    { { R(200, "a\r\nb") }, 1, "gave a session of 4 bytes that cannot be one" },
    { { R(302, "") }, 1, "answered HTTP 302" },
    { { R(200, "s"), R(500, "") }, 2, "answered HTTP 500 to a question for " ROLES },
    { { R(200, "s"), R(200, "") }, 2, "answered with 0 bytes that are no name of a role" },
    { { R(200, "s"), R(200, "<html>") }, 2, "answered with 6 bytes that are no name of a role" },
    { { R(200, "s"), R(200, "two words") }, 2, "answered with 9 bytes that are no name of a role" },
    { { R(200, "s"), R(200, "r"), R(404, "") }, 3, "answered HTTP 404" },
    { { R(200, "s"), R(200, "r"), R(200, "secret-x") }, 3, "gave no JSON object: 8 bytes, not JSON" },
    { { R(200, "s"), R(200, "r"), R(200, "{\"Code\":\"Success\"}") }, 3, "gave a JSON object without AccessKeyId" },
    { { R(200, "s"), R(200, "r"), R(200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot\"}") }, 3,
      "has no keys for role r: AssumeRoleUnauthorizedAccess: EC2 cannot" },
};

static void each_failure_has_its_sentence(void **state)
{
    struct scene *s = *state;
    scene_set(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT", s->url);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        assert_int_equal(lambda_source_imds(&s->site, JN_STR("default"), &s->source, NULL), JN_OK);
        scene_script(s, failures[i].replies, failures[i].count);
        scene_ask(s);
        scene_expect(s, "failed: the instance metadata service");
        scene_expect_part(s, failures[i].wanted);
        assert_int_equal(s->requests, failures[i].count);       // one attempt each, as it is by default
        lambda_source_free(s->source);
        s->source = NULL;
    }
}

static void more_attempts_may_be_had(void **state)
{
    static const struct reply replies[] = { { 0, NULL, DROP, NULL, NULL }, R(500, ""), R(200, "session"), R(503, ""),
                                            R(200, "web-role"), R(200, "oops"), R(200, KEYS) };
    struct scene *s = *state;
    scene_set(s, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3");
    open_source(s);
    SCRIPT(s, replies);
    scene_ask(s);
    scene_expect(s, "AKEC2/token-ec2\n");
    assert_int_equal(s->requests, 7);
}

static void no_proxy_is_asked(void **state)
{
    struct scene *s = *state;
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect(s, "AKEC2/token-ec2\n");
    unsetenv("http_proxy");
}

/* HTTP_PROXY, which libcurl does not read by itself. */
static void no_proxy_of_ours_is_asked(void **state)
{
    struct scene *s = *state;
    s->site.http_proxy = "http://127.0.0.1:9";
    open_source(s);
    SCRIPT(s, good);
    scene_ask(s);
    scene_expect(s, "AKEC2/token-ec2\n");
}

static void asking_may_be_given_up_at_each_step(void **state)
{
    struct scene *s = *state;
    open_source(s);
    for (size_t step = 0; step < 3; step++) {
        struct reply replies[3] = { good[0], good[1], good[2] };
        replies[step].how = HANG;
        lambda_source_free(s->source);
        assert_int_equal(lambda_source_imds(&s->site, JN_STR("default"), &s->source, NULL), JN_OK);
        SCRIPT(s, replies);
        assert_int_equal(lambda_source_ask(s->source, scene_on_keys, s, NULL), JN_OK);
        scene_run_until(s, step + 1);
        lambda_source_cancel(s->source);
        assert_int_equal(s->answers, 0);
    }
}

/* ---- settings ------------------------------------------------------------------------------------------------ */

static void the_switch_turns_it_off(void **state)
{
    struct scene *s = *state;
    scene_set(s, "AWS_EC2_METADATA_DISABLED", "TRUE");
    assert_int_equal(lambda_source_imds(&s->site, JN_STR("default"), &s->source, NULL), JN_NOT_FOUND);
}

static void settings_come_from_the_profile_too(void **state)
{
    static const struct reply replies[] = { R(404, "") };
    struct scene *s = *state;
    char text[200];
    snprintf(text, sizeof text, "[profile p]\nec2_metadata_service_endpoint = %s/\nec2_metadata_v1_disabled = true\n",
             s->url);
    assert_int_equal(lambda_profiles_parse(jn_str_of(text), JN_STR(""), (struct lambda_profiles **)&s->site.profiles,
                                           NULL), JN_OK);
    assert_int_equal(lambda_source_imds(&s->site, JN_STR("p"), &s->source, NULL), JN_OK);
    SCRIPT(s, replies);
    scene_ask(s);
    scene_expect_part(s, "is switched off");
    scene_expect_seen(s, PUT_TOKEN);
}

/* Nobody answers there in a test; what is said of it names the address. */
static void the_mode_chooses_the_address(void **state)
{
    struct scene *s = *state;
    s->site.timeout_ms = 30;
    scene_set(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6");
    assert_int_equal(lambda_source_imds(&s->site, JN_STR("default"), &s->source, NULL), JN_OK);
    scene_ask(s);
    scene_expect_part(s, "[fd00:ec2::254]:80");
}

static void settings_that_cannot_be_are_named(void **state)
{
    static const char *const cases[][3] = {
        { "AWS_EC2_METADATA_SERVICE_ENDPOINT", "here", "AWS_EC2_METADATA_SERVICE_ENDPOINT: " },
        { "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5", "is \"IPv5\"; it must be IPv4 or IPv6" },
        { "AWS_EC2_METADATA_DISABLED", "yes", "AWS_EC2_METADATA_DISABLED is \"yes\"; it must be true or false" },
        { "AWS_METADATA_SERVICE_TIMEOUT", "1s", "AWS_METADATA_SERVICE_TIMEOUT is \"1s\"" },
        { "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0", "must be a whole number from 1 to 100" },
    };
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_error err = { 0 };
        s->env_len = 0;
        scene_set(s, cases[i][0], cases[i][1]);
        assert_int_equal(lambda_source_imds(&s->site, JN_STR("default"), &s->source, &err), JN_BAD_VALUE);
        if (!strstr(err.message, cases[i][2]))
            fail_msg("wanted: %s\n  got:    %s", cases[i][2], err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_CASE(three_questions_give_the_keys),
        SCENE_CASE(a_session_is_used_again_until_it_ends),
        SCENE_CASE(a_session_that_ended_early_is_renewed_once),
        SCENE_CASE(without_sessions_version_one_is_spoken),
        SCENE_CASE(no_answer_to_the_first_question_means_version_one),
        SCENE_CASE(version_one_can_be_switched_off),
        SCENE_CASE(no_role_is_no_source),
        SCENE_CASE(nobody_there_is_no_source),
        SCENE_CASE(each_failure_has_its_sentence),
        SCENE_CASE(more_attempts_may_be_had),
        SCENE_CASE(no_proxy_is_asked),
        SCENE_CASE(no_proxy_of_ours_is_asked),
        SCENE_CASE(asking_may_be_given_up_at_each_step),
        SCENE_CASE(the_switch_turns_it_off),
        SCENE_CASE(settings_come_from_the_profile_too),
        SCENE_CASE(the_mode_chooses_the_address),
        SCENE_CASE(settings_that_cannot_be_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
