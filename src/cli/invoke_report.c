/* invoke_report.c - see invoke_report.h. */
#include "cli/invoke_report.h"

#include "core/value.h"

static const char *where_text(enum component_stage s)
{
    static const char *const texts[] = { "not sent", "the call failed", "the function failed", "the function ran" };
    return texts[s];
}

void invoke_report_text(struct jn_buf *out, const struct invoke_place *at, const struct component_result *r)
{
    const char *file = strcmp(at->file, "-") == 0 ? "standard input" : at->file;
    jn_buf_append_fmt(out, "message %llu (%s, line %llu): %s: ", (unsigned long long)at->index, file,
                      (unsigned long long)at->line, where_text(r->stage));
    if (*r->error.code)
        jn_buf_append_fmt(out, "%s: ", r->error.code);
    jn_buf_append(out, component_result_sentence(r));
    if (r->request_id.len)
        jn_buf_append_fmt(out, " [request %.*s]", JN_ARG(r->request_id));
    jn_buf_append_char(out, '\n');
    if (r->outcome_unknown)
        jn_buf_append_z(out, "    The function may have run all the same: check before sending this message again.\n");
    for (size_t i = 0; i < r->stack_lines; i++)
        jn_buf_append_fmt(out, "    %.*s\n", JN_ARG(r->stack[i]));
}

static void put_text(struct jn_arena *a, jn_value o, jn_str key, jn_str text)
{
    if (text.len)
        jn_object_put(a, o, key, jn_make_string(text));
}

/* `text` as a value when it is JSON; else as a string under another key, bytes that are no UTF-8 as U+FFFD. */
static void put_json(struct jn_arena *a, jn_value o, jn_str key, jn_str text_key, jn_str text)
{
    jn_value v;
    if (jn_read(a, text, NULL, &v, NULL, NULL) == JN_OK)
        jn_object_put(a, o, key, v);
    else if (text.data)
        jn_object_put(a, o, text_key, jn_make_string(jn_utf8_repair(a, text)));
}

static void put_place(struct jn_arena *a, jn_value o, const struct invoke_place *at)
{
    jn_object_put(a, o, JN_STR("index"), jn_make_number((double)at->index));
    jn_object_put(a, o, JN_STR("file"), jn_make_string(jn_utf8_repair(a, jn_str_of(at->file))));
    jn_object_put(a, o, JN_STR("line"), jn_make_number((double)at->line));
}

void invoke_report_record(struct jn_buf *out, struct jn_arena *scratch, const struct invoke_place *at,
                          const struct component_result *r)
{
    const jn_value o = jn_make_object(scratch, 10);
    put_place(scratch, o, at);
    put_text(scratch, o, JN_STR("stage"), jn_str_of(component_stage_text(r->stage)));
    put_text(scratch, o, JN_STR("code"), r->error_type.data ? r->error_type : jn_str_of(r->error.code));
    put_text(scratch, o, JN_STR("message"), component_result_message(r));
    if (r->outcome_unknown)
        jn_object_put(scratch, o, JN_STR("outcomeUnknown"), jn_make_boolean(true));
    put_text(scratch, o, JN_STR("requestId"), r->request_id);
    if (r->payload.len)
        put_json(scratch, o, JN_STR("payload"), JN_STR("payloadText"), r->payload);
    put_json(scratch, o, JN_STR("input"), JN_STR("inputText"), at->input);
    if (jn_arena_failed(scratch) || jn_write(out, o, NULL, NULL) != JN_OK) {
        /* Without memory for the record the message itself still gets out. */
        jn_buf_append_z(out, "{\"message\":\"no memory for a record; the next line is the input\"}\n");
        jn_buf_append(out, at->input);
    }
    jn_buf_append_char(out, '\n');
}
