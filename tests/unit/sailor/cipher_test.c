/* cipher_test.c - encryption against the reference's own results, recorded in tests/golden/platform
 * (platform-protocol.md, 4). */
#include "cmocka_all.h"

#include "base/crypto.h"
#include "base/file.h"
#include "core/value.h"
#include "sailor/cipher.h"

struct vectors {
    struct jn_arena arena;
    struct jn_buf text;
    jn_value root;
};

static int read_vectors(void **state)
{
    static struct vectors v;
    struct jn_error err = { 0 };
    jn_arena_init(&v.arena, SIZE_MAX);
    jn_buf_init(&v.text, 0);
    if (base_file_read("tests/golden/platform/message-crypto.json", &v.text, &err) ||
        jn_read(&v.arena, jn_buf_str(&v.text), NULL, &v.root, NULL, &err))
        fail_msg("%s", err.message);
    *state = &v;
    return 0;
}

static int free_vectors(void **state)
{
    struct vectors *v = *state;
    jn_arena_clear(&v->arena);
    jn_buf_clear(&v->text);
    return 0;
}

/* Strings of the vectors end with a quote, not a NUL. */
static const char *text_z(struct vectors *v, jn_value entry, const char *key)
{
    const jn_value m = jn_member(entry, jn_str_of(key));
    return jn_is(m, JN_STRING) ? jn_arena_copy(&v->arena, jn_get_string(m)).data : NULL;
}

static jn_str text_of(jn_value entry, const char *key)
{
    return jn_get_string(jn_member(entry, jn_str_of(key)));
}

static struct sailor_cipher *cipher_of(struct vectors *v, jn_value entry)
{
    struct sailor_cipher *c;
    assert_int_equal(sailor_cipher_new(text_z(v, entry, "password"), text_z(v, entry, "iv"), &c, NULL), JN_OK);
    return c;
}

/* The plaintext of an entry; two are too long to be written out. */
static struct jn_buf plaintext_of(jn_value entry)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    const jn_str name = text_of(entry, "name");
    if (jn_is(jn_member(entry, JN_STR("plaintext")), JN_STRING)) {
        jn_buf_append(&b, text_of(entry, "plaintext"));
        return b;
    }
    const bool small = jn_str_starts(name, JN_STR("large-4k"));
    jn_buf_append_z(&b, "{\"body\":{\"s\":\"");
    for (int i = 0; i < (small ? 4096 : 524288); i++)
        jn_buf_append_z(&b, small ? "x" : "\xc3\xa9");
    jn_buf_append_z(&b, "\"}}");
    return b;
}

static struct jn_buf payload_of(jn_value entry, bool base64)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    if (base64)
        jn_buf_append(&b, text_of(entry, "payloadText"));
    else
        assert_true(base_base64_decode(&b, text_of(entry, "payloadBase64")) || b.len == 0);
    return b;
}

static void same_digest(jn_value entry, const char *key, jn_str bytes)
{
    unsigned char digest[BASE_SHA256];
    char hex[2 * BASE_SHA256 + 1];
    base_sha256(digest, bytes);
    base_hex(hex, digest, sizeof digest);
    if (!jn_str_equal(text_of(entry, key), hex))
        fail_msg("%.*s: %s differs", JN_ARG(text_of(entry, "name")), key);
}

static void round_trip(struct vectors *v, jn_value entry)
{
    const bool base64 = jn_get_number(jn_member(entry, JN_STR("protocolVersion"))) < 2;
    struct sailor_cipher *c = cipher_of(v, entry);
    struct jn_buf text = plaintext_of(entry), out, in_place;
    jn_buf_init(&out, 0);
    jn_buf_init(&in_place, 0);
    jn_buf_append_z(&in_place, "head ");
    jn_buf_append(&in_place, jn_buf_str(&text));
    same_digest(entry, "plaintextSha256", jn_buf_str(&text));
    assert_int_equal(sailor_encrypt(c, jn_buf_str(&text), base64, &out, NULL), JN_OK);
    assert_int_equal(sailor_encrypt_in_place(c, &in_place, 5, base64, NULL), JN_OK);
    same_digest(entry, "payloadSha256", jn_buf_str(&out));
    same_digest(entry, "payloadSha256", jn_str_sub(jn_buf_str(&in_place), 5, in_place.len));
    assert_int_equal(out.len, jn_get_number(jn_member(entry, JN_STR("payloadBytes"))));

    bool is_canonical = false;
    size_t len = out.len;
    assert_int_equal(sailor_decrypt(c, out.data, &len, base64, &is_canonical, NULL), JN_OK);
    assert_true(is_canonical);
    assert_int_equal(len, text.len);
    assert_memory_equal(out.data, text.data, len);
    jn_buf_clear(&text);
    jn_buf_clear(&out);
    jn_buf_clear(&in_place);
    sailor_cipher_free(c);
}

/* Decrypts and reads, as a receiver does. */
static void decrypt_only(struct vectors *v, jn_value entry)
{
    const bool base64 = jn_get_number(jn_member(entry, JN_STR("protocolVersion"))) < 2;
    struct sailor_cipher *c = cipher_of(v, entry);
    struct jn_buf payload = payload_of(entry, base64);
    struct jn_error err = { 0 };
    size_t len = payload.len;
    enum jn_status s = sailor_decrypt(c, payload.data, &len, base64, NULL, &err);
    jn_value found = jn_null();
    const jn_str prefix = text_of(entry, "errorPrefix");
    if (s && !jn_str_starts(jn_str_of(err.message), prefix))
        fail_msg("%.*s: \"%s\"", JN_ARG(text_of(entry, "name")), err.message);
    if (!s && len)
        s = jn_read(&v->arena, jn_arena_copy(&v->arena, (jn_str){ payload.data, len }), NULL, &found, NULL, NULL);
    if ((s == JN_OK) != jn_get_boolean(jn_member(entry, JN_STR("ok"))))
        fail_msg("%.*s: status %d", JN_ARG(text_of(entry, "name")), s);
    if (!s)
        assert_true(jn_equal(found, jn_member(entry, JN_STR("message"))));
    jn_buf_clear(&payload);
    sailor_cipher_free(c);
}

static void vectors_of_the_reference_round_trip(void **state)
{
    struct vectors *v = *state;
    const jn_value list = jn_member(v->root, JN_STR("vectors"));
    int done = 0;
    for (size_t i = 0; i < jn_length(list); i++)
        if (jn_str_equal(text_of(jn_at(list, i), "kind"), "roundtrip"))
            round_trip(v, jn_at(list, i)), done++;
    assert_int_equal(done, 31);
}

static void vectors_of_the_reference_decrypt(void **state)
{
    struct vectors *v = *state;
    const jn_value list = jn_member(v->root, JN_STR("vectors"));
    int done = 0;
    for (size_t i = 0; i < jn_length(list); i++)
        if (jn_str_equal(text_of(jn_at(list, i), "kind"), "decrypt"))
            decrypt_only(v, jn_at(list, i)), done++;
    assert_int_equal(done, 11);
}

static void stored_objects_are_raw(void **state)
{
    struct vectors *v = *state;
    const jn_value entry = jn_at(jn_member(v->root, JN_STR("composites")), 4);
    struct sailor_cipher *c = cipher_of(v, entry);
    struct jn_buf expected = payload_of(entry, false), out;
    jn_buf_init(&out, 0);
    assert_int_equal(sailor_encrypt(c, text_of(entry, "plaintext"), false, &out, NULL), JN_OK);
    assert_int_equal(out.len, expected.len);
    assert_memory_equal(out.data, expected.data, out.len);
    jn_buf_clear(&out);
    jn_buf_clear(&expected);
    sailor_cipher_free(c);
}

static void a_password_needs_an_iv(void **state)
{
    (void)state;
    struct sailor_cipher *c;
    assert_int_equal(sailor_cipher_new("x", NULL, &c, NULL), JN_BAD_VALUE);
}

static void base64_that_is_not_strict_is_not_canonical(void **state)
{
    (void)state;
    struct sailor_cipher *c;
    assert_int_equal(sailor_cipher_new(NULL, NULL, &c, NULL), JN_OK);
    char text[] = "e30\n";
    size_t len = strlen(text);
    bool is_canonical = true;
    assert_int_equal(sailor_decrypt(c, text, &len, true, &is_canonical, NULL), JN_OK);
    assert_int_equal(len, 2);
    assert_memory_equal(text, "{}", 2);
    assert_false(is_canonical);
    sailor_cipher_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_the_reference_round_trip),
        cmocka_unit_test(vectors_of_the_reference_decrypt),
        cmocka_unit_test(stored_objects_are_raw),
        cmocka_unit_test(a_password_needs_an_iv),
        cmocka_unit_test(base64_that_is_not_strict_is_not_canonical),
    };
    return cmocka_run_group_tests(tests, read_vectors, free_vectors);
}
