/* values.h - a stream of JSON values, or of lines, from files, one after the other; memory holds one of them (and what
 * was read with it). */
#ifndef JSONATA_CLI_VALUES_H
#define JSONATA_CLI_VALUES_H

#include "jsonata/json.h"

struct values {
    char *const *files;         /* NULL at the end; none at all: standard input.  "-" is standard input, too */
    const char *name;           /* of the current file, for errors */
    int fd;
    char *data;
    size_t at, len, cap;        /* data[at..len) is still to be read */
    size_t scanned;             /* bytes from `at` that are known to hold no end of line */
    uint64_t line;              /* line of data[at], from 1 */
    bool is_open, has_started;
    bool has_ended;             /* the current file has no more */
    bool has_room;              /* for all of it */
};

enum values_result { VALUES_ONE, VALUES_END, VALUES_FAILED };

/* Reads the next value into `a`.  It borrows from the stream until the next call.  Standard output is flushed before
 * the program waits for input. */
enum values_result values_next(struct values *v, struct jn_arena *a, struct jn_shapes *shapes, jn_value *out,
                               struct jn_error *err);

/* The next line without its LF, borrowed until the next call; at the end of a file, what is left.  Any bytes may be in
 * it.
 * A line longer than `most` bytes is skipped to its end and given with data NULL. */
enum values_result values_next_line(struct values *v, size_t most, jn_str *out, struct jn_error *err);

void values_close(struct values *v);

/* All values of the files as one array in `a`; there may be millions of them, so that `shapes` are not to be NULL. */
bool values_all(char *const *files, struct jn_arena *a, struct jn_shapes *shapes, jn_value *out, struct jn_error *err);

/* Bytes as a string that borrows them; what is no UTF-8 in them becomes U+FFFD, in a copy in `a`.  Undefined when there
 * is no memory for that. */
jn_value values_string(struct jn_arena *a, jn_str bytes);

/* The texts of all files as one string in `a`. */
bool values_all_text(char *const *files, struct jn_arena *a, jn_value *out, struct jn_error *err);

/* The whole of a file ("-": standard input), NUL-terminated, for the caller to free(); NULL with `err` filled. */
char *values_slurp(const char *path, size_t *len, struct jn_error *err);

#endif
