/* envelope.h - between a delivery and a message: decoding what came in, the headers of what goes out, passthrough.
 * Pure: bytes and tables in, bytes and tables out (platform-protocol.md, 3.4 to 3.9, 5.3). */
#ifndef SAILOR_ENVELOPE_H
#define SAILOR_ENVELOPE_H

#include "base/clock.h"
#include "base/random.h"
#include "sailor/amqp_codec.h"
#include "sailor/cipher.h"
#include "sailor/message.h"
#include "sailor/settings.h"

/* The ids of this step and the additional variables of 1.5: made once, copied into each message's headers. */
struct sailor_identity;
enum jn_status sailor_identity_new(const struct sailor_settings *s, const struct base_env *env,
                                   struct sailor_identity **out, struct jn_error *err);
void sailor_identity_free(struct sailor_identity *i);

/* A delivery, decoded. */
struct sailor_incoming_message {
    struct sailor_message message;
    jn_str thread_id;               /* 3.5: threadId, x-eio-meta-trace-id, or a new one */
    jn_str message_id, parent_message_id, step_id, reply_to;    /* {NULL, 0}: absent */
    int64_t rebound_iteration;      /* 0: none, or no number */
    bool is_protocol_1;             /* the payload was base64 */
    bool is_clear;                  /* ... was not encrypted: error input */
    jn_str text;                    /* the payload's JSON text, in the body buffer */
    jn_value headers;               /* the AMQP headers, those of `properties` */
};

/* 3.4.  Decrypts `body` in place; everything in `out` lives as long as `a`, `body` and the properties' headers.
 * JN_BAD_TEXT, JN_BAD_VALUE, JN_LIMIT for what is to be rejected at once; `out` is filled as far as headers go even
 * then.  JN_NO_MEMORY. */
enum jn_status sailor_envelope_open(struct jn_arena *a, struct sailor_cipher *cipher, bool error_input,
                                    const struct sailor_properties *properties, struct jn_buf *body,
                                    struct base_random *random, struct sailor_incoming_message *out,
                                    struct jn_error *err);

/* 3.6: the headers that everything emitted for this delivery shares; with a new messageId.  A JSON object in `a`,
 * undefined without memory. */
jn_value sailor_envelope_base_headers(struct jn_arena *a, const struct sailor_identity *i,
                                      const struct sailor_incoming_message *in, int64_t start_ms,
                                      struct base_random *random);

/* 3.6, last line: the headers of a start-up error. */
jn_value sailor_envelope_start_headers(struct jn_arena *a, const struct sailor_identity *i, struct base_random *random);

/* A copy of the base headers with what a kind of message adds. */
struct sailor_header_additions {
    jn_str message_id;              /* {NULL, 0}: the base's */
    int64_t end_ms;                 /* 0: none */
    int protocol_version;           /* 0: none */
    const char *snapshot_event;     /* NULL: none */
    bool error_response;
};
jn_value sailor_envelope_headers(struct jn_arena *a, jn_value base, const struct sailor_header_additions *more);

/* 3.7: the properties of everything but rebounds. */
struct sailor_properties sailor_envelope_properties(const struct sailor_settings *s, jn_value headers);

/* 3.7, 3.10: those of a rebound: copied, user_id excepted (Q14), with expiration, reboundReason, reboundIteration. */
struct sailor_properties sailor_envelope_rebound(struct jn_arena *a, const struct sailor_settings *s,
                                                 const struct sailor_properties *original, jn_str reason,
                                                 int64_t iteration, int64_t end_ms);

/* 5.3: the passthrough to send: texts of the incoming message and of the emitted one (without passthrough) in, text
 * appended.  `is_passthrough` as the step data has it; nothing is appended when there is none to send. */
void sailor_envelope_passthrough(struct jn_arena *a, const struct sailor_settings *s, bool is_passthrough,
                                 const struct sailor_incoming_message *in, const struct sailor_message *emitted,
                                 struct jn_buf *out);

/* 3.8: the routing key that a message's headers ask for, and the headers without it; *key {NULL, 0}: none. */
void sailor_envelope_routing(struct jn_arena *a, jn_str headers, jn_str *key, jn_str *rest);

/* An error as the platform shows it. */
struct sailor_failure {
    jn_str name, message, stack;    /* {NULL, 0}: "Error", "Not Available", "Not Available" */
};

/* 3.9: appends {"error": ..., "errorInput": ...}; without `in` no errorInput.  *error_text (may be NULL) gets the
 * base64 text of the error alone, for an error reply: in `a`. */
enum jn_status sailor_envelope_error(struct jn_arena *a, struct sailor_cipher *cipher, const struct sailor_failure *f,
                                     const struct sailor_incoming_message *in, struct jn_buf *out, jn_str *error_text,
                                     struct jn_error *err);

/* The payload as it came, for a rebound: appended.  The text is encrypted again, which gives the same bytes; only white
 * space and missing padding of a base64 text are not kept. */
enum jn_status sailor_envelope_original(struct sailor_cipher *cipher, const struct sailor_incoming_message *in,
                                        struct jn_buf *out, struct jn_error *err);

#endif
