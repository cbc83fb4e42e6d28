/* target_test.c - where calls go and how often, by settings, environment and profile: which of them counts, and what is
 * said of values that cannot be. */
#include "vectors.h"

#include <sys/mman.h>
#include <unistd.h>

#include "lambda/call.h"

/* A client of settings, environment and a config file's text. */
struct given {
    const char *region, *endpoint, *config;
    const char *env[12];
};

static char config_path[40];
static struct base_loop *loop;

static void write_config(const char *text)
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("config", MFD_CLOEXEC);
    snprintf(config_path, sizeof config_path, "/proc/self/fd/%d", fd);
    const size_t len = text ? strlen(text) : 0;
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, text, len, 0), len);
}

/* NULL: it cannot be, see `err`. */
static struct lambda_client *client_of(const struct given *g, struct jn_error *err)
{
    const char *pairs[24] = { "AWS_CONFIG_FILE", config_path, "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/c" };
    struct lambda_client *c = NULL;
    for (size_t i = 0; i < 12 && g->env[i]; i++)
        pairs[4 + i] = g->env[i];
    write_config(g->config);
    const struct base_env env = base_env_of(pairs);
    const struct base_clock clock = base_clock_scripted(0);
    const struct lambda_client_options opt = {
        .cred = { .access_key = "A", .secret_key = "s", .env = &env, .clock = &clock },
        .region = g->region, .endpoint = g->endpoint,
    };
    *err = (struct jn_error){ 0 };
    return lambda_client_new(loop, &opt, &c, err) ? NULL : c;
}

static void expect_start(const char *got, const char *wanted, size_t row)
{
    if (strncmp(got, wanted, strlen(wanted)) != 0)
        fail_msg("row %zu\n  wanted: %s\n  got:    %s", row, wanted, got);
}

/* ---- endpoints ----------------------------------------------------------------------------------------------- */

#define DEFAULT "[default]\nregion = eu-west-1\n"
#define SERVICES "[default]\nregion = eu-west-1\nservices = here\nendpoint_url = http://all:1\n" \
                 "[services here]\nlambda =\n  endpoint_url = http://one:2/base/\n"

static void where_calls_go(void **state)
{
    static const struct {
        struct given given;
        const char *wanted;             /* "endpoint | Host | signing region", or the beginning of the error */
    } rows[] = {
        { { .region = "eu-west-1" }, "https://lambda.eu-west-1.amazonaws.com | lambda.eu-west-1.amazonaws.com | eu-west-1" },
        { { .config = DEFAULT }, "https://lambda.eu-west-1.amazonaws.com |" },
        { { .config = DEFAULT, .env = { "AWS_DEFAULT_REGION", "eu-west-2" } }, "https://lambda.eu-west-2." },
        { { .config = DEFAULT, .env = { "AWS_DEFAULT_REGION", "eu-west-2", "AWS_REGION", "eu-west-3" } },
          "https://lambda.eu-west-3." },
        { { .region = "ap-south-1", .config = DEFAULT, .env = { "AWS_REGION", "eu-west-3" } },
          "https://lambda.ap-south-1." },

        // partitions, listed regions and new ones
        { { .region = "cn-north-1" }, "https://lambda.cn-north-1.amazonaws.com.cn |" },
        { { .region = "us-gov-west-1" }, "https://lambda.us-gov-west-1.amazonaws.com |" },
        { { .region = "eusc-de-east-1" }, "https://lambda.eusc-de-east-1.amazonaws.eu |" },
        { { .region = "us-iso-east-1" }, "https://lambda.us-iso-east-1.c2s.ic.gov |" },
        { { .region = "cn-moon-7" }, "https://lambda.cn-moon-7.amazonaws.com.cn |" },
        { { .region = "moon-base-1" }, "https://lambda.moon-base-1.amazonaws.com |" },

        // FIPS and dual-stack
        { { .config = DEFAULT "use_fips_endpoint = true\n" }, "https://lambda-fips.eu-west-1.amazonaws.com |" },
        { { .config = DEFAULT "use_dualstack_endpoint = TRUE\n" }, "https://lambda.eu-west-1.api.aws |" },
        { { .config = DEFAULT "use_fips_endpoint = true\nuse_dualstack_endpoint = true\n" },
          "https://lambda-fips.eu-west-1.api.aws |" },
        { { .config = DEFAULT "use_fips_endpoint = true\n", .env = { "AWS_USE_FIPS_ENDPOINT", "false" } },
          "https://lambda.eu-west-1.amazonaws.com |" },
        { { .region = "cn-north-1", .env = { "AWS_USE_DUALSTACK_ENDPOINT", "true" } },
          "https://lambda.cn-north-1.api.amazonwebservices.com.cn |" },
        { { .region = "us-east-1-fips" }, "https://lambda-fips.us-east-1.amazonaws.com | lambda-fips.us-east-1."
                                          "amazonaws.com | us-east-1" },
        { { .region = "us-east-1", .env = { "AWS_USE_FIPS_ENDPOINT", "1" } },
          "AWS_USE_FIPS_ENDPOINT is \"1\"; it must be true or false" },
        { { .config = DEFAULT "use_dualstack_endpoint = on\n" },
          "use_dualstack_endpoint is \"on\"; it must be true or false" },

        // endpoints of one's own: the first place that has one
        { { .config = SERVICES }, "http://one:2/base | one:2 | eu-west-1" },
        { { .config = SERVICES, .env = { "AWS_ENDPOINT_URL", "http://env:3" } }, "http://env:3 |" },
        { { .config = SERVICES, .env = { "AWS_ENDPOINT_URL", "http://env:3", "AWS_ENDPOINT_URL_LAMBDA", "http://own:4" } },
          "http://own:4 |" },
        { { .config = SERVICES, .endpoint = "http://[::1]:5", .env = { "AWS_ENDPOINT_URL_LAMBDA", "http://own:4" } },
          "http://[::1]:5 | [::1]:5 | eu-west-1" },
        { { .config = DEFAULT "endpoint_url = http://all:1\n" }, "http://all:1 |" },
        { { .config = SERVICES, .env = { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" } },
          "https://lambda.eu-west-1.amazonaws.com |" },
        { { .config = DEFAULT "endpoint_url = http://all:1\nignore_configured_endpoint_urls = true\n" },
          "https://lambda.eu-west-1.amazonaws.com |" },
        { { .config = SERVICES, .endpoint = "http://x", .env = { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" } },
          "http://x |" },
        { { .region = "eu-west-1", .env = { "AWS_ENDPOINT_URL_STS", "http://sts" } },
          "https://lambda.eu-west-1.amazonaws.com |" },

        // Host has the port, unless it is the scheme's
        { { .region = "eu-west-1", .endpoint = "https://VPCE-1.lambda.eu-west-1.vpce.amazonaws.com:443/" },
          "https://VPCE-1.lambda.eu-west-1.vpce.amazonaws.com:443 | vpce-1.lambda.eu-west-1.vpce.amazonaws.com | " },
        { { .region = "eu-west-1", .endpoint = "http://h:80" }, "http://h:80 | h | " },
        { { .region = "eu-west-1", .endpoint = "http://h:443" }, "http://h:443 | h:443 | " },

        // what cannot be
        { { .config = "" }, "no AWS region: give one" },
        { { .region = "eu-west-1/../x" }, "\"eu-west-1/../x\" cannot be an AWS region" },
        { { .region = "eu-west-1", .endpoint = "h:1" }, "the endpoint \"h:1\" cannot be used" },
        { { .region = "eu-west-1", .endpoint = "http://h", .env = { "AWS_USE_FIPS_ENDPOINT", "true" } },
          "FIPS and custom endpoint" },
        { { .region = "eu-west-1", .endpoint = "http://h", .env = { "AWS_USE_DUALSTACK_ENDPOINT", "true" } },
          "dual-stack and custom endpoint" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jn_error err;
        char got[600];
        struct lambda_client *c = client_of(&rows[i].given, &err);
        snprintf(got, sizeof got, "%s", err.message);
        if (c)
            snprintf(got, sizeof got, "%s | %s | %.*s", lambda_client_endpoint(c), c->target.host.data,
                     JN_ARG(c->target.signing_region));
        expect_start(got, rows[i].wanted, i);
        lambda_client_free(c);
    }
}

/* ---- retries and time limits --------------------------------------------------------------------------------- */

static void how_often_calls_are_made(void **state)
{
    static const struct {
        struct given given;
        const char *wanted;
    } rows[] = {
        { { .config = DEFAULT }, "standard 3 corrected" },
        { { .config = DEFAULT "max_attempts = 5\nretry_mode = adaptive\n" }, "adaptive 5 corrected" },
        { { .config = DEFAULT "max_attempts = 5\nretry_mode = adaptive\n",
            .env = { "AWS_MAX_ATTEMPTS", "2", "AWS_RETRY_MODE", "standard" } }, "standard 2 corrected" },
        { { .config = DEFAULT "retry_mode = legacy\n" }, "standard 3 corrected" },
        { { .config = DEFAULT, .env = { "AWS_DISABLE_CLOCK_SKEW_CORRECTION", "True" } }, "standard 3 as it is" },
        { { .config = DEFAULT, .env = { "AWS_MAX_ATTEMPTS", "0" } },
          "AWS_MAX_ATTEMPTS is \"0\"; it must be a whole number from 1 to 1000" },
        { { .config = DEFAULT, .env = { "AWS_MAX_ATTEMPTS", "1001" } }, "AWS_MAX_ATTEMPTS is \"1001\"; it must" },
        { { .config = DEFAULT, .env = { "AWS_MAX_ATTEMPTS", "99999999999999999999" } }, "AWS_MAX_ATTEMPTS is \"999" },
        { { .config = DEFAULT, .env = { "AWS_MAX_ATTEMPTS", "3.5" } }, "AWS_MAX_ATTEMPTS is \"3.5\"; it must" },
        { { .config = DEFAULT "max_attempts = many\n" }, "max_attempts is \"many\"; it must be a whole number" },
        { { .config = DEFAULT, .env = { "AWS_RETRY_MODE", "Standard" } },
          "AWS_RETRY_MODE is \"Standard\"; it must be standard or adaptive" },
        { { .config = DEFAULT "retry_mode = fast\n" }, "retry_mode is \"fast\"; it must" },
        { { .config = DEFAULT, .env = { "AWS_DISABLE_CLOCK_SKEW_CORRECTION", "y" } },
          "AWS_DISABLE_CLOCK_SKEW_CORRECTION is \"y\"; it must be true or false" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jn_error err;
        char got[600];
        struct lambda_client *c = client_of(&rows[i].given, &err);
        snprintf(got, sizeof got, "%s", err.message);
        if (c)
            snprintf(got, sizeof got, "%s %u %s", c->mode == LAMBDA_ADAPTIVE ? "adaptive" : "standard", c->max_attempts,
                     c->corrects_clock ? "corrected" : "as it is");
        expect_start(got, rows[i].wanted, i);
        lambda_client_free(c);
    }
}

static void time_limits_are_from_nothing_to_nineteen_minutes(void **state)
{
    static const struct {
        int64_t given, used;            /* used 0: refused */
    } rows[] = { { 0, 910000 }, { 1, 1 }, { 1140000, 1140000 }, { 1140001, 0 }, { -1, 0 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lambda_client *c = NULL;
        struct jn_error err = { 0 };
        const struct base_env env = base_env_of((const char *const[]){ "AWS_CONFIG_FILE", "/nonexistent/c",
                                                "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d", NULL });
        const struct base_clock clock = base_clock_scripted(0);
        const struct lambda_client_options opt = {
            .cred = { .access_key = "A", .secret_key = "s", .env = &env, .clock = &clock }, .region = "eu-west-1",
            .call_timeout_ms = rows[i].given,
        };
        const enum jn_status s = lambda_client_new(loop, &opt, &c, &err);
        assert_int_equal(s, rows[i].used ? JN_OK : JN_BAD_VALUE);
        if (s)
            assert_non_null(strstr(err.message, "it must be from 1 to 1140000 ms (19 minutes)"));
        else
            assert_int_equal(c->call_timeout_ms, rows[i].used);
        if (!s)
            assert_int_equal(c->connect_timeout_ms, 5000);
        lambda_client_free(c);
    }
}

static int make_loop(void **state)
{
    (void)state;
    return base_loop_new(&loop, NULL);
}

static int free_loop(void **state)
{
    (void)state;
    base_loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_calls_go),
        cmocka_unit_test(how_often_calls_are_made),
        cmocka_unit_test(time_limits_are_from_nothing_to_nineteen_minutes),
    };
    return cmocka_run_group_tests(tests, make_loop, free_loop);
}
