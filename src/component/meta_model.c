/* meta_model.c - getMetaModel: the structure of results, as far as a sample in the form tells it.
 *
 * There is no structure of the input: with one, the platform would put a mapping in front of the action, which has its
 * own, the expression (platform-protocol.md, 8.2). */
#include "component/actions.h"
#include "component/config.h"
#include "component/sample.h"

static enum jn_status describe(const struct sailor_step *step, struct jn_arena *a, struct jn_buf *out,
                               struct jn_error *err)
{
    struct component_config c;
    enum jn_status s = component_config_read(a, step->config, &c, err);
    if (s)
        return s;
    const jn_str sample = c.text[COMPONENT_OUTPUT_SAMPLE];
    jn_buf_append_z(out, "{\"out\":");
    s = component_sample_schema(sample.len ? sample : JN_STR("{}"), out, err);
    jn_buf_append_char(out, '}');
    if (s)
        jn_error_prefix(err, "%s", component_field_name(&c, COMPONENT_OUTPUT_SAMPLE));
    component_config_wipe(&c);
    return s;
}

void component_meta_model(const struct sailor_step *step, struct sailor_reply *reply)
{
    struct jn_arena a;
    struct jn_buf out;
    struct jn_error err = { 0 };
    jn_arena_init(&a, 0);
    jn_buf_init(&out, 0);
    if (describe(step, &a, &out, &err))
        sailor_reply_error(reply, &err);
    else
        sailor_reply_value(reply, jn_buf_str(&out));
    jn_buf_clear(&out);
    jn_arena_clear(&a);
}
