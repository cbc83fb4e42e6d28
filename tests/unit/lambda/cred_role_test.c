/* cred_role_test.c - roles: of profiles, of the settings and of web identities, through the whole chain, with a server
 * that plays AWS STS, a container and an instance at once. */
#include "cred_scene.h"

#define R(status, body) { status, body, REPLY, NULL, NULL }
#define KEYS_OF(name) "<r><Credentials><AccessKeyId>" name "</AccessKeyId><SecretAccessKey>secret-" name \
                      "</SecretAccessKey><SessionToken>token-" name "</SessionToken>" \
                      "<Expiration>2026-03-14T16:09:26Z</Expiration></Credentials></r>"
#define REFUSAL(code) "<ErrorResponse><Error><Code>" code "</Code><Message>m</Message></Error></ErrorResponse>"
#define ARN(name) "arn:aws:iam::123456789012:role/" name

static const char config[] =
    "[profile keys]\naws_access_key_id = AKKEYS\naws_secret_access_key = secret-keys\n"
    "[profile role]\nrole_arn = " ARN("role") "\nsource_profile = keys\nrole_session_name = me\nexternal_id = ext\n"
    "duration_seconds = 900\nregion = eu-west-1\n"
    "[profile role2]\nrole_arn = " ARN("role2") "\nsource_profile = role\n"
    "[profile self]\nrole_arn = " ARN("self") "\nsource_profile = self\naws_access_key_id = AKSELF\n"
    "aws_secret_access_key = secret-self\n"
    "[profile over-self]\nrole_arn = " ARN("over") "\nsource_profile = self\n"
    "[profile env]\nrole_arn = " ARN("env") "\ncredential_source = Environment\n"
    "[profile box]\nrole_arn = " ARN("box") "\ncredential_source = EcsContainer\n"
    "[profile ec2]\nrole_arn = " ARN("ec2") "\ncredential_source = Ec2InstanceMetadata\n"
    "[profile only-env]\ncredential_source = Environment\n"
    "[profile over-only-env]\nrole_arn = " ARN("x") "\nsource_profile = only-env\n"
    "[profile program]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKPROG\",\"SecretAccessKey\":"
    "\"secret-prog\"}'\n"
    "[profile over-program]\nrole_arn = " ARN("p") "\nsource_profile = program\n"
    "[profile web]\nrole_arn = " ARN("web") "\nweb_identity_token_file = @DIR/token\n"
    "[profile over-web]\nrole_arn = " ARN("o") "\nsource_profile = web\n"
    "[profile loop-a]\nrole_arn = " ARN("a") "\nsource_profile = loop-b\n"
    "[profile loop-b]\nrole_arn = " ARN("b") "\nsource_profile = loop-c\n"
    "[profile loop-c]\nrole_arn = " ARN("c") "\nsource_profile = loop-a\n"
    "[profile loop-self]\nrole_arn = " ARN("a") "\nsource_profile = loop-self\n"
    "[profile both]\nrole_arn = " ARN("a") "\nsource_profile = keys\ncredential_source = Environment\n"
    "[profile none]\nrole_arn = " ARN("a") "\naws_access_key_id = AKNONE\naws_secret_access_key = secret-none\n"
    "[profile gone]\nrole_arn = " ARN("a") "\nsource_profile = nobody\n"
    "[profile odd]\nrole_arn = " ARN("a") "\ncredential_source = Cloud\n"
    "[profile mfa]\nrole_arn = " ARN("a") "\nsource_profile = keys\nmfa_serial = arn:aws:iam::1:mfa/me\n"
    "[profile long]\nrole_arn = " ARN("a") "\nsource_profile = keys\nduration_seconds = 1h\n"
    "[profile short]\nrole_arn = " ARN("a") "\nsource_profile = keys\nduration_seconds = 60\n"
    "[profile bad-arn]\nrole_arn = role\nsource_profile = keys\n"
    "[profile web-only]\nweb_identity_token_file = /t\n"
    "[profile empty]\noutput = json\n"
    "[profile over-empty]\nrole_arn = " ARN("a") "\nsource_profile = empty\n"
    "[profile sso]\nsso_session = s\n[profile over-sso]\nrole_arn = " ARN("a") "\nsource_profile = sso\n"
    "[profile login]\nlogin_session = s\n";

/* The config file, its @DIR being the scene's. */
static void write_config(struct scene *s)
{
    FILE *f = fopen(scene_path(s, "config"), "w");
    assert_non_null(f);
    const char *at = strstr(config, "@DIR");
    fprintf(f, "%.*s%s%s", (int)(at - config), config, s->dir, at + strlen("@DIR"));
    assert_int_equal(fclose(f), 0);
    scene_set(s, "AWS_CONFIG_FILE", scene_path(s, "config"));
    scene_set(s, "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/c");
    scene_set(s, "AWS_ENDPOINT_URL_STS", s->url);
    scene_set(s, "PATH", "/usr/bin:/bin");
}

static enum jn_status open_chain(struct scene *s, struct lambda_cred_options opt, struct jn_error *err)
{
    opt.env = &s->base_env;
    opt.clock = &s->clock;
    opt.random = &s->random;
    return lambda_cred_new(s->loop, &opt, &s->cred, err);
}

static void get(struct scene *s)
{
    scene_forget(s);
    assert_int_equal(lambda_cred_get(s->cred, scene_on_keys, s, NULL), JN_OK);
    scene_await(s, 1);
}

static void get_by_profile(struct scene *s, const char *profile)
{
    struct jn_error err = { 0 };
    if (open_chain(s, (struct lambda_cred_options){ .profile = profile }, &err))
        fail_msg("%s: %s", profile, err.message);
    get(s);
}

/* The n-th form that STS was sent, from 0. */
static const char *form(const struct scene *s, unsigned n)
{
    const char *at = s->seen.data ? strstr(s->seen.data, "Action=") : NULL;
    for (; at && n > 0; n--)
        at = strstr(at + 1, "Action=");
    return at ? at : "";
}

static void expect_form(const struct scene *s, unsigned n, const char *part)
{
    if (!strstr(form(s, n), part))
        fail_msg("wanted: %s\n  got:    %s", part, form(s, n));
}

/* ---- profiles ------------------------------------------------------------------------------------------------ */

static const struct reply one_role[] = { R(200, KEYS_OF("ONE")), R(200, KEYS_OF("TWO")) };

static void a_role_is_assumed_with_another_profiles_keys(void **state)
{
    struct scene *s = *state;
    write_config(s);
    SCRIPT(s, one_role);
    get_by_profile(s, "role");
    scene_expect(s, "ONE/token-ONE\n");
    assert_non_null(strstr(s->seen.data, "Credential=AKKEYS/20260314/eu-west-1/sts/aws4_request"));
    expect_form(s, 0, "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Frole&RoleSessionName=me&DurationSeconds=900&"
                      "ExternalId=ext\n");
    assert_string_equal(lambda_cred_source(s->cred), "role " ARN("role") " with the keys of profile \"keys\"");
}

static void roles_may_be_chained(void **state)
{
    struct scene *s = *state;
    write_config(s);
    SCRIPT(s, one_role);
    get_by_profile(s, "role2");
    scene_expect(s, "TWO/token-TWO\n");
    assert_int_equal(s->requests, 2);
    assert_non_null(strstr(s->seen.data, "Credential=AKKEYS/"));
    assert_non_null(strstr(s->seen.data, "Credential=ONE/20260314/us-east-1/"));
    expect_form(s, 1, "role2&RoleSessionName=aws-lambda-component-1773500966000&DurationSeconds=3600\n");
}

/* Which key signs the last request, and how many there are. */
static const struct {
    const char *profile, *signer;
    size_t requests;
} ways[] = {
    { "self", "Credential=AKSELF/", 1 },
    { "over-self", "Credential=AKSELF/", 1 },       // keys of a source profile win over its role
    { "env", "Credential=AKENV/", 1 },
    { "over-only-env", "Credential=AKENV/", 1 },
    { "over-program", "Credential=AKPROG/", 1 },
    { "over-web", "Credential=ONE/", 2 },
};

static void each_kind_of_source_serves_a_role(void **state)
{
    struct scene *s = *state;
    write_config(s);
    scene_write(s, "token", "token-web\n");
    scene_set(s, "AWS_ACCESS_KEY_ID", "AKENV");
    scene_set(s, "AWS_SECRET_ACCESS_KEY", "secret-env");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        SCRIPT(s, one_role);
        get_by_profile(s, ways[i].profile);
        scene_expect(s, ways[i].requests == 1 ? "ONE/" : "TWO/");
        if (!strstr(s->seen.data, ways[i].signer))
            fail_msg("%s: wanted %s in\n%s", ways[i].profile, ways[i].signer, s->seen.data);
        assert_int_equal(s->requests, ways[i].requests);
        lambda_cred_free(s->cred);
        s->cred = NULL;
    }
}

static void a_container_serves_a_role(void **state)
{
    static const struct reply replies[] = {
        R(200, "{\"AccessKeyId\":\"AKBOX\",\"SecretAccessKey\":\"secret-box\",\"Token\":\"token-box\",\"Expiration\":"
               "\"2026-03-14T16:09:26Z\"}"), R(200, KEYS_OF("ONE")) };
    struct scene *s = *state;
    write_config(s);
    scene_set(s, "AWS_CONTAINER_CREDENTIALS_FULL_URI", s->url);
    SCRIPT(s, replies);
    get_by_profile(s, "box");
    scene_expect(s, "ONE/");
    assert_non_null(strstr(s->seen.data, "Credential=AKBOX/"));
}

static void an_instance_serves_a_role(void **state)
{
    static const struct reply replies[] = {
        R(200, "session"), R(200, "r"),
        R(200, "{\"Code\":\"Success\",\"AccessKeyId\":\"AKEC2\",\"SecretAccessKey\":\"secret-ec2\",\"Token\":"
               "\"token-ec2\",\"Expiration\":\"2026-03-14T16:09:26Z\"}"), R(200, KEYS_OF("ONE")) };
    struct scene *s = *state;
    write_config(s);
    scene_set(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT", s->url);
    SCRIPT(s, replies);
    get_by_profile(s, "ec2");
    scene_expect(s, "ONE/");
    assert_non_null(strstr(s->seen.data, "Credential=AKEC2/"));
}

static void a_profile_may_be_a_program_or_another_source(void **state)
{
    struct scene *s = *state;
    write_config(s);
    get_by_profile(s, "program");
    scene_expect(s, "AKPROG/\n");
    lambda_cred_free(s->cred);
    scene_set(s, "AWS_ACCESS_KEY_ID", "AKENV");
    scene_set(s, "AWS_SECRET_ACCESS_KEY", "secret-env");
    get_by_profile(s, "only-env");
    scene_expect(s, "AKENV/\n");
}

static const struct {
    const char *profile, *wanted;
} faults[] = {
    { "loop-a", "a circle in source_profile: loop-a -> loop-b -> loop-c -> loop-a" },
    { "loop-self", "a circle in source_profile: loop-self -> loop-self" },
    { "both", "profile \"both\" has both source_profile and credential_source" },
    { "none", "profile \"none\" has role_arn, but nothing that says with which keys" },
    { "gone", "profile \"gone\" has source_profile = \"nobody\", and there is no such profile" },
    { "odd", "profile \"odd\" has credential_source = \"Cloud\"; it must be Environment, Ec2InstanceMetadata or Ecs" },
    { "env", "profile \"env\" takes its keys from Environment (credential_source), but AWS_ACCESS_KEY_ID and" },
    { "box", "from EcsContainer (credential_source), but AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are" },
    { "ec2", "from Ec2InstanceMetadata (credential_source), but AWS_EC2_METADATA_DISABLED switches it off" },
    { "mfa", "profile \"mfa\": it wants a code of a second factor (mfa_serial), and nobody is there to type it" },
    { "long", "profile \"long\": it has duration_seconds = \"1h\"; it must be a whole number from 900 to 43200" },
    { "short", "profile \"short\": a role's session of 60 seconds cannot be had; AWS gives 900 to 43200" },
    { "bad-arn", "profile \"bad-arn\": \"role\" is no ARN of a role" },
    { "web-only", "profile \"web-only\" has web_identity_token_file without role_arn" },
    { "over-empty", "profile \"empty\", a source_profile, holds no keys and no way to get some" },
    { "empty", "profile \"empty\" (given in the settings) holds no keys" },
    { "sso", "profile \"sso\" uses IAM Identity Center (SSO) (sso_session), which needs a person to log in" },
    { "over-sso", "credential_process = aws configure export-credentials --profile sso" },
    { "login", "profile \"login\" uses a console login (login_session)" },
};

static void a_profile_that_cannot_work_says_why(void **state)
{
    struct scene *s = *state;
    write_config(s);
    scene_set(s, "AWS_EC2_METADATA_DISABLED", "true");
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct jn_error err = { 0 };
        assert_int_equal(open_chain(s, (struct lambda_cred_options){ .profile = faults[i].profile }, &err),
                         JN_BAD_VALUE);
        if (!strstr(err.message, faults[i].wanted))
            fail_msg("wanted: %s\n  got:    %s", faults[i].wanted, err.message);
    }
}

static void a_way_of_too_many_profiles_is_refused(void **state)
{
    struct scene *s = *state;
    struct jn_error err = { 0 };
    FILE *f = fopen(scene_path(s, "config"), "w");
    assert_non_null(f);
    for (int i = 0; i < 40; i++)
        fprintf(f, "[profile p%d]\nrole_arn = " ARN("p") "\nsource_profile = p%d\n", i, i + 1);
    assert_int_equal(fclose(f), 0);
    scene_set(s, "AWS_CONFIG_FILE", scene_path(s, "config"));
    scene_set(s, "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/c");
    assert_int_equal(open_chain(s, (struct lambda_cred_options){ .profile = "p0" }, &err), JN_BAD_VALUE);
    assert_non_null(strstr(err.message, "too long a way in source_profile: p0 -> p1 -> "));
}

static void a_refused_role_says_which(void **state)
{
    static const struct reply replies[] = { R(403, REFUSAL("AccessDenied")) };
    struct scene *s = *state;
    write_config(s);
    SCRIPT(s, replies);
    get_by_profile(s, "role");
    scene_expect(s, "failed: role " ARN("role") ": AccessDenied: m; the role's trust policy must name whoever");
    assert_int_equal(s->failed.status, JN_REMOTE);
    assert_string_equal(s->failed.code, "AccessDenied");
}

/* ---- the role of the settings -------------------------------------------------------------------------------- */

static void the_settings_role_is_assumed_with_what_the_chain_gives(void **state)
{
    struct scene *s = *state;
    struct jn_error err = { 0 };
    write_config(s);
    const struct lambda_cred_options opt = {
        .access_key = "AKSET", .secret_key = "secret-set", .role_arn = ARN("set"), .external_id = "x:1",
        .role_session_name = "step", .role_duration_s = 1800, .region = "ap-south-1",
    };
    if (open_chain(s, opt, &err))
        fail_msg("%s", err.message);
    SCRIPT(s, one_role);
    get(s);
    scene_expect(s, "ONE/");
    assert_non_null(strstr(s->seen.data, "Credential=AKSET/20260314/ap-south-1/sts/"));
    expect_form(s, 0, "role%2Fset&RoleSessionName=step&DurationSeconds=1800&ExternalId=x%3A1\n");
    assert_string_equal(lambda_cred_source(s->cred), "role " ARN("set") " with the keys of the settings");
}

static void the_settings_role_comes_on_top_of_a_profiles(void **state)
{
    struct scene *s = *state;
    write_config(s);
    SCRIPT(s, one_role);
    assert_int_equal(open_chain(s, (struct lambda_cred_options){ .profile = "role", .role_arn = ARN("top") }, NULL),
                     JN_OK);
    get(s);
    scene_expect(s, "TWO/");
    assert_non_null(strstr(s->seen.data, "Credential=ONE/"));
}

static void a_settings_role_that_cannot_be_is_refused(void **state)
{
    struct scene *s = *state;
    struct jn_error err = { 0 };
    write_config(s);
    const struct lambda_cred_options opt = { .access_key = "AKSET", .secret_key = "secret-set", .role_arn = "r" };
    assert_int_equal(open_chain(s, opt, &err), JN_BAD_VALUE);
    assert_non_null(strstr(err.message, "the role in the settings: \"r\" is no ARN of a role"));
}

/* ---- web identity -------------------------------------------------------------------------------------------- */

static void open_web(struct scene *s)
{
    struct jn_error err = { 0 };
    scene_set(s, "AWS_WEB_IDENTITY_TOKEN_FILE", scene_path(s, "token"));
    scene_set(s, "AWS_ROLE_ARN", ARN("irsa"));
    write_config(s);
    if (open_chain(s, (struct lambda_cred_options){ 0 }, &err))
        fail_msg("%s", err.message);
}

static void the_tokens_file_is_read_anew_each_time(void **state)
{
    static const struct reply replies[] = { R(200, KEYS_OF("ONE")), R(200, KEYS_OF("TWO")) };
    struct scene *s = *state;
    scene_write(s, "token", "token-1\n");
    scene_set(s, "AWS_ROLE_SESSION_NAME", "pod");
    open_web(s);
    SCRIPT(s, replies);
    get(s);
    scene_expect(s, "ONE/");
    expect_form(s, 0, "irsa&RoleSessionName=pod&DurationSeconds=3600&WebIdentityToken=token-1\n");
    assert_null(strstr(s->seen.data, "Authorization"));
    scene_write(s, "token", "token-2");
    s->clock.scripted_ms += 3600000;
    get(s);
    scene_expect(s, "failed: ");            // TWO has expired just now, too; but the token was the new one
    expect_form(s, 1, "WebIdentityToken=token-2\n");
}

static void a_token_that_is_no_good_is_read_once_more(void **state)
{
    static const char *const codes[] = { REFUSAL("ExpiredTokenException"), REFUSAL("InvalidIdentityToken") };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const struct reply renewed[] = { R(400, codes[i]), R(200, KEYS_OF("ONE")) };
        struct scene *s = *state;
        scene_write(s, "token", "token-1");
        s->env_len = 0;
        open_web(s);
        SCRIPT(s, renewed);
        get(s);
        scene_expect(s, "ONE/");
        assert_int_equal(s->requests, 2);
        lambda_cred_free(s->cred);
        s->cred = NULL;
    }
}

static void a_token_that_stays_no_good_is_told(void **state)
{
    static const struct reply replies[] = { R(400, REFUSAL("ExpiredTokenException")) };
    struct scene *s = *state;
    scene_write(s, "token", "token-1");
    open_web(s);
    SCRIPT(s, replies);
    get(s);
    scene_expect(s, "failed: role " ARN("irsa") " by web identity: ExpiredTokenException: m; the web identity token "
                    "has expired");
    assert_int_equal(s->requests, 2);
}

static void a_provider_that_cannot_be_reached_is_asked_again(void **state)
{
    static const struct reply replies[] = { R(400, REFUSAL("IDPCommunicationError")), R(200, KEYS_OF("ONE")) };
    struct scene *s = *state;
    scene_write(s, "token", "token-1");
    open_web(s);
    SCRIPT(s, replies);
    get(s);
    scene_expect(s, "ONE/");
}

static void a_token_file_that_is_missing_is_named(void **state)
{
    struct scene *s = *state;
    open_web(s);
    SCRIPT(s, one_role);
    get(s);
    scene_expect(s, "failed: cannot read the token that AWS_WEB_IDENTITY_TOKEN_FILE names: cannot open ");
    assert_int_equal(s->requests, 0);
}

static void a_chain_may_be_freed_while_a_role_is_assumed(void **state)
{
    static const struct reply replies[] = { R(200, KEYS_OF("ONE")), { 0, NULL, HANG, NULL, NULL } };
    struct scene *s = *state;
    write_config(s);
    SCRIPT(s, replies);
    assert_int_equal(open_chain(s, (struct lambda_cred_options){ .profile = "role2" }, NULL), JN_OK);
    assert_int_equal(lambda_cred_get(s->cred, scene_on_keys, s, NULL), JN_OK);
    scene_run_until(s, 2);
    lambda_cred_free(s->cred);
    s->cred = NULL;
    assert_int_equal(s->answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_CASE(a_role_is_assumed_with_another_profiles_keys),
        SCENE_CASE(roles_may_be_chained),
        SCENE_CASE(each_kind_of_source_serves_a_role),
        SCENE_CASE(a_container_serves_a_role),
        SCENE_CASE(an_instance_serves_a_role),
        SCENE_CASE(a_profile_may_be_a_program_or_another_source),
        SCENE_CASE(a_profile_that_cannot_work_says_why),
        SCENE_CASE(a_way_of_too_many_profiles_is_refused),
        SCENE_CASE(a_refused_role_says_which),
        SCENE_CASE(the_settings_role_is_assumed_with_what_the_chain_gives),
        SCENE_CASE(the_settings_role_comes_on_top_of_a_profiles),
        SCENE_CASE(a_settings_role_that_cannot_be_is_refused),
        SCENE_CASE(the_tokens_file_is_read_anew_each_time),
        SCENE_CASE(a_token_that_is_no_good_is_read_once_more),
        SCENE_CASE(a_token_that_stays_no_good_is_told),
        SCENE_CASE(a_provider_that_cannot_be_reached_is_asked_again),
        SCENE_CASE(a_token_file_that_is_missing_is_named),
        SCENE_CASE(a_chain_may_be_freed_while_a_role_is_assumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
