/* registry.h - all functions of one local Lambda, as the disk has them: subfolders of a folder, a folder that is itself
 * one, or what a functions.json lists. */
#ifndef LOCAL_REGISTRY_H
#define LOCAL_REGISTRY_H

#include "local/function.h"

struct local_registry;

/* Reads `path`: a functions.json, or a folder.  In a folder with a functions.json that file counts; one that holds the
 * code of a function is that function, called like the folder; else each subfolder with a function's code is one, called
 * like it.  JN_NOT_FOUND: there is none; JN_BAD_TEXT, JN_BAD_VALUE: faulty settings, with their place. */
enum jn_status local_registry_open(const struct local_site *site, const char *path, struct local_registry **out,
                                   struct jn_error *err);
void local_registry_free(struct local_registry *r);

/* The function, brought up to date with the disk; NULL: there is none of that name, not even by now. */
struct local_function *local_registry_find(struct local_registry *r, jn_str name);

/* The same as it was last seen, whether it is still there or not. */
struct local_function *local_registry_known(const struct local_registry *r, jn_str name);

/* Brings everything up to date.  Then: those that are there, sorted by name. */
void local_registry_look(struct local_registry *r);
size_t local_registry_count(const struct local_registry *r);
struct local_function *local_registry_at(const struct local_registry *r, size_t i);

/* The concurrency that functions have reserved, together. */
int local_registry_reserved(const struct local_registry *r);

/* Whether a function may be called so: 1 to 64 letters, digits, - and _. */
bool local_is_function_name(jn_str s);

/* The folder that holds `path`'s functions: where the state folder is by default.  Caller frees; NULL without memory or
 * when it does not exist, with err filled. */
char *local_registry_folder_of(const char *path, struct jn_error *err);

#endif
