/* profile.c - the INI dialect of ~/.aws/config and ~/.aws/credentials.
 *
 *   line     := section | property | anything else, which is skipped; a comment begins with '#' or ';' at the start of
 *               the line or after white space
 *   section  := '[' name ']' | '[' prefix blank name ']'      prefix := 'profile' | 'sso-session' | 'services'
 *   property := name '=' value                                an empty value opens a block of indented properties
 *
 * In the credentials file every section is a profile.  In the config file profiles other than "default" carry the
 * prefix, and "[profile default]" replaces a plain "[default]".  Values point into our copies of the texts, which may
 * hold secrets and are wiped at the end. */
#include "lambda/profile.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "core/buf.h"

enum { MAX_FILE = 4 << 20 };    /* bytes; such files are written by hand */

struct lambda_profiles {
    struct jn_arena arena;
    jn_str config, credentials;     /* our copies */
    struct jn_object *sections;     /* merged: name -> object of properties */
};

/* ---- characters ---------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static jn_str trim(jn_str s)
{
    while (s.len && is_blank(s.data[0]))
        s = jn_str_sub(s, 1, s.len);
    while (s.len && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool is_name_char(char c)
{
    return is_alnum(c) || (c && strchr("_-@+.%:/", c));
}

static bool is_prefix_char(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

static jn_str without_comment(jn_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if ((line.data[i] == '#' || line.data[i] == ';') && (i == 0 || is_blank(line.data[i - 1])))
            return jn_str_sub(line, 0, i);
    }
    return line;
}

/* ---- section names ------------------------------------------------------------------------------------------- */

/* prefixed := prefix blank (name | '"' name '"' | "'" name "'") */
static bool split_prefixed(jn_str text, jn_str *prefix, jn_str *name)
{
    size_t i = 0;
    while (i < text.len && is_prefix_char(text.data[i]))
        i++;
    if (i == 0 || i == text.len || !is_blank(text.data[i]))
        return false;
    *prefix = jn_str_sub(text, 0, i);
    jn_str rest = jn_str_sub(text, i + 1, text.len);
    if (rest.len > 2 && (rest.data[0] == '"' || rest.data[0] == '\'') && rest.data[rest.len - 1] == rest.data[0])
        rest = jn_str_sub(rest, 1, rest.len - 1);
    for (i = 0; i < rest.len; i++) {
        if (!is_name_char(rest.data[i]))
            return false;
    }
    *name = rest;
    return rest.len > 0;
}

static bool is_known_prefix(jn_str prefix)
{
    return jn_str_eq(prefix, JN_STR("profile")) || jn_str_eq(prefix, JN_STR("sso-session")) ||
           jn_str_eq(prefix, JN_STR("services"));
}

/* "prefix.name" in the arena; {NULL, 0} when it has failed. */
static jn_str join(struct jn_arena *a, jn_str prefix, jn_str name)
{
    char *to = jn_arena_alloc(a, prefix.len + 1 + name.len);
    if (!to)
        return (jn_str){ NULL, 0 };
    memcpy(to, prefix.data, prefix.len);
    to[prefix.len] = '.';
    memcpy(to + prefix.len + 1, name.data, name.len);
    return (jn_str){ to, prefix.len + 1 + name.len };
}

/* The section's name as it is kept; {NULL, 0}: the section means nothing. */
static jn_str section_name(struct jn_arena *a, jn_str text)
{
    jn_str prefix, name;
    if (!split_prefixed(text, &prefix, &name))
        return text;
    return is_known_prefix(prefix) ? join(a, prefix, name) : (jn_str){ NULL, 0 };
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

/* One file being read. */
struct reading {
    struct jn_arena *arena;
    struct jn_object *sections;
    struct jn_object *section;      /* the current one; NULL: what follows means nothing */
    jn_str block;                   /* the property whose nested ones follow; len 0: none */
};

static struct jn_object *section_of(struct jn_arena *a, struct jn_object *sections, jn_str name)
{
    const jn_value known = jn_object_get(sections, name);
    if (jn_is(known, JN_OBJECT))
        return known.as.object;
    struct jn_object *made = jn_object_new(a, 8);
    return made && jn_object_set(a, sections, name, jn_object_value(made)) ? made : NULL;
}

static void open_section(struct reading *r, jn_str text)
{
    const jn_str name = section_name(r->arena, text);
    r->section = name.data && !jn_arena_failed(r->arena) ? section_of(r->arena, r->sections, name) : NULL;
    r->block = JN_STR("");
}

static void take_property(struct reading *r, jn_str name, jn_str value, bool is_indented)
{
    if (value.len == 0) {
        r->block = name;
        return;
    }
    if (!is_indented)
        r->block = JN_STR("");
    ((char *)value.data)[value.len] = '\0';    // the text is ours, and this line of it has been read
    if (r->block.len)
        name = join(r->arena, r->block, name);
    if (name.data)
        jn_object_set(r->arena, r->section, name, jn_string(value, 0));
}

static void take_line(struct reading *r, jn_str line)
{
    if (jn_utf8_invalid(line) < line.len)
        return;
    const bool is_indented = line.len && is_blank(line.data[0]);
    const jn_str text = trim(without_comment(line));
    if (text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']') {
        open_section(r, jn_str_sub(text, 1, text.len - 1));
        return;
    }
    const size_t equals = jn_str_find(text, JN_STR("="), 0);
    if (r->section && equals != SIZE_MAX && equals > 0)
        take_property(r, trim(jn_str_sub(text, 0, equals)), trim(jn_str_sub(text, equals + 1, text.len)), is_indented);
}

/* The sections of one file, under the names they are kept by; NULL when the arena has failed. */
static struct jn_object *read_file(struct jn_arena *a, jn_str text)
{
    struct reading r = { .arena = a, .sections = jn_object_new(a, 8) };
    if (!r.sections)
        return NULL;
    if (jn_str_starts(text, JN_STR("\xef\xbb\xbf")))    // some editors on Windows put it there
        text = jn_str_sub(text, 3, text.len);
    for (size_t at = 0; at < text.len && !jn_arena_failed(a);) {
        const size_t end = jn_str_find(text, JN_STR("\n"), at);
        take_line(&r, jn_str_sub(text, at, end));
        at = end == SIZE_MAX ? text.len : end + 1;
    }
    return jn_arena_failed(a) ? NULL : r.sections;
}

/* ---- merging ------------------------------------------------------------------------------------------------- */

static void merge_section(struct jn_arena *a, struct jn_object *into, jn_str name, jn_value properties)
{
    struct jn_object *to = section_of(a, into, name);
    for (size_t i = 0; to && i < jn_length(properties); i++)
        jn_object_set(a, to, jn_key_at(properties, i), jn_at(properties, i));
}

/* The config file's sections: prefixed ones, with "profile." taken off, and "default" unless it exists with a
 * prefix. */
static void merge_config(struct jn_arena *a, struct jn_object *into, jn_value sections)
{
    const jn_str prefix = JN_STR("profile."), plain_default = JN_STR("default");
    const bool has_both = !jn_is_undefined(jn_member(sections, JN_STR("profile.default")));
    for (size_t i = 0; i < jn_length(sections); i++) {
        const jn_str name = jn_key_at(sections, i);
        if (jn_str_starts(name, prefix))
            merge_section(a, into, jn_str_sub(name, prefix.len, name.len), jn_at(sections, i));
        else if (jn_str_eq(name, plain_default) ? !has_both
                                                : jn_str_starts(name, JN_STR("services.")) ||
                                                      jn_str_starts(name, JN_STR("sso-session.")))
            merge_section(a, into, name, jn_at(sections, i));
    }
}

static void merge_credentials(struct jn_arena *a, struct jn_object *into, jn_value sections)
{
    for (size_t i = 0; i < jn_length(sections); i++)
        merge_section(a, into, jn_key_at(sections, i), jn_at(sections, i));
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static bool copy_text(jn_str text, jn_str *out)
{
    char *copy = malloc(text.len + 1);
    if (!copy)
        return false;
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    out->data = copy;
    out->len = text.len;
    return true;
}

static void free_text(jn_str text)
{
    if (text.data)
        base_wipe((char *)text.data, text.len);
    free((char *)text.data);
}

void lambda_profiles_free(struct lambda_profiles *p)
{
    if (!p)
        return;
    jn_arena_clear(&p->arena);
    free_text(p->config);
    free_text(p->credentials);
    free(p);
}

static bool build(struct lambda_profiles *p)
{
    struct jn_object *config = read_file(&p->arena, p->config);
    struct jn_object *credentials = config ? read_file(&p->arena, p->credentials) : NULL;
    p->sections = credentials ? jn_object_new(&p->arena, 8) : NULL;
    if (!p->sections)
        return false;
    merge_config(&p->arena, p->sections, jn_object_value(config));
    merge_credentials(&p->arena, p->sections, jn_object_value(credentials));
    return !jn_arena_failed(&p->arena);
}

enum jn_status lambda_profiles_parse(jn_str config, jn_str credentials, struct lambda_profiles **out,
                                     struct jn_error *err)
{
    struct lambda_profiles *p = calloc(1, sizeof *p);
    if (!p)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the AWS profiles");
    jn_arena_init(&p->arena, 0);
    if (!copy_text(config, &p->config) || !copy_text(credentials, &p->credentials) || !build(p)) {
        lambda_profiles_free(p);
        return jn_fail(err, JN_NO_MEMORY, "no memory for the AWS profiles");
    }
    *out = p;
    return JN_OK;
}

/* ---- finding the files --------------------------------------------------------------------------------------- */

/* HOME, else what the password database says; NULL: neither knows. */
static void append_home(struct jn_buf *out, const struct base_env *env)
{
    const char *home = base_env_get(env, "HOME");
    char buffer[4096];
    struct passwd entry, *found = NULL;
    if (!home && getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        home = found->pw_dir;
    jn_buf_append_z(out, home);
}

/* The path that `variable` holds, "~/" at its start being the home directory, else ~/.aws/`name`. */
static void append_path(struct jn_buf *out, const struct base_env *env, const char *variable, const char *name)
{
    const char *path = base_env_get(env, variable);
    if (path && strncmp(path, "~/", 2) != 0) {
        jn_buf_append_z(out, path);
        return;
    }
    append_home(out, env);
    jn_buf_append_z(out, path ? path + 1 : "/.aws/");
    if (!path)
        jn_buf_append_z(out, name);
}

static enum jn_status read_named(const struct base_env *env, const char *variable, const char *name, struct jn_buf *out,
                                 struct jn_error *err)
{
    struct jn_buf path;
    jn_buf_init(&path, 0);
    append_path(&path, env, variable, name);
    enum jn_status s = path.failed ? jn_fail(err, path.failed, "no memory for a path") : JN_OK;
    struct jn_error why = { 0 };
    if (!s)
        s = base_file_read(path.data, out, &why);
    if (s == JN_NOT_FOUND)
        s = JN_OK;
    else if (s && why.status)
        jn_fail(err, s, "%s", why.message);
    jn_buf_clear(&path);
    return s;
}

enum jn_status lambda_profiles_load(const struct base_env *env, struct lambda_profiles **out, struct jn_error *err)
{
    struct jn_buf config, credentials;
    jn_buf_init(&config, MAX_FILE);
    jn_buf_init(&credentials, MAX_FILE);
    enum jn_status s = read_named(env, "AWS_CONFIG_FILE", "config", &config, err);
    if (!s)
        s = read_named(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials", &credentials, err);
    if (!s)
        s = lambda_profiles_parse(jn_buf_str(&config), jn_buf_str(&credentials), out, err);
    jn_buf_wipe(&config);
    jn_buf_wipe(&credentials);
    return s;
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

bool lambda_profile_exists(const struct lambda_profiles *p, jn_str profile)
{
    return jn_is(jn_object_get(p->sections, profile), JN_OBJECT);
}

jn_str lambda_profile_get(const struct lambda_profiles *p, jn_str profile, const char *property)
{
    const jn_value section = jn_object_get(p->sections, profile);
    const jn_value v = jn_is(section, JN_OBJECT) ? jn_object_get(section.as.object, jn_str_of(property))
                                                 : jn_undefined();
    return jn_is(v, JN_STRING) ? jn_text(v) : (jn_str){ NULL, 0 };
}

jn_str lambda_profile_setting(const struct lambda_profiles *p, jn_str profile, const char *setting)
{
    static const char services[] = "services.";
    if (!p)
        return (jn_str){ NULL, 0 };
    if (strncmp(setting, services, sizeof services - 1) != 0)
        return lambda_profile_get(p, profile, setting);

    const jn_str name = lambda_profile_get(p, profile, "services");
    char section[256];
    if (!name.data || name.len + sizeof services > sizeof section)
        return (jn_str){ NULL, 0 };
    memcpy(section, services, sizeof services - 1);
    memcpy(section + sizeof services - 1, name.data, name.len);
    const jn_str text = { section, sizeof services - 1 + name.len };
    return lambda_profile_get(p, text, setting + sizeof services - 1);
}

jn_value lambda_profiles_value(const struct lambda_profiles *p)
{
    return jn_object_value(p->sections);
}
