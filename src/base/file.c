/* file.c - small files whole, directories, paths.  Everything here blocks. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* strerror() keeps its text in a static buffer; strerrordesc_np() gives constants, in English, as our sentences are. */
static const char *reason(int code)
{
    const char *text = strerrordesc_np(code);
    return text ? text : "unknown error";
}

static enum jn_status fail_path(struct jn_error *err, const char *doing, const char *path, int code)
{
    const bool absent = code == ENOENT || code == ENOTDIR;
    return jn_fail(err, absent ? JN_NOT_FOUND : JN_IO, "cannot %s %s: %s", doing, path, reason(code));
}

/* ---- files --------------------------------------------------------------------------------------------------- */

/* Reads to the end in pieces: the size that fstat() tells may change, and is 0 in /proc.  At the buffer's ceiling one
 * more byte is asked for, to tell a file that just fits from one that is larger. */
static enum jn_status read_all(int fd, const char *path, struct jn_buf *out, struct jn_error *err)
{
    enum { PIECE = 16384 };
    for (;;) {
        char beyond = 0;
        const size_t left = out->ceiling - out->len, size = left < PIECE ? left : PIECE;
        char *to = left ? jn_buf_reserve(out, size) : &beyond;
        if (!to)
            return jn_fail(err, out->failed, "no memory to read %s", path);
        const ssize_t n = read(fd, to, left ? size : 1);
        if (n == 0)
            return JN_OK;
        if (n < 0 && errno != EINTR)
            return fail_path(err, "read", path, errno);
        if (n > 0 && !left)
            return jn_fail(err, JN_LIMIT, "%s is larger than the %zu bytes allowed", path, out->ceiling);
        if (n > 0)
            jn_buf_commit(out, (size_t)n);
    }
}

enum jn_status base_file_read(const char *path, struct jn_buf *out, struct jn_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_path(err, "open", path, errno);
    const enum jn_status s = read_all(fd, path, out, err);
    close(fd);
    return s;
}

static enum jn_status write_all(int fd, jn_str text, const char *path, struct jn_error *err)
{
    while (text.len > 0) {
        const ssize_t n = write(fd, text.data, text.len);
        if (n < 0 && errno != EINTR)
            return fail_path(err, "write", path, errno);
        text = jn_str_sub(text, n > 0 ? (size_t)n : 0, text.len);
    }
    return fsync(fd) && errno != EINVAL ? fail_path(err, "write", path, errno) : JN_OK;    // EINVAL: a pipe, a terminal
}

/* The name is on the disk when its folder is. */
static enum jn_status sync_folder_of(const char *path, struct jn_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    const enum jn_status s = fd < 0 || fsync(fd) ? fail_path(err, "write", path, errno) : JN_OK;
    if (fd >= 0)
        close(fd);
    free(folder);
    return s;
}

enum jn_status base_file_replace(const char *path, jn_str text, struct jn_error *err)
{
    char *beside = NULL;
    if (asprintf(&beside, "%s.XXXXXX", path) < 0)
        return jn_fail(err, JN_NO_MEMORY, "no memory to write %s", path);
    const int fd = mkostemp(beside, O_CLOEXEC);
    enum jn_status s = fd < 0 ? fail_path(err, "write", path, errno) : write_all(fd, text, path, err);
    if (fd >= 0 && close(fd) && !s)
        s = fail_path(err, "write", path, errno);
    if (!s && rename(beside, path))
        s = fail_path(err, "write", path, errno);
    if (s && fd >= 0)
        unlink(beside);
    free(beside);
    return s ? s : sync_folder_of(path, err);
}

/* Without a wait for who reads a pipe; and what is written only in part is taken back. */
enum jn_status base_file_append(const char *path, jn_str text, struct jn_error *err)
{
    struct stat before;
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_path(err, "write", path, errno);
    const bool is_file = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
    enum jn_status s = write_all(fd, text, path, err);
    if (s && is_file && ftruncate(fd, before.st_size))
        jn_error_prefix(err, "%s has the beginning of it", path);
    if (close(fd) && !s)
        s = fail_path(err, "write", path, errno);
    return s || !is_file || before.st_size > 0 ? s : sync_folder_of(path, err);
}

/* ---- directories --------------------------------------------------------------------------------------------- */

struct names {
    char **items;
    size_t len, cap;
};

static void free_names(struct names *n)
{
    for (size_t i = 0; i < n->len; i++)
        free(n->items[i]);
    free(n->items);
}

static bool add_name(struct names *n, const char *name)
{
    if (n->len == n->cap) {
        const size_t cap = n->cap ? 2 * n->cap : 32;
        char **grown = reallocarray(n->items, cap, sizeof *grown);
        if (!grown)
            return false;
        n->items = grown;
        n->cap = cap;
    }
    n->items[n->len] = strdup(name);
    return n->items[n->len] && ++n->len;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum jn_status collect_names(DIR *dir, const char *path, struct names *n, struct jn_error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (!e)
            return errno ? fail_path(err, "list", path, errno) : JN_OK;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (!add_name(n, e->d_name))
            return jn_fail(err, JN_NO_MEMORY, "no memory to list %s", path);
    }
}

enum jn_status base_directory_list(const char *path, base_entry_fn *fn, void *arg, struct jn_error *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return fail_path(err, "list", path, errno);

    struct names names = { 0 };
    const enum jn_status s = collect_names(dir, path, &names, err);
    closedir(dir);
    if (!s && names.len) {
        qsort(names.items, names.len, sizeof *names.items, compare_names);
        for (size_t i = 0; i < names.len && fn(names.items[i], arg); i++)
            continue;
    }
    free_names(&names);
    return s;
}

enum jn_status base_directory_make(const char *path, struct jn_error *err)
{
    char *part = strdup(path);
    if (!part)
        return jn_fail(err, JN_NO_MEMORY, "no memory to make %s", path);
    enum jn_status s = JN_OK;
    for (char *at = part; !s && *at;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        const char kept = *at;
        *at = '\0';
        if (mkdir(part, 0777) && !base_is_directory(part))
            s = fail_path(err, "make the folder", part, errno);
        *at = kept;
    }
    free(part);
    return s;
}

/* ---- paths --------------------------------------------------------------------------------------------------- */

bool base_is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool base_is_executable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *base_path_join(const char *dir, const char *name)
{
    const size_t dir_len = strlen(dir), size = dir_len + strlen(name) + 2;
    const bool slash = dir_len > 0 && dir[dir_len - 1] != '/';
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s%s", dir, slash ? "/" : "", name);
    return path;
}

char *base_path_absolute(const char *path, struct jn_error *err)
{
    char *resolved = realpath(path, NULL);
    if (!resolved && errno == ENOMEM)
        jn_fail(err, JN_NO_MEMORY, "no memory for the absolute path of %s", path);
    else if (!resolved)
        fail_path(err, "find", path, errno);
    return resolved;
}
