/* In the steady state, a warm arena, table of shapes and buffer, reading and writing ask the system for nothing. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/value.h"
#include "heap_count.h"

struct fixture {
    struct jn_arena a;
    struct jn_buf out;
    struct jn_shapes *shapes;
};

static int set_up(void **state)
{
    static struct fixture f;
    jn_arena_init(&f.a, 0);
    jn_buf_init(&f.out, 0);
    f.shapes = jn_shapes_new_on(NULL, 0);
    *state = &f;
    return f.shapes ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    jn_shapes_free(f->shapes);
    jn_buf_clear(&f->out);
    jn_arena_clear(&f->a);
    return 0;
}

/* Reads, and writes in the three forms. */
static void pass(struct fixture *f, jn_str text)
{
    static const struct jn_write_options forms[] = { { 0 }, { .indent = 2 }, { .tabs = true } };
    const struct jn_read_options opt = { .shapes = f->shapes };
    jn_value v;
    jn_arena_reset(&f->a);
    assert_int_equal(jn_read(&f->a, text, &opt, &v, NULL, NULL), JN_OK);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        jn_buf_truncate(&f->out, 0);
        assert_int_equal(jn_write(&f->out, v, &forms[i], NULL), JN_OK);
    }
}

/* An order, whose numbers and texts differ from message to message; `spaced` ones have nothing that can be copied. */
static void make_order(struct jn_buf *b, unsigned i, bool spaced, unsigned lines)
{
    const char *gap = spaced ? " " : "";
    jn_buf_truncate(b, 0);
    jn_buf_append_fmt(b, "{\"id\":%s%u,\"customer\":{\"name\":\"L\xc3\xa9" "a \\\"%u\\\"\",\"tags\":[\"vip\",%u.5]}",
                      gap, i * 7919, i, i);
    jn_buf_append_fmt(b, ",\"%u\":%u,\"lines\":[", i % 10, i);
    for (unsigned k = 0; k < lines; k++)
        jn_buf_append_fmt(b, "%s{\"sku\":\"SKU-%u\",\"price\":%u.25,%s\"ok\":true,\"more\":[{},[],null]}", k ? "," : "",
                          k * i, i, gap);
    jn_buf_append_z(b, "]}");
}

static void pass_orders(struct fixture *f, unsigned count, unsigned lines)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    make_order(&text, 4000000, true, lines);    // the longest comes first
    pass(f, jn_buf_str(&text));
    for (unsigned i = 0; i < 20; i++) {
        make_order(&text, i, i % 2, lines);
        pass(f, jn_buf_str(&text));
    }
    uint64_t requests = 0;
    for (unsigned i = 20; i < 20 + count; i++) {
        make_order(&text, i, i % 2, lines);
        heap_watch();
        pass(f, jn_buf_str(&text));
        requests += heap_requests();
    }
    assert_int_equal(requests, 0);
    jn_buf_clear(&text);
}

static void small_documents(void **state)
{
    pass_orders(*state, 2000, 5);
}

static void documents_of_a_megabyte(void **state)
{
    pass_orders(*state, 10, 15000);
}

/* Keys that are data: nothing of them stays. */
static void keys_that_are_new_each_time(void **state)
{
    struct fixture *f = *state;
    char text[100];
    uint64_t requests = 0;
    for (unsigned i = 0; i < 6000; i++) {
        snprintf(text, sizeof text, "{\"user %06u\":{\"item %06u\":1,\"%06u\":[]}}", i * 7919 % 1000003, i, i);
        heap_watch();
        pass(f, jn_str_of(text));
        if (i >= 3000)
            requests += heap_requests();
    }
    assert_int_equal(requests, 0);
}

int main(void)
{
    if (!heap_is_counted())
        return 77;              // the sanitizers' allocators are not counted
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_documents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(documents_of_a_megabyte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_that_are_new_each_time, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
