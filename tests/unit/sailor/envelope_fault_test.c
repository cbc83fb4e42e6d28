/* envelope_fault_test.c - a message's way in and out with the n-th request for memory failing, n = 1, 2, ... until none
 * fails: each time the failure is JN_NO_MEMORY with a sentence, and nothing leaks (the sanitizer watches). */
#include "failing_memory.h"

#include "cmocka_all.h"

#include "core/value.h"
#include "sailor/descriptor.h"
#include "sailor/envelope.h"
#include "sailor/log.h"

static const char message[] = "{\"id\":\"x\",\"body\":{\"a\":1},\"url\":1,"
                              "\"headers\":{\"h\\n\":1,\"X-EIO-Routing-Key\":\"k\"},"
                              "\"method\":2,\"passthrough\":{\"step_0\":{},\"s\\u0031\":{}}}";
static const char table[] = "{\"messageId\":7,\"reply_to\":\"r\",\"stepId\":\"s1\",\"X-Eio-Meta-A\":\"b\"}";

static const struct sailor_settings settings = {
    .flow_id = "f\xff", .exec_id = "e", .step_id = "s2", .container_id = "c", .workspace_id = "w", .user_id = "u",
    .comp_id = "k", .function = "publish", .additional_vars = "ELASTICIO_A,B", .rebound_initial_expiration_ms = 1,
};

/* Memory, ciphers and all else that a scenario needs. */
struct fixture {
    struct jn_arena arena;
    struct sailor_cipher *cipher;
    struct sailor_identity *identity;
    struct base_random random;
    struct jn_buf body, out;
    struct sailor_properties properties;
};

static enum jn_status setup(struct fixture *f, struct jn_error *err)
{
    const char *const pairs[] = { "ELASTICIO_A", "1", "B", "\xff", NULL };
    const struct base_env env = base_env_of(pairs);
    *f = (struct fixture){ .random.seed = 1 };
    jn_arena_init(&f->arena, SIZE_MAX);
    jn_buf_init(&f->body, 0);
    jn_buf_init(&f->out, 0);
    enum jn_status s = sailor_cipher_new("password", "0123456789abcdef", &f->cipher, err);
    if (!s)
        s = sailor_identity_new(&settings, &env, &f->identity, err);
    if (!s)
        s = jn_read(&f->arena, jn_str_of(table), NULL, &f->properties.headers, NULL, err);
    return s;
}

static enum jn_status teardown(struct fixture *f, enum jn_status s)
{
    jn_arena_clear(&f->arena);
    jn_buf_clear(&f->body);
    jn_buf_clear(&f->out);
    sailor_cipher_free(f->cipher);
    sailor_identity_free(f->identity);
    return s;
}

static enum jn_status headers_once(struct fixture *f, const struct sailor_incoming_message *in, struct jn_error *err)
{
    const struct sailor_header_additions more = { .end_ms = 1, .snapshot_event = "snapshot", .error_response = true };
    const jn_value base = sailor_envelope_base_headers(&f->arena, f->identity, in, 1, &f->random);
    const jn_value all = sailor_envelope_headers(&f->arena, base, &more);
    const jn_value start = sailor_envelope_start_headers(&f->arena, f->identity, &f->random);
    const struct sailor_properties again =
        sailor_envelope_rebound(&f->arena, &settings, &f->properties, JN_STR("why\xff"), 1, 1);
    if (!jn_arena_failed(&f->arena)) {
        assert_true(jn_is(base, JN_OBJECT) && jn_is(all, JN_OBJECT) && jn_is(start, JN_OBJECT));
        return JN_OK;
    }
    assert_true(jn_is_undefined(again.headers));
    return jn_fail(err, jn_arena_failed(&f->arena), "headers");
}

static enum jn_status emit_once(struct fixture *f, const struct sailor_incoming_message *in, struct jn_error *err)
{
    jn_str key, rest;
    sailor_envelope_routing(&f->arena, in->message.headers, &key, &rest);
    sailor_envelope_passthrough(&f->arena, &settings, true, in, &in->message, &f->out);
    if (jn_arena_failed(&f->arena) || f->out.failed)
        return jn_fail(err, JN_NO_MEMORY, "passthrough");
    return sailor_encrypt_in_place(f->cipher, &f->out, 0, true, err);
}

static enum jn_status report_once(struct fixture *f, const struct sailor_incoming_message *in, struct jn_error *err)
{
    const struct sailor_failure why = { .message = JN_STR("a\xff") };
    jn_str reply;
    enum jn_status s = sailor_envelope_error(&f->arena, f->cipher, &why, in, &f->out, &reply, err);
    return s ? s : sailor_envelope_original(f->cipher, in, &f->out, err);
}

static enum jn_status data_once(struct jn_error *err)
{
    struct fixture f;
    struct sailor_incoming_message in;
    enum jn_status s = setup(&f, err);
    if (!s)
        s = sailor_encrypt(f.cipher, jn_str_of(message), true, &f.body, err);
    if (!s)
        s = sailor_envelope_open(&f.arena, f.cipher, false, &f.properties, &f.body, &f.random, &in, err);
    if (!s)
        s = headers_once(&f, &in, err);
    if (!s)
        s = emit_once(&f, &in, err);
    if (!s)
        s = report_once(&f, &in, err);
    return teardown(&f, s);
}

static enum jn_status repaired_once(struct jn_error *err)
{
    struct fixture f;
    struct sailor_incoming_message in;
    enum jn_status s = setup(&f, err);
    if (!s)
        s = sailor_encrypt(f.cipher, JN_STR("{\"body\":\"\xff\"}"), true, &f.body, err);
    if (!s)
        s = sailor_envelope_open(&f.arena, f.cipher, false, &f.properties, &f.body, &f.random, &in, err);
    return teardown(&f, s);
}

static enum jn_status error_input_once(struct jn_error *err)
{
    struct fixture f;
    struct sailor_incoming_message in;
    enum jn_status s = setup(&f, err);
    jn_buf_append_z(&f.body, "{\"error\":\"");
    if (!s)
        s = sailor_encrypt(f.cipher, JN_STR("{}"), true, &f.body, err);
    jn_buf_append_z(&f.body, "\",\"x\":1}");
    if (!s && f.body.failed)
        s = jn_fail(err, f.body.failed, "body");
    if (!s)
        s = sailor_envelope_open(&f.arena, f.cipher, true, &f.properties, &f.body, &f.random, &in, err);
    if (!s)
        s = report_once(&f, &in, err);
    return teardown(&f, s);
}

static enum jn_status start_once(struct jn_error *err)
{
    const char *const pairs[] = { "ELASTICIO_FLOW_ID", "f", NULL };
    const struct base_env env = base_env_of(pairs);
    struct sailor_log_origin *o = NULL;
    struct sailor_descriptor_entry e;
    enum jn_status s = sailor_log_origin_new(&env, base_clock_system(), &o, err);
    sailor_log_origin_free(o);
    if (!s)
        s = sailor_descriptor_find("tests/golden/platform", "publish", &e, err);
    return s;
}

static void data_without_memory(void **state)
{
    (void)state;
    with_failing_memory(data_once, 8);
}

static void text_to_be_repaired_without_memory(void **state)
{
    (void)state;
    with_failing_memory(repaired_once, 4);
}

static void error_input_without_memory(void **state)
{
    (void)state;
    with_failing_memory(error_input_once, 6);
}

static void the_start_without_memory(void **state)
{
    (void)state;
    with_failing_memory(start_once, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_without_memory),
        cmocka_unit_test(text_to_be_repaired_without_memory),
        cmocka_unit_test(error_input_without_memory),
        cmocka_unit_test(the_start_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
