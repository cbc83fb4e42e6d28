/* json.h - JSON text and JSON values: the types that everything in libjsonata speaks.
 *
 *     struct jn_arena *a = jn_arena_new(0);
 *     struct jn_error err = { JN_OK };
 *     jn_value order;
 *     if (jn_read(a, text, NULL, &order, NULL, &err) != JN_OK)
 *         fprintf(stderr, "%u:%u: %s\n", err.line, err.column, err.message);
 *     jn_value lines = jn_member(order, jn_str_of("lines"));
 *     for (size_t i = 0; i < jn_length(lines); i++)
 *         sum += jn_get_number(jn_member(jn_at(lines, i), jn_str_of("price")));
 *     char *copy = jn_write_text(order, NULL, NULL, &err);
 *     ...
 *     free(copy);
 *     jn_arena_free(a);
 *
 * Values.  A `jn_value` is 16 bytes, copied freely, passed and returned in two registers.  It never owns memory:
 * strings, arrays and objects live in an arena (`struct jn_arena`), and what was read may still point into its text.
 * So a value is good as long as the arena and the text it was read from.  Look at values through the functions below,
 * never at the members but `type`: how a value is kept (a number as a double or as the digits it was read from, a
 * container as entries or as a span of its source) may change between versions.
 *
 * Two values are easily confused: `undefined` is JSONata's "nothing" and never stands inside a container or in
 * written text; `null` is the JSON value.  A zeroed jn_value is undefined.  Asking for what is not there, a member, an
 * index, another type, is no mistake and gives undefined, 0, false or an empty text: paths through a value need no
 * checks on their way.
 *
 * Failures.  What can fail says so by an enum jn_status, or by undefined, false or NULL where only memory can be
 * lacking.  Results are written on success only.  No function prints, exits, throws or depends on the locale.
 *
 * Threads.  Nothing here is global.  An arena, a buffer, a table of shapes and the values made in them belong to one
 * thread at a time, even for looking: some objects put their keys in order when that is first asked for.
 *
 * Speed.  Reading and writing a message ask the system for nothing once arena and buffer are warm: reset them between
 * messages instead of making new ones, and pass the same `jn_read_options.shapes`.
 */
#ifndef JSONATA_JSON_H
#define JSONATA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define JN_API __attribute__((visibility("default")))
#define JN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define JN_API
#define JN_PRINTF(fmt, args)
#endif

/* ---- text ---------------------------------------------------------------------------------------------------- */

/* Borrowed bytes, not NUL-terminated.  Text of values is UTF-8, except that a lone surrogate, which JSON can write as
 * \uD800 and JavaScript strings can hold, is kept in its three-byte form (WTF-8). */
typedef struct jn_str {
    const char *data;
    size_t len;
} jn_str;

/* The bytes of a C string, without its NUL; NULL is an empty text. */
static inline jn_str jn_str_of(const char *z)
{
    jn_str s;
    s.data = z ? z : "";
    s.len = strlen(s.data);
    return s;
}

static inline bool jn_str_equal(jn_str s, const char *z)
{
    return s.len == strlen(z) && (s.len == 0 || memcmp(s.data, z, s.len) == 0);
}

/* ---- failures ------------------------------------------------------------------------------------------------ */

/* Kinds of failure; 0 is success.  The table with their names is in status.c. */
enum jn_status {
    JN_OK = 0,
    JN_NO_MEMORY,       /* the system has none left */
    JN_LIMIT,           /* a ceiling that the caller set was reached */
    JN_BAD_TEXT,        /* text that breaks its grammar: JSON, UTF-8, an expression, a config file */
    JN_BAD_VALUE,       /* well-formed, but not a value that is allowed here */
    JN_NOT_FOUND,
    JN_IO,              /* the operating system refused: file, socket, process */
    JN_TIMEOUT,
    JN_CANCELLED,
    JN_TLS,             /* the peer's certificate or the handshake */
    JN_REMOTE,          /* the other side answered with an error; see `code` */
    JN_EVALUATION,      /* a JSONata expression failed; see `code` */
};

/* What a person needs: what went wrong, where, which value.  Filled by the function that failed; a caller that does
 * not care passes NULL.  The first error wins: functions never overwrite one that is set. */
struct jn_error {
    enum jn_status status;
    char code[64];          /* a foreign code where there is one: "T2001", "ResourceNotFoundException"; else "" */
    uint64_t offset;        /* bytes before the mistake in the text, for JN_BAD_TEXT */
    uint32_t line, column;  /* both from 1; column counts code points; 0 when there is no place */
    char message[512];      /* one sentence, no newline, cut at a character boundary, always NUL-terminated */
};

/* ---- values -------------------------------------------------------------------------------------------------- */

enum jn_type {
    JN_UNDEFINED = 0,
    JN_NULL,
    JN_BOOLEAN,
    JN_NUMBER,
    JN_STRING,
    JN_ARRAY,
    JN_OBJECT,
    JN_FUNCTION,
};

typedef struct jn_value {
    uint8_t type;           /* enum jn_type */
    uint8_t flags;          /* private to core/value.h */
    uint16_t spare;
    uint32_t len;           /* string: bytes; number kept as text: bytes; boolean: 0 or 1 */
    union {
        double number;
        const char *text;
        struct jn_array *array;
        struct jn_object *object;
        void *function;
    } as;
} jn_value;

struct jn_arena;

/* "undefined", "null", "boolean", "number", "string", "array", "object", "function". */
JN_API const char *jn_type_name(jn_value v);

/* Values that need no memory. */
JN_API jn_value jn_make_null(void);
JN_API jn_value jn_make_boolean(bool b);
JN_API jn_value jn_make_number(double d);

/* A string that borrows `s`, which must be valid UTF-8 (or WTF-8) and outlive the value. */
JN_API jn_value jn_make_string(jn_str s);

/* A string with a copy of `s` in `a`; undefined when the arena has failed. */
JN_API jn_value jn_copy_string(struct jn_arena *a, jn_str s);

/* An empty array or object with room for `capacity` members; undefined when the arena has failed. */
JN_API jn_value jn_make_array(struct jn_arena *a, size_t capacity);
JN_API jn_value jn_make_object(struct jn_arena *a, size_t capacity);

/* The value's content.  Asking for another type than the value has gives false, 0, an empty text, undefined. */
JN_API bool jn_get_boolean(jn_value v);
JN_API double jn_get_number(jn_value v);
JN_API jn_str jn_get_string(jn_value v);

/* How many members an array or object has, and the one at `i`, with the key of an object's; 0, undefined, and an empty
 * text where there is none.  Objects are in JavaScript's order: keys that are array indices ("0", "7", "4294967294")
 * first and ascending, then the others as they were added. */
JN_API size_t jn_length(jn_value v);
JN_API jn_value jn_at(jn_value container, size_t i);
JN_API jn_str jn_key_at(jn_value object, size_t i);

/* The member called `key`; undefined when there is none or `object` is not an object. */
JN_API jn_value jn_member(jn_value object, jn_str key);

/* Adds a member.  For an object, an existing key keeps its place and takes the new value.  Keys and values are
 * borrowed and must live as long as the container's arena.  False when the arena has failed; `undefined` is refused. */
JN_API bool jn_array_add(struct jn_arena *a, jn_value array, jn_value member);
JN_API bool jn_object_put(struct jn_arena *a, jn_value object, jn_str key, jn_value member);

/* Deep equality as JSONata's `=` has it: types strict, numbers as doubles, objects without regard to order. */
JN_API bool jn_equal(jn_value a, jn_value b);

/* ---- memory -------------------------------------------------------------------------------------------------- */

/* An arena that takes memory from the system in growing chunks, `ceiling` bytes at most (0: no ceiling).  NULL when the
 * system has none.  Everything made in it is freed together. */
JN_API struct jn_arena *jn_arena_new(size_t ceiling);

/* Frees an arena of jn_arena_new() (not a context's), and all that was made in it.  NULL is fine. */
JN_API void jn_arena_free(struct jn_arena *a);

/* Forgets everything in the arena but keeps its chunks for the next round. */
JN_API void jn_arena_reset(struct jn_arena *a);

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* All-zero means the usual.  Grammar: RFC 8259, nothing added.  What the RFC leaves open is decided so:
 *   duplicate keys       the last value, at the first one's place (as ECMAScript's JSON.parse)
 *   numbers              nearest double; integers above 2^53 are rounded; too large becomes an infinity, which is
 *                        written as null; -0 is kept and written as 0
 *   lone surrogates      "\uD800" is accepted and kept (WTF-8), and written as \ud800
 *   byte order mark      refused, as RFC 8259 section 8.1 allows, with a message that names it
 *   UTF-8                overlong forms, surrogates and everything above U+10FFFF are refused */
struct jn_read_options {
    size_t max_depth;       /* nested containers; 0 means 10,000 */
    size_t max_bytes;       /* longer text is refused before it is read; 0 means 4 GiB - 1, which is also the most */
    bool prefix;            /* stop after one value: for streams of values; see `used` in jn_read() */
    struct jn_shapes *shapes;   /* key lists known from earlier documents, so that the next one is read faster:
                                 * jsonata_context_shapes().  Objects that are read point to them: they must outlive the
                                 * value.  NULL: fresh ones in the arena */
    bool plain;             /* no fast paths: what they read is compared with this */
    const struct jn_demand *demand;     /* the engine's: what of the value will be looked at.  NULL: everything */
};

/* Reads one JSON value from `text`, of which no byte behind its end is looked at.
 *   a       where the value goes.  Memory of a reading that failed stays in use until the arena is reset
 *   text    strings without escapes, numbers and unchanged containers keep pointing into it: it must outlive the value
 *   opt     NULL: the usual
 *   out     the value; left alone on failure
 *   used    NULL, or the number of bytes read, white space behind the value included: where to go on in a stream of
 *           values (`prefix`)
 *   err     NULL, or what a person needs: for JN_BAD_TEXT the place of the first mistake and a sentence about it
 * JN_BAD_TEXT; JN_LIMIT for text that is too long or too deep, or when the arena's ceiling is reached; JN_NO_MEMORY.
 * The whole text is validated, whatever is looked at later.  Takes time in proportion to the text, and no C stack for
 * nested containers. */
JN_API enum jn_status jn_read(struct jn_arena *a, jn_str text, const struct jn_read_options *opt,
                              jn_value *out, size_t *used, struct jn_error *err);

/* ---- writing ------------------------------------------------------------------------------------------------- */

/* Bytes that grow, `ceiling` at most (0: no ceiling).  A buffer remembers its first failure, so that one may go on
 * writing and look once, at the end.  NULL when the system has no memory. */
struct jn_buf;
JN_API struct jn_buf *jn_buf_new(size_t ceiling);

/* Frees a buffer with its bytes.  NULL is fine. */
JN_API void jn_buf_free(struct jn_buf *b);

/* The bytes so far, followed by a NUL that does not count; valid until the next change. */
JN_API jn_str jn_buf_text(const struct jn_buf *b);

/* Empties the buffer and forgets its failure; its memory stays for the next text. */
JN_API void jn_buf_reset(struct jn_buf *b);

/* All-zero means the usual: the text of ECMAScript's JSON.stringify(v). */
struct jn_write_options {
    unsigned indent;        /* spaces per level; 0: compact, all in one line */
    bool tabs;              /* one tab per level instead */
    size_t max_depth;       /* nested containers; 0 means 10,000 */
    bool strict;            /* JN_BAD_VALUE, naming the member, for a number or function that JSON cannot hold */
};

/* Appends the JSON text of `v`, as ECMAScript's JSON.stringify writes it: shortest numbers, integer-like keys first,
 * NaN and infinities as null, functions as "" inside containers.  A container that was read and not changed is copied
 * from its text where that gives the same bytes.
 *   JN_BAD_VALUE   undefined and functions have no text of their own; what `strict` forbids
 *   JN_LIMIT       deeper than `max_depth`, or longer than the buffer's ceiling
 *   JN_NO_MEMORY
 * On failure the buffer holds what it held before. */
JN_API enum jn_status jn_write(struct jn_buf *b, jn_value v, const struct jn_write_options *opt, struct jn_error *err);

/* Takes a piece of text; false ends the writing. */
typedef bool jn_sink_fn(void *host, const char *data, size_t len);

/* Writes to a sink, in pieces of about 64 KB, so that a large value needs no memory for its text; a part of the input
 * that is passed on as it was read comes in one piece, straight from the input.  JN_IO when the sink gave false; pieces
 * that it took before a failure are not taken back. */
JN_API enum jn_status jn_write_to(jn_sink_fn *sink, void *host, jn_value v, const struct jn_write_options *opt,
                                  struct jn_error *err);

/* Convenience: the text in memory of its own, NUL-terminated, for the caller to free(); NULL on failure. */
JN_API char *jn_write_text(jn_value v, const struct jn_write_options *opt, size_t *len, struct jn_error *err);

#ifdef __cplusplus
}
#endif
#endif
