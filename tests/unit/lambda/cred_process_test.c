/* cred_process_test.c - programs that print keys: real ones, run by the shell, with everything that can go wrong. */
#include "cred_scene.h"

#define KEYS "{\"Version\":1,\"AccessKeyId\":\"AKPROG\",\"SecretAccessKey\":\"secret-prog\",\"SessionToken\":" \
             "\"token-prog\",\"Expiration\":\"2026-03-14T16:09:26Z\"}"

static void open_source(struct scene *s, const char *command)
{
    struct jn_error err = { 0 };
    scene_set(s, "PATH", "/usr/bin:/bin");
    if (lambda_source_process(&s->site, JN_STR("dev"), jn_str_of(command), &s->source, &err))
        fail_msg("%s", err.message);
}

static void what_it_prints_are_the_keys(void **state)
{
    struct scene *s = *state;
    open_source(s, "echo '" KEYS "'");
    scene_ask(s);
    scene_expect(s, "AKPROG/token-prog\n");
    assert_int_equal(lambda_keys_expires_ms(s->keys), SCENE_TIME + 3600000);
}

static void keys_without_an_end_are_fine(void **state)
{
    struct scene *s = *state;
    open_source(s, "printf '%s' '{\"Version\":1,\n\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-a\"}'");
    scene_ask(s);
    scene_expect(s, "A/\n");
    assert_int_equal(lambda_keys_expires_ms(s->keys), 0);
}

static void it_is_run_each_time(void **state)
{
    struct scene *s = *state;
    char command[300];
    snprintf(command, sizeof command, "echo x >>%s/runs; printf '{\"Version\":1,\"AccessKeyId\":\"A%%d\","
             "\"SecretAccessKey\":\"secret-a\"}' $(wc -l <%s/runs)", s->dir, s->dir);
    open_source(s, command);
    scene_ask(s);
    scene_expect(s, "A1/\n");
    scene_ask(s);
    scene_expect(s, "A2/\n");
}

static void its_environment_is_ours(void **state)
{
    struct scene *s = *state;
    scene_set(s, "WHO", "AKENV");
    open_source(s, "printf '{\"Version\":1,\"AccessKeyId\":\"%s%s\",\"SecretAccessKey\":\"secret-a\"}' \"$WHO\" "
                   "\"$HOME\"");
    scene_ask(s);
    scene_expect(s, "AKENV/\n");
}

static const struct {
    const char *command, *wanted;
} failures[] = {
    { "echo 'no session' >&2; echo secret-x; exit 3", " failed with status 3, and said: no session\n" },
    { "printf 'two\\nlines\\n' >&2; exit 1", " failed with status 1, and said: two lines\n" },
    { "exit 1", " failed with status 1, and said nothing on standard error\n" },
    { "/nonexistent/tool --x", "the shell found no such program (status 127), and said: " },
    { "kill -9 $$", " was ended by signal 9" },
    { "true", " gave no JSON object: 0 bytes, not JSON\n" },
    { "echo secret-x", " gave no JSON object: 9 bytes, not JSON\n" },
    { "echo '[]'", " gave no JSON object: 3 bytes, JSON of another kind\n" },
    { "echo '{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-x\"}'", "whose Version is not the number 1\n" },
    { "echo '{\"Version\":\"1\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-x\"}'",
      "whose Version is not the number 1\n" },
    { "echo '{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-x\"}'",
      "whose Version is not the number 1\n" },
    { "echo '{\"Version\":1,\"SecretAccessKey\":\"secret-x\"}'", "without AccessKeyId\n" },
    { "echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "without SecretAccessKey\n" },
    { "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"secret-x\",\"Expiration\":1}'",
      "gave an Expiration that is no time" },
    { "yes secret-x", " printed more than the 64 KB that keys may take\n" },
};

static void each_failure_has_its_sentence(void **state)
{
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        open_source(s, failures[i].command);
        scene_ask(s);
        scene_expect(s, "failed: the credential_process of profile \"dev\"");
        scene_expect_part(s, failures[i].wanted);
        lambda_source_free(s->source);
        s->source = NULL;
        s->env_len = 0;
    }
}

static void a_talkative_one_is_cut_short(void **state)
{
    struct scene *s = *state;
    open_source(s, "yes blabla | head -c 100000 >&2; exit 1");
    scene_ask(s);
    scene_expect_part(s, "failed with status 1, and said: blabla blabla");
    assert_true(strlen(s->failed.message) < 400);
}

static void one_that_does_not_end_is_killed(void **state)
{
    struct scene *s = *state;
    s->site.process_timeout_ms = 50;
    open_source(s, "echo waiting >&2; sleep 1000");
    scene_ask(s);
    scene_expect_part(s, " did not end within 0 s, and was killed");
    assert_int_equal(s->failed.status, JN_TIMEOUT);
}

static void asking_may_be_given_up(void **state)
{
    struct scene *s = *state;
    open_source(s, "sleep 1000");
    assert_int_equal(lambda_source_ask(s->source, scene_on_keys, s, NULL), JN_OK);
    lambda_source_cancel(s->source);
    assert_int_equal(lambda_source_ask(s->source, scene_on_keys, s, NULL), JN_OK);
    lambda_source_free(s->source);
    s->source = NULL;
    assert_int_equal(s->answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_CASE(what_it_prints_are_the_keys),
        SCENE_CASE(keys_without_an_end_are_fine),
        SCENE_CASE(it_is_run_each_time),
        SCENE_CASE(its_environment_is_ours),
        SCENE_CASE(each_failure_has_its_sentence),
        SCENE_CASE(a_talkative_one_is_cut_short),
        SCENE_CASE(one_that_does_not_end_is_killed),
        SCENE_CASE(asking_may_be_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
