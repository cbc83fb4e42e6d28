/* cred_test.c - which keys the chain finds, in a table; what it says when it finds none; that no sentence holds a
 * secret. */
#include "vectors.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lambda/cred.h"

static char dir[64], config_path[96], credentials_path[96];

static const struct base_clock *clock_at_noon(void)
{
    static struct base_clock clock;
    clock = base_clock_scripted(1773500966000);         // 2026-03-14T15:09:26Z
    return &clock;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int make_files(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lambda-cred-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(config_path, sizeof config_path, "%s/config", dir);
    snprintf(credentials_path, sizeof credentials_path, "%s/credentials", dir);
    write_file(config_path,
               "[default]\nregion = eu-central-1\nservices = local\nca_bundle = /etc/ca.pem\n"
               "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = keys\n"
               "aws_access_key_id = AKROLE\naws_secret_access_key = secret-role\n"
               "[profile sso]\nsso_session = s\n"
               "[profile process]\ncredential_process = /bin/tool\n"
               "[profile both]\ncredential_process = /bin/tool\naws_access_key_id = AKBOTH\n"
               "aws_secret_access_key = secret-both\n"
               "[profile empty]\nregion = us-west-2\n"
               "[services local]\nlambda =\n  endpoint_url = http://localhost:3002\n");
    write_file(credentials_path,
               "[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key = secret-default\n"
               "[keys]\naws_access_key_id = AKKEYS\naws_secret_access_key = secret-keys\n"
               "aws_session_token = token-keys\n[half]\naws_access_key_id = AKHALF\n");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    remove(config_path);
    remove(credentials_path);
    return rmdir(dir);
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

#define FILES "AWS_CONFIG_FILE", config_path, "AWS_SHARED_CREDENTIALS_FILE", credentials_path
#define NO_FILES "AWS_CONFIG_FILE", "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d", \
                 "AWS_EC2_METADATA_DISABLED", "true"
#define ENV_KEYS "AWS_ACCESS_KEY_ID", "AKENV", "AWS_SECRET_ACCESS_KEY", "secret-env"

struct chain_case {
    const char *access, *secret, *token, *profile;  /* options */
    const char *env[24];
    const char *wanted;         /* access key, or "error: " and a part of the sentence */
    const char *wanted_token;
};

static void check_keys(const struct lambda_keys *keys, const struct chain_case *c)
{
    expect_text(lambda_keys_access(keys), jn_str_of(c->wanted), jn_str_of(c->wanted), "access key");
    const jn_str token = lambda_keys_token(keys);
    if (c->wanted_token)
        expect_text(token, jn_str_of(c->wanted_token), jn_str_of(c->wanted), "session token");
    else
        assert_null(token.data);
}

static void check_error(const struct jn_error *err, const struct chain_case *c)
{
    if (strncmp(c->wanted, "error: ", 7) != 0 || !strstr(err->message, c->wanted + 7))
        fail_msg("wanted: %s\n  got:    %s", c->wanted, err->message);
    assert_null(strstr(err->message, "secret-"));
    assert_null(strstr(err->message, "token-"));
}

/* The answer of lambda_cred_get(). */
struct answer {
    unsigned count;
    bool has_keys;
    struct jn_error failed;
    struct lambda_cred *free_this;
};

static void on_answer(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct answer *a = arg;
    a->count++;
    a->has_keys = keys != NULL;
    if (failed)
        a->failed = *failed;
    lambda_cred_free(a->free_this);
}

static void ask(struct base_loop *loop, struct lambda_cred *cred, struct answer *a)
{
    assert_int_equal(lambda_cred_get(cred, on_answer, a, NULL), JN_OK);
    assert_int_equal(a->count, 0);              // never inside the call
    base_loop_run(loop);
    assert_int_equal(a->count, 1);
}

static void check_chain(const struct chain_case *c)
{
    struct base_loop *loop;
    struct lambda_cred *cred = NULL;
    struct jn_error err = { 0 };
    assert_int_equal(base_loop_new(&loop, NULL), JN_OK);
    const struct base_env env = base_env_of(c->env);
    const struct lambda_cred_options opt = { .access_key = c->access, .secret_key = c->secret,
                                             .session_token = c->token,
                                             .profile = c->profile, .env = &env, .clock = clock_at_noon() };
    if (lambda_cred_new(loop, &opt, &cred, &err)) {
        check_error(&err, c);
    } else if (lambda_cred_cached(cred)) {
        check_keys(lambda_cred_cached(cred), c);
        struct answer a = { 0 };
        ask(loop, cred, &a);
        assert_true(a.has_keys);
    } else {
        struct answer a = { 0 };
        ask(loop, cred, &a);
        assert_false(a.has_keys);
        check_error(&a.failed, c);
    }
    lambda_cred_free(cred);
    base_loop_free(loop);
}

static void the_chain_finds_what_comes_first(void **state)
{
    const struct chain_case cases[] = {
        { "AKSET", "secret-set", NULL, NULL, { FILES, ENV_KEYS }, "AKSET", NULL },
        { "AKSET", "secret-set", "token-set", NULL, { NO_FILES }, "AKSET", "token-set" },
        { "AKSET", "secret-set", "", NULL, { NO_FILES }, "AKSET", NULL },
        { "AKSET", "secret-set", NULL, NULL, { "AWS_CONFIG_FILE", "/", NULL }, "AKSET", NULL },
        { NULL, NULL, NULL, NULL, { FILES, ENV_KEYS }, "AKENV", NULL },
        { NULL, NULL, NULL, NULL, { NO_FILES, ENV_KEYS, "AWS_SESSION_TOKEN", "token-env" }, "AKENV", "token-env" },
        { NULL, NULL, NULL, NULL, { NO_FILES, ENV_KEYS, "AWS_SECURITY_TOKEN", "token-old" }, "AKENV", "token-old" },
        { NULL, NULL, NULL, NULL, { FILES, ENV_KEYS, "AWS_PROFILE", "keys" }, "AKENV", NULL },
        { NULL, NULL, NULL, "keys", { FILES, ENV_KEYS }, "AKKEYS", "token-keys" },
        { NULL, NULL, NULL, NULL, { FILES }, "AKDEFAULT", NULL },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", "" }, "AKDEFAULT", NULL },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_PROFILE", "keys" }, "AKKEYS", "token-keys" },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_PROFILE", "both" }, "AKBOTH", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_chain(&cases[i]);
}

static void what_is_faulty_ends_the_chain(void **state)
{
    const struct chain_case cases[] = {
        { "AKSET", NULL, NULL, NULL, { FILES, ENV_KEYS }, "error: the secret key is missing in the settings", NULL },
        { NULL, "secret-x", NULL, NULL, { FILES, ENV_KEYS }, "error: the access key is missing in the settings", NULL },
        { "AK SET", "secret-x", NULL, NULL, { FILES },
          "error: the access key in the settings holds a blank at position 3 of 6", NULL },
        { "AKSET", "secret-x\n", NULL, NULL, { FILES },
          "error: the secret key in the settings holds a line break at position 9 of 9", NULL },
        { "AKSET", "secret-x", "token-\xc3\xa9", NULL, { FILES },
          "error: the session token in the settings holds a character no key has at position 7", NULL },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_ACCESS_KEY_ID", "AKENV" },
          "error: AWS_SECRET_ACCESS_KEY is missing in the environment", NULL },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_SECRET_ACCESS_KEY", "secret-env" },
          "error: AWS_ACCESS_KEY_ID is missing in the environment", NULL },
        { NULL, NULL, NULL, NULL, { FILES, ENV_KEYS, "AWS_CREDENTIAL_EXPIRATION", "soon" },
          "error: AWS_CREDENTIAL_EXPIRATION is \"soon\"", NULL },
        { NULL, NULL, NULL, NULL, { FILES, ENV_KEYS, "AWS_CREDENTIAL_EXPIRATION", "2026-03-14T15:09:26Z" },
          "error: the AWS keys in the environment have expired", NULL },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_WEB_IDENTITY_TOKEN_FILE", "/t", "AWS_ROLE_ARN", "arn" },
          "error: AWS_WEB_IDENTITY_TOKEN_FILE: \"arn\" is no ARN of a role", NULL },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_WEB_IDENTITY_TOKEN_FILE", "/t" },
          "error: AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN", NULL },
        { NULL, NULL, NULL, NULL, { NO_FILES, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "x" },
          "error: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is \"x\"; it must begin with a slash", NULL },
        { NULL, NULL, NULL, NULL, { NO_FILES, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/" },
          "error: AWS_CONTAINER_CREDENTIALS_FULL_URI names the host example.com", NULL },
        { NULL, NULL, NULL, NULL, { NO_FILES, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x",
                                    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-\r\nHost: x" },
          "error: the authorization token of AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line end", NULL },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_PROFILE", "half" },
          "error: aws_secret_access_key is missing in profile \"half\"", NULL },
        { NULL, NULL, NULL, "sso", { FILES, ENV_KEYS },
          "error: aws configure export-credentials --profile sso --format env", NULL },
        { NULL, NULL, NULL, "empty", { FILES, ENV_KEYS },
          "error: profile \"empty\" (given in the settings) holds no keys", NULL },
        { NULL, NULL, NULL, "nobody", { FILES, ENV_KEYS },
          "error: there is no profile \"nobody\" (given in the settings)", NULL },
        { NULL, NULL, NULL, NULL, { FILES, "AWS_PROFILE", "nobody" },
          "error: there is no profile \"nobody\" (named by AWS_PROFILE)", NULL },
        { NULL, NULL, NULL, NULL, { "AWS_CONFIG_FILE", "/", NULL }, "error: cannot read /", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_chain(&cases[i]);
}

static void finding_nothing_lists_every_place(void **state)
{
    static const char *const places[] = { "error: the settings (access key and secret key)",
                                          "error: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                                          "error: AWS_WEB_IDENTITY_TOKEN_FILE", "error: AWS_CONTAINER_CREDENTIALS_",
                                          "error: profile \"default\"", "error: ~/.aws/credentials and ~/.aws/config",
                                          "error: there is no such profile",
                                          "error: Give keys in one of these places" };
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct chain_case c = { .env = { NO_FILES }, .wanted = places[i] };
        check_chain(&c);
    }
}

/* ---- the rest ------------------------------------------------------------------------------------------------ */

static struct lambda_cred *chain_of(struct base_loop *loop, const struct base_env *env, const struct base_clock *clock)
{
    struct lambda_cred *cred = NULL;
    struct jn_error err = { 0 };
    const struct lambda_cred_options opt = { .env = env, .clock = clock };
    if (lambda_cred_new(loop, &opt, &cred, &err))
        fail_msg("%s", err.message);
    return cred;
}

static void region_and_settings_come_from_environment_and_profile(void **state)
{
    (void)state;
    struct base_env env = base_env_of((const char *const[]){ FILES, NULL });
    struct lambda_cred *cred = chain_of(NULL, &env, clock_at_noon());
    assert_string_equal(lambda_cred_region(cred), "eu-central-1");
    assert_true(jn_str_eq(lambda_cred_setting(cred, "ca_bundle"), JN_STR("/etc/ca.pem")));
    assert_true(jn_str_eq(lambda_cred_setting(cred, "services.lambda.endpoint_url"), JN_STR("http://localhost:3002")));
    assert_null(lambda_cred_setting(cred, "services.sts.endpoint_url").data);
    assert_null(lambda_cred_setting(cred, "endpoint_url").data);
    lambda_cred_free(cred);

    env = base_env_of((const char *const[]){ FILES, "AWS_REGION", "us-east-1", "AWS_DEFAULT_REGION", "us-east-2",
                                             NULL });
    cred = chain_of(NULL, &env, clock_at_noon());
    assert_string_equal(lambda_cred_region(cred), "us-east-1");
    lambda_cred_free(cred);

    env = base_env_of((const char *const[]){ NO_FILES, ENV_KEYS, "AWS_DEFAULT_REGION", "us-east-2", NULL });
    cred = chain_of(NULL, &env, clock_at_noon());
    assert_string_equal(lambda_cred_region(cred), "us-east-2");
    assert_null(lambda_cred_setting(cred, "services.lambda.endpoint_url").data);
    lambda_cred_free(cred);
}

static void keys_that_expire_later_are_not_given_out(void **state)
{
    struct base_loop *loop;
    struct base_clock clock = base_clock_scripted(1773500966000);
    const struct base_env env = base_env_of((const char *const[]){ NO_FILES, ENV_KEYS, "AWS_CREDENTIAL_EXPIRATION",
                                                                   "2026-03-14T15:09:27Z", NULL });
    (void)state;
    assert_int_equal(base_loop_new(&loop, NULL), JN_OK);
    struct lambda_cred *cred = chain_of(loop, &env, &clock);
    assert_non_null(lambda_cred_cached(cred));
    clock.scripted_ms += 1000;
    assert_null(lambda_cred_cached(cred));
    struct answer a = { 0 };
    ask(loop, cred, &a);
    assert_non_null(strstr(a.failed.message, "have expired"));
    lambda_cred_free(cred);
    base_loop_free(loop);
}

static void a_chain_may_be_freed_while_asked_and_while_answering(void **state)
{
    struct base_loop *loop;
    const struct base_env env = base_env_of((const char *const[]){ NO_FILES, NULL });
    (void)state;
    assert_int_equal(base_loop_new(&loop, NULL), JN_OK);
    struct answer first = { 0 }, second = { 0 };
    struct lambda_cred *cred = chain_of(loop, &env, clock_at_noon());
    assert_int_equal(lambda_cred_get(cred, on_answer, &first, NULL), JN_OK);
    lambda_cred_free(cred);
    base_loop_run(loop);
    assert_int_equal(first.count, 0);

    cred = chain_of(loop, &env, clock_at_noon());
    first.free_this = cred;
    assert_int_equal(lambda_cred_get(cred, on_answer, &first, NULL), JN_OK);
    assert_int_equal(lambda_cred_get(cred, on_answer, &second, NULL), JN_OK);
    base_loop_run(loop);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 0);
    base_loop_free(loop);
}

static void keys_live_as_long_as_somebody_holds_them(void **state)
{
    (void)state;
    struct lambda_keys *keys = lambda_keys_new(JN_STR("A"), JN_STR("s"), (jn_str){ NULL, 0 }, 0);
    assert_ptr_equal(lambda_keys_ref(keys), keys);
    lambda_keys_unref(keys);
    assert_true(jn_str_eq(lambda_keys_secret(keys), JN_STR("s")));
    lambda_keys_unref(keys);
    lambda_keys_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_finds_what_comes_first),
        cmocka_unit_test(what_is_faulty_ends_the_chain),
        cmocka_unit_test(finding_nothing_lists_every_place),
        cmocka_unit_test(region_and_settings_come_from_environment_and_profile),
        cmocka_unit_test(keys_that_expire_later_are_not_given_out),
        cmocka_unit_test(a_chain_may_be_freed_while_asked_and_while_answering),
        cmocka_unit_test(keys_live_as_long_as_somebody_holds_them),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
