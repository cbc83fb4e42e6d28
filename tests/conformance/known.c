/* known.c - reads known-failures.txt: "passed N" and one id a line; # starts a comment line. */
#include "known.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

void known_load(struct known *e, const char *path)
{
    size_t len;
    *e = (struct known){ .text = suite_read_file(path, &len) };
    const char *count = e->text ? strstr(e->text, "\npassed ") : NULL;
    if (count)
        e->passed = strtoul(count + strlen("\npassed "), NULL, 10);
}

void known_clear(struct known *e)
{
    free(e->text);
    *e = (struct known){ 0 };
}

bool known_has(const struct known *e, const char *id)
{
    const size_t len = strlen(id);
    for (const char *at = e->text; at && (at = strstr(at, id)); at += len)
        if ((at == e->text || at[-1] == '\n') && (at[len] == '\n' || at[len] == '\0'))
            return true;
    return false;
}
