/* http.c - HTTP requests over libcurl's multi interface, driven by the loop's polls and one timer.
 *
 * At most once.  libcurl 7.88 sends a request again, up to five times and POST included, when a reused connection ends
 * before the first byte of an answer (lib/transfer.c, Curl_retry_request()).  Two of its hooks stand in the way:
 *
 *   PREREQFUNCTION   is called after the connection is there and before the first byte of a request goes out.  Its
 *                    second call within one transfer is such a repetition, whatever the reason: refused.
 *   SEEKFUNCTION     is called, earlier still, to rewind a body of which something was sent: refused, which libcurl
 *                    reports as CURLE_SEND_FAIL_REWIND.  (Not for small bodies, which libcurl has in hand.)
 *
 * What remains is to tell what happened, and to try once more ourselves, on a fresh connection, when the server cannot
 * have the whole request: the connection was a reused one, there is a body, and not all of it was given to the socket
 * (libcurl counts what send(2) or SSL_write(3) took).  That is the usual fate of a connection which the server closed
 * while it was idle: its end is seen before or while the first bytes go out.
 *
 * libcurl calls us back while it works (socket_*(), timer_*(), body_*(), answer_*()); users are called only by
 * drain(), when libcurl has returned, so they may do anything, base_http_free() included.  Therefore also those who
 * take an answer in pieces get what libcurl read at a time, up to 1.6 MB, from a buffer. */
#include "base/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/env.h"
#include "base/http_failure.h"
#include "base/http_peer.h"
#include "base/http_text.h"
#include "base/loop_internal.h"
#include "base/timer.h"
#include "base/watches.h"
#include "core/arena.h"

enum {
    DEFAULT_IDLE_MS = 10000,
    DEFAULT_CONNECT_MS = 5000,
    DEFAULT_TOTAL_MS = 910000,          // the longest function of AWS Lambda, and ten seconds
    DEFAULT_MAX_RESPONSE = 16 << 20,
    MAX_LIFETIME_S = 300,               // a name that moved is followed within five minutes
    KEPT_CONNECTIONS = 128,             // idle ones; libcurl's usual, four times the calls in flight, shrinks with them
    POOL_SIZE = 128,
    WARM_BYTES = 1 << 15,               // a larger answer's memory is not kept for the next call
    SMALL_BODY = 12 << 10,              // with its head in one record of TLS
};

struct base_http {
    struct base_loop *loop;
    const struct base_log *log;
    CURLM *multi;
    uv_timer_t timer;                   /* libcurl's */
    struct base_watches watches;        /* of libcurl's sockets */
    struct base_http_call *active;      /* list */
    struct base_http_call *pool;        /* list of idle ones, warm */
    unsigned pooled;
    int64_t idle_ms;
    char *ca_bundle, *extra_ca, *http_proxy;
    struct jn_buf piece;                /* of a streamed answer, while its user looks at it */
    bool has_pieces;                    /* some call has one to give on */
    struct base_timer *stalls;          /* runs while calls have a stall timeout */
    int64_t stalls_due;                 /* ... until then */
    bool lost_socket;                   /* one could not be watched: libcurl gives up on every transfer */
    bool freed;
};

struct base_http_call {
    struct base_http *http;
    struct base_http_call *next, **self;
    CURL *easy;
    CURLU *target;                      /* parts of `target_url`; kept, since the next call is mostly to the same */
    struct jn_buf target_url;
    struct jn_arena memory;             /* the request's texts, the answer's list of headers */
    struct jn_buf head, body;           /* the answer */
    char reason[CURL_ERROR_SIZE];       /* libcurl's own words */

    base_http_done_fn *done;
    base_http_data_fn *on_data;         /* NULL: the body is collected */
    void *arg;
    jn_str request_body;
    bool is_whole;                      /* head and body leave in one write */
    const char *method, *url, *where, *path;    /* where: host:port */
    size_t max_response;
    int64_t connect_timeout_ms, total_timeout_ms, stall_timeout_ms;
    uint64_t started_at;                /* uv_hrtime() */

    size_t received;                    /* bytes of the answer's body */
    const struct base_header *headers;  /* of the answer, as of `parsed` bytes of its head */
    size_t header_count, parsed;

    int64_t moved_at;                   /* loop's time when a byte was seen to move, or none was to */
    curl_off_t uploaded;                /* ... and how many had left by then */
    bool is_suspect, has_stalled;

    size_t handed;                      /* bytes of the body that libcurl took from us, or may have sent */
    bool connected;                     /* a connection came about, sending may have begun */
    bool was_reused;                    /* ... and it was one from the cache */
    bool repeat_refused;                /* libcurl wanted to send again */
    bool head_ended;                    /* the blank line came; lines after it are trailers */
    bool second_try;
    bool too_large, out_of_memory, given_up;
    bool is_secret;
    struct base_http_peer *peer;        /* in `memory`; NULL: not wanted */
};

/* ---- sockets ------------------------------------------------------------------------------------------------- */

/* Connections outlive the call that opens them: `arg` is the client.  Descriptors of libcurl's that do not come by here,
 * its resolver's, are watched without being kept. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct base_http *h = arg;
    const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0)
        base_watches_keep(&h->watches, fd);
    return fd;
}

static int close_socket(void *arg, curl_socket_t fd)
{
    struct base_http *h = arg;
    base_watches_drop(&h->watches, fd);
    return close(fd);
}

/* ---- what libcurl asks while it sends ------------------------------------------------------------------------ */

/* libcurl wants to send again.  Of a body that it has in hand it asks nothing, and its counters are those of the next
 * connection already; but the time before the transfer is noted only after the first write went well. */
static void note_repeat(struct base_http_call *c)
{
    curl_off_t begun_us = 0;
    c->repeat_refused = true;
    if (c->is_whole && (curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &begun_us) || begun_us))
        c->handed = c->request_body.len;
}

static int body_before_sending(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    struct base_http_call *c = arg;
    if (c->connected) {
        note_repeat(c);
        return CURL_PREREQFUNC_ABORT;
    }
    long connects = 0;
    curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &connects);
    c->connected = true;
    c->was_reused = connects == 0;
    if (c->peer)
        base_http_peer_protocol(c->peer, c->easy);
    return CURL_PREREQFUNC_OK;
}

static void note_move(struct base_http_call *c)
{
    c->moved_at = base_loop_now_ms(c->http->loop);
    c->is_suspect = false;
}

static size_t body_read(char *to, size_t size, size_t count, void *arg)
{
    struct base_http_call *c = arg;
    const size_t left = c->request_body.len - c->handed, room = size * count;
    const size_t n = left < room ? left : room;
    if (n)
        memcpy(to, c->request_body.data + c->handed, n);
    c->handed += n;
    note_move(c);
    return n;
}

static int body_seek(void *arg, curl_off_t offset, int origin)
{
    (void)offset, (void)origin;
    struct base_http_call *c = arg;
    c->repeat_refused = true;
    return CURL_SEEKFUNC_FAIL;
}

/* ---- what libcurl tells while it receives -------------------------------------------------------------------- */

/* A status line begins a new head: those of 1xx answers are forgotten. */
static size_t answer_head(char *data, size_t size, size_t count, void *arg)
{
    struct base_http_call *c = arg;
    const jn_str line = { data, size * count };
    if (jn_str_starts(line, JN_STR("HTTP/"))) {
        jn_buf_truncate(&c->head, 0);
        c->head_ended = false;
    }
    if (jn_str_trim(line).len == 0)
        c->head_ended = true;
    note_move(c);
    jn_buf_append(&c->head, line);
    c->out_of_memory = c->head.failed != JN_OK;
    return c->out_of_memory ? 0 : line.len;
}

/* The size that the head promises is reserved at once; libcurl has refused it already if it is above the limit. */
static void reserve_body(struct base_http_call *c)
{
    curl_off_t promised = -1;
    curl_easy_getinfo(c->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &promised);
    if (promised > 0 && (size_t)promised <= c->max_response)
        jn_buf_reserve(&c->body, (size_t)promised);
}

static long http_status(const struct base_http_call *c)
{
    long status = 0;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool is_streamed(const struct base_http_call *c)
{
    return c->on_data && http_status(c) / 100 == 2;
}

static size_t answer_body(char *data, size_t size, size_t count, void *arg)
{
    struct base_http_call *c = arg;
    const jn_str piece = { data, size * count };
    if (is_streamed(c)) {
        c->http->has_pieces = true;
    } else if (piece.len > c->max_response - c->body.len) {
        c->too_large = true;
        return 0;
    } else if (c->body.len == 0) {
        reserve_body(c);
    }
    note_move(c);
    c->received += piece.len;
    jn_buf_append(&c->body, piece);
    c->out_of_memory = c->body.failed != JN_OK;
    return c->out_of_memory ? 0 : piece.len;
}

/* ---- a call's memory ----------------------------------------------------------------------------------------- */

/* libcurl's buffers of a transfer, one each way; its usual 64 KB for sending would make a hundred transfers 6 MB heavy. */
enum { BUFFER_SIZE = 16384 };

/* Options that never change.  Signals off: libcurl must not touch SIGALRM or SIGPIPE of the process. */
static const struct {
    CURLoption option;
    long value;
} fixed_options[] = {
    { CURLOPT_NOSIGNAL, 1 },
    { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
    { CURLOPT_PATH_AS_IS, 1 },
    { CURLOPT_FOLLOWLOCATION, 0 },
    { CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
    { CURLOPT_TCP_NODELAY, 1 },
    { CURLOPT_TCP_KEEPALIVE, 1 },
    { CURLOPT_TCP_KEEPIDLE, 30 },
    { CURLOPT_TCP_KEEPINTVL, 30 },
    { CURLOPT_MAXLIFETIME_CONN, MAX_LIFETIME_S },
    { CURLOPT_BUFFERSIZE, BUFFER_SIZE },
    { CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_SIZE },
    { CURLOPT_SSL_VERIFYPEER, 1 },
    { CURLOPT_SSL_VERIFYHOST, 2 },
};

/* libcurl's own folder of authorities stays beside a file that is to be trusted, too. */
static bool set_authorities(struct base_http_call *c)
{
    const struct base_http *h = c->http;
    const char *file = h->extra_ca ? h->extra_ca : h->ca_bundle;
    return !file || (!curl_easy_setopt(c->easy, CURLOPT_CAINFO, file) &&
                     (h->extra_ca || !curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL)));
}

static bool set_fixed_options(struct base_http_call *c)
{
    CURL *e = c->easy;
    CURLcode bad = CURLE_OK;
    for (size_t i = 0; !bad && i < sizeof fixed_options / sizeof *fixed_options; i++)
        bad = curl_easy_setopt(e, fixed_options[i].option, fixed_options[i].value);
    const long idle_s = (long)((c->http->idle_ms + 999) / 1000);
    return !bad && !curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, idle_s) &&
           !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->reason) && !curl_easy_setopt(e, CURLOPT_PRIVATE, c) &&
           !curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, body_before_sending) &&
           !curl_easy_setopt(e, CURLOPT_PREREQDATA, c) && !curl_easy_setopt(e, CURLOPT_READFUNCTION, body_read) &&
           !curl_easy_setopt(e, CURLOPT_READDATA, c) && !curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, body_seek) &&
           !curl_easy_setopt(e, CURLOPT_SEEKDATA, c) && !curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, answer_head) &&
           !curl_easy_setopt(e, CURLOPT_HEADERDATA, c) && !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, answer_body) &&
           !curl_easy_setopt(e, CURLOPT_WRITEDATA, c) &&
           !curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
           !curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c->http) &&
           !curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket) &&
           !curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, c->http) && set_authorities(c);
}

static void wipe_secrets(struct base_http_call *c)
{
    if (!c->is_secret)
        return;
    jn_arena_wipe(&c->memory);
    jn_buf_wipe(&c->head);
    jn_buf_wipe(&c->body);
    c->is_secret = false;
}

static void free_call(struct base_http_call *c)
{
    if (c->easy)
        curl_easy_cleanup(c->easy);
    curl_url_cleanup(c->target);
    jn_buf_clear(&c->target_url);
    wipe_secrets(c);
    jn_arena_clear(&c->memory);
    jn_buf_clear(&c->head);
    jn_buf_clear(&c->body);
    free(c);
}

static struct base_http_call *new_call(struct base_http *h)
{
    struct base_http_call *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->http = h;
    jn_arena_init(&c->memory, 0);
    jn_buf_init(&c->target_url, 0);
    jn_buf_init(&c->head, 0);
    jn_buf_init(&c->body, 0);
    c->easy = curl_easy_init();
    if (c->easy && set_fixed_options(c))
        return c;
    free_call(c);
    return NULL;
}

/* A call from the pool, or a new one; NULL without memory. */
static struct base_http_call *take_call(struct base_http *h)
{
    struct base_http_call *c = h->pool;
    if (!c)
        return new_call(h);
    h->pool = c->next;
    h->pooled--;
    return c;
}

static void empty_buf(struct jn_buf *b)
{
    if (b->failed || b->cap > WARM_BYTES)
        jn_buf_clear(b);
    else if (b->data)
        jn_buf_truncate(b, 0);
}

/* Back to the pool, with everything of the call that was forgotten. */
static void give_back_call(struct base_http_call *c)
{
    struct base_http *h = c->http;
    if (h->freed || h->pooled == POOL_SIZE) {
        free_call(c);
        return;
    }
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL);    // the list was in the arena
    wipe_secrets(c);
    jn_arena_reset(&c->memory);
    empty_buf(&c->head);
    empty_buf(&c->body);
    c->next = h->pool;
    h->pool = c;
    h->pooled++;
}

/* The timer keeps the loop alive only while something is awaited. */
static void link_call(struct base_http_call *c)
{
    struct base_http *h = c->http;
    uv_ref((uv_handle_t *)&h->timer);
    c->next = h->active;
    c->self = &h->active;
    if (c->next)
        c->next->self = &c->next;
    h->active = c;
}

static void unlink_call(struct base_http_call *c)
{
    struct base_http *h = c->http;
    *c->self = c->next;
    if (c->next)
        c->next->self = c->self;
    if (!h->active)
        uv_unref((uv_handle_t *)&h->timer);
}

/* ---- building a request -------------------------------------------------------------------------------------- */

/* A line for CURLOPT_HTTPHEADER.  libcurl only reads the list, so its nodes can live in the arena.  "name;" is
 * libcurl's spelling of an empty value, "name:" would take the header away. */
static void add_line(struct base_http_call *c, struct curl_slist ***last, jn_str name, jn_str separator, jn_str value)
{
    struct curl_slist *node = jn_arena_alloc(&c->memory, sizeof *node);
    char *line = jn_arena_alloc(&c->memory, name.len + separator.len + value.len + 1);
    if (!node || !line)
        return;
    memcpy(line, name.data, name.len);
    memcpy(line + name.len, separator.data, separator.len);
    if (value.len)
        memcpy(line + name.len + separator.len, value.data, value.len);
    line[name.len + separator.len + value.len] = '\0';
    *node = (struct curl_slist){ .data = line };
    **last = node;
    *last = &node->next;
}

/* The headers of the request, and none that libcurl would add by itself: what is sent is what was signed.
 * Content-Length is left to libcurl, which knows the same body. */
static struct curl_slist *header_list(struct base_http_call *c, const struct base_http_request *req)
{
    static const char *const unasked[] = { "Accept", "Content-Type", "Expect", "User-Agent" };
    struct curl_slist *first = NULL, **last = &first;
    for (size_t i = 0; i < req->header_count; i++) {
        const struct base_header *h = &req->headers[i];
        if (h->name.len == strlen("Content-Length") && strncasecmp(h->name.data, "Content-Length", h->name.len) == 0)
            continue;
        add_line(c, &last, h->name, h->value.len ? JN_STR(": ") : JN_STR(";"), h->value);
    }
    for (size_t i = 0; i < sizeof unasked / sizeof *unasked; i++) {
        if (!base_header_get(req->headers, req->header_count, unasked[i]).data)
            add_line(c, &last, jn_str_of(unasked[i]), JN_STR(":"), JN_STR(""));
    }
    return first;
}

/* POST for everything that may have a body: it makes libcurl send Content-Length and call body_read(), unless it is
 * given the body, which a small one is: then it leaves with the head, in one write. */
static bool set_method(struct base_http_call *c)
{
    CURL *e = c->easy;
    c->is_whole = c->request_body.len > 0 && c->request_body.len <= SMALL_BODY;
    const bool is_head = strcmp(c->method, "HEAD") == 0 && !c->request_body.len;
    const bool bare = !c->request_body.len && (is_head || strcmp(c->method, "GET") == 0 ||
                                               strcmp(c->method, "DELETE") == 0 || strcmp(c->method, "OPTIONS") == 0);
    return !curl_easy_setopt(e, CURLOPT_NOBODY, 0L) &&
           !curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->is_whole ? c->request_body.data : NULL) &&
           !curl_easy_setopt(e, bare ? CURLOPT_HTTPGET : CURLOPT_POST, 1L) &&
           !curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->request_body.len) &&
           (!is_head || !curl_easy_setopt(e, CURLOPT_NOBODY, 1L)) &&
           !curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, is_head ? NULL : c->method);
}

/* What depends on the try.  Without a body nothing would show whether a dead connection took the request: a fresh one
 * then, except for GET and HEAD, which change nothing and may be repeated by the caller. */
static bool set_connection(struct base_http_call *c)
{
    const int64_t elapsed = (int64_t)((uv_hrtime() - c->started_at) / 1000000);
    const int64_t left = c->total_timeout_ms > elapsed ? c->total_timeout_ms - elapsed : 1;
    const bool reads_only = strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0;
    const bool fresh = c->second_try || c->peer || (!c->request_body.len && !reads_only);
    return !curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, (long)fresh) &&
           !curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)left);
}

/* libcurl takes an URL apart, and puts it together again, for each transfer, unless it is given the parts.  Should it not
 * like it, its words about it come with the transfer. */
static bool set_target(struct base_http_call *c)
{
    const jn_str url = jn_str_of(c->url);
    if (c->target && jn_str_eq(jn_buf_str(&c->target_url), url))
        return true;
    curl_url_cleanup(c->target);
    c->target = curl_url();
    if (c->target && curl_url_set(c->target, CURLUPART_URL, c->url, CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS)) {
        curl_url_cleanup(c->target);
        c->target = NULL;
    }
    empty_buf(&c->target_url);
    jn_buf_append(&c->target_url, url);
    return !c->target_url.failed && !curl_easy_setopt(c->easy, CURLOPT_CURLU, c->target) &&
           !curl_easy_setopt(c->easy, CURLOPT_URL, c->url);
}

static bool set_options(struct base_http_call *c, const struct base_http_request *req, bool is_https)
{
    CURL *e = c->easy;
    struct curl_slist *headers = header_list(c, req);
    return !jn_arena_failed(&c->memory) && set_method(c) && set_target(c) &&
           !curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers) &&
           !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_timeout_ms) &&
           !curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, c->on_data ? 0 : (curl_off_t)c->max_response) &&
           !curl_easy_setopt(e, CURLOPT_CERTINFO, (long)req->wants_peer) &&
           !curl_easy_setopt(e, CURLOPT_NOPROXY, req->no_proxy ? "*" : NULL) &&
           !curl_easy_setopt(e, CURLOPT_PROXY, is_https ? NULL : c->http->http_proxy) &&
           !curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, req->accept_compressed ? "" : NULL) && set_connection(c);
}

/* "host:port", as people write it. */
static const char *where_of(struct jn_arena *a, const struct base_url *url)
{
    char port[16], *first = port + sizeof port;
    *--first = '\0';
    for (int left = url->port; left > 0 || !*first; left /= 10)
        *--first = (char)('0' + left % 10);
    *--first = ':';
    const size_t n = (size_t)(port + sizeof port - first);
    char *text = jn_arena_alloc(a, url->host.len + n);
    if (text) {
        memcpy(text, url->host.data, url->host.len);
        memcpy(text + url->host.len, first, n);
    }
    return text;
}

static void begin_try(struct base_http_call *c)
{
    c->handed = c->received = c->header_count = c->parsed = 0;
    c->headers = NULL;
    c->uploaded = 0;
    note_move(c);
    c->has_stalled = false;
    c->connected = c->was_reused = c->repeat_refused = c->head_ended = false;
    c->too_large = c->out_of_memory = c->given_up = false;
    c->reason[0] = '\0';
}

/* Copies what the request says into the call. */
static bool fill_call(struct base_http_call *c, const struct base_http_request *req, const struct base_url *url)
{
    c->method = jn_arena_copy(&c->memory, jn_str_of(req->method)).data;
    c->url = jn_arena_copy(&c->memory, jn_str_of(req->url)).data;
    c->path = jn_arena_copy(&c->memory, url->path).data;
    c->where = where_of(&c->memory, url);
    c->request_body = req->body;
    c->on_data = req->on_data;
    c->is_secret = req->is_secret;
    c->peer = req->wants_peer ? jn_arena_zalloc(&c->memory, sizeof *c->peer) : NULL;
    c->max_response = req->max_response ? req->max_response : DEFAULT_MAX_RESPONSE;
    c->connect_timeout_ms = req->connect_timeout_ms > 0 ? req->connect_timeout_ms : DEFAULT_CONNECT_MS;
    c->total_timeout_ms = req->total_timeout_ms > 0 ? req->total_timeout_ms : DEFAULT_TOTAL_MS;
    c->stall_timeout_ms = req->stall_timeout_ms;
    c->started_at = uv_hrtime();
    c->second_try = false;
    begin_try(c);
    return !jn_arena_failed(&c->memory) && set_options(c, req, url->is_https);
}

/* Looks for transfers that stand still when this call may be one. */
static void watch_stall(const struct base_http_call *c)
{
    struct base_http *h = c->http;
    const int64_t now = base_loop_now_ms(h->loop), due = c->is_suspect ? now + 1 : c->moved_at + c->stall_timeout_ms;
    if (base_timer_is_running(h->stalls) && h->stalls_due <= due)
        return;
    h->stalls_due = due;
    base_timer_start(h->stalls, due - now);
}

enum jn_status base_http_send(struct base_http *h, const struct base_http_request *req, base_http_done_fn *done,
                              void *arg, struct base_http_call **out, struct jn_error *err)
{
    struct base_url url;
    assert(!req->on_data || !req->accept_compressed);   // a few bytes may become a piece without bounds
    const enum jn_status s = base_http_check(req, &url, err);
    if (s)
        return s;
    struct base_http_call *c = take_call(h);
    if (!c || !fill_call(c, req, &url) || curl_multi_add_handle(h->multi, c->easy)) {
        if (c)
            give_back_call(c);
        return jn_fail(err, JN_NO_MEMORY, "no memory for a request to %s", req->url);
    }
    c->done = done;
    c->arg = arg;
    link_call(c);
    if (c->stall_timeout_ms > 0)
        watch_stall(c);
    if (out)
        *out = c;
    return JN_OK;
}

/* ---- what became of it --------------------------------------------------------------------------------------- */

/* Each "cannot tell" is a yes. */
static bool may_be_sent(const struct base_http_call *c)
{
    long written = 0;
    curl_off_t uploaded = 0;
    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &written);
    curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    if (!c->connected)
        return false;
    if (c->head.len > 0)
        return true;                    // it answers: it has the request
    if (c->request_body.len == 0)
        return written > 0;
    if (c->repeat_refused)
        return c->handed >= c->request_body.len;    // the counter belongs to the second connection by now
    return (uint64_t)uploaded >= c->request_body.len;
}

static enum base_http_fault fault_of(const struct base_http_call *c, CURLcode code)
{
    if (c->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return BASE_HTTP_TOO_LARGE;
    if (c->out_of_memory || code == CURLE_OUT_OF_MEMORY)
        return BASE_HTTP_NO_MEMORY;
    if (c->repeat_refused)
        return BASE_HTTP_BROKEN_OFF;
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return c->has_stalled ? BASE_HTTP_STALLED : BASE_HTTP_TIMED_OUT;
    case CURLE_COULDNT_RESOLVE_HOST:
        return BASE_HTTP_NO_HOST;
    case CURLE_COULDNT_RESOLVE_PROXY:
        return BASE_HTTP_NO_PROXY_HOST;
    case CURLE_COULDNT_CONNECT:
        return BASE_HTTP_NOT_CONNECTED;
    case CURLE_SSL_CACERT_BADFILE:
        return BASE_HTTP_BAD_CA;
    case CURLE_PEER_FAILED_VERIFICATION:
        return BASE_HTTP_NOT_TRUSTED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return BASE_HTTP_NO_TLS;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND:
        return BASE_HTTP_BROKEN_OFF;
    default:
        return BASE_HTTP_OTHER;
    }
}

static enum jn_status explain(const struct base_http_call *c, CURLcode code, struct jn_error *err)
{
    const struct base_http *h = c->http;
    long os_error = 0, proxy_status = 0;
    curl_off_t promised = -1;
    curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_error);
    curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    curl_easy_getinfo(c->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &promised);
    const struct base_http_failure f = {
        .fault = fault_of(c, code),
        .where = c->where,
        .reason = c->reason[0] ? c->reason : curl_easy_strerror(code),
        .ca_file = h->extra_ca ? h->extra_ca : h->ca_bundle ? h->ca_bundle : "",
        .os_error = (int)os_error,
        .proxy_status = (int)proxy_status,
        .is_connected = c->connected,
        .is_answering = c->head.len > 0,
        .may_be_sent = may_be_sent(c),
        .received = c->received,
        .max_response = c->max_response,
        .promised = promised,
        .connect_timeout_ms = c->connect_timeout_ms,
        .total_timeout_ms = c->total_timeout_ms,
        .stall_timeout_ms = c->stall_timeout_ms,
    };
    return base_http_fail(&f, err);
}

/* The headers as far as they came: trailers may follow.  False without memory. */
static bool read_headers(struct base_http_call *c)
{
    if (c->parsed == c->head.len)
        return true;
    const size_t count = base_http_parse_head(jn_buf_str(&c->head), NULL);
    struct base_header *headers = jn_arena_alloc(&c->memory, count * sizeof *headers);
    if (!headers)
        return false;
    c->header_count = base_http_parse_head(jn_buf_str(&c->head), headers);
    c->headers = headers;
    c->parsed = c->head.len;
    return true;
}

/* The answer as it came, whole or not. */
static void read_answer(struct base_http_call *c, struct base_http_response *r)
{
    long connects = 0;
    char *redirect = NULL;
    curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(c->easy, CURLINFO_REDIRECT_URL, &redirect);   // libcurl keeps it until the next try
    r->redirect = redirect ? jn_str_of(redirect) : (jn_str){ NULL, 0 };
    r->http_status = (int)http_status(c);
    r->reused_connection = c->connected && connects == 0;
    r->total_us = (int64_t)((uv_hrtime() - c->started_at) / 1000);
    r->body = jn_buf_str(&c->body);
    if (!read_headers(c) && r->status == JN_OK)
        r->status = jn_fail(&r->error, JN_NO_MEMORY, "no memory for the answer of %s", c->where);
    r->headers = c->headers;
    r->header_count = c->header_count;
    if (c->peer)
        base_http_peer_rest(c->peer, c->easy);
    r->peer = c->peer;
}

static void trace_end(const struct base_http_call *c, const struct base_http_response *r)
{
    const struct base_log *log = c->http->log;
    if (r->status == JN_OK)
        base_trace(log, BASE_TRACE_HTTP, "%s %s%s -> %d, %zu bytes, %lld us%s", c->method, c->where, c->path,
                   r->http_status, c->received, (long long)r->total_us, r->reused_connection ? ", reused" : "");
    else
        base_trace(log, BASE_TRACE_HTTP, "%s %s%s -> %s (%s)", c->method, c->where, c->path, r->error.message,
                   r->refused ? "no connection" : r->sent ? "may be executed" : "not executed");
}

/* The server cannot have the whole request, and the connection was one it had reason to close. */
static bool may_try_again(const struct base_http_call *c, CURLcode code)
{
    const bool broken = c->repeat_refused || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
                        code == CURLE_GOT_NOTHING;
    return broken && c->was_reused && !c->second_try && !may_be_sent(c);
}

/* The call is out of libcurl's hands and of the list; sends it again, or tells its user. */
static void end_call(struct base_http_call *c, CURLcode code)
{
    struct base_http *h = c->http;
    if (!code && !c->head_ended)        // libcurl takes a head that the end of the connection cuts off for a whole one
        code = CURLE_RECV_ERROR;
    if (code && may_try_again(c, code)) {
        base_trace(h->log, BASE_TRACE_HTTP, "%s %s%s: the reused connection was dead, trying a fresh one", c->method,
                   c->where, c->path);
        c->second_try = true;
        begin_try(c);
        if (set_connection(c) && !curl_multi_add_handle(h->multi, c->easy)) {
            link_call(c);
            return;
        }
    }
    struct base_http_response r = { .status = JN_OK };
    if (code) {
        r.status = explain(c, code, &r.error);
        r.sent = may_be_sent(c);
        r.refused = !c->connected;
    }
    read_answer(c, &r);
    trace_end(c, &r);
    c->done(&r, c->arg);
    give_back_call(c);
}

/* Takes a call out of libcurl's hands. */
static void take_out(struct base_http_call *c)
{
    curl_multi_remove_handle(c->http->multi, c->easy);
    unlink_call(c);
}

static struct base_http_call *next_given_up(const struct base_http *h)
{
    struct base_http_call *c = h->active;
    while (c && !c->given_up)
        c = c->next;
    return c;
}

/* When a socket callback fails, libcurl is done with all its transfers but tells nobody, and its timer stands still.
 * So we end those of now; what their users start meanwhile may do better. */
static void give_up(struct base_http *h)
{
    h->lost_socket = false;
    for (struct base_http_call *c = h->active; c; c = c->next)
        c->given_up = true;
    struct base_http_call *c;
    while (!h->freed && (c = next_given_up(h)) != NULL) {
        take_out(c);
        end_call(c, CURLE_OUT_OF_MEMORY);
    }
}

/* Gives on what came of a streamed answer.  The piece changes hands first: it outlives its call. */
static void give_piece(struct base_http_call *c)
{
    struct base_http *h = c->http;
    const struct jn_buf empty = h->piece;
    h->piece = c->body;
    c->body = empty;
    struct base_http_response so_far = { .status = JN_OK };
    read_answer(c, &so_far);
    if (so_far.status) {
        take_out(c);
        end_call(c, CURLE_OUT_OF_MEMORY);
    } else {
        c->on_data(&so_far, jn_buf_str(&h->piece), c->arg);
    }
    jn_buf_truncate(&h->piece, 0);
}

static struct base_http_call *next_with_piece(const struct base_http *h)
{
    struct base_http_call *c = h->active;
    while (c && !(c->body.len && is_streamed(c)))
        c = c->next;
    return c;
}

static void give_pieces(struct base_http *h)
{
    struct base_http_call *c;
    while (h->has_pieces && !h->freed && (c = next_with_piece(h)) != NULL)
        give_piece(c);
    h->has_pieces = false;
}

/* Looks what libcurl has received and finished.  A user's callback may free everything: then nothing of `h` is touched
 * any more. */
static void drain(struct base_http *h)
{
    const CURLMsg *m;
    int left;
    give_pieces(h);
    while (!h->freed && (m = curl_multi_info_read(h->multi, &left)) != NULL) {
        struct base_http_call *c = NULL;
        const CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
        take_out(c);
        end_call(c, code);
    }
    if (!h->freed && h->lost_socket)
        give_up(h);
    if (!h->freed && !h->active)
        empty_buf(&h->piece);
}

/* ---- transfers that stand still ------------------------------------------------------------------------------ */

/* Half of the request is gone, or half of the answer is here: what is between the two is the server's own time. */
static bool is_in_transfer(const struct base_http_call *c)
{
    if (!c->connected || c->head.len)
        return c->head.len && (!c->head_ended || http_status(c) >= 200);
    return (uint64_t)c->uploaded < c->request_body.len;
}

static bool is_overdue(struct base_http_call *c)
{
    curl_off_t uploaded = 0;
    curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    const bool has_moved = uploaded != c->uploaded;
    c->uploaded = uploaded;
    if (has_moved || !is_in_transfer(c))
        note_move(c);
    return base_loop_now_ms(c->http->loop) - c->moved_at >= c->stall_timeout_ms;
}

static struct base_http_call *next_stalled(const struct base_http *h)
{
    struct base_http_call *c = h->active;
    while (c && !(c->is_suspect && is_overdue(c)))      // NOLINT(clang-analyzer-unix.Malloc): who has ended is not in it
        c = c->next;
    return c;
}

/* A transfer that is overdue is a suspect first: the loop may have been busy for so long that nobody has looked at its
 * socket, which happens before this is called again. */
static void on_stalls_due(struct base_timer *t, void *arg)
{
    (void)t;
    struct base_http *h = arg;
    struct base_http_call *c;
    while (!h->freed && (c = next_stalled(h)) != NULL) {
        c->has_stalled = true;
        take_out(c);
        end_call(c, CURLE_OPERATION_TIMEDOUT);
    }
    for (c = h->freed ? NULL : h->active; c; c = c->next) {
        if (c->stall_timeout_ms <= 0)
            continue;
        c->is_suspect = is_overdue(c);
        watch_stall(c);
    }
}

/* ---- libcurl on the loop ------------------------------------------------------------------------------------- */

static void on_socket(int fd, int events, void *arg)
{
    struct base_http *h = arg;
    const int flags = (events & BASE_READABLE ? CURL_CSELECT_IN : 0) | (events & BASE_WRITABLE ? CURL_CSELECT_OUT : 0);
    int running;
    curl_multi_socket_action(h->multi, fd, flags, &running);
    drain(h);
}

/* CURLMOPT_SOCKETFUNCTION; -1 lets every transfer fail. */
static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    (void)easy, (void)known;
    struct base_http *h = arg;
    const int events = what == CURL_POLL_REMOVE ? 0 : (what & CURL_POLL_IN ? BASE_READABLE : 0) |
                                                      (what & CURL_POLL_OUT ? BASE_WRITABLE : 0);
    if (base_watches_want(&h->watches, fd, events))
        return 0;
    h->lost_socket = true;
    return -1;
}

static void on_timer(uv_timer_t *handle)
{
    struct base_http *h = handle->data;
    int running;
    curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    drain(h);
}

/* CURLMOPT_TIMERFUNCTION.  A timer of 0 ms fires in the next round: nothing happens inside base_http_send(). */
static int timer_changed(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    struct base_http *h = arg;
    if (ms < 0)
        uv_timer_stop(&h->timer);
    else
        uv_timer_start(&h->timer, on_timer, base_loop_delay(h->loop, ms), 0);
    return 0;
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct base_http *h = handle->data;
    jn_buf_clear(&h->piece);
    free(h->ca_bundle);
    free(h->extra_ca);
    free(h->http_proxy);
    free(h);
}

static bool set_multi_options(struct base_http *h, unsigned max_connections)
{
    return !curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, socket_changed) &&
           !curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) &&
           !curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, timer_changed) &&
           !curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) &&
           !curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS) &&
           !curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)max_connections);
}

static bool copy_text(const char *from, char **to)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

/* What is set for libcurl would count more than the environment, where the lower-case variable is to count more. */
static const char *proxy_of(const struct base_http_options *opt)
{
    return base_env_get(base_env_system(), "http_proxy") ? NULL : opt->http_proxy;
}

enum jn_status base_http_new(struct base_loop *l, const struct base_http_options *opt, struct base_http **out,
                             struct jn_error *err)
{
    static const struct base_http_options usual = { 0 };
    if (!opt)
        opt = &usual;
    const char *const ca = opt->extra_ca ? opt->extra_ca : opt->ca_bundle;
    if (ca && access(ca, R_OK))
        return jn_fail(err, JN_IO, "cannot read the CA bundle %s: %s", ca, strerrordesc_np(errno));
    struct base_http *h = calloc(1, sizeof *h);
    if (!h || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(h);
        return jn_fail(err, JN_NO_MEMORY, "no memory for an HTTP client");
    }
    h->loop = l;
    h->log = opt->log;
    base_watches_init(&h->watches, l, on_socket, h);
    h->idle_ms = opt->idle_ms > 0 ? opt->idle_ms : DEFAULT_IDLE_MS;
    const bool has_texts = copy_text(opt->ca_bundle, &h->ca_bundle) && copy_text(opt->extra_ca, &h->extra_ca) &&
                           copy_text(proxy_of(opt), &h->http_proxy);
    uv_timer_init(base_loop_uv(l), &h->timer);
    uv_unref((uv_handle_t *)&h->timer);
    h->timer.data = h;
    base_loop_hold(l);
    h->multi = curl_multi_init();
    jn_buf_init(&h->piece, 0);
    if (base_timer_new(l, on_stalls_due, h, &h->stalls, NULL) == JN_OK)
        base_timer_set_background(h->stalls);
    if (!h->multi || !h->stalls || !has_texts || !set_multi_options(h, opt->max_connections)) {
        base_http_free(h);
        return jn_fail(err, JN_NO_MEMORY, "no memory for an HTTP client");
    }
    *out = h;
    return JN_OK;
}

void base_http_cancel(struct base_http_call *c)
{
    take_out(c);
    give_back_call(c);
}

void base_http_free(struct base_http *h)
{
    if (!h)
        return;
    assert(!h->freed);
    h->freed = true;                        // from here on calls are freed, not pooled
    for (struct base_http_call *c = h->active, *next; c; c = next) {
        next = c->next;
        base_http_cancel(c);
    }
    for (struct base_http_call *c = h->pool, *next; c; c = next) {
        next = c->next;
        free_call(c);
    }
    curl_multi_cleanup(h->multi);
    base_watches_clear(&h->watches);
    curl_global_cleanup();
    base_timer_free(h->stalls);
    base_loop_release(h->loop);
    uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}
