/* link.c - see link.h.
 *
 * A round is one try at each URI of the list; only between rounds is there a wait, so that the loss of one node of a
 * cluster costs no time.  The first URI is drawn by lot: replicas that start together spread over the nodes. */
#include "sailor/link.h"

#include "sailor/backoff.h"

enum { LONGEST_WAIT_MS = 30000 };

static bool is_used_up(const struct sailor_link *k)
{
    const int64_t allowed = k->was_ready ? k->opt.reconnect_attempts : k->opt.connect_attempts;
    return allowed > 0 && k->rounds >= (unsigned)allowed;
}

static void give_up(struct sailor_link *k, const struct jn_error *why)
{
    struct jn_error error = *why;
    jn_error_prefix(&error, "no broker after %u attempts (%s)", k->rounds, k->opt.name);
    k->opt.on_lost(&error, k->opt.arg);
}

/* A try failed, or a connection that worked is over. */
static void try_next(struct sailor_link *k, const struct jn_error *why)
{
    int64_t wait_ms = 0;
    k->at = (k->at + 1) % k->opt.uris->count;
    if (++k->tried >= k->opt.uris->count) {
        k->tried = 0;
        k->rounds++;
        if (is_used_up(k)) {
            give_up(k, why);
            return;
        }
        wait_ms = sailor_backoff_ms(k->opt.delay_ms, k->rounds - 1, LONGEST_WAIT_MS, base_random_unit(k->opt.random));
    }
    base_log(k->opt.log, BASE_ERROR, NULL, "%s: %s; next attempt in %lld ms", k->opt.name, why->message,
             (long long)wait_ms);
    base_timer_start(k->timer, wait_ms);
}

static void connect_now(struct base_timer *timer, void *arg)
{
    (void)timer;
    struct sailor_link *k = arg;
    const struct sailor_connection_options opt = {
        .uri = &k->opt.uris->at[k->at], .name = k->opt.name, .ca = k->opt.ca, .certificate = k->opt.certificate,
        .key = k->opt.key, .prefetch = k->opt.prefetch, .confirms = k->opt.confirms, .log = k->opt.log,
        .handlers = k->opt.handlers, .arg = k->opt.arg,
    };
    struct jn_error why = { .status = JN_OK };
    if (sailor_connection_open(k->loop, &opt, &k->connection, &why)) {
        k->connection = NULL;
        try_next(k, &why);
    }
}

enum jn_status sailor_link_init(struct sailor_link *k, struct base_loop *l, const struct sailor_link_options *opt,
                                struct jn_error *err)
{
    *k = (struct sailor_link){ .loop = l, .opt = *opt };
    if (opt->uris->count == 0)
        return jn_fail(err, JN_BAD_VALUE, "no broker to connect to: the list of AMQP URIs is empty");
    k->at = (size_t)(base_random_unit(opt->random) * (double)opt->uris->count);
    const enum jn_status s = base_timer_new(l, connect_now, k, &k->timer, err);
    if (!s)
        base_timer_start(k->timer, 0);
    return s;
}

void sailor_link_clear(struct sailor_link *k)
{
    base_timer_free(k->timer);
    sailor_connection_free(k->connection);
    k->timer = NULL;
    k->connection = NULL;
}

void sailor_link_ready(struct sailor_link *k)
{
    if (!k->is_up)
        base_log(k->opt.log, BASE_INFO, NULL, "%s: connected to %s", k->opt.name,
                 sailor_connection_peer(k->connection));
    k->was_ready = true;
    k->is_up = true;
    k->rounds = 0;
    k->tried = 0;
}

/* The loss of what had worked is no failed try.  The wait is by lot alone: many who lose a node at once do not all
 * come back at once. */
void sailor_link_closed(struct sailor_link *k, const struct jn_error *why)
{
    sailor_connection_free(k->connection);
    k->connection = NULL;
    if (!k->is_up) {
        try_next(k, why);
        return;
    }
    k->is_up = false;
    ++*k->opt.reconnects;
    base_log(k->opt.log, BASE_ERROR, NULL, "%s: %s; connecting again", k->opt.name, why->message);
    k->at = (k->at + 1) % k->opt.uris->count;
    base_timer_start(k->timer, (int64_t)(base_random_unit(k->opt.random) * (double)k->opt.delay_ms));
}

bool sailor_link_is_ready(const struct sailor_link *k)
{
    return k->connection && sailor_connection_is_ready(k->connection);
}
