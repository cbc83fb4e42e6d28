/* cred_refresh_test.c - keys that end: renewed ahead of it, once for everybody, used further when that fails.  The
 * source is a server that plays an instance or a container; the clock is scripted. */
#include "cred_scene.h"

#define R(body) { 200, body, REPLY, NULL, NULL }
#define KEYS(name, end) "{\"AccessKeyId\":\"" name "\",\"SecretAccessKey\":\"secret-" name "\"," \
                        "\"Token\":\"token-" name "\",\"Expiration\":\"2026-03-14T" end "Z\"}"
#define MINUTES(n) ((int64_t)(n) * 60000)

static struct base_log log_to_file;

/* A chain over a container, at 15:09:26; its log goes to the file "log". */
static void open_chain(struct scene *s)
{
    struct jn_error err = { 0 };
    FILE *f = fopen(scene_path(s, "log"), "w");
    assert_non_null(f);
    base_log_init(&log_to_file, dup(fileno(f)), &s->clock, &s->base_env);
    fclose(f);
    log_to_file.level = BASE_DEBUG;
    scene_set(s, "AWS_CONFIG_FILE", "/nonexistent/c");
    scene_set(s, "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d");
    const struct lambda_cred_options opt = { .env = &s->base_env, .clock = &s->clock, .random = &s->random,
                                             .log = &log_to_file };
    if (lambda_cred_new(s->loop, &opt, &s->cred, &err))
        fail_msg("%s", err.message);
}

static void open_container(struct scene *s)
{
    scene_set(s, "AWS_CONTAINER_CREDENTIALS_FULL_URI", s->url);
    open_chain(s);
}

static void open_instance(struct scene *s)
{
    scene_set(s, "AWS_EC2_METADATA_SERVICE_ENDPOINT", s->url);
    open_chain(s);
}

static void expect_log(const struct scene *s, const char *part)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    assert_int_equal(base_file_read(scene_path(s, "log"), &text, NULL), JN_OK);
    if (!text.data || !strstr(text.data, part))
        fail_msg("not in the log: %s\n%s", part, text.data ? text.data : "");
    assert_null(strstr(text.data, "secret-"));
    assert_null(strstr(text.data, "token-"));
    jn_buf_clear(&text);
}

static int close_chain(void **state)
{
    close(log_to_file.fd);
    return scene_close(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_open, close_chain)

static void get(struct scene *s)
{
    scene_forget(s);
    assert_int_equal(lambda_cred_get(s->cred, scene_on_keys, s, NULL), JN_OK);
    scene_await(s, 1);
}

static bool is_cached(struct scene *s, const char *access)
{
    const struct lambda_keys *keys = lambda_cred_cached(s->cred);
    return keys ? jn_str_eq(lambda_keys_access(keys), jn_str_of(access)) : *access == '\0';
}

static void on_moment(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(arg);
}

/* A moment for what is going on in the background. */
static void run_briefly(struct scene *s, size_t requests)
{
    struct base_timer *t;
    assert_int_equal(base_timer_new(s->loop, on_moment, s->loop, &t, NULL), JN_OK);
    for (int i = 0; i < 1000 && s->requests < requests; i++) {
        base_timer_start(t, 5);
        base_loop_run(s->loop);
    }
    for (int i = 0; i < 4; i++) {           // and for its answer
        base_timer_start(t, 5);
        base_loop_run(s->loop);
    }
    base_timer_free(t);
    assert_int_equal(s->requests, requests);
}

/* ---- asking once --------------------------------------------------------------------------------------------- */

static void keys_are_asked_for_once_and_kept(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "16:09:26")) };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    assert_true(is_cached(s, ""));
    get(s);
    scene_expect(s, "ONE/token-ONE\n");
    assert_true(is_cached(s, "ONE"));
    get(s);
    assert_int_equal(s->requests, 1);
    expect_log(s, "AWS keys from the container credential service (AWS_CONTAINER_CREDENTIALS_FULL_URI): access key "
                  "ONE, good until 2026-03-14T16:09:26.000Z");
}

static void all_who_wait_are_served_by_one_request(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "16:09:26")) };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    for (int i = 0; i < 5; i++)
        assert_int_equal(lambda_cred_get(s->cred, scene_on_keys, s, NULL), JN_OK);
    scene_await(s, 5);
    scene_expect(s, "ONE/token-ONE\nONE/token-ONE\nONE/token-ONE\nONE/token-ONE\nONE/token-ONE\n");
    assert_int_equal(s->requests, 1);
}

static void all_who_wait_hear_of_a_failure(void **state)
{
    static const struct reply replies[] = { { 400, "", REPLY, NULL, NULL }, R(KEYS("ONE", "16:09:26")) };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lambda_cred_get(s->cred, scene_on_keys, s, NULL), JN_OK);
    scene_await(s, 3);
    assert_int_equal(s->requests, 1);
    get(s);                                 // at once again: nobody is asked, the reason is the same
    scene_expect_part(s, "answered HTTP 400");
    assert_int_equal(s->requests, 1);
    s->clock.scripted_ms += 2000;
    get(s);
    scene_expect(s, "ONE/token-ONE\n");
}

/* ---- ahead of the end ---------------------------------------------------------------------------------------- */

static void keys_are_renewed_in_the_background_at_first(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "16:09:26")), R(KEYS("TWO", "17:09:26")) };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    get(s);
    s->clock.scripted_ms = SCENE_TIME + MINUTES(45) - 1;
    assert_true(is_cached(s, "ONE"));
    run_briefly(s, 1);
    s->clock.scripted_ms = SCENE_TIME + MINUTES(45);        // 15 minutes before the end
    assert_true(is_cached(s, "ONE"));
    assert_true(is_cached(s, "ONE"));                       // still only one asking
    run_briefly(s, 2);
    assert_true(is_cached(s, "TWO"));
    assert_int_equal(s->answers, 1);
}

static void near_the_end_callers_wait_for_new_keys(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "16:09:26")), R(KEYS("TWO", "17:09:26")) };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    get(s);
    s->clock.scripted_ms = SCENE_TIME + MINUTES(50);        // 10 minutes before the end
    assert_true(is_cached(s, ""));
    get(s);
    scene_expect(s, "TWO/token-TWO\n");
}

static void short_lived_keys_have_shorter_times(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "15:15:26")), R(KEYS("TWO", "15:21:26")) };    // 6 minutes
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    get(s);
    assert_true(is_cached(s, "ONE"));
    run_briefly(s, 1);
    s->clock.scripted_ms += MINUTES(3);
    assert_true(is_cached(s, "ONE"));
    run_briefly(s, 2);
    assert_true(is_cached(s, "TWO"));
}

static void a_failed_renewal_keeps_what_is_good(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "16:09:26")), { 400, "", REPLY, NULL, NULL } };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    get(s);
    s->clock.scripted_ms = SCENE_TIME + MINUTES(45);
    assert_true(is_cached(s, "ONE"));
    run_briefly(s, 2);
    expect_log(s, "cannot renew the AWS keys, which are still good and used further: the container");
    assert_true(is_cached(s, "ONE"));                       // and for a minute nobody is asked
    run_briefly(s, 2);
    s->clock.scripted_ms += 60000;
    assert_true(is_cached(s, "ONE"));
    run_briefly(s, 3);

    s->clock.scripted_ms = SCENE_TIME + MINUTES(51);        // those who must wait get the old ones, too
    get(s);
    scene_expect(s, "ONE/token-ONE\n");
    assert_int_equal(s->requests, 4);
    assert_true(is_cached(s, "ONE"));                       // without waiting, as long as asking makes no sense
    s->clock.scripted_ms = SCENE_TIME + MINUTES(60);
    get(s);
    scene_expect_part(s, "answered HTTP 400");
}

static void keys_that_have_ended_already_are_none(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "15:09:26")) };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    get(s);
    scene_expect_part(s, "gave keys that had expired at 2026-03-14T15:09:26.000Z");
}

/* ---- static stability ---------------------------------------------------------------------------------------- */

#define SESSION R("session"), R("role")

static void an_instances_keys_outlive_their_end(void **state)
{
    static const struct reply replies[] = { SESSION, R(KEYS("ONE", "16:09:26")), { 500, "", REPLY, NULL, NULL } };
    static const struct reply back[] = { R("role"), R(KEYS("TWO", "18:09:26")) };
    struct scene *s = *state;
    open_instance(s);
    SCRIPT(s, replies);
    get(s);
    s->clock.scripted_ms = SCENE_TIME + MINUTES(61);
    assert_true(is_cached(s, ""));
    get(s);
    scene_expect(s, "ONE/token-ONE\n");
    expect_log(s, "the instance metadata service has no new AWS keys; the old ones are used past their end");
    s->clock.scripted_ms += MINUTES(4);
    assert_true(is_cached(s, "ONE"));
    run_briefly(s, 4);                                      // not asked again for 5 to 10 minutes
    SCRIPT(s, back);
    s->clock.scripted_ms += MINUTES(6);
    assert_true(is_cached(s, "ONE"));
    run_briefly(s, 2);
    assert_true(is_cached(s, "TWO"));
}

static void an_instance_may_give_keys_that_have_ended(void **state)
{
    static const struct reply replies[] = { SESSION, R(KEYS("ONE", "15:00:00")) };
    struct scene *s = *state;
    open_instance(s);
    SCRIPT(s, replies);
    get(s);
    scene_expect(s, "ONE/token-ONE\n");
    assert_true(is_cached(s, "ONE"));
}

/* ---- refused keys -------------------------------------------------------------------------------------------- */

static void refused_keys_are_replaced(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "16:09:26")), R(KEYS("TWO", "16:09:26")) };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    get(s);
    assert_true(lambda_cred_refuse(s->cred, s->keys));
    assert_true(lambda_cred_refuse(s->cred, s->keys));      // the second call that was refused changes nothing
    assert_true(is_cached(s, ""));
    get(s);
    scene_expect(s, "TWO/token-TWO\n");
    assert_int_equal(s->requests, 2);
}

static void keys_that_were_refused_are_not_taken_again(void **state)
{
    static const struct reply replies[] = { R(KEYS("ONE", "16:09:26")) };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    get(s);
    assert_true(lambda_cred_refuse(s->cred, s->keys));
    get(s);
    scene_expect_part(s, "still gives the keys that AWS no longer takes (access key ONE)");
}

static void keys_that_stay_cannot_be_replaced(void **state)
{
    struct scene *s = *state;
    scene_set(s, "AWS_ACCESS_KEY_ID", "AKENV");
    scene_set(s, "AWS_SECRET_ACCESS_KEY", "secret-env");
    open_chain(s);
    get(s);
    assert_false(lambda_cred_refuse(s->cred, s->keys));
    assert_true(is_cached(s, "AKENV"));
    assert_string_equal(lambda_cred_source(s->cred), "the environment");
}

/* ---- nothing, and the end of everything ---------------------------------------------------------------------- */

static void without_anything_the_instance_is_asked_and_all_places_named(void **state)
{
    static const struct reply replies[] = { R("session"), { 404, "", REPLY, NULL, NULL } };
    struct scene *s = *state;
    open_instance(s);
    SCRIPT(s, replies);
    get(s);
    scene_expect(s, "failed: no AWS keys found.  Looked at: the settings");
    scene_expect_part(s, "the instance metadata service knows no role: none is attached to the instance.  Give keys");
    assert_int_equal(s->failed.status, JN_NOT_FOUND);
}

static void a_chain_may_be_freed_while_it_asks(void **state)
{
    static const struct reply replies[] = { { 0, NULL, HANG, NULL, NULL } };
    struct scene *s = *state;
    open_container(s);
    SCRIPT(s, replies);
    assert_int_equal(lambda_cred_get(s->cred, scene_on_keys, s, NULL), JN_OK);
    scene_run_until(s, 1);
    lambda_cred_free(s->cred);
    s->cred = NULL;
    assert_int_equal(s->answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(keys_are_asked_for_once_and_kept),
        CASE(all_who_wait_are_served_by_one_request),
        CASE(all_who_wait_hear_of_a_failure),
        CASE(keys_are_renewed_in_the_background_at_first),
        CASE(near_the_end_callers_wait_for_new_keys),
        CASE(short_lived_keys_have_shorter_times),
        CASE(a_failed_renewal_keeps_what_is_good),
        CASE(keys_that_have_ended_already_are_none),
        CASE(an_instances_keys_outlive_their_end),
        CASE(an_instance_may_give_keys_that_have_ended),
        CASE(refused_keys_are_replaced),
        CASE(keys_that_were_refused_are_not_taken_again),
        CASE(keys_that_stay_cannot_be_replaced),
        CASE(without_anything_the_instance_is_asked_and_all_places_named),
        CASE(a_chain_may_be_freed_while_it_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
