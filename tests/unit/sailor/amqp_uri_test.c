/* amqp_uri_test.c - what is understood, what is refused, and that no sentence shows a password. */
#include "cmocka_all.h"

#include "sailor/amqp_uri.h"

struct expected {
    const char *text;
    bool tls;
    const char *host;
    int port;
    const char *user, *password, *vhost;
};

static void the_parts_of_a_uri_are_told_apart(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        { "amqp://", false, "localhost", 5672, "guest", "guest", "/" },
        { "amqps://", true, "localhost", 5671, "guest", "guest", "/" },
        { "AMQP://rabbit", false, "rabbit", 5672, "guest", "guest", "/" },
        { "  amqp://rabbit/  ", false, "rabbit", 5672, "guest", "guest", "/" },
        { "amqp://rabbit:1234/flows", false, "rabbit", 1234, "guest", "guest", "flows" },
        { "amqp://rabbit/%2F", false, "rabbit", 5672, "guest", "guest", "/" },
        { "amqp://rabbit/%2ftenant%20one", false, "rabbit", 5672, "guest", "guest", "/tenant one" },
        { "amqp://rabbit/a/b", false, "rabbit", 5672, "guest", "guest", "a/b" },
        { "amqp://u@rabbit", false, "rabbit", 5672, "u", "", "/" },
        { "amqp://u:p@rabbit", false, "rabbit", 5672, "u", "p", "/" },
        { "amqp://u:@rabbit", false, "rabbit", 5672, "u", "", "/" },
        { "amqp://:p@rabbit", false, "rabbit", 5672, "", "p", "/" },
        { "amqp://u:a:b@rabbit", false, "rabbit", 5672, "u", "a:b", "/" },
        { "amqp://u:a@b@rabbit", false, "rabbit", 5672, "u", "a@b", "/" },
        { "amqp://u:a,b@rabbit", false, "rabbit", 5672, "u", "a,b", "/" },
        { "amqp://%75:%40%2f%3A%25@rabbit", false, "rabbit", 5672, "u", "@/:%", "/" },
        { "amqp://u:p\xc3\xa4@rabbit", false, "rabbit", 5672, "u", "p\xc3\xa4", "/" },
        { "amqps://u:p@[2001:db8::1]/v", true, "2001:db8::1", 5671, "u", "p", "v" },
        { "amqp://[::1]:7", false, "::1", 7, "guest", "guest", "/" },
        { "amqp://10.0.0.1?heartbeat=5", false, "10.0.0.1", 5672, "guest", "guest", "/" },
        { "amqp://:99", false, "localhost", 99, "guest", "guest", "/" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct expected *c = &cases[i];
        struct sailor_amqp_uris u;
        struct jn_error err = { 0 };
        if (sailor_amqp_uris_parse(jn_str_of(c->text), &u, &err))
            fail_msg("%s: %s", c->text, err.message);
        assert_int_equal(u.count, 1);
        assert_int_equal(u.at->tls, c->tls);
        assert_string_equal(u.at->host, c->host);
        assert_int_equal(u.at->port, c->port);
        assert_string_equal(u.at->user, c->user);
        assert_string_equal(u.at->password, c->password);
        assert_string_equal(u.at->vhost, c->vhost);
        sailor_amqp_uris_clear(&u);
    }
}

static void the_query_is_read_in_both_spellings(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "amqps://h?heartbeat=7&frameMax=8192&channelMax=3&verify=verify_none&cacertfile=/a%20b&certfile=c&keyfile=k"
        "&server_name_indication=s&locale=en_US",
        "amqps://h/v?unknown=1&&frame_max=8192&channel_max=3&heartbeat=7&verify=verify_none&cacertfile=%2Fa%20b"
        "&certfile=c&keyfile=x&keyfile=k&server_name_indication=s&=",
    };
    for (size_t i = 0; i < 2; i++) {
        struct sailor_amqp_uris u;
        assert_int_equal(sailor_amqp_uris_parse(jn_str_of(texts[i]), &u, NULL), JN_OK);
        assert_int_equal(u.at->heartbeat_s, 7);
        assert_int_equal(u.at->frame_max, 8192);
        assert_int_equal(u.at->channel_max, 3);
        assert_true(u.at->insecure);
        assert_string_equal(u.at->ca, "/a b");
        assert_string_equal(u.at->certificate, "c");
        assert_string_equal(u.at->key, "k");
        assert_string_equal(u.at->server_name, "s");
        sailor_amqp_uris_clear(&u);
    }
}

static void what_is_not_said_is_left_to_the_server(void **state)
{
    (void)state;
    struct sailor_amqp_uris u;
    assert_int_equal(sailor_amqp_uris_parse(JN_STR("amqps://h"), &u, NULL), JN_OK);
    assert_int_equal(u.at->heartbeat_s, -1);
    assert_int_equal(u.at->frame_max, 0);
    assert_int_equal(u.at->channel_max, 0);
    assert_false(u.at->insecure);
    assert_null(u.at->ca);
    assert_null(u.at->server_name);
    sailor_amqp_uris_clear(&u);
}

static void commas_separate_the_nodes_of_a_cluster(void **state)
{
    (void)state;
    struct sailor_amqp_uris u;
    const jn_str text = JN_STR("amqp://a , amqps://u:p,q@b:1/v?heartbeat=3,AMQP://c,");
    assert_int_equal(sailor_amqp_uris_parse(text, &u, NULL), JN_OK);
    assert_int_equal(u.count, 3);
    assert_string_equal(u.at[0].host, "a");
    assert_string_equal(u.at[1].host, "b");
    assert_string_equal(u.at[1].password, "p,q");
    assert_int_equal(u.at[1].heartbeat_s, 3);
    assert_string_equal(u.at[2].host, "c");
    sailor_amqp_uris_clear(&u);
}

static void what_cannot_be_used_is_refused_without_showing_it(void **state)
{
    (void)state;
    static const struct { const char *text, *says; } cases[] = {
        { "", "the AMQP URI cannot be used: it must begin with amqp:// or amqps://" },
        { "S3CRET", "must begin with" },
        { "http://S3CRET@h", "must begin with" },
        { "amqp:/S3CRET", "must begin with" },
        { "amqp://u:S3CRET/S3CRET@h", "what stands for the port is not a number" },
        { "amqp://u:S3CRET?x@h", "what stands for the port is not a number" },
        { "amqp://u:p#S3CRET@h", "it holds a #" },
        { "amqp://u:S3CRET%@h", "the password holds a % that two hexadecimal digits do not follow" },
        { "amqp://u:S3CRET%4@h", "the password holds a %" },
        { "amqp://u:S3CRET%zz@h", "the password holds a %" },
        { "amqp://u:S3CRET%00@h", "the password holds a control character" },
        { "amqp://u%0a:S3CRET@h", "the user name holds a control character" },
        { "amqp://h:0", "the port" }, { "amqp://h:65536", "the port" }, { "amqp://h:", "the port" },
        { "amqp://h:1x", "the port" }, { "amqp://h:99999999999999999999", "the port" },
        { "amqp://h: 1", "the port" }, { "amqp://h:-1", "the port" },
        { "amqp://[::1", "is not closed" }, { "amqp://[::1]x", "is not closed" },
        { "amqp://[]", "neither name nor address" },
        { "amqp://a b", "neither name nor address" }, { "amqp://a<b", "neither name nor address" },
        { "amqp://::1", "the port" },
        { "amqp://h/%", "the virtual host holds a %" },
        { "amqp://h?heartbeat=x", "heartbeat must be 0 or a number from 1 to 65535" },
        { "amqp://h?heartbeat=65536", "heartbeat must be" }, { "amqp://h?heartbeat", "heartbeat must be" },
        { "amqp://h?frameMax=100", "frameMax must be 0 or a number from 4096" },
        { "amqp://h?channelMax=70000", "channelMax must be" },
        { "amqp://h?verify=maybe", "verify must be verify_peer or verify_none" },
        { "amqp://a,amqp://u:S3CRET/@b", "AMQP URI number 2: what stands for the port" },
        { "amqp://u:S3CRET/@b,amqp://a", "AMQP URI number 1: what stands for the port" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sailor_amqp_uris u;
        struct jn_error err = { 0 };
        assert_int_equal(sailor_amqp_uris_parse(jn_str_of(cases[i].text), &u, &err), JN_BAD_VALUE);
        if (!strstr(err.message, cases[i].says) || strstr(err.message, "S3CRET"))
            fail_msg("%s: %s", cases[i].text, err.message);
    }
}

static void names_have_the_lengths_of_the_protocol(void **state)
{
    (void)state;
    static const struct { const char *head; size_t fits; const char *tail; } cases[] = {
        { "amqp://h/", 255, "" }, { "amqp://", 1024, "@h" }, { "amqp://u:", 1024, "@h" }, { "amqp://", 255, "" },
        { "amqp://h?cacertfile=", 4096, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t more = 0; more < 2; more++) {
            struct jn_buf text;
            struct sailor_amqp_uris u;
            jn_buf_init(&text, 0);
            jn_buf_append_z(&text, cases[i].head);
            for (size_t k = 0; k < cases[i].fits + more; k++)
                jn_buf_append_char(&text, 'a');
            jn_buf_append_z(&text, cases[i].tail);
            assert_int_equal(sailor_amqp_uris_parse(jn_buf_str(&text), &u, NULL), more ? JN_BAD_VALUE : JN_OK);
            if (!more)
                sailor_amqp_uris_clear(&u);
            jn_buf_clear(&text);
        }
    }
}

static void every_prefix_is_read_or_refused(void **state)
{
    (void)state;
    const jn_str text = JN_STR("amqp://a,amqps://u%20:p%40@[2001:db8::1]:5671/%2Fv?heartbeat=5&frameMax=8192,amqp://b");
    for (size_t n = 0; n <= text.len; n++) {
        struct sailor_amqp_uris u = { 0 };
        char *copy = malloc(n ? n : 1);             // what is read behind the end, the sanitizer sees
        memcpy(copy, text.data, n);
        const enum jn_status status = sailor_amqp_uris_parse((jn_str){ copy, n }, &u, NULL);
        assert_true(status == JN_OK || status == JN_BAD_VALUE);
        free(copy);
        sailor_amqp_uris_clear(&u);
    }
}

static void what_is_shown_holds_no_login(void **state)
{
    (void)state;
    static const struct { const char *text, *shown; } cases[] = {
        { "amqp://u:p@h", "amqp://h:5672/" },
        { "amqps://u:p@[::1]/v", "amqps://[::1]:5671/v" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sailor_amqp_uris u;
        struct jn_buf shown;
        jn_buf_init(&shown, 0);
        assert_int_equal(sailor_amqp_uris_parse(jn_str_of(cases[i].text), &u, NULL), JN_OK);
        sailor_amqp_uri_show(u.at, &shown);
        assert_string_equal(shown.data, cases[i].shown);
        jn_buf_clear(&shown);
        sailor_amqp_uris_clear(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_of_a_uri_are_told_apart),
        cmocka_unit_test(the_query_is_read_in_both_spellings),
        cmocka_unit_test(what_is_not_said_is_left_to_the_server),
        cmocka_unit_test(commas_separate_the_nodes_of_a_cluster),
        cmocka_unit_test(what_cannot_be_used_is_refused_without_showing_it),
        cmocka_unit_test(names_have_the_lengths_of_the_protocol),
        cmocka_unit_test(every_prefix_is_read_or_refused),
        cmocka_unit_test(what_is_shown_holds_no_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
