/* members.h - the members of an object's text, one after the other, without building any: who only passes parts of a
 * document on needs to know where they begin and end, and that the whole of it is JSON.
 *
 *     struct jn_members m;
 *     jn_members_begin(&m, arena, text, &err);
 *     while (jn_members_next(&m))
 *         if (jn_str_equal(m.key, "body"))
 *             body = m.value;
 *     if (m.failed) ...
 *
 * The grammar and its mistakes are those of jn_read().  A duplicate key comes as often as it stands there. */
#ifndef JN_MEMBERS_H
#define JN_MEMBERS_H

#include "core/arena.h"

struct jn_members {
    jn_str key;                 /* decoded: in the text, or with escapes in the arena */
    jn_str value;               /* as it stands in the text, without white space around it */
    jn_str pair;                /* both, from the key's quote to the value's end */
    enum jn_status failed;      /* JN_BAD_TEXT; JN_BAD_VALUE for JSON that is no object; JN_LIMIT, JN_NO_MEMORY */
    jn_str text;
    const char *at;             /* NULL: the end was reached */
    struct jn_arena *arena;
    struct jn_error *err;
};

/* `arena` may be NULL when no key is looked at: then keys with escapes come as they stand in the text. */
void jn_members_begin(struct jn_members *m, struct jn_arena *arena, jn_str text, struct jn_error *err);

/* Goes on to the next member: false at the end, and once it has failed.  Only white space may follow the object. */
bool jn_members_next(struct jn_members *m);

/* Whether `text` is one JSON value, with white space around it or not. */
enum jn_status jn_validate(jn_str text, struct jn_error *err);

#endif
