/* late.h - answers that come late, slowly, or not at all. */
#ifndef LOCAL_LATE_H
#define LOCAL_LATE_H

#include "base/httpd.h"

/* Zeroed: at once, as fast as it goes, whole. */
struct local_lateness {
    int64_t delay_ms;               /* before the answer; of a stream: before its end */
    int bytes_per_second;           /* of the body; 0: no limit */
    bool is_cut;                    /* the connection is closed instead of an answer, or instead of a stream's end */
};

/* An answer under way. */
struct local_late;

/* All of them. */
struct local_lates {
    struct base_loop *loop;
    struct local_late *first;
};

/* Cuts them off.  Nothing runs any more. */
void local_lates_clear(struct local_lates *all);

/* base_httpd_reply(), when and how `how` says. */
void local_late_reply(struct local_lates *all, struct base_httpd_request *req, int status,
                      const struct base_header *headers, size_t header_count, jn_str body,
                      const struct local_lateness *how);

/* An answer in pieces, begun at once.  NULL without memory: `req` has been dropped. */
struct local_late *local_late_begin(struct local_lates *all, struct base_httpd_request *req, int status,
                                    const struct base_header *headers, size_t header_count,
                                    const struct local_lateness *how);
void local_late_write(struct local_late *l, jn_str piece);      /* copied */

/* Bytes that the connection has not taken yet; and a call, once, when they are few. */
size_t local_late_unsent(const struct local_late *l);
void local_late_on_drain(struct local_late *l, void (*fn)(void *arg), void *arg);

/* Ends it when all is sent, and looks after itself from now on. */
void local_late_end(struct local_late *l);

/* Forgets it: the caller has gone.  Or closes the connection. */
void local_late_free(struct local_late *l);
void local_late_drop(struct local_late *l);

#endif
