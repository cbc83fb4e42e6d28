/* actor.c - the function that the tests of the local Lambda invoke: a runtime that does what its event says.
 *
 *   {"do":"echo"}            answers with the event            {"do":"fail"}       posts an error document
 *   {"do":"exit","n":3}      ends with status 3                {"do":"kill","n":11}  ends by signal 11
 *   {"do":"hang"}            never answers                     {"do":"sleep","n":50}  answers after 50 ms
 *   {"do":"text"}            answers text that is no JSON      {"do":"nothing"}    answers 0 bytes
 *   {"do":"null"}            answers null                      {"do":"size","n":5} answers 5 bytes
 *   {"do":"log","n":100}     writes 100 lines (one to stderr) {"do":"pid"}        answers its process id
 *   {"do":"head"}            answers the head of `next`        {"do":"environment"}  answers its environment, by lines
 *   {"do":"twice"}           posts two responses               {"do":"stranger"}   posts under another id
 *   {"do":"greedy"}          asks for `next` meanwhile         {"do":"mode"}       posts in an unknown mode
 *   {"do":"late","n":200}    is busy for 200 ms after it       {"do":"leave"}      answers and ends
 *   {"do":"parent"}          answers the id of a child that    {"do":"deaf"}       answers and ignores SIGTERM
 *                            it leaves behind                  {"do":"routes"}     answers what other paths give
 *
 * Before the first `next` it obeys the environment: ACTOR_INIT=error posts init/error, exit ends with status 4, hang
 * never asks, flaky ends with status 4 every other time.  Actions that post twice write the HTTP status they got into
 * the log.  Not built with sanitizers, which would take its signals away from it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

enum { ANSWER_MAX = 8 << 20 };

static char answer[ANSWER_MAX + 1];     /* to the last request: head and body */

/* ---- HTTP/1.0: the answer ends where the connection ends ------------------------------------------------------ */

static int dial(void)
{
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API"), *colon = api ? strrchr(api, ':') : NULL;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                    .sin_port = htons((unsigned short)(colon ? atoi(colon + 1) : 0)) };
    if (connect(fd, (const struct sockaddr *)&to, sizeof to))
        exit(9);
    return fd;
}

static void send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;     // refused halfway: the answer says why
        data += n;
        len -= (size_t)n;
    }
}

/* Sends a request, keeps the answer in `answer`, returns its status. */
static int request(const char *method, const char *path, const char *headers, const char *body, size_t len)
{
    char head[1024];
    const int n = snprintf(head, sizeof head, "%s %s HTTP/1.0\r\n%sContent-Length: %zu\r\n\r\n", method, path, headers,
                           len);
    const int fd = dial();
    send_all(fd, head, (size_t)n);
    send_all(fd, body, len);
    size_t got = 0;
    for (ssize_t more; (more = recv(fd, answer + got, ANSWER_MAX - got, 0)) > 0; )
        got += (size_t)more;
    answer[got] = '\0';
    close(fd);
    return got > 12 ? atoi(answer + 9) : 0;
}

static int post_as(const char *id, const char *verb, const char *headers, const char *body, size_t len)
{
    char path[256];
    snprintf(path, sizeof path, "/2018-06-01/runtime/invocation/%s/%s", id, verb);
    return request("POST", path, headers, body, len);
}

static int respond(const char *id, const char *text)
{
    return post_as(id, "response", "", text, strlen(text));
}

static int next(void)
{
    return request("GET", "/2018-06-01/runtime/invocation/next", "", "", 0);
}

/* ---- what an event may ask for -------------------------------------------------------------------------------- */

static void pause_ms(int ms)
{
    usleep((useconds_t)ms * 1000);
}

static void respond_size(const char *id, size_t n)
{
    char *text = malloc(n + 1);
    memset(text, 'x', n);
    printf("status %d\n", post_as(id, "response", "", text, n));
    free(text);
}

static void respond_environment(const char *id)
{
    static char text[65536];
    text[0] = '\0';
    for (char **v = environ; *v; v++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", *v);
    char cwd[1024] = "";
    snprintf(text + strlen(text), sizeof text - strlen(text), "cwd=%s\n", getcwd(cwd, sizeof cwd) ? cwd : "?");
    respond(id, text);
}

static void respond_number(const char *id, int n)
{
    char text[32];
    snprintf(text, sizeof text, "%d", n);
    respond(id, text);
}

static void write_log(int lines)
{
    for (int i = 0; i < lines; i++)
        fprintf(i == 0 ? stderr : stdout, "line %4d %.*s\n", i, 39, "........................................");
}

static int leave_child(void)
{
    const int pid = fork();
    if (pid == 0) {
        close(1);
        close(2);
        pause();
        _exit(0);
    }
    return pid;
}

static void respond_routes(const char *id)
{
    char text[256];
    const int ping = request("GET", "/ping", "", "", 0), versioned = request("GET", "/2018-06-01/ping", "", "", 0);
    const int pong = strstr(answer, "\r\n\r\npong") != NULL;
    const int unknown = request("GET", "/2018-06-01/runtime/restore/next", "", "", 0);
    const int method = request("POST", "/2018-06-01/runtime/invocation/next", "", "", 0);
    const int init = request("POST", "/2018-06-01/runtime/init/error", "", "{}", 2);
    snprintf(text, sizeof text, "[%d,%d,%d,%d,%d,%d]", ping, versioned, pong, unknown, method, init);
    respond(id, text);
}

static void end_by(int signum)
{
    signal(signum, SIG_DFL);
    kill(getpid(), signum);
    pause();
}

static void respond_twice(const char *id)
{
    respond(id, "\"first\"");
    printf("status %d\n", respond(id, "\"second\""));
}

static void answer_stranger(const char *id)
{
    printf("status %d\n", respond("8c7d3a52-0000-4000-8000-000000000000", "1"));
    respond(id, "\"right\"");
}

static void answer_greedy(const char *id)
{
    printf("status %d\n", next());
    respond(id, "\"right\"");
}

static void answer_mode(const char *id)
{
    printf("status %d\n", post_as(id, "response", "Lambda-Runtime-Function-Response-Mode: telepathy\r\n", "1", 1));
    respond(id, "\"right\"");
}

static void fail(const char *id)
{
    const char *text = "{\"errorMessage\": \"no stock\",\"errorType\":\"OutOfStock\", \"stackTrace\":[\"a\"]}";
    post_as(id, "error", "Lambda-Runtime-Function-Error-Type: Function.OutOfStock\r\n", text, strlen(text));
}

static void act(const char *what, int n, const char *id, const char *event, const char *head)
{
    if (!strcmp(what, "fail"))
        fail(id);
    else if (!strcmp(what, "exit"))
        exit(n);
    else if (!strcmp(what, "kill"))
        end_by(n);
    else if (!strcmp(what, "hang"))
        pause();
    else if (!strcmp(what, "sleep"))
        pause_ms(n), respond_number(id, getpid());
    else if (!strcmp(what, "text"))
        respond(id, "this is no JSON");
    else if (!strcmp(what, "nothing"))
        respond(id, "");
    else if (!strcmp(what, "null"))
        respond(id, "null");
    else if (!strcmp(what, "size"))
        respond_size(id, (size_t)n);
    else if (!strcmp(what, "log"))
        write_log(n), respond(id, "null");
    else if (!strcmp(what, "pid"))
        respond_number(id, getpid());
    else if (!strcmp(what, "head"))
        respond(id, head);
    else if (!strcmp(what, "environment"))
        respond_environment(id);
    else if (!strcmp(what, "twice"))
        respond_twice(id);
    else if (!strcmp(what, "stranger"))
        answer_stranger(id);
    else if (!strcmp(what, "greedy"))
        answer_greedy(id);
    else if (!strcmp(what, "mode"))
        answer_mode(id);
    else if (!strcmp(what, "late"))
        respond_number(id, getpid()), pause_ms(n);
    else if (!strcmp(what, "leave"))
        respond(id, "null"), exit(0);
    else if (!strcmp(what, "parent"))
        respond_number(id, leave_child());
    else if (!strcmp(what, "deaf"))
        signal(SIGTERM, SIG_IGN), respond_number(id, getpid());
    else if (!strcmp(what, "routes"))
        respond_routes(id);
    else
        respond(id, event);
}

/* ---- the loop ------------------------------------------------------------------------------------------------- */

static void fail_to_start(void)
{
    const char *text = "{\"errorType\":\"NoDatabase\",\"errorMessage\":\"cannot connect\"}";
    request("POST", "/2018-06-01/runtime/init/error", "Lambda-Runtime-Function-Error-Type: Function.NoDatabase\r\n",
            text, strlen(text));
    exit(1);
}

static void start(const char *how)
{
    printf("starting\n");
    if (!strcmp(how, "error"))
        fail_to_start();
    if (!strcmp(how, "exit"))
        exit(4);
    if (!strcmp(how, "hang"))
        pause();
    char marker[32];        // of the test program that runs us: several may run at once
    snprintf(marker, sizeof marker, "marker.%d", getppid());
    if (!strcmp(how, "flaky") && unlink(marker)) {
        close(open(marker, O_CREAT | O_WRONLY, 0600));
        exit(4);
    }
}

int main(void)
{
    static char head[65536], event[ANSWER_MAX + 1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    start(getenv("ACTOR_INIT") ? getenv("ACTOR_INIT") : "");
    while (next() == 200) {
        char id[64] = "", what[32] = "echo";
        int n = 0;
        const char *name = "\nLambda-Runtime-Aws-Request-Id:", *at = strcasestr(answer, name);
        char *body = strstr(answer, "\r\n\r\n");
        if (!at || !body)
            return 8;
        sscanf(at + strlen(name), " %63[0-9a-f-]", id);
        snprintf(head, sizeof head, "%.*s", (int)(body - answer), answer);
        memcpy(event, body + 4, strlen(body + 4) + 1);
        sscanf(event, "{\"do\":\"%31[a-z]\",\"n\":%d", what, &n);
        act(what, n, id, event, head);
    }
    return 7;
}
