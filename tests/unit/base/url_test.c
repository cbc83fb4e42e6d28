/* url_test.c - splitting and escaping. */
#include "cmocka_all.h"

#include "base/url.h"

static void urls_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_https;
        const char *host;
        int port;
        bool has_port;
        const char *path, *query;
    } cases[] = {
        { "http://localhost:9000", false, "localhost", 9000, true, "", "" },
        { "https://lambda.eu-west-1.amazonaws.com/", true, "lambda.eu-west-1.amazonaws.com", 443, false, "/", "" },
        { "HTTP://h/a/../b%2Fc?x=1?&y", false, "h", 80, false, "/a/../b%2Fc", "x=1?&y" },
        { "http://h?q", false, "h", 80, false, "", "q" },
        { "http://[::1]:8080/p", false, "[::1]", 8080, true, "/p", "" },
        { "https://[fe80::1]", true, "[fe80::1]", 443, false, "", "" },
        { "http://h/@:", false, "h", 80, false, "/@:", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct base_url u;
        struct jn_error err = { 0 };
        if (base_url_parse(jn_str_of(cases[i].text), &u, &err))
            fail_msg("%s: %s", cases[i].text, err.message);
        assert_true(u.is_https == cases[i].is_https && u.port == cases[i].port && u.has_port == cases[i].has_port);
        assert_true(jn_str_eq(u.host, jn_str_of(cases[i].host)) && jn_str_eq(u.path, jn_str_of(cases[i].path)) &&
                    jn_str_eq(u.query, jn_str_of(cases[i].query)));
    }
}

static void mistakes_are_told_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t offset;
        const char *says;
    } cases[] = {
        { "", 0, "http://" }, { "ftp://h", 0, "http://" }, { "//h", 0, "http://" }, { "http:/h", 0, "http://" },
        { "http://", 7, "host" }, { "http:///p", 7, "host" }, { "http://:80", 7, "host" },
        { "http://a b/", 8, "%20" }, { "http://h/\n", 9, "%0A" }, { "http://h/p#f", 10, "fragment" },
        { "http://user:secret@h/", 7, "password" }, { "http://h:0/", 8, "port" }, { "http://h:65536/", 8, "port" },
        { "http://h:99999999999999999999/", 8, "port" }, { "http://h:/", 8, "port" }, { "http://h:8a/", 8, "port" },
        { "http://[::1/", 7, "host" }, { "http://[::1]x/", 7, "host" }, { "http://[]/", 7, "host" },
        { "http://h!/", 7, "host" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct base_url u;
        struct jn_error err = { 0 };
        if (base_url_parse(jn_str_of(cases[i].text), &u, &err) != JN_BAD_TEXT || err.offset != cases[i].offset ||
            !strstr(err.message, cases[i].says) || strstr(err.message, "secret"))
            fail_msg("\"%s\": \"%s\" at %d", cases[i].text, err.message, (int)err.offset);
    }
}

static void text_is_escaped_and_back(void **state)
{
    (void)state;
    struct jn_buf b, back;
    jn_buf_init(&b, 0);
    jn_buf_init(&back, 0);
    base_url_encode(&b, JN_STR("a-Z_0.~ /%\xc3\xa9:$"), false);
    assert_string_equal(b.data, "a-Z_0.~%20%2F%25%C3%A9%3A%24");
    base_url_decode(&back, jn_buf_str(&b));
    assert_string_equal(back.data, "a-Z_0.~ /%\xc3\xa9:$");
    jn_buf_truncate(&b, 0);
    base_url_encode(&b, JN_STR("a/b"), true);
    assert_string_equal(b.data, "a/b");
    jn_buf_clear(&b);
    jn_buf_clear(&back);
}

static void broken_escapes_stay(void **state)
{
    (void)state;
    struct jn_buf b;
    jn_buf_init(&b, 0);
    base_url_decode(&b, JN_STR("%4a%4A+%g0%1%%41%"));
    assert_string_equal(b.data, "JJ+%g0%1%A%");
    jn_buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_split),
        cmocka_unit_test(mistakes_are_told_with_their_place),
        cmocka_unit_test(text_is_escaped_and_back),
        cmocka_unit_test(broken_escapes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
