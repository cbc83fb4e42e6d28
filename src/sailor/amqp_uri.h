/* amqp_uri.h - broker addresses: amqp:// and amqps:// URIs (RabbitMQ, "URI Specification"; platform-protocol.md, 3.1),
 * one or several separated by commas: the nodes of a cluster, tried one after the other. */
#ifndef SAILOR_AMQP_URI_H
#define SAILOR_AMQP_URI_H

#include "core/buf.h"

struct sailor_amqp_uri {
    bool tls;
    char *host;             /* without brackets */
    int port;
    char *user, *password;  /* "guest" when both are absent; the password is wiped by clear */
    char *vhost;            /* "/" when empty or missing */
    int64_t heartbeat_s;    /* -1: the server's */
    int64_t frame_max;      /* 0: ours */
    int64_t channel_max;    /* 0: the server's */
    bool insecure;          /* verify=verify_none */
    char *ca, *certificate, *key, *server_name; /* cacertfile, certfile, keyfile, server_name_indication; NULL */
};

struct sailor_amqp_uris {
    struct sailor_amqp_uri *at;
    size_t count;
};

/* JN_BAD_VALUE, with a sentence that does not show the password. */
enum jn_status sailor_amqp_uris_parse(jn_str text, struct sailor_amqp_uris *out, struct jn_error *err);
void sailor_amqp_uris_clear(struct sailor_amqp_uris *u);

/* "amqps://host:5671/vhost" for logs: no user, no password. */
void sailor_amqp_uri_show(const struct sailor_amqp_uri *u, struct jn_buf *out);

#endif
