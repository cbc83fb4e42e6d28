/* floor.c - what the machine and the two libraries ask for the least that a step must do, without any component:
 *
 *     worker_floor AMQP_HOST AMQP_PORT VHOST QUEUE MESSAGES URL BYTES [AUTHORITIES]
 *
 * First a bare rabbitmq-c, on blocking sockets: puts MESSAGES of BYTES into QUEUE, then takes each of them, publishes it to
 * the default exchange with the key QUEUE.out, and acknowledges it (prefetch 100, confirms on, as a step has them).
 * Then a bare libcurl: as many POSTs of BYTES to URL over one connection; for https, AUTHORITIES is a PEM file.
 * Prints the CPU time of this process per message for both: {"amqp_us": ..., "post_us": ...}.  What a step does besides,
 * base64, AES, JSON, JSONata, SHA-256, is not in it. */
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { PREFETCH = 100, CONSUME = 1, PUBLISH = 2 };

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void fail(const char *what)
{
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

static void check(amqp_connection_state_t c, const char *what)
{
    if (amqp_get_rpc_reply(c).reply_type != AMQP_RESPONSE_NORMAL)
        fail(what);
}

static amqp_connection_state_t connect_broker(const char *host, const char *port, const char *vhost)
{
    amqp_connection_state_t c = amqp_new_connection();
    amqp_socket_t *socket = c ? amqp_tcp_socket_new(c) : NULL;
    if (!socket || amqp_socket_open(socket, host, (int)strtol(port, NULL, 10)))
        fail("cannot connect to the broker");
    const int on = 1;
    setsockopt(amqp_get_sockfd(c), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (amqp_login(c, vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type != AMQP_RESPONSE_NORMAL)
        fail("cannot log in");
    amqp_channel_open(c, CONSUME);
    check(c, "cannot open a channel");
    amqp_channel_open(c, PUBLISH);
    check(c, "cannot open a channel");
    return c;
}

static void publish(amqp_connection_state_t c, const char *queue, amqp_bytes_t body)
{
    const amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG,
        .content_type = amqp_cstring_bytes("application/json"), .delivery_mode = 1,
    };
    if (amqp_basic_publish(c, PUBLISH, amqp_empty_bytes, amqp_cstring_bytes(queue), 1, 0, &properties, body))
        fail("cannot publish");
}

/* The next delivery; confirms that come before it are taken by the way, as every client must. */
static void next_delivery(amqp_connection_state_t c, amqp_envelope_t *out)
{
    for (;;) {
        amqp_maybe_release_buffers(c);
        const amqp_rpc_reply_t r = amqp_consume_message(c, out, NULL, 0);
        if (r.reply_type == AMQP_RESPONSE_NORMAL)
            return;
        amqp_frame_t frame;
        if (r.reply_type != AMQP_RESPONSE_LIBRARY_EXCEPTION || r.library_error != AMQP_STATUS_UNEXPECTED_STATE ||
            amqp_simple_wait_frame(c, &frame) || frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
            fail("the broker sent something else than deliveries and confirms");
    }
}

static double measure_amqp(amqp_connection_state_t c, const char *queue, long messages, amqp_bytes_t body)
{
    char out[256];
    snprintf(out, sizeof out, "%s.out", queue);
    amqp_queue_declare(c, CONSUME, amqp_cstring_bytes(queue), 0, 0, 0, 0, amqp_empty_table);
    check(c, "cannot declare a queue");
    amqp_queue_declare(c, CONSUME, amqp_cstring_bytes(out), 0, 0, 0, 0, amqp_empty_table);
    check(c, "cannot declare a queue");
    for (long i = 0; i < messages; i++)
        publish(c, queue, body);
    amqp_confirm_select(c, PUBLISH);
    check(c, "cannot ask for confirms");
    amqp_basic_qos(c, CONSUME, 0, PREFETCH, 0);
    check(c, "cannot set the prefetch");
    amqp_basic_consume(c, CONSUME, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    check(c, "cannot consume");

    const double begin = cpu_us();
    for (long i = 0; i < messages; i++) {
        amqp_envelope_t envelope;
        next_delivery(c, &envelope);
        publish(c, out, envelope.message.body);
        if (amqp_basic_ack(c, CONSUME, envelope.delivery_tag, 0))
            fail("cannot acknowledge");
        amqp_destroy_envelope(&envelope);
    }
    return (cpu_us() - begin) / (double)messages;
}

static size_t take_answer(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    *(size_t *)arg += size * count;
    return size * count;
}

static double measure_post(const char *url, const char *authorities, long messages, const char *body, size_t bytes)
{
    size_t received = 0;
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!easy || !headers)
        fail("no memory");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &received);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (authorities)
        curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
    const double begin = cpu_us();
    for (long i = 0; i < messages; i++)
        if (curl_easy_perform(easy))
            fail("the POST failed");
    const double spent = cpu_us() - begin;
    if (received != bytes * (size_t)messages)
        fail("the endpoint answered something else");
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return spent / (double)messages;
}

int main(int argc, char **argv)
{
    if (argc < 8)
        fail("usage: floor AMQP_HOST AMQP_PORT VHOST QUEUE MESSAGES URL BYTES [AUTHORITIES]");
    const long messages = strtol(argv[5], NULL, 10);
    const size_t bytes = (size_t)strtol(argv[7], NULL, 10);
    char *body = malloc(bytes);
    if (!body || messages < 1)
        fail("no memory, or no messages");
    memset(body, 'x', bytes);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    amqp_connection_state_t c = connect_broker(argv[1], argv[2], argv[3]);
    const double amqp = measure_amqp(c, argv[4], messages, (amqp_bytes_t){ bytes, body });
    amqp_destroy_connection(c);
    const double post = measure_post(argv[6], argv[8], messages, body, bytes);
    printf("{\"amqp_us\": %.2f, \"post_us\": %.2f}\n", amqp, post);
    free(body);
    return 0;
}
