/* cgroup.c - see cgroup.h.
 *
 * Where a group can be made: going up from our own group, the first folder
 *
 *   - in which we may make folders, and between whose groups we may move processes (cgroup.procs is ours to write), and
 *   - which hands the memory controller to its children ("memory" in cgroup.subtree_control);
 *
 * when no folder has the second, the first that has the first: its groups set no limit, but can be killed as a whole.
 * Our own folder is seldom one with memory: a group that holds processes hands out no controllers ("no internal
 * processes").  The folders above are ours in a user's session under systemd (app.slice, delegated to the user), and for
 * root.  In a container whose only processes are we, base_cgroup_make_room() moves us out of the way.  A subtree_control that is
 * not below our own group is never changed: it is systemd's, or the container engine's, and they look after it.
 *
 * A group is called aws-lambda-local.PID.N after the process that made it.  When that one was killed, the next one to
 * start finds by the name that nobody looks after the group, and clears it away.
 *
 * Files of the hierarchy are read and written whole, by one call; that is the kernel's interface. */
#include "base/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define NAME "aws-lambda-local."

enum { FILE_MAX_BYTES = 1 << 20 };

/* ---- files ---------------------------------------------------------------------------------------------------- */

static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
    const int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    return n > 0 && n < PATH_MAX;
}

static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    const int fd = join(path, folder, name) ? open(path, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    const ssize_t len = (ssize_t)strlen(text);
    const bool written = write(fd, text, (size_t)len) == len;
    close(fd);
    return written;
}

/* False also when it is empty. */
static bool read_file(const char *folder, const char *name, struct jn_buf *out)
{
    char path[PATH_MAX];
    jn_buf_init(out, FILE_MAX_BYTES);
    return join(path, folder, name) && base_file_read(path, out, NULL) == JN_OK && out->len > 0;
}

static bool may_write(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return join(path, folder, name) && access(path, W_OK) == 0;
}

/* ---- texts ---------------------------------------------------------------------------------------------------- */

/* Takes the text up to `end` off the front of *text, and `end` with it. */
static jn_str take_until(jn_str *text, char end)
{
    const char *at = text->len ? memchr(text->data, end, text->len) : NULL;
    const size_t len = at ? (size_t)(at - text->data) : text->len;
    const jn_str taken = jn_str_sub(*text, 0, len);
    *text = jn_str_sub(*text, at ? len + 1 : len, text->len);
    return taken;
}

static bool has_word(jn_str text, char separator, jn_str word)
{
    while (text.len > 0) {
        jn_str w = take_until(&text, separator);
        if (w.len > 0 && w.data[w.len - 1] == '\n')
            w.len--;
        if (jn_str_eq(w, word))
            return true;
    }
    return false;
}

static bool file_has_word(const char *folder, const char *name, jn_str word)
{
    struct jn_buf text;
    const bool found = read_file(folder, name, &text) && has_word(jn_buf_str(&text), ' ', word);
    jn_buf_clear(&text);
    return found;
}

/* ---- where we are --------------------------------------------------------------------------------------------- */

/* The line of the unified hierarchy is "0::/path". */
static bool find_own(jn_str cgroup, jn_str *path)
{
    while (cgroup.len > 0) {
        const jn_str line = take_until(&cgroup, '\n');
        if (jn_str_starts(line, JN_STR("0::/"))) {
            *path = jn_str_sub(line, 3, line.len);
            return true;
        }
    }
    return false;
}

struct mount {
    jn_str root, point, options, type;
};

/* mount := id parent device root point options tag* "-" type source superoptions */
static struct mount read_mount(jn_str line)
{
    struct mount m = { 0 };
    for (int i = 0; i < 3; i++)
        take_until(&line, ' ');
    m.root = take_until(&line, ' ');
    m.point = take_until(&line, ' ');
    m.options = take_until(&line, ' ');
    while (line.len > 0 && !jn_str_eq(take_until(&line, ' '), JN_STR("-")))
        continue;
    m.type = take_until(&line, ' ');
    return m;
}

/* `path` as seen below a mount whose root is `root`: a container may be shown a part of the hierarchy only. */
static bool below_root(jn_str root, jn_str *path)
{
    if (jn_str_eq(root, JN_STR("/")))
        return true;
    if (!jn_str_starts(*path, root) || (path->len > root.len && path->data[root.len] != '/'))
        return false;
    *path = jn_str_sub(*path, root.len, path->len);
    return true;
}

static bool print_path(char out[PATH_MAX], jn_str point, jn_str path)
{
    if (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    const int n = snprintf(out, PATH_MAX, "%.*s%.*s", JN_ARG(point), JN_ARG(path));
    return n > 0 && n < PATH_MAX;
}

bool base_cgroup_locate(jn_str cgroup, jn_str mountinfo, char out[PATH_MAX], char top[PATH_MAX])
{
    jn_str own = JN_STR("");
    if (!find_own(cgroup, &own) || jn_str_find(own, JN_STR("/.."), 0) != SIZE_MAX)
        return false;               // outside of what our namespace shows us
    while (mountinfo.len > 0) {
        const struct mount m = read_mount(take_until(&mountinfo, '\n'));
        jn_str path = own;
        if (jn_str_eq(m.type, JN_STR("cgroup2")) && has_word(m.options, ',', JN_STR("rw")) && below_root(m.root, &path))
            return print_path(out, m.point, path) && print_path(top, m.point, JN_STR(""));
    }
    return false;
}

static bool locate_self(char out[PATH_MAX], char top[PATH_MAX])
{
    struct jn_buf cgroup, mountinfo;
    const bool has_cgroup = read_file("/proc/self", "cgroup", &cgroup);
    const bool has_mountinfo = read_file("/proc/self", "mountinfo", &mountinfo);
    const bool found = has_cgroup && has_mountinfo && base_cgroup_locate(jn_buf_str(&cgroup), jn_buf_str(&mountinfo), out, top);
    jn_buf_clear(&cgroup);
    jn_buf_clear(&mountinfo);
    return found;
}

/* One folder up; false at the top. */
static bool go_up(char folder[PATH_MAX], const char *top)
{
    char *slash = strrchr(folder, '/');
    if (!slash || strlen(folder) <= strlen(top))
        return false;
    *slash = '\0';
    return true;
}

static bool may_have_groups(const char *folder)
{
    return access(folder, W_OK) == 0 && may_write(folder, "cgroup.procs");
}

/* The place as the head of this file says. */
static bool find_place(char place[PATH_MAX], bool *has_memory)
{
    char folder[PATH_MAX], top[PATH_MAX];
    place[0] = '\0';
    *has_memory = false;
    if (!locate_self(folder, top))
        return false;
    do {
        if (!may_have_groups(folder))
            continue;
        *has_memory = file_has_word(folder, "cgroup.subtree_control", JN_STR("memory"));
        if (*has_memory || !place[0])
            memcpy(place, folder, sizeof folder);
    } while (!*has_memory && go_up(folder, top));
    return place[0] != '\0';
}

/* ---- a group -------------------------------------------------------------------------------------------------- */

/* Without swap, which would only put off the end; and whole groups die, since a function that has lost one of its
 * processes is in no state that anybody has written code for. */
static bool limit_memory(const char *folder, int64_t bytes)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)bytes);
    if (!write_file(folder, "memory.max", text))
        return false;
    write_file(folder, "memory.swap.max", "0");         // there is none without CONFIG_SWAP
    write_file(folder, "memory.oom.group", "1");        // since Linux 4.19
    return true;
}

bool base_cgroup_make(struct base_cgroup *g, int64_t memory_limit_bytes)
{
    static atomic_uint counter;     // only makes names differ
    char place[PATH_MAX], name[64];
    bool has_memory = false;
    *g = (struct base_cgroup){ 0 };
    if (!find_place(place, &has_memory))
        return false;
    snprintf(name, sizeof name, NAME "%d.%u", (int)getpid(), atomic_fetch_add(&counter, 1));
    if (!join(g->path, place, name) || mkdir(g->path, 0755) || !may_write(g->path, "cgroup.kill")) {
        if (g->path[0])
            rmdir(g->path);
        g->path[0] = '\0';          // cgroup.kill is there since Linux 5.14
        return false;
    }
    g->limits_memory = has_memory && memory_limit_bytes > 0 && limit_memory(g->path, memory_limit_bytes);
    return true;
}

int base_cgroup_open_entry(const struct base_cgroup *g)
{
    char path[PATH_MAX];
    return g->path[0] && join(path, g->path, "cgroup.procs") ? open(path, O_WRONLY | O_CLOEXEC) : -1;
}

void base_cgroup_kill(const struct base_cgroup *g)
{
    if (g->path[0])
        write_file(g->path, "cgroup.kill", "1");
}

int64_t base_cgroup_peak_memory(const struct base_cgroup *g)
{
    struct jn_buf text;
    if (!g->path[0])
        return 0;
    const int64_t bytes = read_file(g->path, "memory.peak", &text) ? strtoll(text.data, NULL, 10) : 0;
    jn_buf_clear(&text);
    return bytes;
}

bool base_cgroup_was_out_of_memory(const struct base_cgroup *g)
{
    struct jn_buf text;
    if (!g->path[0])
        return false;
    const bool read = read_file(g->path, "memory.events", &text);
    const char *kills = read ? strstr(text.data, "oom_kill ") : NULL;
    const bool was = kills && strtoll(kills + strlen("oom_kill "), NULL, 10) > 0;
    jn_buf_clear(&text);
    return was;
}

bool base_cgroup_remove(struct base_cgroup *g)
{
    if (g->path[0] && rmdir(g->path) && errno == EBUSY)
        return false;
    g->path[0] = '\0';
    return true;
}

/* ---- what others have left, and ourselves --------------------------------------------------------------------- */

struct sweep {
    const char *folder;
};

/* The process that made a group of this name is gone. */
static bool is_left_behind(const char *name)
{
    if (strncmp(name, NAME, strlen(NAME)) != 0)
        return false;
    char *end = NULL;
    const long pid = strtol(name + strlen(NAME), &end, 10);
    return pid > 0 && *end == '.' && kill((pid_t)pid, 0) && errno == ESRCH;
}

/* Its processes need a moment to die; a group that takes longer stays for the next one who starts. */
static bool sweep_entry(const char *name, void *arg)
{
    const struct sweep *s = arg;
    struct base_cgroup g = { 0 };
    if (!is_left_behind(name) || !join(g.path, s->folder, name))
        return true;
    base_cgroup_kill(&g);
    for (int i = 0; i < 20 && !base_cgroup_remove(&g); i++)
        usleep(5000);
    return true;
}

/* All processes of the group are this one and its parent. */
static bool are_alone(jn_str procs)
{
    char own[16], parent[16];
    snprintf(own, sizeof own, "%d", (int)getpid());
    snprintf(parent, sizeof parent, "%d", (int)getppid());
    while (procs.len > 0) {
        const jn_str pid = take_until(&procs, '\n');
        if (!jn_str_eq(pid, jn_str_of(own)) && !jn_str_eq(pid, jn_str_of(parent)))
            return false;
    }
    return true;
}

/* Moves those of `procs` into a group below `folder`, which may then hand the memory controller to its groups. */
static void move_down(const char *folder, jn_str procs)
{
    char below[PATH_MAX], name[64], pid[16];
    snprintf(name, sizeof name, NAME "%d.own", (int)getpid());
    if (!join(below, folder, name) || mkdir(below, 0755))
        return;
    while (procs.len > 0) {
        snprintf(pid, sizeof pid, "%.*s", JN_ARG(take_until(&procs, '\n')));
        write_file(below, "cgroup.procs", pid);
    }
    write_file(folder, "cgroup.subtree_control", "+memory");
}

void base_cgroup_sweep(void)
{
    char place[PATH_MAX];
    bool has_memory = false;
    struct sweep s = { place };
    if (find_place(place, &has_memory))
        base_directory_list(place, sweep_entry, &s, NULL);
}

void base_cgroup_make_room(void)
{
    char folder[PATH_MAX], top[PATH_MAX];
    struct jn_buf procs;
    bool has_memory = false;
    if (find_place(folder, &has_memory) && has_memory)
        return;                     // there is a better place already
    if (!locate_self(folder, top) || !may_have_groups(folder) ||
        !file_has_word(folder, "cgroup.controllers", JN_STR("memory")))
        return;
    if (read_file(folder, "cgroup.procs", &procs) && are_alone(jn_buf_str(&procs)))
        move_down(folder, jn_buf_str(&procs));
    jn_buf_clear(&procs);
}
