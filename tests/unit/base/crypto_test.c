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

static void lenient_base64_decodes_in_place(void **state)
{
    (void)state;
    static const struct { const char *text, *bytes; bool strict; } cases[] = {
        { "", "", true }, { "Zm9vYmFy", "foobar", true }, { "Zm9vYmE=", "fooba", true }, { "Zm9vYg==", "foob", true },
        { "Zm9vYmE", "fooba", false }, { "Zm9vYg", "foob", false }, { "Zm9v\r\nYmFy", "foobar", false },
        { "Zm9v YmE=\n", "fooba", false }, { "Z", "", false }, { "Zm9vY", "foo", false },
        { "____", "\xff\xff\xff", false },
        { "////", "\xff\xff\xff", true }, { "-_-_", "\xfb\xff\xbf", false }, { "!!!!", "", false }, { "=", "", false },
        { "Zg=", "f", false }, { "Zh==", "f", false }, { "Zm9=", "fo", false }, { "Zg==\n", "f", false },
        { "Zm9v=", "foo", false }, { "\xc3\xa4Zm9v", "foo", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        bool strict;
        strcpy(text, cases[i].text);
        const size_t len = base_base64_decode_lenient(text, strlen(text), &strict);
        if (len != strlen(cases[i].bytes) || memcmp(text, cases[i].bytes, len) != 0 || strict != cases[i].strict)
            fail_msg("\"%s\" gives %zu bytes, strict %d", cases[i].text, len, strict);
    }
}

static void base64_is_made_and_undone_in_place_at_any_length(void **state)
{
    (void)state;
    for (size_t len = 0; len < 200; len++) {
        char bytes[200], text[300];
        struct jn_buf expected;
        bool strict;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(i * 37 + len);
        jn_buf_init(&expected, 0);
        base_base64_encode(&expected, (jn_str){ bytes, len });
        assert_int_equal(expected.len, base_base64_length(len));
        memcpy(text + expected.len - len, bytes, len);
        base_base64_encode_in_place(text, len);
        assert_memory_equal(text, jn_buf_str(&expected).data, expected.len);
        assert_int_equal(base_base64_decode_lenient(text, expected.len, &strict), len);
        assert_true(strict);
        assert_memory_equal(text, bytes, len);
        jn_buf_clear(&expected);
    }
}

/* NIST SP 800-38A, F.2.5: its first block; the padding block is OpenSSL's. */
static void aes_of_a_published_vector(void **state)
{
    (void)state;
    const unsigned char key[] = "\x60\x3d\xeb\x10\x15\xca\x71\xbe\x2b\x73\xae\xf0\x85\x7d\x77\x81"
                                "\x1f\x35\x2c\x07\x3b\x61\x08\xd7\x2d\x98\x10\xa3\x09\x14\xdf\xf4";
    const unsigned char iv[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
    const jn_str text = JN_STR("\x6b\xc1\xbe\xe2\x2e\x40\x9f\x96\xe9\x3d\x7e\x11\x73\x93\x17\x2a");
    char out[32];
    struct base_aes *a = base_aes_new(key);
    assert_int_equal(base_aes_length(text.len), sizeof out);
    base_aes_encrypt(a, iv, text, out);
    assert_memory_equal(out, "\xf5\x8c\x4c\x04\xd6\xe5\xf1\xba\x77\x9e\xab\xfb\x5f\x7b\xfb\xd6", 16);
    size_t len = sizeof out;
    assert_true(base_aes_decrypt(a, iv, out, &len));
    assert_int_equal(len, 16);
    assert_memory_equal(out, text.data, 16);
    base_aes_free(a);
}

static void aes_works_in_place_at_any_length_and_finds_broken_padding(void **state)
{
    (void)state;
    const unsigned char key[BASE_AES_KEY] = { 1 }, iv[BASE_AES_BLOCK] = { 2 };
    struct base_aes *a = base_aes_new(key);
    for (size_t len = 0; len < 70; len++) {
        char data[96];
        memset(data, 'x', sizeof data);
        size_t n = base_aes_length(len);
        base_aes_encrypt(a, iv, (jn_str){ data, len }, data);
        char broken[96];
        memcpy(broken, data, n);
        assert_true(base_aes_decrypt(a, iv, data, &n));
        assert_int_equal(n, len);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(data[i], 'x');
        n = base_aes_length(len);
        broken[n - 1] ^= 1;
        size_t odd = n - 1;
        assert_false(base_aes_decrypt(a, iv, broken, &odd));
    }
    size_t none = 0;
    assert_false(base_aes_decrypt(a, iv, (char[1]){ 0 }, &none));
    base_aes_free(a);
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
        cmocka_unit_test(lenient_base64_decodes_in_place),
        cmocka_unit_test(base64_is_made_and_undone_in_place_at_any_length),
        cmocka_unit_test(aes_of_a_published_vector),
        cmocka_unit_test(aes_works_in_place_at_any_length_and_finds_broken_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
