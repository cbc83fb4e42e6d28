/* load.c - the flow around a step under measurement: publishes encrypted messages, takes its results, keeps the time.
 *
 *     worker_load OPTION... [PID...]
 *       -h HOST -p PORT -V VHOST  the broker; user and password are guest
 *       -x EXCHANGE -k KEY        where messages are published
 *       -q QUEUE                  where results arrive
 *       -b BYTES                  length of a message's JSON text; 1000
 *       -w WINDOW                 messages on their way at a time; 1
 *       -u MS                     warm-up before the measurement; 500
 *       -m MS                     length of the measurement; 2000
 *       -n MESSAGES               ends it when so many have come; 0: never
 *       -r PROTOCOL               1: base64, 2: raw; 1
 *
 * A closed loop: each result that arrives lets one more message leave, so that the step is never short of work, and queues
 * do not grow.  rabbitmq-c, and not our own client, on blocking sockets without Nagle's delay: a tool that shares no code
 * of the path with what it measures.
 * Prints one line of JSON: messages and seconds measured, percentiles of the time from publish to result in microseconds,
 * CPU seconds that each PID used meanwhile, and the text of one result, for the caller to judge. */
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <ctype.h>
#include <dirent.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "sailor/cipher.h"

enum { CHANNEL = 1, MAX_WINDOW = 4096, MAX_PIDS = 8, SILENCE_S = 30 };

#define PASSWORD "testCryptoPassword"
#define IV "iv=any16_symbols"

struct options {
    const char *host, *vhost, *exchange, *key, *queue;
    int port, protocol;
    long bytes, window, warm_ms, measure_ms, messages;
    int pids[MAX_PIDS];
    int pid_count;
};

struct load {
    const struct options *opt;
    amqp_connection_state_t connection;
    struct sailor_cipher *cipher;
    struct jn_buf payload;
    unsigned long sent;
    int64_t sent_us[MAX_WINDOW];        /* by number of the message, modulo */
    uint32_t *latency_us;
    size_t count, cap;
    struct jn_buf sample;               /* the text of a result */
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- processor time of other processes --------------------------------------------------------------------------- */

static double read_schedstat(const char *path)
{
    FILE *f = fopen(path, "r");
    unsigned long long ns = 0;
    if (f) {
        if (fscanf(f, "%llu", &ns) != 1)
            ns = 0;
        fclose(f);
    }
    return (double)ns * 1e-9;
}

/* Exact where the kernel counts nanoseconds, which /proc/PID/stat rounds to ticks; threads that ended are not in it. */
static double cpu_seconds(int pid)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    double sum = 0;
    for (struct dirent *e; tasks && (e = readdir(tasks));) {
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, e->d_name);
        sum += read_schedstat(path);
    }
    if (tasks)
        closedir(tasks);
    return sum;
}

/* ---- the broker --------------------------------------------------------------------------------------------------- */

static void check(amqp_connection_state_t c, const char *what)
{
    if (amqp_get_rpc_reply(c).reply_type != AMQP_RESPONSE_NORMAL)
        fail(what);
}

static void connect_broker(struct load *l)
{
    const struct options *o = l->opt;
    amqp_connection_state_t c = l->connection = amqp_new_connection();
    amqp_socket_t *socket = c ? amqp_tcp_socket_new(c) : NULL;
    if (!socket || amqp_socket_open(socket, o->host, o->port))
        fail("cannot connect to the broker");
    const int on = 1;
    setsockopt(amqp_get_sockfd(c), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (amqp_login(c, o->vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type !=
        AMQP_RESPONSE_NORMAL)
        fail("cannot log in");
    amqp_channel_open(c, CHANNEL);
    check(c, "cannot open a channel");
    amqp_basic_consume(c, CHANNEL, amqp_cstring_bytes(o->queue), amqp_empty_bytes, 0, 1, 0, amqp_empty_table);
    check(c, "cannot consume the results");
}

static amqp_table_entry_t text_header(const char *name, const char *value)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(name),
        .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value) },
    };
}

/* With the headers that the platform's own messages have. */
static void publish(struct load *l)
{
    char id[37];
    const unsigned long number = l->sent++;
    snprintf(id, sizeof id, "%08lx-bbbb-4ccc-8ddd-eeeeeeeeeeee", number & 0xffffffffUL);
    amqp_table_entry_t headers[] = {
        text_header("execId", "5ed76c1a8a9f7d0013a3b7a4"), text_header("taskId", "5559edd38968ec0736000003"),
        text_header("workspaceId", "573dd76962436c349f000003"), text_header("userId", "5559edd38968ec0736000002"),
        text_header("stepId", "step_0"), text_header("threadId", "36fcbd6f-c2c6-4b9e-8b9f-96f3d3c1f1f4"),
        text_header("messageId", id),
        { .key = amqp_cstring_bytes("protocolVersion"),
          .value = { .kind = AMQP_FIELD_KIND_I8, .value.i8 = (int8_t)l->opt->protocol } },
    };
    const amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                  AMQP_BASIC_HEADERS_FLAG,
        .content_type = amqp_cstring_bytes("application/json"), .content_encoding = amqp_cstring_bytes("utf8"),
        .delivery_mode = 1, .headers = { .num_entries = sizeof headers / sizeof *headers, .entries = headers },
    };
    l->sent_us[number % MAX_WINDOW] = now_us();
    if (amqp_basic_publish(l->connection, CHANNEL, amqp_cstring_bytes(l->opt->exchange),
                           amqp_cstring_bytes(l->opt->key), 0, 0, &properties,
                           (amqp_bytes_t){ l->payload.len, l->payload.data }))
        fail("cannot publish");
}

static unsigned long number_of(const amqp_table_t *headers)
{
    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *e = &headers->entries[i];
        if (e->key.len == 15 && memcmp(e->key.bytes, "parentMessageId", 15) == 0 &&
            e->value.kind == AMQP_FIELD_KIND_UTF8 && e->value.value.bytes.len == 36) {
            char digits[9] = "";
            memcpy(digits, e->value.value.bytes.bytes, 8);
            return strtoul(digits, NULL, 16);
        }
    }
    fail("a result without the id of its message");
}

static void keep_sample(struct load *l, amqp_bytes_t body)
{
    struct jn_error err;
    size_t len = body.len;
    jn_buf_append(&l->sample, (jn_str){ body.bytes, body.len });
    if (jn_buf_append_char(&l->sample, '\0'), l->sample.failed)
        fail("no memory");
    if (sailor_decrypt(l->cipher, l->sample.data, &len, l->opt->protocol == 1, NULL, &err))
        fail(err.message);
    jn_buf_truncate(&l->sample, len);
}

/* Takes one result; returns how long it took. */
static int64_t take_result(struct load *l)
{
    const struct timeval limit = { .tv_sec = SILENCE_S };
    amqp_envelope_t envelope;
    amqp_maybe_release_buffers(l->connection);
    if (amqp_consume_message(l->connection, &envelope, &limit, 0).reply_type != AMQP_RESPONSE_NORMAL)
        fail("no result comes any more");
    const int64_t now = now_us();
    const unsigned long number = number_of(&envelope.message.properties.headers);
    if (l->sample.len == 0)
        keep_sample(l, envelope.message.body);
    amqp_destroy_envelope(&envelope);
    return now - l->sent_us[number % MAX_WINDOW];
}

/* ---- the run ------------------------------------------------------------------------------------------------------ */

/* An order with six lines, filled up with a note to the length asked for. */
static void make_payload(struct load *l)
{
    struct jn_buf text;
    struct jn_error err;
    jn_buf_init(&text, SIZE_MAX);
    jn_buf_append_z(&text, "{\"id\":\"b3a1a2ac-5a0c-4a3e-9f54-0f5a8a2c7b11\",\"body\":{\"order\":\"A-20481\",\"customer\":"
                    "{\"name\":\"Zoë Müller\",\"city\":\"Köln\"},\"lines\":[");
    for (int i = 0; i < 6; i++)
        jn_buf_append_fmt(&text, "%s{\"sku\":\"SKU-%04d\",\"quantity\":%d,\"price\":%d.%02d}", i ? "," : "", 1200 + i * 7,
                          i + 1, 3 + i * 5, i * 11);
    static const char tail[] = "\"},\"headers\":{},\"attachments\":{}}";
    jn_buf_append_z(&text, "],\"note\":\"");
    while (text.len + sizeof tail - 1 < (size_t)l->opt->bytes && !text.failed)
        jn_buf_append_char(&text, "the quick brown fox "[text.len % 20]);
    jn_buf_append_z(&text, tail);
    jn_buf_init(&l->payload, SIZE_MAX);
    if (sailor_cipher_new(PASSWORD, IV, &l->cipher, &err) ||
        sailor_encrypt(l->cipher, jn_buf_str(&text), l->opt->protocol == 1, &l->payload, &err))
        fail(err.message);
    jn_buf_clear(&text);
}

static void record(struct load *l, int64_t us)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 65536;
        l->latency_us = realloc(l->latency_us, l->cap * sizeof *l->latency_us);
        if (!l->latency_us)
            fail("no memory");
    }
    l->latency_us[l->count++] = (uint32_t)us;
}

static bool is_enough(const struct load *l)
{
    return l->opt->messages && l->count >= (size_t)l->opt->messages;
}

/* Results come and messages go for `ms`; the times are recorded when `is_measured`. */
static void run_for(struct load *l, long ms, bool is_measured)
{
    const int64_t end = now_us() + ms * 1000;
    while (now_us() < end && !is_enough(l)) {
        const int64_t us = take_result(l);
        if (is_measured)
            record(l, us);
        publish(l);
    }
}

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(const struct load *l, double seconds, const double *cpu)
{
    qsort(l->latency_us, l->count, sizeof *l->latency_us, compare);
    printf("{\"messages\": %zu, \"seconds\": %.4f, \"p50_us\": %u, \"p99_us\": %u, \"cpu_s\": [", l->count, seconds,
           l->count ? l->latency_us[l->count / 2] : 0, l->count ? l->latency_us[l->count * 99 / 100] : 0);
    for (int i = 0; i < l->opt->pid_count; i++)
        printf("%s%.6f", i ? ", " : "", cpu[i]);
    printf("], \"sample\": %.*s}\n", (int)l->sample.len, l->sample.data);
}

static void read_options(int argc, char **argv, struct options *o)
{
    for (int c; (c = getopt(argc, argv, "h:p:V:x:k:q:b:w:u:m:n:r:")) != -1;) {
        switch (c) {
        case 'h': o->host = optarg; break;
        case 'p': o->port = (int)strtol(optarg, NULL, 10); break;
        case 'V': o->vhost = optarg; break;
        case 'x': o->exchange = optarg; break;
        case 'k': o->key = optarg; break;
        case 'q': o->queue = optarg; break;
        case 'b': o->bytes = strtol(optarg, NULL, 10); break;
        case 'w': o->window = strtol(optarg, NULL, 10); break;
        case 'u': o->warm_ms = strtol(optarg, NULL, 10); break;
        case 'm': o->measure_ms = strtol(optarg, NULL, 10); break;
        case 'n': o->messages = strtol(optarg, NULL, 10); break;
        case 'r': o->protocol = (int)strtol(optarg, NULL, 10); break;
        default: exit(2);
        }
    }
    while (optind < argc && o->pid_count < MAX_PIDS)
        o->pids[o->pid_count++] = (int)strtol(argv[optind++], NULL, 10);
    if (!o->port || !o->queue || !o->key || o->window < 1 || o->window > MAX_WINDOW)
        fail("an option is missing or out of range; load.c says which there are");
}

int main(int argc, char **argv)
{
    struct options o = { .host = "127.0.0.1", .vhost = "/", .exchange = "", .protocol = 1, .bytes = 1000, .window = 1,
                         .warm_ms = 500, .measure_ms = 2000 };
    static struct load l;
    read_options(argc, argv, &o);
    l.opt = &o;
    jn_buf_init(&l.sample, SIZE_MAX);
    make_payload(&l);
    connect_broker(&l);
    for (long i = 0; i < o.window; i++)
        publish(&l);
    run_for(&l, o.warm_ms, false);

    double cpu[MAX_PIDS];
    for (int i = 0; i < o.pid_count; i++)
        cpu[i] = -cpu_seconds(o.pids[i]);
    const int64_t begin = now_us();
    run_for(&l, o.measure_ms, true);
    const double seconds = (double)(now_us() - begin) * 1e-6;
    for (int i = 0; i < o.pid_count; i++)
        cpu[i] += cpu_seconds(o.pids[i]);

    for (long i = 0; i < o.window; i++)     // the queues are left empty
        take_result(&l);
    report(&l, seconds, cpu);
    return 0;
}
