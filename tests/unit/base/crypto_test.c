/* crypto_test.c - digests against published vectors (FIPS 180-4, RFC 4231), encodings against RFC 4648. */
#include "cmocka_all.h"

#include "base/crypto.h"

static void sha256_of_known_texts(void **state)
{
    (void)state;
    unsigned char digest[BASE_SHA256];
    char hex[2 * BASE_SHA256 + 1];
    base_sha256(digest, (jn_str){ NULL, 0 });
    base_hex(hex, digest, sizeof digest);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    base_sha256(digest, JN_STR("abc"));
    base_hex(hex, digest, sizeof digest);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void hmac_of_known_texts(void **state)
{
    (void)state;
    unsigned char digest[BASE_SHA256];
    char hex[2 * BASE_SHA256 + 1];
    base_hmac_sha256(digest, JN_STR("Jefe"), JN_STR("what do ya want for nothing?"));
    base_hex(hex, digest, sizeof digest);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    base_hmac_sha256(digest, (jn_str){ NULL, 0 }, JN_STR(""));
    base_hex(hex, digest, sizeof digest);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static const char *const pairs[][2] = {
    { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfb", "//77" },
};

static void base64_of_known_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct jn_buf text, data;
        jn_buf_init(&text, 0);
        jn_buf_init(&data, 0);
        base_base64_encode(&text, jn_str_of(pairs[i][0]));
        assert_true(jn_str_eq(jn_buf_str(&text), jn_str_of(pairs[i][1])));
        assert_true(base_base64_decode(&data, jn_str_of(pairs[i][1])));
        assert_true(jn_str_eq(jn_buf_str(&data), jn_str_of(pairs[i][0])));
        jn_buf_clear(&text);
        jn_buf_clear(&data);
    }
}

static void base64_is_read_strictly_and_leaves_the_buffer_alone(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==Zg==", "=Zg=", "Z===", "====", "Zm 9", "Zm9v\n", "Zm9v-A==",
    };
    struct jn_buf b;
    jn_buf_init(&b, 0);
    jn_buf_append_z(&b, "before");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (base_base64_decode(&b, jn_str_of(wrong[i])))
            fail_msg("\"%s\" was accepted", wrong[i]);
        assert_string_equal(b.data, "before");
        assert_int_equal(b.len, 6);
    }
    jn_buf_clear(&b);
}

static void large_data_survives_base64(void **state)
{
    (void)state;
    enum { SIZE = (6 << 20) + 7 };
    char *data = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 131 >> 3);
    struct jn_buf text, back;
    jn_buf_init(&text, 0);
    jn_buf_init(&back, 0);
    base_base64_encode(&text, (jn_str){ data, SIZE });
    assert_int_equal(text.len, (SIZE + 2) / 3 * 4);
    assert_true(base_base64_decode(&back, jn_buf_str(&text)));
    assert_true(jn_str_eq(jn_buf_str(&back), (jn_str){ data, SIZE }));
    jn_buf_clear(&text);
    jn_buf_clear(&back);
    free(data);
}

static void secrets_are_compared_and_wiped(void **state)
{
    (void)state;
    char secret[] = "secret";
    assert_true(base_equal_secret(jn_str_of(secret), JN_STR("secret")));
    assert_false(base_equal_secret(jn_str_of(secret), JN_STR("secreT")));
    assert_false(base_equal_secret(jn_str_of(secret), JN_STR("secret ")));
    assert_true(base_equal_secret((jn_str){ NULL, 0 }, JN_STR("")));
    base_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0", sizeof secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_known_texts),
        cmocka_unit_test(hmac_of_known_texts),
        cmocka_unit_test(base64_of_known_texts),
        cmocka_unit_test(base64_is_read_strictly_and_leaves_the_buffer_alone),
        cmocka_unit_test(large_data_survives_base64),
        cmocka_unit_test(secrets_are_compared_and_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
