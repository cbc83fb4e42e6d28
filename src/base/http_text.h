/* http_text.h - what http.c knows of the texts of HTTP messages; for src/base alone. */
#ifndef BASE_HTTP_TEXT_H
#define BASE_HTTP_TEXT_H

#include "base/http.h"
#include "base/url.h"

/* Whether a request can be sent: its method and the names of its headers are single words, no value holds a line end or
 * NUL (which would let it say more than one header), and the URL is one.  JN_BAD_VALUE or JN_BAD_TEXT. */
enum jn_status base_http_check(const struct base_http_request *req, struct base_url *url, struct jn_error *err);

/* The headers of an answer's head, status line and trailers included; they point into it.  Writes them to `out`
 * unless it is NULL, and returns how many there are. */
size_t base_http_parse_head(jn_str head, struct base_header *out);

#endif
