/* event_record.h - what a destination gets: AWS's invocation record ("Retaining records of asynchronous invocations" in
 * the AWS Lambda Developer Guide). */
#ifndef LOCAL_EVENT_RECORD_H
#define LOCAL_EVENT_RECORD_H

#include "local/call.h"
#include "local/event_store.h"

/* Why an event is settled. */
enum local_event_condition { LOCAL_EVENT_SUCCESS, LOCAL_EVENT_RETRIES_EXHAUSTED, LOCAL_EVENT_AGE_EXCEEDED };

/* "Success", "RetriesExhausted", "EventAgeExceeded". */
const char *local_event_condition_word(enum local_event_condition c);

/* Appends the record, one line without its end, of event `e`; `call` is its last run, NULL when it has not run now. */
void local_put_event_record(struct jn_buf *out, const struct local_event *e, const struct local_call *call,
                            enum local_event_condition condition, int64_t now_ms);

#endif
