/* url.h - the few things we do with URLs (RFC 3986). */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "core/buf.h"

/* The parts of an absolute http or https URL; all point into the text given. */
struct base_url {
    bool is_https;
    jn_str host;            /* as written, brackets of an IPv6 literal included */
    int port;               /* the scheme's own when not written */
    bool has_port;
    jn_str path;            /* "" or begins with '/' */
    jn_str query;           /* without '?'; "" when there is none */
};

/* JN_BAD_TEXT when it is not such a URL, or holds user information, a fragment, a blank or a control character. */
enum jn_status base_url_parse(jn_str text, struct base_url *out, struct jn_error *err);

/* Appends `s` with every byte but A-Z a-z 0-9 - . _ ~ (and '/' when keep_slash) as %XX in upper case. */
void base_url_encode(struct jn_buf *out, jn_str s, bool keep_slash);

/* Appends `s` with %XX decoded; `+` stays.  A broken escape stays as it is. */
void base_url_decode(struct jn_buf *out, jn_str s);

#endif
