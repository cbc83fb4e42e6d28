/* folder.c - see folder.h. */
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tree.h"
#include "cmocka_all.h"

int folder_make(void **state)
{
    static const struct local_key key = { JN_STR_INIT("key"), JN_STR_INIT("secret"), { NULL, 0 } };
    static struct folder d;
    d = (struct folder){ .path = "/tmp/functions.XXXXXX", .clock = base_clock_scripted(1773500966000) };
    *state = &d;
    if (!mkdtemp(d.path))
        return -1;
    snprintf(d.state, sizeof d.state, "%s/.lambda", d.path);
    d.site = (struct local_site){
        .clock = &d.clock, .random = &d.random, .host = "127.0.0.1", .region = "eu-west-1", .account = "210987654321",
        .keys = &key, .key_count = 1, .state = d.state, .path = "/usr/bin:/bin", .max_processes = 10,
        .concurrency = 1000,
    };
    return 0;
}

int folder_remove(void **state)
{
    const struct folder *d = *state;
    return base_tree_remove(d->path, NULL);
}

/* Beside, then renamed, as editors do: another file even when time stands still. */
void folder_put(const struct folder *d, const char *name, const char *text, mode_t mode)
{
    char path[256], beside[300];
    snprintf(path, sizeof path, "%s/%s", d->path, name);
    snprintf(beside, sizeof beside, "%s.swp", path);
    FILE *f = fopen(beside, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(beside, mode), 0);
    assert_int_equal(rename(beside, path), 0);
}

void folder_put_folder(const struct folder *d, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", d->path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

void folder_delete(const struct folder *d, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", d->path, name);
    assert_int_equal(base_tree_remove(path, NULL), JN_OK);
}

void folder_put_function(const struct folder *d, const char *name, const char *settings)
{
    char file[128];
    folder_put_folder(d, name);
    snprintf(file, sizeof file, "%s/bootstrap", name);
    folder_put(d, file, "#!/bin/sh\n", 0700);
    snprintf(file, sizeof file, "%s/function.json", name);
    if (settings)
        folder_put(d, file, settings, 0600);
}
