/* message.h - a message of the platform (platform-protocol.md, 5.1), as the texts of its members.  Nothing of it is
 * parsed further than needed to know where its members begin and end; the whole has been validated. */
#ifndef SAILOR_MESSAGE_H
#define SAILOR_MESSAGE_H

#include "core/arena.h"
#include "core/buf.h"

/* JSON texts; {NULL, 0}: not there.  `id` too is JSON text: "\"...\"". */
struct sailor_message {
    jn_str id, body, headers, attachments, metadata, passthrough;
    jn_str rest;            /* all other members as they stood: `"method":"GET","url":"/"`; {NULL, 0} for none */
};

/* Takes a message apart.  Texts point into `text`.  JN_BAD_TEXT when it is not JSON, JN_BAD_VALUE when it is no object
 * (an array is none: advice Q5). */
enum jn_status sailor_message_read(struct jn_arena *a, jn_str text, struct sailor_message *out, struct jn_error *err);

/* Appends it as an object, members that are there in this order: id, body, headers, attachments, metadata, passthrough,
 * rest. */
void sailor_message_write(const struct sailor_message *m, struct jn_buf *out);

/* Calls `fn` with each member of an object's text, the key decoded; false when `object` is no object.  `fn` gives false
 * to stop. */
typedef bool sailor_member_fn(jn_str key, jn_str value, void *arg);
bool sailor_members(struct jn_arena *a, jn_str object, sailor_member_fn *fn, void *arg);

/* The text of one member, the last of that name; {NULL, 0}: none. */
jn_str sailor_member(struct jn_arena *a, jn_str object, jn_str name);

/* The content of a JSON string's text, in `a`; {NULL, 0} when it is no string. */
jn_str sailor_text_of(struct jn_arena *a, jn_str json);

/* Appends `s` as a JSON string, repaired to UTF-8. */
void sailor_put_string(struct jn_buf *out, jn_str s);

/* Whether a JSON text is an empty object, after blanks; null and absent count as well. */
bool sailor_is_empty(jn_str json);

/* Whether JavaScript takes a JSON text for false: false, null, 0, "", absent. */
bool sailor_is_falsy(jn_str json);

#endif
