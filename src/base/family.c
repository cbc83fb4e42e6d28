/* family.c - see family.h.
 *
 * /proc/PID/task/TID/children lists the children that a thread has started or its process has adopted.  A list is no
 * snapshot: a process may fork or end while it is read.  Both users can bear that: a measurement is repeated soon, and
 * killing goes on until nobody is left. */
#include "base/family.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void add_children_of_thread(struct base_family *f, int pid, const char *thread)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", pid, thread);
    FILE *file = fopen(path, "re");
    int child;
    while (file && f->count < BASE_FAMILY_MAX && fscanf(file, "%d", &child) == 1)    // NOLINT(cert-err34-c): the kernel's
        f->pids[f->count++] = child;
    if (file)
        fclose(file);
}

static void add_children(struct base_family *f, int pid)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    for (const struct dirent *d; threads && (d = readdir(threads)) != NULL;) {
        if (d->d_name[0] != '.')
            add_children_of_thread(f, pid, d->d_name);
    }
    if (threads)
        closedir(threads);
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

/* The sum of the lines "NAME   123 kB" of a file of /proc/PID, of two names; in bytes. */
static int64_t sum_of(int pid, const char *file, const char *name, const char *other_name)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    FILE *f = fopen(path, "re");
    int64_t kilobytes = 0;
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        const size_t len = colon ? (size_t)(colon - line) : 0;
        if ((len == strlen(name) && memcmp(line, name, len) == 0) ||
            (len == strlen(other_name) && memcmp(line, other_name, len) == 0))
            kilobytes += strtoll(colon + 1, NULL, 10);
    }
    if (f)
        fclose(f);
    return kilobytes * 1024;
}

/* Each with what it shares in full. */
static int64_t sum_resident(const struct base_family *f)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < f->count; i++)
        bytes += sum_of(f->pids[i], "status", "RssAnon", "RssShmem");
    return bytes;
}

/* Each with its part of what it shares.  0 when the kernel does not tell. */
static int64_t sum_proportional(const struct base_family *f)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < f->count; i++)
        bytes += sum_of(f->pids[i], "smaps_rollup", "Pss_Anon", "Pss_Shmem");
    return bytes;
}

int64_t base_family_memory(int pid, int64_t suspicious_bytes)
{
    struct base_family f = { { pid }, 1 };
    for (size_t i = 0; i < f.count; i++)
        add_children(&f, f.pids[i]);
    const int64_t resident = sum_resident(&f);
    if (resident <= suspicious_bytes || f.count == 1)
        return resident;
    const int64_t proportional = sum_proportional(&f);
    return proportional > 0 ? proportional : resident;
}

/* ---- the end -------------------------------------------------------------------------------------------------- */

static bool is_gone(int pid)
{
    const pid_t reaped = waitpid(pid, NULL, WNOHANG);
    return reaped == pid || (reaped < 0 && errno == ECHILD);
}

static bool is_in(const struct base_family *f, int pid)
{
    for (size_t i = 0; f && i < f->count; i++) {
        if (f->pids[i] == pid)
            return true;
    }
    return false;
}

void base_family_children(struct base_family *f)
{
    f->count = 0;
    add_children(f, (int)getpid());
}

bool base_family_kill_children(const struct base_family *spared)
{
    struct base_family f;
    bool all_gone = true;
    base_family_children(&f);
    for (size_t i = 0; i < f.count; i++) {
        if (is_in(spared, f.pids[i]))
            continue;
        kill(f.pids[i], SIGKILL);
        all_gone &= is_gone(f.pids[i]);
    }
    return all_gone;
}
