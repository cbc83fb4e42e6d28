/* json_bench [FILE] - how fast JSON is read and written, and how fast V8 does the same on the same text in the same
 * run.
 *
 * Without FILE the text is made here: an envelope around a megabyte of records like those that flow through
 * integrations. Times are the best of many rounds, in memory, with a warm arena and table of shapes, as in a running
 * component.  A canonical text is written by copying spans; "without spans" shows what writing costs when nothing can
 * be copied. */
#include "core/buf.h"
#include "core/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- the text ------------------------------------------------------------------------------------------------ */

enum { GENERATED_BYTES = 1000000 };

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static const char *pick(uint32_t *state, const char *const *words, size_t count)
{
    return words[next_random(state) % count];
}

#define PICK(state, words) pick(state, words, sizeof(words) / sizeof *(words))

static void append_friends(struct jn_buf *b, uint32_t *state, const char *const *names, size_t count)
{
    jn_buf_append_z(b, "\"friends\":[");
    for (uint32_t i = 0, n = next_random(state) % 4; i < n; i++)
        jn_buf_append_fmt(b, "%s{\"id\":%u,\"name\":\"%s\",\"close\":%s}", i ? "," : "", next_random(state) % 100000,
                          pick(state, names, count), next_random(state) % 2 ? "true" : "false");
    jn_buf_append_z(b, "]");
}

static void append_record(struct jn_buf *b, uint32_t *state, unsigned id)
{
    static const char *const names[] = {"Ann Miller",
                                        "J\xc3\xb6rg M\xc3\xbcller",
                                        "Li Wei \xe6\x9d\x8e\xe4\xbc\x9f",
                                        "Bob \\\"Buddy\\\" Stone",
                                        "Zo\xc3\xab Dupont",
                                        "Maria Gonz\xc3\xa1lez",
                                        "Ivan Petrov",
                                        "Sam O'Neill"};
    static const char *const cities[] = {
        "Berlin", "K\xc3\xb6ln", "S\xc3\xa3o Paulo", "New York", "\xe6\x9d\xb1\xe4\xba\xac", "Paris"};
    static const char *const words[] = { "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta" };
    static const char *const notes[] = {
        "called twice\\nno answer", "prefers e-mail; see C:\\\\notes", "VIP \xe2\x98\x85",
        "a longer remark that somebody typed into a form without thinking of machines", ""};
    jn_buf_append_fmt(b, "{\"id\":%u,\"guid\":\"%08x-%04x-%08x\",\"active\":%s,\"name\":\"%s\",\"age\":%u,", id,
                      next_random(state), next_random(state) & 0xffff, next_random(state),
                      next_random(state) % 2 ? "true" : "false", PICK(state, names), 18 + next_random(state) % 70);
    jn_buf_append_fmt(b,
                      "\"balance\":%u.%02u,\"address\":{\"street\":\"%u %s Street\",\"city\":\"%s\",\"zip\":\"%05u\","
                      "\"geo\":{\"lat\":%u.%06u,\"lon\":-%u.%06u}},",
                      next_random(state) % 5000, next_random(state) % 9 * 10 + 1, next_random(state) % 900,
                      PICK(state, words), PICK(state, cities), next_random(state) % 100000, next_random(state) % 90,
                      next_random(state) % 100000 * 10 + 3, next_random(state) % 180,
                      next_random(state) % 100000 * 10 + 7);
    jn_buf_append_fmt(b, "\"tags\":[\"%s\",\"%s\",\"%s\"],", PICK(state, words), PICK(state, words),
                      PICK(state, words));
    append_friends(b, state, names, sizeof names / sizeof *names);
    jn_buf_append_fmt(b, ",\"score\":%u,\"manager\":null,\"note\":\"%s\"}", next_random(state) % 1000,
                      PICK(state, notes));
}

static void generate(struct jn_buf *b)
{
    uint32_t state = 2463534242u;
    jn_buf_append_z(b, "{\"requestId\":\"7f1c\",\"source\":\"crm\",\"page\":{\"number\":1,\"of\":1},\"items\":[");
    for (unsigned id = 1; b->len < GENERATED_BYTES && !b->failed; id++) {
        if (id > 1)
            jn_buf_append_char(b, ',');
        append_record(b, &state, id);
    }
    jn_buf_append_z(b, "]}");
}

static bool load(struct jn_buf *b, const char *path)
{
    FILE *f = fopen(path, "rb");
    char *to;
    size_t n = 0;
    while (f && (to = jn_buf_reserve(b, 65536)) && (n = fread(to, 1, 65536, f)) > 0)
        jn_buf_commit(b, n);
    const bool ok = f && !ferror(f) && !b->failed;
    if (f)
        fclose(f);
    return ok;
}

/* ---- our times ----------------------------------------------------------------------------------------------- */

struct times {
    double read, write, write_without_spans;        /* seconds */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void keep_least(double *least, double seconds)
{
    if (*least == 0 || seconds < *least)
        *least = seconds;
}

/* Recursive: this is a program on text of our choice, not a library. */
static void forget_spans(jn_value v)
{
    if (jn_is(v, JN_ARRAY))
        v.as.array->canonical = false;
    else if (jn_is(v, JN_OBJECT))
        v.as.object->canonical = false;
    for (size_t i = 0; i < jn_length(v); i++)
        forget_spans(jn_at(v, i));
}

static enum jn_status time_write(jn_value v, struct jn_buf *out, double *least, struct jn_error *err)
{
    jn_buf_truncate(out, 0);
    const double start = now();
    const enum jn_status s = jn_write(out, v, NULL, err);
    keep_least(least, now() - start);
    return s;
}

static enum jn_status measure_round(struct jn_arena *a, struct jn_shapes *shapes, jn_str text, struct jn_buf *out,
                                    struct times *t, struct jn_error *err)
{
    const struct jn_read_options opt = { .shapes = shapes };
    jn_value v;
    jn_arena_reset(a);
    const double start = now();
    enum jn_status s = jn_read(a, text, &opt, &v, NULL, err);
    keep_least(&t->read, now() - start);
    if (!s)
        s = time_write(v, out, &t->write, err);
    if (!s) {
        forget_spans(v);
        s = time_write(v, out, &t->write_without_spans, err);
    }
    return s;
}

static enum jn_status measure(jn_str text, struct times *t, struct jn_error *err)
{
    struct jn_arena a;
    struct jn_buf out;
    struct jn_shapes *shapes = jn_shapes_new_on(NULL, 0);
    jn_arena_init(&a, 0);
    jn_buf_init(&out, 0);
    const size_t rounds = text.len > 300000000 / 10 ? 10 : 300000000 / (text.len + 100000);
    enum jn_status s = JN_OK;
    for (size_t i = 0; i < rounds && !s; i++)
        s = measure_round(&a, shapes, text, &out, t, err);
    jn_buf_clear(&out);
    jn_arena_clear(&a);
    jn_shapes_free(shapes);
    return s;
}

static void print_line(const char *what, double seconds, size_t bytes)
{
    printf("%-28s %10.1f us %8.0f MB/s\n", what, seconds * 1e6, (double)bytes / seconds * 1e-6);
}

static void print_times(const struct times *t, size_t bytes)
{
    print_line("read", t->read, bytes);
    print_line("write", t->write, bytes);
    print_line("write, without spans", t->write_without_spans, bytes);
    print_line("read + write", t->read + t->write, bytes);
    print_line("read + write, without spans", t->read + t->write_without_spans, bytes);
}

/* ---- V8's times ---------------------------------------------------------------------------------------------- */

static bool measure_node(const char *path, double *parse, double *stringify)
{
    char command[4096];
    if (strchr(path, '\'') || system("command -v node >/dev/null 2>&1") != 0)
        return false;
    snprintf(command, sizeof command, "node '%s' '%s'", JSON_BENCH_SCRIPT, path);
    FILE *node = popen(command, "r");
    const bool ok = node && fscanf(node, "%lf %lf", parse, stringify) == 2;
    if (node)
        pclose(node);
    *parse *= 1e-9;
    *stringify *= 1e-9;
    return ok;
}

static void print_node(const char *path, const struct times *t, size_t bytes)
{
    double parse = 0, stringify = 0;
    if (!measure_node(path, &parse, &stringify)) {
        printf("no node here to compare with\n");
        return;
    }
    print_line("JSON.parse (V8)", parse, bytes);
    print_line("JSON.stringify (V8)", stringify, bytes);
    print_line("both (V8)", parse + stringify, bytes);
    printf("V8 takes %.1f times as long to read, %.1f to write, %.1f for both; %.1f without spans\n", parse / t->read,
           stringify / t->write, (parse + stringify) / (t->read + t->write),
           (parse + stringify) / (t->read + t->write_without_spans));
}

static bool save(const char *path, int fd, jn_str text)
{
    FILE *f = fdopen(fd, "wb");
    const bool ok = f && fwrite(text.data, 1, text.len, f) == text.len;
    if ((f && fclose(f)) || !ok) {
        fprintf(stderr, "cannot write %s\n", path);
        return false;
    }
    return true;
}

static int bench(const char *path, jn_str text)
{
    struct times t = { 0 };
    struct jn_error err = { 0 };
    if (measure(text, &t, &err)) {
        fprintf(stderr, "%s:%u:%u: %s\n", path, err.line, err.column, err.message);
        return 1;
    }
    printf("%zu bytes\n", text.len);
    print_times(&t, text.len);
    fflush(stdout);
    print_node(path, &t, text.len);
    return 0;
}

static int bench_generated(struct jn_buf *b)
{
    char path[] = "/tmp/json_bench_XXXXXX";
    const int fd = mkstemp(path);
    generate(b);
    if (fd < 0 || b->failed || !save(path, fd, jn_buf_str(b)))
        return 1;
    const int result = bench(path, jn_buf_str(b));
    unlink(path);
    return result;
}

int main(int argc, char **argv)
{
    struct jn_buf b;
    int result = 1;
    jn_buf_init(&b, 0);
    if (argc < 2)
        result = bench_generated(&b);
    else if (load(&b, argv[1]))
        result = bench(argv[1], jn_buf_str(&b));
    else
        fprintf(stderr, "cannot read %s\n", argv[1]);
    jn_buf_clear(&b);
    return result;
}
