/* stream.c - a filter for lines of JSON: threads share one compiled program, each with a context of its own, and the
 * results come out in the order of the lines.
 *
 *     cc stream.c $(pkg-config --cflags --libs jsonata) -pthread -o stream
 *     ./stream '{"id": id, "total": $sum(lines.price)}' 4 <orders.ndjson
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jsonata/jsonata.h>

/* One lock for both ends: lines are taken in order, and whoever has a result waits for its turn to print it. */
struct stream {
    const struct jsonata *program;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    unsigned long next_in, next_out;
    int failed;
};

struct line {
    char *text;
    size_t cap;
    ssize_t len;
    unsigned long number;
};

static int take(struct stream *s, struct line *l)
{
    pthread_mutex_lock(&s->lock);
    l->len = getline(&l->text, &l->cap, stdin);
    l->number = s->next_in;
    s->next_in += l->len >= 0;
    pthread_mutex_unlock(&s->lock);
    return l->len >= 0;
}

static void print(struct stream *s, const struct line *l, jn_str result, const struct jsonata_error *err)
{
    pthread_mutex_lock(&s->lock);
    while (s->next_out != l->number)
        pthread_cond_wait(&s->turn, &s->lock);
    if (err)
        fprintf(stderr, "line %lu: %s\n", l->number + 1, err->message);
    else if (result.data)
        printf("%.*s\n", (int)result.len, result.data);
    s->failed |= err != NULL;
    s->next_out++;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
}

/* The context stays warm: after the first lines, evaluating asks the system for nothing. */
static void *work(void *arg)
{
    struct stream *s = arg;
    struct line l = { .text = NULL };
    struct jsonata_context *context = jsonata_context_new(NULL);
    while (context && take(s, &l)) {
        struct jsonata_error err;
        jn_str result = { NULL, 0 };
        const jn_str text = { l.text, (size_t)l.len };
        const enum jn_status status = jsonata_evaluate_text(s->program, context, text, (jn_value){ 0 }, NULL, &result,
                                                            &err);
        print(s, &l, result, status ? &err : NULL);
    }
    free(l.text);
    jsonata_context_free(context);
    return NULL;
}

int main(int argc, char **argv)
{
    enum { MOST = 64 };
    struct jsonata *program;
    struct jsonata_error err;
    if (argc < 2 || jsonata_compile(jn_str_of(argv[1]), NULL, &program, &err)) {
        fprintf(stderr, "%s\n", argc < 2 ? "usage: stream EXPRESSION [THREADS]" : err.message);
        return 2;
    }
    struct stream s = { .program = program, .lock = PTHREAD_MUTEX_INITIALIZER, .turn = PTHREAD_COND_INITIALIZER };
    const long asked = argc > 2 ? strtol(argv[2], NULL, 10) : 2;
    const int wanted = asked < 1 ? 1 : asked < MOST ? (int)asked : MOST;
    pthread_t threads[MOST];
    int n = 0;
    while (n < wanted && !pthread_create(&threads[n], NULL, work, &s))
        n++;
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    jsonata_free(program);
    return n == 0 || s.failed;
}
