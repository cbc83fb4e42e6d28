/* bodies.h - message bodies that are, or are to be, in the object storage: fetched or left there in parallel
 * (platform-protocol.md, 6.3 and 6.4).  Private to this folder.
 *
 * A set is a list of messages: some from a passthrough, maybe one more.  For each it is said whether its body is to be
 * fetched, stored, or left alone; then all that happens at once, and the messages have other bodies and headers. */
#ifndef SAILOR_BODIES_H
#define SAILOR_BODIES_H

#include "sailor/message.h"
#include "sailor/storage.h"

enum sailor_body_task { SAILOR_BODY_STAYS, SAILOR_BODY_FETCH, SAILOR_BODY_STORE };

struct sailor_bodies;

struct sailor_body {
    struct sailor_bodies *set;
    struct sailor_body *next;
    jn_str key;                         /* in the passthrough; {NULL, 0}: no member of it */
    struct sailor_message message;
    jn_str raw;                         /* a member that is no message: its text */
    jn_str object_id;                   /* of x-ipaas-object-storage-id; {NULL, 0}: none */
    enum sailor_body_task task;
    struct sailor_storage_call *call;
    char *fetched;                      /* the memory of a fetched body */
};

typedef void sailor_bodies_fn(void *arg);

struct sailor_bodies {
    struct jn_arena *arena;             /* of everything but fetched bodies */
    struct sailor_body *first, **last;
    unsigned pending;
    bool has_failed;
    jn_str failed_id;                   /* of the first one that could not be fetched */
    struct jn_error why;
    sailor_bodies_fn *done;
    void *arg;
};

void sailor_bodies_init(struct sailor_bodies *b, struct jn_arena *a);

/* Ends what is under way and frees fetched bodies. */
void sailor_bodies_clear(struct sailor_bodies *b);

/* Adds a message, or all members of a passthrough that are messages.  NULL or false without memory. */
struct sailor_body *sailor_bodies_add(struct sailor_bodies *b, jn_str key, const struct sailor_message *m);

/* The same, in place of the one that has the key already. */
struct sailor_body *sailor_bodies_put(struct sailor_bodies *b, jn_str key, const struct sailor_message *m);
bool sailor_bodies_add_passthrough(struct sailor_bodies *b, jn_str passthrough);

/* Does what each `task` says, then calls back, never inside the call; `storage` may be NULL: all fail.  False when
 * there is nothing to wait for (see has_failed): then it does not call back. */
bool sailor_bodies_run(struct sailor_bodies *b, struct sailor_storage *storage, sailor_bodies_fn *done, void *arg);

/* Writes those with a key as a passthrough object. */
void sailor_bodies_write_passthrough(const struct sailor_bodies *b, struct jn_buf *out);

#endif
