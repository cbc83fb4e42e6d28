/* response.h - what an answer of the service means.  Pure: status, headers and body in, meaning out; compared with the
 * recorded answers of the vectors (our spec, sections 1.4, 1.5, 1.8, 5.1). */
#ifndef LAMBDA_RESPONSE_H
#define LAMBDA_RESPONSE_H

#include "base/http.h"

/* Whether sending the same request again makes sense. */
enum lambda_retry { LAMBDA_RETRY_NONE, LAMBDA_RETRY_TRANSIENT, LAMBDA_RETRY_THROTTLING, LAMBDA_RETRY_CLOCK_SKEW };
const char *lambda_retry_text(enum lambda_retry r);

/* An error document of Lambda (JSON) or STS (XML). */
struct lambda_service_error {
    jn_str code;                    /* "" when none was given */
    jn_str message, type, reason, request_id;
    enum lambda_retry retry;
    int64_t retry_after_ms;         /* the server's hint; -1: none */
};

/* Texts live in `a` or in the response. */
enum jn_status lambda_read_service_error(struct jn_arena *a, const char *service, int http_status,
                                         const struct base_header *headers, size_t count, jn_str body, int64_t now_ms,
                                         struct lambda_service_error *out);

/* The answer to an Invoke with status 200, 202 or 204. */
struct lambda_invoked {
    int status;
    jn_str payload;                 /* the body's bytes */
    jn_str function_error;          /* "Unhandled", "Handled"; {NULL, 0}: the function succeeded */
    jn_str executed_version, request_id, trace_id;
    jn_str log;                     /* decoded log tail; {NULL, 0}: none asked for */
    jn_str log_result;              /* the same as it came: base64 */
};

enum jn_status lambda_read_invoked(struct jn_arena *a, int http_status, const struct base_header *headers, size_t count,
                                   jn_str body, struct lambda_invoked *out, struct jn_error *err);

/* What InvokeComplete, the last event of a streamed answer, adds to what its head says: whether the function failed
 * (then `payload` is what it says of the error), and the log.  JN_BAD_TEXT when `json` is no object. */
enum jn_status lambda_read_complete(struct jn_arena *a, jn_str json, struct lambda_invoked *io, struct jn_error *err);

/* An error that came as an event of a stream: its code, its message or an error document, and the answer's headers. */
enum jn_status lambda_read_stream_error(struct jn_arena *a, const struct base_header *headers, size_t count,
                                        jn_str code, jn_str message, jn_str json, struct lambda_service_error *out);

/* What a function's error payload says, whatever runtime wrote it. */
struct lambda_function_error {
    jn_str type, message;           /* "" when the payload does not say */
    jn_str *stack;                  /* lines; may be NULL */
    size_t stack_lines;
    bool timed_out;
};

enum jn_status lambda_read_function_error(struct jn_arena *a, jn_str payload, struct lambda_function_error *out);

/* The members that an STS answer holds: text of the first element called `name`, entities decoded; {NULL, 0}:
 * absent. */
jn_str lambda_xml_text(struct jn_arena *a, jn_str xml, const char *name);

#endif
