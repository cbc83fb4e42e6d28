/* tree.h - folders with all that is in them.  Blocking, as file.h is.  Links are seen as links, never followed. */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <sys/stat.h>

#include "core/status.h"

struct base_tree_entry {
    const char *path;               /* below the root: "lib/a.py"; never empty */
    const char *full;               /* the root, a slash and `path` */
    const struct stat *st;          /* as lstat(2) tells */
};

/* Calls `fn` for everything below `root`, a folder before what is in it, names in the order of their bytes.  What `skip`
 * (NULL: nothing) says true to, by its bare name, is passed over with all that is in it.  `fn` gives a failure to end
 * the walk, which is then what the walk gives.  What vanishes meanwhile is no mistake. */
typedef bool base_tree_skip_fn(const char *name);
typedef enum jn_status base_tree_fn(const struct base_tree_entry *e, void *arg, struct jn_error *err);
enum jn_status base_tree_walk(const char *root, base_tree_skip_fn *skip, base_tree_fn *fn, void *arg,
                              struct jn_error *err);

/* Copies folders, regular files and links to the folder `to`, which must not exist; permissions stay, owners and times
 * do not.  A link that leads out of `from` is made absolute, so that the copy leads there, too.  Sockets, pipes and
 * devices are passed over.  What was copied before a failure stays. */
enum jn_status base_tree_copy(const char *from, const char *to, base_tree_skip_fn *skip, struct jn_error *err);

/* Removes `root` and everything in it; one that does not exist is fine. */
enum jn_status base_tree_remove(const char *root, struct jn_error *err);

#endif
