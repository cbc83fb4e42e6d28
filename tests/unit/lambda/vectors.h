/* vectors.h - data for the tests of this folder: a JSON file in an arena, and what is asked of it all the time. */
#ifndef LAMBDA_TEST_VECTORS_H
#define LAMBDA_TEST_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/http.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/value.h"

/* A document that lives until vectors_free(). */
struct vectors {
    struct jn_arena arena;
    struct jn_buf text;
    jn_value root;
};

static inline void vectors_read(struct vectors *v, const char *path)
{
    struct jn_error err = { 0 };
    jn_arena_init(&v->arena, 0);
    jn_buf_init(&v->text, 0);
    if (base_file_read(path, &v->text, &err) ||
        jn_read(&v->arena, jn_buf_str(&v->text), NULL, &v->root, NULL, &err))
        fail_msg("%s: %s", path, err.message);
}

static inline void vectors_free(struct vectors *v)
{
    jn_arena_clear(&v->arena);
    jn_buf_clear(&v->text);
}

static inline jn_value member(jn_value object, const char *key)
{
    return jn_member(object, jn_str_of(key));
}

static inline jn_str text_of(jn_value object, const char *key)
{
    return jn_get_string(member(object, key));
}

/* Adds each member of `object` as a header. */
static inline size_t headers_of(jn_value object, struct base_header *out, size_t room)
{
    const size_t count = jn_length(object);
    assert_true(count <= room);
    for (size_t i = 0; i < count; i++)
        out[i] = (struct base_header){ jn_key_at(object, i), jn_get_string(jn_at(object, i)) };
    return count;
}

/* Says what differs, and in which case. */
static inline void expect_text(jn_str got, jn_str wanted, jn_str name, const char *what)
{
    if (!jn_str_eq(got, wanted))
        fail_msg("%.*s: %s\n  wanted: %.*s\n  got:    %.*s", JN_ARG(name), what, JN_ARG(wanted), JN_ARG(got));
}

#endif
