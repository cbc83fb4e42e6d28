/* peer.h - a server for one client, in a thread of its own, that runs a script with blocking calls. */
#ifndef PEER_H
#define PEER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
    int listener, port;
    int fd;                         /* the client's connection, during the script */
    void (*script)(struct peer *p);
    void *arg;
    sem_t go;                       /* for scripts that wait to be told */
    pthread_t thread;
};

/* A listener on a free loopback port that accepts nobody; false when the system has none. */
static inline bool peer_listen(struct peer *p, int backlog)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(p->listener, (struct sockaddr *)&address, len) || listen(p->listener, backlog)
        || getsockname(p->listener, (struct sockaddr *)&address, &len))
        return false;
    p->port = ntohs(address.sin_port);
    return true;
}

static inline void *peer_main(void *arg)
{
    struct peer *p = arg;
    p->fd = accept(p->listener, NULL, NULL);
    p->script(p);
    if (p->fd >= 0)
        close(p->fd);
    return NULL;
}

static inline bool peer_start(struct peer *p, void (*script)(struct peer *), void *arg)
{
    p->script = script;
    p->arg = arg;
    return sem_init(&p->go, 0, 0) == 0 && peer_listen(p, 1) && pthread_create(&p->thread, NULL, peer_main, p) == 0;
}

/* Waits for the end of the script. */
static inline void peer_join(struct peer *p)
{
    shutdown(p->listener, SHUT_RDWR);           // when nobody came
    pthread_join(p->thread, NULL);
    close(p->listener);
    sem_destroy(&p->go);
}

static inline void peer_send(struct peer *p, const void *data, size_t len)
{
    const char *at = data;
    while (len) {
        const ssize_t n = send(p->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

/* Reads `len` bytes; less when the client closes first. */
static inline size_t peer_receive(struct peer *p, void *data, size_t len)
{
    size_t got = 0;
    while (got < len) {
        const ssize_t n = recv(p->fd, (char *)data + got, len - got, 0);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    return got;
}

/* Reads until the client closes. */
static inline void peer_await_end(struct peer *p)
{
    char data[4096];
    while (recv(p->fd, data, sizeof data, 0) > 0)
        ;
}
#endif
