/* clock.h - where all time enters.  Real or scripted. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "core/buf.h"

struct base_clock {
    int64_t (*wall_ms)(const struct base_clock *c);         /* milliseconds since 1970, UTC */
    int64_t (*monotonic_us)(const struct base_clock *c);    /* microseconds of a clock that never goes back */
    int64_t scripted_ms;                                    /* what a scripted clock shows; wall and monotonic alike */
};

const struct base_clock *base_clock_system(void);
struct base_clock base_clock_scripted(int64_t wall_ms);

/* Calendar parts of an instant, UTC. */
struct base_civil {
    int year, month, day, hour, minute, second, millisecond;
};
struct base_civil base_civil_of(int64_t wall_ms);

/* "20260314T150926Z" (SigV4's long form), "2026-03-14T15:09:26.123Z" (ISO 8601), "Sat, 14 Mar 2026 15:09:26 GMT"
 * (RFC 9110, 5.6.7).  `out` needs 32 bytes. */
void base_time_amz(char out[32], int64_t wall_ms);
void base_time_iso(char out[32], int64_t wall_ms);
void base_time_http(char out[32], int64_t wall_ms);

/* Reads the HTTP form (all three of RFC 9110), ISO 8601 with Z or an offset, and SigV4's long form.  False when it is
 * none of them. */
bool base_time_parse(jn_str text, int64_t *wall_ms);

#endif
