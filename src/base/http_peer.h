/* http_peer.h - who is at the other end of a transfer of libcurl's, for http.c alone. */
#ifndef BASE_HTTP_PEER_H
#define BASE_HTTP_PEER_H

#include "base/http.h"

/* `easy` is a CURL *.  The protocol is known from when TLS stands until the transfer ends; the rest, once it has. */
void base_http_peer_protocol(struct base_http_peer *p, void *easy);
void base_http_peer_rest(struct base_http_peer *p, void *easy);

#endif
