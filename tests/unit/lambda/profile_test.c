/* profile_test.c - config and credentials files as the official JavaScript client reads them, and where they are
 * found. */
#include "vectors.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lambda/profile.h"

/* JSON text of a value, for comparing and showing. */
static char *shown(jn_value v)
{
    char *text = jn_write_text(v, NULL, NULL, NULL);
    assert_non_null(text);
    return text;
}

static void check_case(jn_value c)
{
    struct lambda_profiles *p = NULL;
    assert_int_equal(lambda_profiles_parse(text_of(c, "config"), text_of(c, "credentials"), &p, NULL), JN_OK);
    if (!jn_equal(lambda_profiles_value(p), member(c, "expected"))) {
        char *got = shown(lambda_profiles_value(p)), *wanted = shown(member(c, "expected"));
        fail_msg("%.*s\n  wanted: %s\n  got:    %s", JN_ARG(text_of(c, "name")), wanted, got);
    }
    lambda_profiles_free(p);
}

static void files_parse_as_the_official_client_parses_them(void **state)
{
    struct vectors file;
    (void)state;
    vectors_read(&file, "tests/golden/aws/profiles.json");
    const jn_value cases = member(file.root, "cases");
    assert_int_equal(jn_length(cases), 23);
    for (size_t i = 0; i < jn_length(cases); i++)
        check_case(jn_at(cases, i));
    vectors_free(&file);
}

static void expect_property(const struct lambda_profiles *p, const char *profile, const char *property,
                            const char *wanted)
{
    const jn_str got = lambda_profile_get(p, jn_str_of(profile), property);
    if (wanted)
        expect_text(got, jn_str_of(wanted), jn_str_of(profile), property);
    else
        assert_null(got.data);
}

static void our_own_corner_cases(void **state)
{
    struct lambda_profiles *p = NULL;
    const jn_str config = JN_STR("\xef\xbb\xbf[default]\nregion = us-east-1\n[profile empty]\n"
                                 "[profile bad]\nname = \xff\nother = kept");
    (void)state;
    assert_int_equal(lambda_profiles_parse(config, JN_STR(""), &p, NULL), JN_OK);
    expect_property(p, "default", "region", "us-east-1");       // the byte order mark is no part of the first line
    assert_true(lambda_profile_exists(p, JN_STR("empty")));
    expect_property(p, "bad", "name", NULL);                    // a line that is no UTF-8 means nothing
    expect_property(p, "bad", "other", "kept");                 // a last line needs no newline
    expect_property(p, "nobody", "region", NULL);
    assert_false(lambda_profile_exists(p, JN_STR("nobody")));
    lambda_profiles_free(p);
    lambda_profiles_free(NULL);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static char dir[64];

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int make_home(void **state)
{
    char path[128];
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lambda-profile-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/.aws", dir);
    return base_is_directory(path) || mkdir(path, 0700) == 0 ? 0 : -1;
}

static int remove_home(void **state)
{
    static const char *const names[] = { "/.aws/config", "/.aws/credentials", "/other", "/.aws", "" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", dir, names[i]);
        remove(path);
    }
    return 0;
}

static struct lambda_profiles *load(const char *const *pairs)
{
    const struct base_env env = base_env_of(pairs);
    struct lambda_profiles *p = NULL;
    struct jn_error err = { 0 };
    if (lambda_profiles_load(&env, &p, &err))
        fail_msg("%s", err.message);
    return p;
}

static void files_are_found_under_home(void **state)
{
    (void)state;
    write_file(".aws/config", "[profile x]\nregion = eu-west-1\n");
    write_file(".aws/credentials", "[x]\naws_access_key_id = A\n");
    struct lambda_profiles *p = load((const char *const[]){ "HOME", dir, NULL });
    expect_property(p, "x", "region", "eu-west-1");
    expect_property(p, "x", "aws_access_key_id", "A");
    lambda_profiles_free(p);
}

static void variables_name_other_files(void **state)
{
    char path[128];
    (void)state;
    write_file("other", "[x]\naws_access_key_id = B\n");
    snprintf(path, sizeof path, "%s/absent", dir);
    struct lambda_profiles *p = load((const char *const[]){ "HOME", dir, "AWS_SHARED_CREDENTIALS_FILE", "~/other",
                                                            "AWS_CONFIG_FILE", path, NULL });
    expect_property(p, "x", "aws_access_key_id", "B");
    expect_property(p, "x", "region", NULL);            // a file that does not exist counts as empty
    lambda_profiles_free(p);
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    const struct base_env env = base_env_of((const char *const[]){ "AWS_CONFIG_FILE", dir, NULL });
    struct lambda_profiles *p = NULL;
    struct jn_error err = { 0 };
    assert_int_equal(lambda_profiles_load(&env, &p, &err), JN_IO);
    assert_non_null(strstr(err.message, dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_parse_as_the_official_client_parses_them),
        cmocka_unit_test(our_own_corner_cases),
        cmocka_unit_test(files_are_found_under_home),
        cmocka_unit_test(variables_name_other_files),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
