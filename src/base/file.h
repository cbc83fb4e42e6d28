/* file.h - small files whole, directories, and what the shell knows of paths.  Blocking: for start-up, not for the
 * loop. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "core/buf.h"

/* Appends the content of `path` to `out`; JN_NOT_FOUND when there is no such file, JN_LIMIT above the buffer's ceiling,
 * JN_IO with the system's reason. */
enum jn_status base_file_read(const char *path, struct jn_buf *out, struct jn_error *err);

/* Makes `text` the content of `path`, whatever it was: whole or not at all, and on the disk when this returns.  JN_IO
 * with the system's reason. */
enum jn_status base_file_replace(const char *path, jn_str text, struct jn_error *err);

/* Adds `text` to the end of `path`, which is made when it is not there: whole or not at all, and on the disk when this
 * returns.  A pipe that nobody reads, or that is full, is a failure. */
enum jn_status base_file_append(const char *path, jn_str text, struct jn_error *err);

/* Makes the folder `path` and those above it that are missing. */
enum jn_status base_directory_make(const char *path, struct jn_error *err);

/* Calls `fn` with the name of each entry of a directory except . and .., sorted by bytes.  `fn` gives false to stop. */
typedef bool base_entry_fn(const char *name, void *arg);
enum jn_status base_directory_list(const char *path, base_entry_fn *fn, void *arg, struct jn_error *err);

bool base_is_directory(const char *path);
bool base_is_executable(const char *path);      /* a regular file that we may run */

/* "dir/name" in a buffer of its own; the caller frees.  NULL without memory. */
char *base_path_join(const char *dir, const char *name);

/* The absolute path without links; the caller frees.  NULL with `err` filled. */
char *base_path_absolute(const char *path, struct jn_error *err);

#endif
