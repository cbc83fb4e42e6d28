/* keys.h - the key pairs that callers may sign with. */
#ifndef LOCAL_KEYS_H
#define LOCAL_KEYS_H

#include "local/site.h"

struct local_keys {
    struct jn_arena *memory;        /* of the texts; wiped by clear */
    struct local_key *list;
    size_t count;
};

/* Every profile in the credentials file `path` ("Configuration and credential file settings" of the AWS CLI User Guide)
 * that has a pair; without a file the given pair, or local and local-secret.  JN_NOT_FOUND: no file, or no pair in it;
 * JN_IO. */
enum jn_status local_keys_load(struct local_keys *out, const char *path, const char *access_key,
                               const char *secret_key, struct jn_error *err);
void local_keys_clear(struct local_keys *k);

#endif
