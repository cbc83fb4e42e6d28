/* event_queue.c - see event_queue.h.
 *
 * A line is a heap by due time, then by id, so that events of the same instant run in the order in which they came. */
#include "local/event_queue.h"

#include <stdlib.h>
#include <string.h>

struct local_event_line {
    struct local_event_line *next;
    char *function;
    struct local_event_turn *heap;
    size_t count, capacity;         /* there is always room for those that run */
    unsigned running;
};

struct local_event_queue {
    struct local_event_line *lines;
    local_event_limit_fn *limit;
    void *arg;
};

struct local_event_queue *local_event_queue_new(local_event_limit_fn *limit, void *arg)
{
    struct local_event_queue *q = calloc(1, sizeof *q);
    if (q)
        *q = (struct local_event_queue){ .limit = limit, .arg = arg };
    return q;
}

void local_event_queue_free(struct local_event_queue *q)
{
    if (!q)
        return;
    for (struct local_event_line *l = q->lines, *next; l; l = next) {
        next = l->next;
        free(l->function);
        free(l->heap);
        free(l);
    }
    free(q);
}

/* ---- a heap --------------------------------------------------------------------------------------------------- */

static bool is_before(const struct local_event_turn *a, const struct local_event_turn *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->id < b->id;
}

static void push(struct local_event_line *l, const struct local_event_turn *turn)
{
    size_t at = l->count++;
    for (; at > 0 && is_before(turn, &l->heap[(at - 1) / 2]); at = (at - 1) / 2)
        l->heap[at] = l->heap[(at - 1) / 2];
    l->heap[at] = *turn;
}

static struct local_event_turn pop(struct local_event_line *l)
{
    const struct local_event_turn first = l->heap[0], last = l->heap[--l->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < l->count; at = child) {
        child += child + 1 < l->count && is_before(&l->heap[child + 1], &l->heap[child]);
        if (!is_before(&l->heap[child], &last))
            break;
        l->heap[at] = l->heap[child];
    }
    l->heap[at] = last;
    return first;
}

static bool reserve(struct local_event_line *l)
{
    if (l->count + l->running < l->capacity)
        return true;
    const size_t capacity = l->capacity ? 2 * l->capacity : 16;
    struct local_event_turn *heap = reallocarray(l->heap, capacity, sizeof *heap);
    if (!heap)
        return false;
    l->heap = heap;
    l->capacity = capacity;
    return true;
}

/* ---- lines ---------------------------------------------------------------------------------------------------- */

static struct local_event_line *line_of(struct local_event_queue *q, jn_str function)
{
    for (struct local_event_line *l = q->lines; l; l = l->next) {
        if (jn_str_equal(function, l->function))
            return l;
    }
    struct local_event_line *l = calloc(1, sizeof *l);
    char *name = strndup(function.data, function.len);
    if (!l || !name) {
        free(l);
        free(name);
        return NULL;
    }
    *l = (struct local_event_line){ .next = q->lines, .function = name };
    q->lines = l;
    return l;
}

static bool may_run(const struct local_event_queue *q, const struct local_event_line *l)
{
    return l->running < q->limit(l->function, q->arg);
}

static struct local_event_line *first_line(const struct local_event_queue *q)
{
    struct local_event_line *first = NULL;
    for (struct local_event_line *l = q->lines; l; l = l->next) {
        if (l->count > 0 && (!first || is_before(&l->heap[0], &first->heap[0])) && may_run(q, l))
            first = l;
    }
    return first;
}

/* ---- the owner's side ----------------------------------------------------------------------------------------- */

bool local_event_queue_add(struct local_event_queue *q, jn_str function, const struct local_event_turn *turn)
{
    struct local_event_line *l = line_of(q, function);
    if (!l || !reserve(l))
        return false;
    push(l, turn);
    return true;
}

bool local_event_queue_take(struct local_event_queue *q, int64_t now_ms, struct local_event_turn *turn,
                            struct local_event_line **line)
{
    struct local_event_line *l = first_line(q);
    if (!l || l->heap[0].due_ms > now_ms)
        return false;
    *turn = pop(l);
    *line = l;
    l->running++;
    return true;
}

void local_event_queue_done(struct local_event_line *line)
{
    line->running--;
}

void local_event_queue_again(struct local_event_line *line, const struct local_event_turn *turn)
{
    line->running--;
    push(line, turn);
}

int64_t local_event_queue_due_ms(const struct local_event_queue *q)
{
    const struct local_event_line *l = first_line(q);
    return l ? l->heap[0].due_ms : INT64_MAX;
}
