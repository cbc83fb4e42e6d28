/* socket_test.c - a client's connection over TCP, against peers that behave and peers that do not. */
#include "cmocka_all.h"

#include <fcntl.h>
#include <stdio.h>

#include "peer.h"
#include "socket_client.h"

enum { LONG = 8 << 20 };            /* more than the kernel's buffers hold */

static struct base_socket_options to(const struct peer *p)
{
    return (struct base_socket_options){ .host = "127.0.0.1", .port = p->port };
}

/* ---- scripts ------------------------------------------------------------------------------------------------- */

static void echo_five(struct peer *p)
{
    char data[5];
    peer_send(p, data, peer_receive(p, data, sizeof data));
    peer_await_end(p);
}

static void say_and_close(struct peer *p)
{
    peer_send(p, "bye", 3);
}

static void say_and_half_close(struct peer *p)
{
    peer_send(p, "bye", 3);
    shutdown(p->fd, SHUT_WR);
    peer_await_end(p);
}

static void reset(struct peer *p)
{
    const struct linger at_once = { .l_onoff = 1 };
    char byte;
    peer_receive(p, &byte, 1);
    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void count_when_told(struct peer *p)
{
    static char data[65536];
    size_t *total = p->arg;
    sem_wait(&p->go);
    while (*total < LONG) {
        const ssize_t n = recv(p->fd, data, sizeof data, 0);
        if (n <= 0)
            return;
        for (ssize_t i = 0; i < n; i++, ++*total)
            if (data[i] != (char)(*total % 251))
                return;
    }
}

static void send_long(struct peer *p)
{
    char *data = malloc(LONG);
    for (size_t i = 0; i < LONG; i++)
        data[i] = (char)(i % 251);
    peer_send(p, data, LONG);
    free(data);
    peer_await_end(p);
}

static void note_first_read(struct peer *p)
{
    char data[4096];
    *(ssize_t *)p->arg = recv(p->fd, data, sizeof data, 0);
}

static void wait_for_the_end(struct peer *p)
{
    if (p->fd >= 0)
        peer_await_end(p);
}

/* ---- cases --------------------------------------------------------------------------------------------------- */

static void what_is_written_before_it_is_open_arrives(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    client_init(&c);
    assert_true(peer_start(&p, echo_five, NULL));
    client_open(&c, to(&p));
    client_say(&c, JN_STR("hello"));
    c.expected = 5;
    base_loop_run(c.loop);
    assert_int_equal(c.opened, 1);
    assert_string_equal(c.received.data, "hello");
    char peer[32];
    snprintf(peer, sizeof peer, "127.0.0.1:%d", p.port);
    assert_string_equal(base_socket_peer(c.socket), peer);
    client_clear(&c);
    peer_join(&p);
}

static void what_a_round_writes_leaves_in_one_piece(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    ssize_t first = 0;
    client_init(&c);
    assert_true(peer_start(&p, note_first_read, &first));
    client_open(&c, to(&p));
    c.stop_when_open = true;
    base_loop_run(c.loop);
    for (int i = 0; i < 100; i++)
        client_say(&c, JN_STR("0123456789"));
    base_loop_run(c.loop);
    client_clear(&c);
    peer_join(&p);
    assert_int_equal(first, 1000);
}

static void a_refused_connection_says_so_once(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    client_init(&c);
    assert_true(peer_listen(&p, 1));
    close(p.listener);
    client_open(&c, to(&p));
    base_loop_run(c.loop);
    base_loop_run(c.loop);
    assert_int_equal(c.closed, 1);
    assert_int_equal(c.why.status, JN_IO);
    char expected[80];
    snprintf(expected, sizeof expected, "cannot connect to 127.0.0.1:%d: connection refused", p.port);
    assert_string_equal(c.why.message, expected);
    client_clear(&c);
}

static void an_unknown_host_is_named(void **state)
{
    (void)state;
    struct client c;
    client_init(&c);
    client_open(&c, (struct base_socket_options){ .host = "no such host", .port = 1 });
    base_loop_run(c.loop);
    assert_int_equal(c.closed, 1);
    assert_int_equal(c.why.status, JN_IO);
    assert_non_null(strstr(c.why.message, "cannot find the address of host no such host: "));
    client_clear(&c);
}

/* localhost is ::1 as well on most machines, where nobody listens. */
static void each_address_of_a_name_is_tried(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    client_init(&c);
    assert_true(peer_start(&p, echo_five, NULL));
    client_open(&c, (struct base_socket_options){ .host = "localhost", .port = p.port });
    client_say(&c, JN_STR("hello"));
    c.expected = 5;
    base_loop_run(c.loop);
    assert_string_equal(c.why.message, "");
    assert_int_equal(c.opened, 1);
    client_clear(&c);
    peer_join(&p);
}

/* A full backlog: the kernel drops what would open more. */
static void who_does_not_answer_is_given_up(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    int waiting[8];
    client_init(&c);
    assert_true(peer_listen(&p, 0));
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) },
                                   .sin_port = htons((uint16_t)p.port) };
    for (int i = 0; i < 8; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(waiting[i], (struct sockaddr *)&address, sizeof address);
    }
    struct base_socket_options opt = to(&p);
    opt.connect_timeout_ms = 50;
    client_open(&c, opt);
    base_loop_run(c.loop);
    assert_int_equal(c.why.status, JN_TIMEOUT);
    assert_non_null(strstr(c.why.message, ": no answer in time"));
    client_clear(&c);
    for (int i = 0; i < 8; i++)
        close(waiting[i]);
    close(p.listener);
}

static void last_words_arrive_before_the_end(void **state)
{
    (void)state;
    void (*const scripts[])(struct peer *) = { say_and_close, say_and_half_close };
    for (size_t i = 0; i < 2; i++) {
        struct peer p = { 0 };
        struct client c;
        client_init(&c);
        assert_true(peer_start(&p, scripts[i], NULL));
        client_open(&c, to(&p));
        base_loop_run(c.loop);
        assert_string_equal(c.received.data, "bye");
        assert_int_equal(c.closed, 1);
        assert_int_equal(c.why.status, JN_IO);
        assert_non_null(strstr(c.why.message, " closed the connection"));
        client_clear(&c);
        peer_join(&p);
    }
}

static void a_reset_is_an_end_with_its_reason(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    client_init(&c);
    assert_true(peer_start(&p, reset, NULL));
    client_open(&c, to(&p));
    client_say(&c, JN_STR("x"));
    base_loop_run(c.loop);
    assert_int_equal(c.closed, 1);
    assert_int_equal(c.why.status, JN_IO);
    assert_non_null(strstr(c.why.message, " broke: connection reset by peer"));
    client_clear(&c);
    peer_join(&p);
}

static void fill(struct jn_buf *b, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        jn_buf_append_char(b, (char)(i % 251));
}

static void tell_the_peer(void *arg)
{
    struct peer *p = arg;
    sem_post(&p->go);
}

static void a_peer_that_does_not_read_makes_pending_grow_and_loses_nothing(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    size_t total = 0;
    client_init(&c);
    assert_true(peer_start(&p, count_when_told, &total));
    client_open(&c, to(&p));
    c.stop_when_open = c.stop_when_drained = true;
    base_loop_run(c.loop);
    c.drained = 0;
    fill(base_socket_output(c.socket), 0, LONG - 1000);
    base_socket_flush(c.socket);
    assert_int_equal(base_socket_pending(c.socket), LONG - 1000);
    assert_int_equal(base_loop_defer(c.loop, tell_the_peer, &p), JN_OK);
    base_loop_run(c.loop);
    assert_int_equal(c.drained, 1);
    fill(base_socket_output(c.socket), LONG - 1000, 1000);
    base_socket_flush(c.socket);
    base_loop_run(c.loop);
    assert_int_equal(c.drained, 2);
    client_clear(&c);
    peer_join(&p);
    assert_int_equal(total, LONG);
}

static void a_paused_socket_hands_out_nothing(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    client_init(&c);
    assert_true(peer_start(&p, send_long, NULL));
    client_open(&c, to(&p));
    base_socket_pause(c.socket);
    c.stop_when_open = true;
    base_loop_run(c.loop);
    base_loop_run(c.loop);                  // nothing is read, so nothing can happen
    assert_int_equal(c.received.len, 0);
    base_socket_resume(c.socket);
    c.expected = LONG;
    base_loop_run(c.loop);
    assert_int_equal(c.received.len, LONG);
    for (size_t i = 0; i < LONG; i++)
        if (c.received.data[i] != (char)(i % 251))
            fail_msg("byte %zu differs", i);
    client_clear(&c);
    peer_join(&p);
}

static void it_may_be_freed_at_any_time(void **state)
{
    (void)state;
    for (int when = 0; when < 4; when++) {
        struct peer p = { 0 };
        struct client c;
        client_init(&c);
        assert_true(peer_start(&p, when == 3 ? say_and_close : echo_five, NULL));
        client_open(&c, to(&p));
        client_say(&c, JN_STR("hello"));
        c.free_when_open = when == 1;
        c.free_when_data = when == 2;
        c.free_when_closed = when == 3;
        if (when == 0)
            client_free(&c);
        base_loop_run(c.loop);
        assert_null(c.socket);
        assert_int_equal(c.opened, when > 0);
        assert_int_equal(c.closed, when == 3);
        client_clear(&c);
        peer_join(&p);
    }
}

static void it_may_be_freed_while_its_name_is_looked_up(void **state)
{
    (void)state;
    struct client c;
    client_init(&c);
    client_open(&c, (struct base_socket_options){ .host = "localhost", .port = 1 });
    client_free(&c);
    base_loop_run(c.loop);
    assert_int_equal(c.opened + c.closed, 0);
    client_clear(&c);
}

static void it_may_be_freed_with_output_on_its_way(void **state)
{
    (void)state;
    struct peer p = { 0 };
    struct client c;
    client_init(&c);
    assert_true(peer_start(&p, wait_for_the_end, NULL));
    client_open(&c, to(&p));
    fill(base_socket_output(c.socket), 0, LONG);
    c.stop_when_open = true;
    base_loop_run(c.loop);
    client_clear(&c);
    peer_join(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_before_it_is_open_arrives),
        cmocka_unit_test(what_a_round_writes_leaves_in_one_piece),
        cmocka_unit_test(a_refused_connection_says_so_once),
        cmocka_unit_test(an_unknown_host_is_named),
        cmocka_unit_test(each_address_of_a_name_is_tried),
        cmocka_unit_test(who_does_not_answer_is_given_up),
        cmocka_unit_test(last_words_arrive_before_the_end),
        cmocka_unit_test(a_reset_is_an_end_with_its_reason),
        cmocka_unit_test(a_peer_that_does_not_read_makes_pending_grow_and_loses_nothing),
        cmocka_unit_test(a_paused_socket_hands_out_nothing),
        cmocka_unit_test(it_may_be_freed_at_any_time),
        cmocka_unit_test(it_may_be_freed_while_its_name_is_looked_up),
        cmocka_unit_test(it_may_be_freed_with_output_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
