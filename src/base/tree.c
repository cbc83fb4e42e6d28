/* tree.c - walking, copying and removing folders.
 *
 * Paths are joined as texts instead of held open as descriptors: a tree that is deeper than the descriptors we may have
 * must not fail, and nobody hostile moves folders under us here. */
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

/* ---- walking -------------------------------------------------------------------------------------------------- */

struct walk {
    const char *root;
    base_tree_skip_fn *skip;
    base_tree_fn *fn;
    void *arg;
    struct jn_error *err;
    enum jn_status status;
    const char *folder;         /* the one that is being listed */
};

static void walk_folder(struct walk *w, const char *folder);

static void visit(struct walk *w, const char *full)
{
    struct stat st;
    if (lstat(full, &st))
        return;                 // gone since it was listed
    const struct base_tree_entry e = { .path = full + strlen(w->root) + 1, .full = full, .st = &st };
    w->status = w->fn(&e, w->arg, w->err);
    if (!w->status && S_ISDIR(st.st_mode))
        walk_folder(w, full);
}

static bool on_entry(const char *name, void *arg)
{
    struct walk *w = arg;
    const char *folder = w->folder;
    if (w->skip && w->skip(name))
        return true;
    char *full = base_path_join(folder, name);
    if (full)
        visit(w, full);
    else
        w->status = jn_fail(w->err, JN_NO_MEMORY, "no memory to walk through %s", w->root);
    free(full);
    w->folder = folder;
    return w->status == JN_OK;
}

static void walk_folder(struct walk *w, const char *folder)
{
    struct jn_error reason = { 0 };
    w->folder = folder;
    const enum jn_status s = base_directory_list(folder, on_entry, w, &reason);
    if (!s || w->status || (s == JN_NOT_FOUND && folder != w->root))
        return;
    w->status = s;
    if (w->err && !w->err->status)
        *w->err = reason;
}

enum jn_status base_tree_walk(const char *root, base_tree_skip_fn *skip, base_tree_fn *fn, void *arg,
                              struct jn_error *err)
{
    struct walk w = { .root = root, .skip = skip, .fn = fn, .arg = arg, .err = err };
    walk_folder(&w, root);
    return w.status;
}

/* ---- copying -------------------------------------------------------------------------------------------------- */

struct copy {
    const char *from, *to;
    char *real_from;            /* without links, to see whether a link leads out of it */
};

static enum jn_status fail_copy(struct jn_error *err, const char *path)
{
    return jn_fail(err, JN_IO, "cannot copy %s: %s", path, strerrordesc_np(errno));
}

static enum jn_status copy_bytes(int in, int out, const char *path, struct jn_error *err)
{
    char piece[65536];
    for (;;) {
        const ssize_t n = read(in, piece, sizeof piece);
        if (n == 0)
            return JN_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_copy(err, path);
        for (ssize_t done = 0; done < n;) {
            const ssize_t written = write(out, piece + done, (size_t)(n - done));
            if (written < 0 && errno != EINTR)
                return fail_copy(err, path);
            done += written > 0 ? written : 0;
        }
    }
}

static enum jn_status copy_file(const struct base_tree_entry *e, const char *to, struct jn_error *err)
{
    const int in = open(e->full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return fail_copy(err, e->full);
    const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, e->st->st_mode & 0777);
    enum jn_status s = out < 0 ? fail_copy(err, e->full) : copy_bytes(in, out, e->full, err);
    if (!s && fchmod(out, e->st->st_mode & 0777))       // the mask of the process does not apply to a copy
        s = fail_copy(err, e->full);
    if (out >= 0 && close(out) && !s)
        s = fail_copy(err, e->full);
    close(in);
    return s;
}

/* Where a link leads when that is outside of the tree; NULL: inside, or nowhere. */
static char *way_out(const struct copy *c, const char *link)
{
    char *target = realpath(link, NULL);
    const size_t len = strlen(c->real_from);
    if (target && strncmp(target, c->real_from, len) == 0 && (target[len] == '/' || target[len] == '\0')) {
        free(target);
        target = NULL;
    }
    return target;
}

static enum jn_status copy_link(const struct copy *c, const struct base_tree_entry *e, const char *to,
                                struct jn_error *err)
{
    char text[PATH_MAX];
    const ssize_t len = readlink(e->full, text, sizeof text - 1);
    if (len < 0)
        return fail_copy(err, e->full);
    text[len] = '\0';
    char *outside = way_out(c, e->full);
    const enum jn_status s = symlink(outside ? outside : text, to) ? fail_copy(err, e->full) : JN_OK;
    free(outside);
    return s;
}

static enum jn_status copy_entry(const struct base_tree_entry *e, void *arg, struct jn_error *err)
{
    const struct copy *c = arg;
    char *to = base_path_join(c->to, e->path);
    enum jn_status s = JN_OK;
    if (!to)
        s = jn_fail(err, JN_NO_MEMORY, "no memory to copy %s", e->full);
    else if (S_ISDIR(e->st->st_mode))
        s = mkdir(to, (e->st->st_mode & 0777) | 0700) ? fail_copy(err, e->full) : JN_OK;
    else if (S_ISREG(e->st->st_mode))
        s = copy_file(e, to, err);
    else if (S_ISLNK(e->st->st_mode))
        s = copy_link(c, e, to, err);
    free(to);
    return s;
}

enum jn_status base_tree_copy(const char *from, const char *to, base_tree_skip_fn *skip, struct jn_error *err)
{
    struct copy c = { .from = from, .to = to, .real_from = base_path_absolute(from, err) };
    if (!c.real_from)
        return JN_NOT_FOUND;
    enum jn_status s = mkdir(to, 0777) ? jn_fail(err, JN_IO, "cannot make the folder %s: %s", to,
                                                 strerrordesc_np(errno)) : JN_OK;
    if (!s)
        s = base_tree_walk(from, skip, copy_entry, &c, err);
    free(c.real_from);
    return s;
}

/* ---- removing ------------------------------------------------------------------------------------------------- */

static bool remove_entry(const char *name, void *arg);

/* Tries as a file first, so that a link to a folder is removed and not what it leads to. */
static void remove_path(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return;
    base_directory_list(path, remove_entry, (void *)path, NULL);
    rmdir(path);
}

static bool remove_entry(const char *name, void *arg)
{
    char *path = base_path_join(arg, name);
    if (path)
        remove_path(path);
    free(path);
    return path != NULL;
}

enum jn_status base_tree_remove(const char *root, struct jn_error *err)
{
    struct stat st;
    remove_path(root);
    if (lstat(root, &st) && errno == ENOENT)
        return JN_OK;
    return jn_fail(err, JN_IO, "cannot remove %s with all that is in it", root);
}
