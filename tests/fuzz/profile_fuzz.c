/* profile_fuzz.c - config and credentials files that nobody would write.  The input is the config file; what follows a
 * line of "=====" is the credentials file.  Claims: such files always parse; what is kept is text without blanks
 * around it; the whole is a JSON value that reads back as itself. */
#include <assert.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/value.h"
#include "lambda/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_property(const struct lambda_profiles *p, jn_str section, jn_str key, jn_value v)
{
    const jn_str text = jn_get_string(v);
    assert(text.len > 0 && jn_utf8_invalid(text) == text.len);
    assert(jn_str_eq(text, jn_str_trim(text)));
    char *name = strndup(key.data, key.len);
    if (name && strlen(name) == key.len)
        assert(jn_str_eq(lambda_profile_get(p, section, name), text));
    free(name);
}

static void check_sections(const struct lambda_profiles *p, jn_value all)
{
    for (size_t i = 0; i < jn_length(all); i++) {
        const jn_str section = jn_key_at(all, i);
        const jn_value properties = jn_at(all, i);
        assert(lambda_profile_exists(p, section));
        for (size_t k = 0; k < jn_length(properties); k++)
            check_property(p, section, jn_key_at(properties, k), jn_at(properties, k));
    }
}

static void check_round_trip(jn_value all)
{
    struct jn_arena arena;
    size_t len = 0;
    char *text = jn_write_text(all, NULL, &len, NULL);
    jn_value again;
    jn_arena_init(&arena, 0);
    assert(text);
    assert(jn_read(&arena, (jn_str){ text, len }, NULL, &again, NULL, NULL) == JN_OK);
    assert(jn_equal(all, again));
    jn_arena_clear(&arena);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const jn_str input = { (const char *)data, size }, line = JN_STR("\n=====\n");
    const size_t at = jn_str_find(input, line, 0);
    const jn_str credentials = at == SIZE_MAX ? JN_STR("") : jn_str_sub(input, at + line.len, size);
    struct lambda_profiles *p = NULL;
    if (lambda_profiles_parse(jn_str_sub(input, 0, at), credentials, &p, NULL))
        return 0;
    check_sections(p, lambda_profiles_value(p));
    check_round_trip(lambda_profiles_value(p));
    lambda_profiles_free(p);
    return 0;
}
