/* http.h - as little HTTP/1.1 as the programs of this benchmark need: both sides are ours or the local Lambda, a message
 * has a Content-Length or no body, and connections stay open. */
#ifndef BENCH_LOCAL_HTTP_H
#define BENCH_LOCAL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct message {
    char data[65536];           /* what was received and not taken yet */
    size_t len;
    size_t head, total;         /* of the complete message at the front, while there is one */
};

/* Whether a whole message is there. */
bool message_is_complete(struct message *m);

/* Takes it away. */
void message_take(struct message *m);

/* The value of a header of the complete message; false when it is not there.  `name` in any case. */
bool message_header(const struct message *m, const char *name, const char **value, size_t *len);

/* Receives once; false at the end of the stream and on errors. */
bool message_receive(struct message *m, int fd);

/* Sends all; false when the other side has gone. */
bool send_all(int fd, const char *data, size_t len);

/* A connection to, or a listener on, 127.0.0.1; ends the program when that fails. */
int dial(int port);
int listen_on(int *port);

#endif
