/* script_server.h - an HTTP server on plain sockets that does with each request what a script says, and counts those it
 * has read to their end: the ones a function would have run for.  A thread accepts, and one serves each connection. */
#ifndef SCRIPT_SERVER_H
#define SCRIPT_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum script_act {
    SCRIPT_ANSWER,              /* reads the request and sends `text`; the connection stays */
    SCRIPT_ANSWER_CLOSE,        /* ... and closes it */
    SCRIPT_RESET_BEFORE,        /* resets the connection when the request begins to come */
    SCRIPT_RESET_AFTER,         /* reads the request and resets */
    SCRIPT_CLOSE_AFTER,         /* reads the request and closes */
    SCRIPT_SILENCE,             /* reads the request and says nothing until the client has gone */
};

struct script_step {
    enum script_act act;
    const char *text;           /* a whole answer, as it goes over the wire */
};

enum { SCRIPT_MAX_CONNECTIONS = 256, SCRIPT_MAX_HEADS = 8, SCRIPT_HEAD = 4096, SCRIPT_MAX_LENGTHS = 4 };

struct script_server {
    int listener, port;
    pthread_t thread;
    const struct script_step *steps;        /* for the n-th request that begins; the last one goes for all after it */
    size_t step_count;
    size_t lengths[SCRIPT_MAX_LENGTHS];     /* of the first steps' texts, for texts with NULs; 0: up to the NUL */
    atomic_size_t begun, whole;
    struct script_connection {
        struct script_server *server;
        int fd;
        pthread_t thread;
    } connections[SCRIPT_MAX_CONNECTIONS];
    size_t connection_count;
    char heads[SCRIPT_MAX_HEADS][SCRIPT_HEAD];     /* of the first requests */
};

/* Before the next call; nothing must be under way. */
static inline void script_play(struct script_server *s, const struct script_step *steps, size_t count)
{
    s->steps = steps;
    s->step_count = count;
    s->begun = s->whole = 0;
    memset(s->heads, 0, sizeof s->heads);
    memset(s->lengths, 0, sizeof s->lengths);
}

/* Reads a head into `head`; how many bytes of the body came with it, or -1 at the end of input. */
static inline long script_read_head(int fd, char head[65536])
{
    size_t len = 0;
    for (;;) {
        const ssize_t n = recv(fd, head + len, 65535 - len, 0);
        if (n <= 0)
            return -1;
        len += (size_t)n;
        head[len] = '\0';
        const char *end = strstr(head, "\r\n\r\n");
        if (end)
            return (long)(len - (size_t)(end + 4 - head));
    }
}

static inline bool script_read_request(struct script_server *s, int fd, size_t index)
{
    static _Thread_local char head[65536];
    char piece[16384];
    long got = script_read_head(fd, head), wanted = 0;
    if (got >= 0) {
        const char *length = strcasestr(head, "\r\ncontent-length:");
        wanted = length ? strtol(length + 17, NULL, 10) : 0;
        if (index < SCRIPT_MAX_HEADS)
            memcpy(s->heads[index], head, strnlen(head, SCRIPT_HEAD - 1));
    }
    while (got >= 0 && got < wanted) {
        const ssize_t n = recv(fd, piece, sizeof piece, 0);
        got = n <= 0 ? -1 : got + n;
    }
    if (got >= 0)
        s->whole++;
    return got >= 0;
}

static inline void script_set_reset(int fd)
{
    const struct linger hard = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static inline void script_send(int fd, const char *text, size_t len)
{
    for (size_t left = len; left > 0;) {
        const ssize_t n = send(fd, text, left, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        left -= (size_t)n;
    }
}

/* True: the connection stays open for the next request. */
static inline bool script_serve(struct script_server *s, int fd)
{
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    char byte;
    if (poll(&readable, 1, -1) < 1 || recv(fd, &byte, 1, MSG_PEEK) <= 0)
        return false;
    const size_t index = s->begun++;
    const size_t n = index < s->step_count ? index : s->step_count - 1;
    const struct script_step step = s->steps[n];        // by the time it is done, another play may have begun
    const size_t len = n < SCRIPT_MAX_LENGTHS ? s->lengths[n] : 0;
    if (step.act == SCRIPT_RESET_BEFORE) {
        script_set_reset(fd);
        return false;
    }
    if (!script_read_request(s, fd, index))
        return false;
    if (step.act == SCRIPT_RESET_AFTER)
        script_set_reset(fd);
    if (step.act == SCRIPT_ANSWER || step.act == SCRIPT_ANSWER_CLOSE)
        script_send(fd, step.text, len ? len : strlen(step.text));
    if (step.act == SCRIPT_SILENCE)
        recv(fd, &byte, 1, 0);
    return step.act == SCRIPT_ANSWER;
}

static inline void *script_connection_main(void *arg)
{
    struct script_connection *c = arg;
    while (script_serve(c->server, c->fd))
        ;
    close(c->fd);
    return NULL;
}

static inline void *script_main(void *arg)
{
    struct script_server *s = arg;
    int fd;
    while (s->connection_count < SCRIPT_MAX_CONNECTIONS && (fd = accept(s->listener, NULL, NULL)) >= 0) {
        struct script_connection *c = &s->connections[s->connection_count];
        *c = (struct script_connection){ .server = s, .fd = fd };
        if (pthread_create(&c->thread, NULL, script_connection_main, c)) {
            close(fd);
            break;
        }
        s->connection_count++;
    }
    return NULL;
}

static inline bool script_start(struct script_server *s)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;
    memset(s, 0, sizeof *s);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->listener, (struct sockaddr *)&address, len) || listen(s->listener, 64) ||
        getsockname(s->listener, (struct sockaddr *)&address, &len))
        return false;
    s->port = ntohs(address.sin_port);
    return pthread_create(&s->thread, NULL, script_main, s) == 0;
}

/* The clients must have closed their connections. */
static inline void script_stop(struct script_server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (size_t i = 0; i < s->connection_count; i++)
        pthread_join(s->connections[i].thread, NULL);
}

#endif
