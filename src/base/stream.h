/* stream.h - reading a file, pipe or terminal piece by piece, with back-pressure, never blocking the loop. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "base/loop.h"

struct base_reader;

/* `data` is valid during the call.  At the end of input, or on failure, called once more with data.len == 0 and the
 * error (NULL at a proper end); then never again. */
typedef void base_reader_fn(struct base_reader *r, jn_str data, const struct jn_error *failed, void *arg);

/* Opens `path`, or standard input when it is "-" or NULL.  Starts paused.  JN_IO with the system's reason. */
enum jn_status base_reader_open(struct base_loop *l, const char *path, base_reader_fn *fn, void *arg,
                                struct base_reader **out, struct jn_error *err);

/* While paused nothing is read and nothing delivered. */
void base_reader_resume(struct base_reader *r);
void base_reader_pause(struct base_reader *r);

/* Size of a regular file, else -1. */
int64_t base_reader_size(const struct base_reader *r);
void base_reader_free(struct base_reader *r);

#endif
