/* reply_test.c - answers that actions give: once, later, or to nobody. */
#include "sailor/reply.h"

#include "cmocka_all.h"

struct heard {
    int times;
    bool has_failed;
    char text[64];
};

static void on_reply(const struct sailor_failure *failed, jn_str value, void *arg)
{
    struct heard *h = arg;
    const jn_str text = failed ? failed->message : value;
    h->times++;
    h->has_failed = failed != NULL;
    memcpy(h->text, text.data, text.len);
}

static void an_answer_is_heard_after_the_call(void **state)
{
    (void)state;
    struct base_loop *l;
    struct heard h = { 0 };
    struct sailor_reply *r;
    assert_int_equal(base_loop_new(&l, NULL), JN_OK);
    assert_int_equal(sailor_reply_new(l, on_reply, &h, &r, NULL), JN_OK);
    sailor_reply_value(r, JN_STR("{\"a\":1}"));
    assert_int_equal(h.times, 0);
    base_loop_run(l);
    assert_int_equal(h.times, 1);
    assert_false(h.has_failed);
    assert_string_equal(h.text, "{\"a\":1}");
    base_loop_free(l);
}

static void a_failure_keeps_its_sentence(void **state)
{
    (void)state;
    struct base_loop *l;
    struct heard h = { 0 };
    struct sailor_reply *r;
    struct jn_error err = { .status = JN_OK };
    jn_fail(&err, JN_BAD_VALUE, "no such thing");
    assert_int_equal(base_loop_new(&l, NULL), JN_OK);
    assert_int_equal(sailor_reply_new(l, on_reply, &h, &r, NULL), JN_OK);
    sailor_reply_error(r, &err);
    base_loop_run(l);
    assert_true(h.has_failed);
    assert_string_equal(h.text, "no such thing");
    base_loop_free(l);
}

static void nobody_hears_what_was_forgotten(void **state)
{
    (void)state;
    struct base_loop *l;
    struct heard h = { 0 };
    struct sailor_reply *before, *after;
    assert_int_equal(base_loop_new(&l, NULL), JN_OK);
    assert_int_equal(sailor_reply_new(l, on_reply, &h, &before, NULL), JN_OK);
    assert_int_equal(sailor_reply_new(l, on_reply, &h, &after, NULL), JN_OK);
    sailor_reply_value(after, JN_STR("1"));
    sailor_reply_forget(after);
    sailor_reply_forget(before);
    sailor_reply_value(before, JN_STR("1"));
    base_loop_run(l);
    assert_int_equal(h.times, 0);
    base_loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_heard_after_the_call),
        cmocka_unit_test(a_failure_keeps_its_sentence),
        cmocka_unit_test(nobody_hears_what_was_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
