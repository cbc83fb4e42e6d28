/* bootstrap.c - the function of this benchmark: echoes, over one connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

static const char next[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n";

static void receive(struct message *m, int fd)
{
    while (!message_is_complete(m)) {
        if (!message_receive(m, fd))
            exit(0);
    }
}

int main(void)
{
    static struct message m;
    static char answer[2 * sizeof m.data];
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API"), *id;
    size_t id_len;
    const int fd = dial(atoi(strchr(api ? api : ":0", ':') + 1));
    for (;;) {
        send_all(fd, next, sizeof next - 1);
        receive(&m, fd);
        if (!message_header(&m, "lambda-runtime-aws-request-id", &id, &id_len))
            return 1;
        const size_t size = m.total - m.head;
        const int head = snprintf(answer, sizeof answer, "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\n"
                                  "Host: runtime\r\nContent-Length: %zu\r\n\r\n", (int)id_len, id, size);
        memcpy(answer + head, m.data + m.head, size);
        message_take(&m);
        send_all(fd, answer, (size_t)head + size);
        receive(&m, fd);
        message_take(&m);
    }
}
