/* http.c - see http.h. */
#include "http.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

bool message_header(const struct message *m, const char *name, const char **value, size_t *len)
{
    const size_t name_len = strlen(name);
    const char *line = m->data, *end = m->data + m->head;
    while (line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        if (!next)
            return false;
        if ((size_t)(next - line) > name_len && line[name_len] == ':' && strncasecmp(line, name, name_len) == 0) {
            *value = line + name_len + 1 + (line[name_len + 1] == ' ');
            *len = (size_t)(next - *value) - 1;
            return true;
        }
        line = next + 1;
    }
    return false;
}

bool message_is_complete(struct message *m)
{
    const char *value, *end = m->len ? memmem(m->data, m->len, "\r\n\r\n", 4) : NULL;
    size_t len;
    if (!end)
        return false;
    m->head = (size_t)(end - m->data) + 4;
    m->total = m->head + (message_header(m, "content-length", &value, &len) ? strtoul(value, NULL, 10) : 0);
    if (m->total > sizeof m->data) {
        fprintf(stderr, "a message of %zu bytes is too long for this benchmark\n", m->total);
        exit(1);
    }
    return m->len >= m->total;
}

void message_take(struct message *m)
{
    m->len -= m->total;
    memmove(m->data, m->data + m->total, m->len);
    m->head = m->total = 0;
}

bool message_receive(struct message *m, int fd)
{
    const ssize_t n = recv(fd, m->data + m->len, sizeof m->data - m->len, 0);
    if (n <= 0)
        return false;
    m->len += (size_t)n;
    return true;
}

bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static void be_prompt(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int dial(int port)
{
    const struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                    .sin_port = htons((unsigned short)port) };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to)) {
        perror("connect");
        exit(1);
    }
    be_prompt(fd);
    return fd;
}

int listen_on(int *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    be_prompt(fd);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) || listen(fd, 128) ||
        getsockname(fd, (struct sockaddr *)&at, &len)) {
        perror("listen");
        exit(1);
    }
    *port = ntohs(at.sin_port);
    return fd;
}
