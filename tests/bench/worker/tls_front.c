/* tls_front.c - TLS in front of an endpoint that speaks none, for measuring who calls it:
 *
 *     tls_front CERTIFICATE KEY PORT
 *
 * It prints its port, then hands what comes over TLS to 127.0.0.1:PORT and back, until it is killed.  One thread for each
 * connection, on blocking sockets: what it costs is not what is measured. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct front {
    SSL_CTX *tls;
    int port;                           /* of the endpoint */
};

struct connection {
    const struct front *front;
    int fd;
};

static void fail(const char *what)
{
    fprintf(stderr, "tls_front: %s\n", what);
    exit(1);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void send_at_once(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int open_endpoint(int port)
{
    const struct sockaddr_in to = loopback(port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to)) {
        close(fd);
        return -1;
    }
    send_at_once(fd);
    return fd;
}

static int forth(SSL *tls, int fd, char *buf, int room)
{
    const int n = SSL_read(tls, buf, room);
    return n > 0 && write(fd, buf, (size_t)n) == n;
}

static int back(SSL *tls, int fd, char *buf, size_t room)
{
    const ssize_t n = read(fd, buf, room);
    return n > 0 && SSL_write(tls, buf, (int)n) == n;
}

/* Until one of the two ends it. */
static void hand_over(SSL *tls, int client, int endpoint)
{
    char buf[16384];
    struct pollfd both[] = { { client, POLLIN, 0 }, { endpoint, POLLIN, 0 } };
    for (int goes_on = 1; goes_on;) {
        if (!SSL_pending(tls) && poll(both, 2, -1) < 0)
            return;
        if (SSL_pending(tls) || both[0].revents)
            goes_on = forth(tls, endpoint, buf, sizeof buf);
        if (goes_on && both[1].revents)
            goes_on = back(tls, endpoint, buf, sizeof buf);
        both[0].revents = both[1].revents = 0;
    }
}

static void *serve(void *arg)
{
    struct connection *c = arg;
    SSL *tls = SSL_new(c->front->tls);
    const int endpoint = open_endpoint(c->front->port);
    if (tls && endpoint >= 0 && SSL_set_fd(tls, c->fd) && SSL_accept(tls) == 1)
        hand_over(tls, c->fd, endpoint);
    SSL_free(tls);
    if (endpoint >= 0)
        close(endpoint);
    close(c->fd);
    free(c);
    return NULL;
}

static void accept_one(const struct front *front, int fd)
{
    pthread_t thread;
    struct connection *c = malloc(sizeof *c);
    const int client = accept(fd, NULL, NULL);
    if (!c || client < 0)
        fail("cannot accept");
    send_at_once(client);
    *c = (struct connection){ front, client };
    if (pthread_create(&thread, NULL, serve, c))
        fail("no thread");
    pthread_detach(thread);
}

static int listen_anywhere(void)
{
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, len) || listen(fd, 256) ||
        getsockname(fd, (struct sockaddr *)&at, &len))
        fail("cannot listen");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        fail("usage: tls_front CERTIFICATE KEY PORT");
    struct front front = { SSL_CTX_new(TLS_server_method()), (int)strtol(argv[3], NULL, 10) };
    if (!front.tls || SSL_CTX_use_certificate_chain_file(front.tls, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(front.tls, argv[2], SSL_FILETYPE_PEM) != 1)
        fail("cannot use the certificate");
    signal(SIGPIPE, SIG_IGN);
    const int fd = listen_anywhere();
    for (;;)
        accept_one(&front, fd);
}
