/* invoke_report.h - what `invoke` says of a message that failed: some lines for people, and a record that holds the
 * input so that it can be sent again. */
#ifndef CLI_INVOKE_REPORT_H
#define CLI_INVOKE_REPORT_H

#include "component/action_publish.h"

/* Which message it was. */
struct invoke_place {
    const char *file;           /* "-" for standard input */
    uint64_t index, line;       /* both from 1 */
    jn_str input;               /* its text */
};

/* Appends lines for people. */
void invoke_report_text(struct jn_buf *out, const struct invoke_place *at, const struct component_result *r);

/* Appends one line of JSON:
 *   {"index", "file", "line", "stage", "code", "message", "outcomeUnknown"?, "requestId"?, "payload"?, "input" }
 * `input` is the message itself, or `inputText` when it is not JSON. */
void invoke_report_record(struct jn_buf *out, struct jn_arena *scratch, const struct invoke_place *at,
                          const struct component_result *r);

#endif
