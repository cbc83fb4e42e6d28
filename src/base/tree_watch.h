/* tree_watch.h - whether something has changed in a folder or below it, asked often and told in two system calls
 * (inotify(7)).  Links are not followed, except by the root's own path. */
#ifndef BASE_TREE_WATCH_H
#define BASE_TREE_WATCH_H

#include "base/tree.h"

struct base_tree_watch;

/* Watches from now on; changes of what `skip` says true to do not count.  NULL when it cannot be done: the folder is not
 * there, the kernel's limits are reached, or no memory. */
struct base_tree_watch *base_tree_watch_new(const char *root, base_tree_skip_fn *skip);
void base_tree_watch_free(struct base_tree_watch *w);       /* NULL is fine */

/* True once something has changed, or may have: it has done its work then, and another one is needed.  What writes through
 * a mapping, another name of a file, or another machine's mount is not seen. */
bool base_tree_watch_has_changed(struct base_tree_watch *w);

#endif
