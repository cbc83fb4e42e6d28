/* folder.h - a temporary folder with functions in it, and a site around it. */
#ifndef LOCAL_TEST_FOLDER_H
#define LOCAL_TEST_FOLDER_H

#include <sys/stat.h>

#include "local/registry.h"

struct folder {
    char path[64], state[80];
    struct base_random random;
    struct base_clock clock;            /* scripted: every look is allowed, since looking takes no time */
    struct local_site site;
};

/* cmocka's setup and teardown; *state is the struct folder. */
int folder_make(void **state);
int folder_remove(void **state);

void folder_put(const struct folder *d, const char *name, const char *text, mode_t mode);
void folder_put_folder(const struct folder *d, const char *name);
void folder_delete(const struct folder *d, const char *name);

/* A subfolder with a bootstrap, and a function.json when `settings` are given. */
void folder_put_function(const struct folder *d, const char *name, const char *settings);

#endif
