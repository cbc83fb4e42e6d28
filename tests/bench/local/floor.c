/* floor.c - the least that a Lambda on this machine has to do: takes a caller's request, gives its body to a bootstrap
 * that waits at `next`, and its response to the caller.  No signature, no names, no limits, no log, no clock.
 *
 *     local_floor BOOTSTRAP COUNT      starts COUNT processes; prints the port for callers */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

#include "http.h"

struct connection {
    int fd;
    bool is_runtime;
    struct connection *peer;    /* of a runtime at work: its caller */
    struct connection *next;    /* in the list of those that wait */
    struct message in;
};

struct list {
    struct connection *first, **last;
};

static struct list idle, callers;

static void push(struct list *l, struct connection *c)
{
    c->next = NULL;
    *l->last = c;
    l->last = &c->next;
}

static struct connection *pop(struct list *l)
{
    struct connection *c = l->first;
    l->first = c->next;
    if (!l->first)
        l->last = &l->first;
    return c;
}

static void send_message(struct connection *to, const char *head, const char *body, size_t size)
{
    static char text[sizeof to->in.data + 512];
    const int len = snprintf(text, sizeof text, "%sContent-Length: %zu\r\n\r\n", head, size);
    memcpy(text + len, body, size);
    send_all(to->fd, text, (size_t)len + size);     // who has hung up misses it
}

static void match(void)
{
    while (idle.first && callers.first) {
        struct connection *runtime = pop(&idle), *caller = pop(&callers);
        runtime->peer = caller;
        send_message(runtime, "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n"
                     "Content-Type: application/json\r\n", caller->in.data + caller->in.head,
                     caller->in.total - caller->in.head);
        message_take(&caller->in);
    }
}

static void handle(struct connection *c)
{
    if (!c->is_runtime) {
        push(&callers, c);
    } else if (c->in.data[0] == 'G') {
        message_take(&c->in);
        push(&idle, c);
    } else {
        send_message(c->peer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", c->in.data + c->in.head,
                     c->in.total - c->in.head);
        message_take(&c->in);
        send_message(c, "HTTP/1.1 202 Accepted\r\n", "", 0);
    }
    match();
}

static void start(const char *bootstrap, int port)
{
    char api[64];
    snprintf(api, sizeof api, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:%d", port);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execle(bootstrap, bootstrap, (char *)NULL, (char *[]){ api, NULL });
        _exit(1);
    }
}

static void watch(int epoll, int fd, void *what)
{
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = what };
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

int main(int argc, char **argv)
{
    static struct connection doors[2] = { { .is_runtime = false }, { .is_runtime = true } };
    int ports[2];
    if (argc != 3)
        return 2;
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    idle.last = &idle.first;
    callers.last = &callers.first;
    for (int i = 0; i < 2; i++) {
        doors[i].fd = listen_on(&ports[i]);
        watch(epoll, doors[i].fd, &doors[i]);
    }
    for (int i = atoi(argv[2]); i > 0; i--)
        start(argv[1], ports[1]);
    printf("%d\n", ports[0]);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        const int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == &doors[0] || c == &doors[1]) {
                struct connection *fresh = calloc(1, sizeof *fresh);
                fresh->fd = accept(c->fd, NULL, NULL);
                fresh->is_runtime = c->is_runtime;
                watch(epoll, fresh->fd, fresh);
            } else if (!message_receive(&c->in, c->fd)) {
                close(c->fd);
                c->fd = -1;
            } else if (message_is_complete(&c->in)) {
                handle(c);
            }
        }
    }
}
