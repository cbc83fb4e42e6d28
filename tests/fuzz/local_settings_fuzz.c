/* local_settings_fuzz.c - what a local Lambda is told by people: a function.json and, behind a line of "=====", the path of
 * a request; and the same text as rules of faults.  Claims: settings that are refused are told why; those that are not, written as a version keeps them, are read
 * back as the same; labels of an operation are parts of its path; rules that were written are read back, and written the same. */
#include <assert.h>

#include "core/arena.h"
#include "local/configuration.h"
#include "local/faults.h"
#include "local/operation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct jn_arena *a, const struct local_configuration *c)
{
    struct local_configuration again = local_configuration_usual();
    struct jn_buf text;
    jn_buf_init(&text, 0);
    jn_buf_append_char(&text, '{');
    local_configuration_put(&text, c);
    jn_buf_append_char(&text, '}');
    assert(!text.failed);
    assert(local_configuration_parse(a, jn_buf_str(&text), &again, NULL) == JN_OK);
    assert(local_configuration_is_same(c, &again));
    jn_buf_clear(&text);
}

static void check_settings(jn_str text)
{
    struct jn_arena a;
    struct jn_error err = { 0 };
    struct local_configuration c = local_configuration_usual();
    jn_arena_init(&a, 0);
    c.handler = "";
    c.runtime_name = "provided";
    if (local_configuration_parse(&a, text, &c, &err))
        assert(err.message[0] != '\0');
    else
        check_again(&a, &c);
    jn_arena_clear(&a);
}

static void put_again(struct jn_buf *out, jn_str text)
{
    struct local_faults *f = local_faults_new();
    assert(f && local_faults_add(f, text, NULL) == JN_OK);
    local_faults_put(out, f);
    local_faults_free(f);
}

static void check_faults(jn_str text)
{
    struct jn_error err = { 0 };
    struct local_faults *f = local_faults_new();
    struct jn_buf once, twice;
    assert(f);
    jn_buf_init(&once, 0);
    jn_buf_init(&twice, 0);
    if (local_faults_add(f, text, &err)) {
        assert(err.message[0] != '\0');
    } else {
        local_faults_put(&once, f);
        put_again(&twice, jn_buf_str(&once));
        assert(jn_str_eq(jn_buf_str(&once), jn_buf_str(&twice)));
    }
    jn_buf_clear(&once);
    jn_buf_clear(&twice);
    local_faults_free(f);
}

static void check_path(jn_str path)
{
    static const jn_str methods[] = { JN_STR_INIT("GET"), JN_STR_INIT("POST"), JN_STR_INIT("PUT"),
                                      JN_STR_INIT("DELETE") };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const struct local_operation op = local_operation_find(methods[i], path);
        for (size_t k = 0; op.kind && k < 2; k++)
            assert(!op.labels[k].data || (op.labels[k].len > 0 && op.labels[k].data >= path.data &&
                                          op.labels[k].data + op.labels[k].len <= path.data + path.len));
    }
    local_query_get(path, "Qualifier");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const jn_str input = { (const char *)data, size }, line = JN_STR("\n=====\n");
    const size_t at = jn_str_find(input, line, 0);
    check_settings(jn_str_sub(input, 0, at));
    check_faults(jn_str_sub(input, 0, at));
    if (at != SIZE_MAX)
        check_path(jn_str_sub(input, at + line.len, size));
    return 0;
}
