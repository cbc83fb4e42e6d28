/* lookup.h - the addresses of a name, by the system's resolver.  Blocking: for a command that looks into things, not for
 * the loop. */
#ifndef BASE_LOOKUP_H
#define BASE_LOOKUP_H

#include "core/buf.h"

/* Appends the addresses of `host`, which may be one itself, in brackets or not: "192.0.2.1, 2001:db8::1".  JN_NOT_FOUND
 * with the resolver's reason. */
enum jn_status base_lookup(jn_str host, struct jn_buf *out, struct jn_error *err);

#endif
