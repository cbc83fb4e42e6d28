/* envelope_fuzz.c - deliveries that anybody may have sent: headers and payload of every kind.
 *
 * The first byte says what follows: 1 error input, 2 the payload is the text of a message and is encrypted here (so
 * that the fuzzer need not know the key), 4 ... in base64.  Then the headers, as JSON up to a newline, then the payload.
 * Whatever is accepted must come out again: as the same payload, and in texts that are JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "core/members.h"
#include "core/value.h"
#include "sailor/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fixture {
    struct jn_arena arena;
    struct sailor_cipher *cipher;
    struct sailor_identity *identity;
    struct base_random random;
};

static const struct sailor_settings settings = {
    .flow_id = "f", .exec_id = "e", .step_id = "step_2", .container_id = "c", .workspace_id = "w", .user_id = "u",
    .comp_id = "k", .function = "publish", .rebound_initial_expiration_ms = 15000,
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "envelope_fuzz: %s\n", what);
    abort();
}

static void must_be_json(const struct jn_buf *b, const char *what)
{
    must(!b->failed && jn_validate(jn_buf_str(b), NULL) == JN_OK, what);
}

/* The payload as it would be published again holds the same text. */
static void check_original(struct fixture *f, const struct sailor_incoming_message *in)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    must(sailor_envelope_original(f->cipher, in, &b, NULL) == JN_OK, "the original could not be made");
    size_t len = b.len;
    if (!in->is_clear)
        must(sailor_decrypt(f->cipher, b.data, &len, in->is_protocol_1, NULL, NULL) == JN_OK, "it does not decrypt");
    must(jn_str_eq((jn_str){ b.data, len }, in->text), "it has another text");
    jn_buf_clear(&b);
}

static void check_texts(struct fixture *f, const struct sailor_incoming_message *in)
{
    struct jn_buf b;
    jn_str key, rest;
    jn_buf_init(&b, 0);
    sailor_message_write(&in->message, &b);
    must_be_json(&b, "the message is no JSON");
    for (int no_self = 0; no_self < 2; no_self++) {
        struct sailor_settings s = settings;
        s.no_self_passthrough = no_self;
        jn_buf_truncate(&b, 0);
        sailor_envelope_passthrough(&f->arena, &s, true, in, &in->message, &b);
        must_be_json(&b, "the passthrough is no JSON");
    }
    sailor_envelope_routing(&f->arena, in->message.headers, &key, &rest);
    must(jn_validate(rest, NULL) == JN_OK, "the headers are no JSON");
    jn_buf_truncate(&b, 0);
    const struct sailor_failure why = { .message = in->text };
    must(sailor_envelope_error(&f->arena, f->cipher, &why, in, &b, &key, NULL) == JN_OK, "there is no error");
    must_be_json(&b, "the error is no JSON");
    jn_buf_clear(&b);
}

static void check_headers(struct fixture *f, const struct sailor_properties *p,
                          const struct sailor_incoming_message *in)
{
    const jn_value base = sailor_envelope_base_headers(&f->arena, f->identity, in, 1, &f->random);
    must(jn_is(base, JN_OBJECT) && jn_length(base) >= 10, "there are no headers");
    must(jn_str_equal(jn_get_string(jn_member(base, JN_STR("stepId"))), "step_2"), "the step is another");
    must(in->thread_id.len > 0, "there is no thread id");
    must(in->rebound_iteration >= 0, "the iteration is negative");
    must(jn_is(sailor_envelope_rebound(&f->arena, &settings, p, in->text, in->rebound_iteration + 1, 1).headers,
               JN_OBJECT), "there are no headers of a rebound");
}

static void run(struct fixture *f, unsigned flags, jn_str headers, jn_str payload)
{
    struct sailor_properties p = { .headers = { .type = JN_UNDEFINED } };
    struct sailor_incoming_message in;
    struct jn_buf body;
    jn_buf_init(&body, 0);
    jn_read(&f->arena, headers, NULL, &p.headers, NULL, NULL);
    if (flags & 2)
        must(sailor_encrypt(f->cipher, payload, flags & 4, &body, NULL) == JN_OK, "it could not be encrypted");
    else
        jn_buf_append(&body, payload);
    if (sailor_envelope_open(&f->arena, f->cipher, flags & 1, &p, &body, &f->random, &in, NULL) == JN_OK) {
        check_original(f, &in);
        check_texts(f, &in);
        check_headers(f, &p, &in);
    }
    jn_buf_clear(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct base_env env = base_env_of(NULL);
    struct fixture f = { .random = { .seed = 1 } };
    const jn_str rest = { (const char *)data + 1, size ? size - 1 : 0 };
    const size_t newline = jn_str_find(rest, JN_STR("\n"), 0);
    if (!size || newline == SIZE_MAX)
        return 0;
    jn_arena_init(&f.arena, SIZE_MAX);
    must(sailor_cipher_new("password", "0123456789abcdef", &f.cipher, NULL) == JN_OK, "there is no cipher");
    must(sailor_identity_new(&settings, &env, &f.identity, NULL) == JN_OK, "there is no identity");
    run(&f, data[0], jn_str_sub(rest, 0, newline), jn_str_sub(rest, newline + 1, rest.len));
    sailor_identity_free(f.identity);
    sailor_cipher_free(f.cipher);
    jn_arena_clear(&f.arena);
    return 0;
}
