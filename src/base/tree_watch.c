/* tree_watch.c - see tree_watch.h.
 *
 * Every folder of the tree is watched.  A folder that is made below changes its parent, and so ends the watch: whoever
 * makes the next one has it watched as well. */
#include "base/tree_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define CHANGES (IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)

struct base_tree_watch {
    int fd;
    char *root;
    dev_t device;                   /* of the root: its path may lead elsewhere one day */
    ino_t inode;
    base_tree_skip_fn *skip;
};

static enum jn_status add_folder(const struct base_tree_entry *e, void *arg, struct jn_error *err)
{
    const struct base_tree_watch *w = arg;
    if (!S_ISDIR(e->st->st_mode) || inotify_add_watch(w->fd, e->full, CHANGES | IN_ONLYDIR | IN_DONT_FOLLOW) >= 0)
        return JN_OK;
    /* Gone meanwhile: its parent, which is watched already, will tell. */
    return errno == ENOENT ? JN_OK : jn_fail(err, JN_IO, "cannot watch %s", e->full);
}

static bool add_all(struct base_tree_watch *w)
{
    struct stat st;
    if (inotify_add_watch(w->fd, w->root, CHANGES | IN_ONLYDIR) < 0 || stat(w->root, &st))
        return false;
    w->device = st.st_dev;
    w->inode = st.st_ino;
    return base_tree_walk(w->root, w->skip, add_folder, w, NULL) == JN_OK;
}

struct base_tree_watch *base_tree_watch_new(const char *root, base_tree_skip_fn *skip)
{
    struct base_tree_watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    *w = (struct base_tree_watch){ .fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .root = strdup(root), .skip = skip };
    if (w->fd >= 0 && w->root && add_all(w))
        return w;
    base_tree_watch_free(w);
    return NULL;
}

void base_tree_watch_free(struct base_tree_watch *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        close(w->fd);
    free(w->root);
    free(w);
}

static bool counts(const struct base_tree_watch *w, const struct inotify_event *e)
{
    return e->len == 0 || !w->skip || !w->skip(e->name);
}

/* Reads once; whether one of the events counts. */
static bool read_events(const struct base_tree_watch *w, bool *is_empty)
{
    _Alignas(struct inotify_event) char events[4096];
    const ssize_t len = read(w->fd, events, sizeof events);
    *is_empty = len <= 0;
    for (const char *at = events; at < events + len;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)at;
        if (counts(w, e))
            return true;
        at += sizeof *e + e->len;
    }
    return false;
}

bool base_tree_watch_has_changed(struct base_tree_watch *w)
{
    struct stat st;
    bool is_empty = false;
    while (!is_empty) {
        if (read_events(w, &is_empty))
            return true;
    }
    return stat(w->root, &st) || st.st_dev != w->device || st.st_ino != w->inode;
}
