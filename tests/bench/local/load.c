/* load.c - callers in a closed loop: each sends an Invoke request that was signed once, waits for its answer, and sends
 * it again.
 *
 *     local_load PORT IN_FLIGHT SECONDS [BYTES]     prints calls, seconds, and the median and 99 % latency in ms */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "http.h"
#include "lambda/sigv4.h"

enum { CALLERS_MAX = 256, TIMES_MAX = 1 << 20 };

struct caller {
    int fd;
    double sent;
    struct message in;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t write_request(char *out, size_t size, int port, size_t bytes)
{
    static char body[32768], host[32];
    const char *path = "/2015-03-31/functions/echo/invocations";
    struct lambda_sigv4 s;
    snprintf(host, sizeof host, "127.0.0.1:%d", port);
    memset(body, 'x', bytes);
    body[0] = body[bytes - 1] = '"';
    const struct base_header headers[] = { { JN_STR("Host"), jn_str_of(host) } };
    const struct lambda_sigv4_request req = {
        .method = JN_STR("POST"), .path = jn_str_of(path), .headers = headers, .header_count = 1, .body = { body, bytes },
    };
    const struct lambda_sigv4_scope scope = {
        .access_key = JN_STR("local"), .secret_key = JN_STR("local-secret"), .region = JN_STR("us-east-1"),
        .service = JN_STR("lambda"), .time_ms = base_clock_system()->wall_ms(base_clock_system()),
    };
    lambda_sigv4_init(&s);
    if (lambda_sigv4_sign(&s, &req, &scope, &(struct lambda_sigv4_options){ 0 }, NULL))
        exit(1);
    const int len = snprintf(out, size, "POST %s HTTP/1.1\r\nHost: %s\r\nX-Amz-Date: %s\r\nX-Amz-Content-Sha256: %s\r\n"
                             "Authorization: %s\r\nContent-Length: %zu\r\n\r\n%.*s", path, host, s.date, s.payload_hash,
                             s.authorization.data, bytes, (int)bytes, body);
    lambda_sigv4_clear(&s);
    return (size_t)len;
}

static void send_request(struct caller *c, const char *request, size_t len)
{
    c->sent = now();
    send_all(c->fd, request, len);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static struct caller callers[CALLERS_MAX];
    static struct pollfd polls[CALLERS_MAX];
    static double times[TIMES_MAX];
    static char request[65536];
    if (argc < 4)
        return 2;
    const int port = atoi(argv[1]), count = atoi(argv[2]);
    const size_t len = write_request(request, sizeof request, port, argc > 4 ? strtoul(argv[4], NULL, 10) : 100);
    size_t calls = 0;
    for (int i = 0; i < count; i++) {
        callers[i].fd = dial(port);
        polls[i] = (struct pollfd){ callers[i].fd, POLLIN, 0 };
        send_request(&callers[i], request, len);
    }
    const double start = now(), end = start + atof(argv[3]);
    while (now() < end) {
        poll(polls, (nfds_t)count, 1000);
        for (int i = 0; i < count; i++) {
            struct caller *c = &callers[i];
            if (!(polls[i].revents & POLLIN))
                continue;
            if (!message_receive(&c->in, c->fd)) {
                fprintf(stderr, "a connection was closed\n");
                return 1;
            }
            if (!message_is_complete(&c->in))
                continue;
            if (strncmp(c->in.data, "HTTP/1.1 200", 12) != 0) {
                fprintf(stderr, "%.*s\n", (int)c->in.total, c->in.data);
                return 1;
            }
            times[calls++ % TIMES_MAX] = now() - c->sent;
            message_take(&c->in);
            send_request(c, request, len);
        }
    }
    const double seconds = now() - start;
    const size_t kept = calls < TIMES_MAX ? calls : TIMES_MAX;
    qsort(times, kept, sizeof *times, compare);
    printf("%zu %.3f %.4f %.4f\n", calls, seconds, times[kept / 2] * 1e3, times[kept * 99 / 100] * 1e3);
    return 0;
}
