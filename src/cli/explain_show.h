/* explain_show.h - what `explain` has found out about a message, for people and for programs.  Pure. */
#ifndef CLI_EXPLAIN_SHOW_H
#define CLI_EXPLAIN_SHOW_H

#include "component/action_publish.h"

struct explain_view {
    const struct lambda_preview *preview;       /* NULL: the message passes through */
    const struct lambda_client_facts *facts;
    const struct component_call_settings *settings;
    jn_str role;                                /* to assume with the keys; empty: none */
    bool pretty;                                /* the payload over several lines */
    size_t max_payload;                         /* bytes of it that are shown to people; 0: all */
};

/* Each appends; failures stay in the buffer. */
void explain_text(struct jn_buf *out, const struct explain_view *v);
void explain_json(struct jn_buf *out, const struct explain_view *v);

#endif
