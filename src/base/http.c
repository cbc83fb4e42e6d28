/* http.c - see http.h.
 *
 * Why nothing is sent twice.  When a reused connection dies before the first byte of an answer, libcurl starts the request
 * again on a fresh one (lib/transfer.c, Curl_retry_request()).  If it had sent any of the body it must rewind first, and
 * our seek callback refuses: the call ends with CURLE_SEND_FAIL_REWIND.  If it had sent none, the server cannot have had
 * the whole request, and starting again is harmless - unless the body had been read already without getting out, which
 * before_request() sees.  A request without a body has nothing to rewind, so it gets a connection of its own (GETs may be
 * repeated).
 *
 * Sockets and the one timer that libcurl wants are libuv handles; completed calls are reported after libcurl has returned,
 * so a callback may start and cancel calls as it likes. */
#include "base/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

#include "base/loop_internal.h"

enum {
    CONNECT_MS = 5000,
    TOTAL_MS = 910 * 1000,
    IDLE_MS = 10 * 1000,
    MAX_RESPONSE = 16 << 20,
    MAX_HEAD = 256 << 10,           /* bytes of an answer's headers */
    PROBE_S = 30,                   /* TCP keep-alive: well below the 350 s after which NAT gateways forget a flow */
    KEEP_BYTES = 1 << 20,           /* a pooled call keeps no larger buffer */
};

struct base_http_call {
    struct base_http *http;
    struct base_http_call *next, *previous;
    CURL *easy;
    struct curl_slist *lines;       /* request headers as libcurl wants them */
    jn_str body;
    size_t offset;                  /* bytes of the body handed to libcurl */
    size_t max_response;
    bool is_too_large;
    struct jn_buf head, answer;
    struct base_header *headers;    /* parsed from head; room for header_cap */
    size_t header_count, header_cap;
    base_http_done_fn *done;
    void *arg;
    int64_t total_ms;
    bool may_repeat;                /* a GET */
    char reason[CURL_ERROR_SIZE];
};

struct base_http {
    struct base_loop *loop;
    CURLM *multi;
    uv_timer_t timer;
    char *ca_bundle;
    int64_t idle_ms;
    const struct base_log *log;
    struct base_http_call *calls, *pool;
    bool is_reporting, is_freed;    /* base_http_free() inside a callback waits for its end */
};

/* ---- sockets and the timer ------------------------------------------------------------------------------------ */

struct socket_poll {
    uv_poll_t uv;
    struct base_http *http;
    curl_socket_t fd;
};

static void report_completed(struct base_http *h);

static void on_socket(uv_poll_t *uv, int status, int events)
{
    const struct socket_poll *p = uv->data;
    struct base_http *h = p->http;
    const int flags = status < 0 ? CURL_CSELECT_ERR
                                 : (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    int running;
    curl_multi_socket_action(h->multi, p->fd, flags, &running);
    report_completed(h);
}

static void free_data(uv_handle_t *handle)
{
    free(handle->data);
}

static struct socket_poll *poll_new(struct base_http *h, curl_socket_t fd)
{
    struct socket_poll *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->http = h;
    p->fd = fd;
    if (uv_poll_init_socket(base_loop_uv(h->loop), &p->uv, fd)) {
        free(p);
        return NULL;
    }
    p->uv.data = p;
    curl_multi_assign(h->multi, fd, p);
    return p;
}

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *arg, void *own)
{
    struct base_http *h = arg;
    struct socket_poll *p = own;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (p)
            uv_close((uv_handle_t *)&p->uv, free_data);
        curl_multi_assign(h->multi, fd, NULL);
        return 0;
    }
    if (!p)
        p = poll_new(h, fd);
    if (!p)
        return -1;
    const int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&p->uv, events, on_socket) ? -1 : 0;
}

static void on_timeout(uv_timer_t *timer)
{
    struct base_http *h = timer->data;
    int running;
    curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    report_completed(h);
}

static int on_timer_wish(CURLM *multi, long ms, void *arg)
{
    struct base_http *h = arg;
    (void)multi;
    if (ms < 0)
        uv_timer_stop(&h->timer);
    else
        uv_timer_start(&h->timer, on_timeout, base_loop_delay(h->loop, ms), 0);
    return 0;
}

/* ---- the client ------------------------------------------------------------------------------------------------ */

static enum jn_status init(struct base_http *h, const struct base_http_options *opt, struct jn_error *err)
{
    h->multi = curl_multi_init();
    if (opt->ca_bundle)
        h->ca_bundle = strdup(opt->ca_bundle);
    if (!h->multi || (opt->ca_bundle && !h->ca_bundle))
        return jn_fail(err, JN_NO_MEMORY, "no memory for the HTTP client");
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    if (opt->max_connections)
        curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)opt->max_connections);
    return JN_OK;
}

enum jn_status base_http_new(struct base_loop *l, const struct base_http_options *opt, struct base_http **out,
                             struct jn_error *err)
{
    struct base_http *h = calloc(1, sizeof *h);
    if (!h)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the HTTP client");
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(h);
        return jn_fail(err, JN_IO, "libcurl cannot be initialised");
    }
    h->loop = l;
    h->idle_ms = opt->idle_ms ? opt->idle_ms : IDLE_MS;
    h->log = opt->log;
    enum jn_status s = init(h, opt, err);
    if (s) {
        curl_multi_cleanup(h->multi);
        free(h->ca_bundle);
        free(h);
        curl_global_cleanup();
        return s;
    }
    uv_timer_init(base_loop_uv(l), &h->timer);
    h->timer.data = h;
    base_loop_hold(l);
    *out = h;
    return JN_OK;
}

static void free_call(struct base_http_call *c)
{
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->lines);
    jn_buf_clear(&c->head);
    jn_buf_clear(&c->answer);
    free(c->headers);
    free(c);
}

static void free_calls(struct base_http_call *list)
{
    while (list) {
        struct base_http_call *next = list->next;
        free_call(list);
        list = next;
    }
}

static void destroy(struct base_http *h)
{
    for (struct base_http_call *c = h->calls; c; c = c->next)
        curl_multi_remove_handle(h->multi, c->easy);
    free_calls(h->calls);
    free_calls(h->pool);
    curl_multi_cleanup(h->multi);
    free(h->ca_bundle);
    uv_close((uv_handle_t *)&h->timer, free_data);
    curl_global_cleanup();
}

void base_http_free(struct base_http *h)
{
    if (!h || h->is_freed)
        return;
    h->is_freed = true;
    base_loop_release(h->loop);
    if (!h->is_reporting)
        destroy(h);
}

/* ---- what libcurl asks during a call --------------------------------------------------------------------------- */

static size_t give_body(char *to, size_t size, size_t count, void *arg)
{
    struct base_http_call *c = arg;
    const size_t room = size * count, left = c->body.len - c->offset;
    const size_t n = left < room ? left : room;
    if (n)
        memcpy(to, c->body.data + c->offset, n);
    c->offset += n;
    return n;
}

static int refuse_to_rewind(void *arg, curl_off_t offset, int origin)
{
    (void)arg;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

/* Just before a request goes out on a connection.  A second time with part of the body gone means that libcurl is about
 * to send the rest of it as if it were all. */
static int before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
    const struct base_http_call *c = arg;
    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    return c->offset > 0 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t take_head(char *data, size_t size, size_t count, void *arg)
{
    struct base_http_call *c = arg;
    const size_t n = size * count;
    if (n >= 5 && memcmp(data, "HTTP/", 5) == 0)
        jn_buf_truncate(&c->head, 0);           // an interim answer came before this one
    jn_buf_append(&c->head, (jn_str){ data, n });
    return c->head.failed ? 0 : n;
}

static size_t take_answer(char *data, size_t size, size_t count, void *arg)
{
    struct base_http_call *c = arg;
    const size_t n = size * count;
    if (c->answer.len + n > c->max_response) {
        c->is_too_large = true;
        return 0;
    }
    jn_buf_append(&c->answer, (jn_str){ data, n });
    return c->answer.failed ? 0 : n;
}

/* ---- starting a call ------------------------------------------------------------------------------------------- */

static struct base_http_call *take_call(struct base_http *h)
{
    struct base_http_call *c = h->pool;
    if (c) {
        h->pool = c->next;
        curl_easy_reset(c->easy);
    } else {
        c = calloc(1, sizeof *c);
        if (c && !(c->easy = curl_easy_init())) {
            free(c);
            c = NULL;
        }
        if (!c)
            return NULL;
        jn_buf_init(&c->head, MAX_HEAD);
        jn_buf_init(&c->answer, 0);
        c->http = h;
    }
    c->next = h->calls;
    c->previous = NULL;
    if (c->next)
        c->next->previous = c;
    h->calls = c;
    return c;
}

static void reset_buf(struct jn_buf *b)
{
    if (b->cap > KEEP_BYTES || b->failed)
        jn_buf_clear(b);
    else
        jn_buf_truncate(b, 0);
}

/* Back to the pool. */
static void give_call(struct base_http_call *c)
{
    struct base_http *h = c->http;
    if (c->next)
        c->next->previous = c->previous;
    if (c->previous)
        c->previous->next = c->next;
    else
        h->calls = c->next;
    curl_slist_free_all(c->lines);
    c->lines = NULL;
    c->header_count = c->offset = 0;
    c->is_too_large = false;
    c->body = (jn_str){ NULL, 0 };
    c->reason[0] = '\0';
    reset_buf(&c->head);
    reset_buf(&c->answer);
    c->next = h->pool;
    h->pool = c;
}

static bool add_line(struct base_http_call *c, const char *line)
{
    struct curl_slist *lines = curl_slist_append(c->lines, line);
    if (lines)
        c->lines = lines;
    return lines != NULL;
}

static bool has_line_break(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '\r' || s.data[i] == '\n' || s.data[i] == '\0')
            return true;
    }
    return false;
}

static enum jn_status add_headers(struct base_http_call *c, const struct base_http_request *req, struct jn_error *err)
{
    struct jn_buf line;
    bool ok = add_line(c, "Expect:") && add_line(c, "Accept:");
    if (!base_header_get(req->headers, req->header_count, "Content-Type").data)
        ok = ok && add_line(c, "Content-Type:");        // not libcurl's form type
    jn_buf_init(&line, 0);
    for (size_t i = 0; ok && i < req->header_count; i++) {
        const struct base_header *h = &req->headers[i];
        if (has_line_break(h->name) || has_line_break(h->value)) {
            jn_buf_wipe(&line);
            return jn_fail(err, JN_BAD_VALUE, "the header %.*s holds a line break or a NUL, and was not sent",
                           has_line_break(h->name) ? 0 : (int)h->name.len, h->name.data);
        }
        if (h->name.len == 14 && strncasecmp(h->name.data, "content-length", 14) == 0)
            continue;                                   // libcurl's, from the size of the body
        jn_buf_truncate(&line, 0);
        jn_buf_append_fmt(&line, h->value.len ? "%.*s: %.*s" : "%.*s;%.*s", JN_ARG(h->name), JN_ARG(h->value));
        ok = !line.failed && add_line(c, line.data);
    }
    jn_buf_wipe(&line);
    return ok ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for the request's headers");
}

static void set_method(struct base_http_call *c, const struct base_http_request *req)
{
    CURL *e = c->easy;
    c->may_repeat = strcmp(req->method, "GET") == 0 && req->body.len == 0;
    if (c->may_repeat)
        return;
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, req->method);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(e, CURLOPT_READDATA, c);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, refuse_to_rewind);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, c);
    if (req->body.len == 0)
        curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
}

static void set_connection(struct base_http_call *c, const struct base_http_request *req)
{
    CURL *e = c->easy;
    const struct base_http *h = c->http;
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)PROBE_S);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, (long)PROBE_S);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, (long)((h->idle_ms + 999) / 1000));
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(req->connect_timeout_ms ? req->connect_timeout_ms : CONNECT_MS));
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)c->total_ms);
    if (h->ca_bundle)
        curl_easy_setopt(e, CURLOPT_CAINFO, h->ca_bundle);
    if (req->no_proxy)
        curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
}

static void set_sinks(struct base_http_call *c)
{
    CURL *e = c->easy;
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->reason);
    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
}

static enum jn_status start(struct base_http_call *c, const struct base_http_request *req, struct jn_error *err)
{
    c->body = req->body;
    c->max_response = req->max_response ? req->max_response : MAX_RESPONSE;
    c->total_ms = req->total_timeout_ms ? req->total_timeout_ms : TOTAL_MS;
    enum jn_status s = add_headers(c, req, err);
    if (s)
        return s;
    set_sinks(c);
    set_connection(c, req);
    set_method(c, req);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->lines);
    if (curl_easy_setopt(c->easy, CURLOPT_URL, req->url) || curl_multi_add_handle(c->http->multi, c->easy))
        return jn_fail(err, JN_NO_MEMORY, "the request cannot be started: no memory");
    return JN_OK;
}

enum jn_status base_http_send(struct base_http *h, const struct base_http_request *req, base_http_done_fn *done,
                              void *arg, struct base_http_call **out, struct jn_error *err)
{
    struct base_http_call *c = take_call(h);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a request");
    c->done = done;
    c->arg = arg;
    enum jn_status s = start(c, req, err);
    if (s) {
        give_call(c);
        return s;
    }
    base_trace(h->log, BASE_TRACE_HTTP, "%s %s, %zu bytes", req->method, req->url, req->body.len);
    if (out)
        *out = c;
    return JN_OK;
}

void base_http_cancel(struct base_http_call *c)
{
    curl_multi_remove_handle(c->http->multi, c->easy);
    give_call(c);
}

/* ---- what came of it ------------------------------------------------------------------------------------------- */

jn_str base_header_get(const struct base_header *headers, size_t count, const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < count; i++) {
        if (headers[i].name.len == len && strncasecmp(headers[i].name.data, name, len) == 0)
            return headers[i].value;
    }
    return (jn_str){ NULL, 0 };
}

static bool add_header(struct base_http_call *c, jn_str name, jn_str value)
{
    if (c->header_count == c->header_cap) {
        const size_t cap = c->header_cap ? c->header_cap * 2 : 16;
        struct base_header *grown = realloc(c->headers, cap * sizeof *grown);
        if (!grown)
            return false;
        c->headers = grown;
        c->header_cap = cap;
    }
    c->headers[c->header_count++] = (struct base_header){ name, jn_str_trim(value) };
    return true;
}

/* Lines of the head after the status line. */
static bool parse_headers(struct base_http_call *c)
{
    jn_str rest = jn_buf_str(&c->head);
    bool ok = true;
    while (ok && rest.len) {
        const size_t end = jn_str_find(rest, JN_STR("\n"), 0);
        const jn_str line = jn_str_sub(rest, 0, end);
        const size_t colon = jn_str_find(line, JN_STR(":"), 0);
        if (colon != SIZE_MAX && !jn_str_starts(line, JN_STR("HTTP/")))
            ok = add_header(c, jn_str_sub(line, 0, colon), jn_str_sub(line, colon + 1, line.len));
        rest = jn_str_sub(rest, end == SIZE_MAX ? rest.len : end + 1, rest.len);
    }
    return ok;
}

static bool is_tls(CURLcode code)
{
    return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_SSL_CIPHER || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR ||
           code == CURLE_SSL_INVALIDCERTSTATUS;
}

/* "host:port" of the call's URL, for sentences. */
static jn_str place_of(const struct base_http_call *c)
{
    char *url = NULL;
    curl_easy_getinfo(c->easy, CURLINFO_EFFECTIVE_URL, &url);
    jn_str s = jn_str_of(url);
    const size_t scheme = jn_str_find(s, JN_STR("://"), 0);
    s = jn_str_sub(s, scheme == SIZE_MAX ? 0 : scheme + 3, s.len);
    return (jn_str){ s.data, strcspn(s.data, "/?") };
}

static enum jn_status fail_broken(const struct base_http_call *c, CURLcode code, struct jn_error *err)
{
    const jn_str place = place_of(c);
    curl_off_t announced = -1;
    curl_easy_getinfo(c->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (c->answer.len && announced > 0)
        return jn_fail(err, JN_IO, "the answer of %.*s broke off after %zu of %lld bytes", JN_ARG(place), c->answer.len,
                       (long long)announced);
    if (c->head.len)
        return jn_fail(err, JN_IO, "the answer of %.*s broke off after %zu bytes", JN_ARG(place),
                       c->head.len + c->answer.len);
    if (c->offset < c->body.len)
        return jn_fail(err, JN_IO, "%.*s closed the connection after %zu of %zu bytes of the request", JN_ARG(place),
                       c->offset, c->body.len);
    if (code == CURLE_GOT_NOTHING || code == CURLE_SEND_FAIL_REWIND || code == CURLE_ABORTED_BY_CALLBACK)
        return jn_fail(err, JN_IO, "%.*s closed the connection without an answer", JN_ARG(place));
    return jn_fail(err, JN_IO, "the connection to %.*s failed: %s", JN_ARG(place),
                   *c->reason ? c->reason : curl_easy_strerror(code));
}

static enum jn_status fail_timeout(const struct base_http_call *c, bool connected, struct jn_error *err)
{
    const jn_str place = place_of(c);
    if (!connected)
        return jn_fail(err, JN_TIMEOUT, "no connection to %.*s in time: %s", JN_ARG(place), c->reason);
    return jn_fail(err, JN_TIMEOUT, "no whole answer from %.*s within %lld ms", JN_ARG(place), (long long)c->total_ms);
}

static enum jn_status explain(const struct base_http_call *c, CURLcode code, bool connected, struct jn_error *err)
{
    const jn_str place = place_of(c);
    if (c->is_too_large)
        return jn_fail(err, JN_LIMIT, "the answer of %.*s is longer than %zu bytes", JN_ARG(place), c->max_response);
    if (c->answer.failed || c->head.failed || code == CURLE_OUT_OF_MEMORY)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the answer of %.*s", JN_ARG(place));
    if (is_tls(code))
        return jn_fail(err, JN_TLS, "no secure connection to %.*s: %s", JN_ARG(place),
                       *c->reason ? c->reason : curl_easy_strerror(code));
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail_timeout(c, connected, err);
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
        return jn_fail(err, JN_IO, "no connection to %.*s: %s", JN_ARG(place),
                       *c->reason ? c->reason : curl_easy_strerror(code));
    return fail_broken(c, code, err);
}

static void describe(struct base_http_call *c, CURLcode code, struct base_http_response *r)
{
    curl_off_t total = 0, ready = 0;
    long status = 0, fresh = 0;
    curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &total);
    curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &fresh);
    r->total_us = total;
    r->reused_connection = fresh == 0;
    if (code == CURLE_OK && !parse_headers(c))
        code = CURLE_OUT_OF_MEMORY;
    if (code != CURLE_OK) {
        const bool connected = ready > 0;
        r->refused = !connected;
        r->sent = connected && c->offset == c->body.len;
        r->status = explain(c, code, connected, &r->error);
        return;
    }
    r->http_status = (int)status;
    r->headers = c->headers;
    r->header_count = c->header_count;
    r->body = jn_buf_str(&c->answer);
}

static void report(struct base_http_call *c, CURLcode code)
{
    struct base_http *h = c->http;
    struct base_http_response r = { 0 };
    describe(c, code, &r);
    curl_multi_remove_handle(h->multi, c->easy);
    base_trace(h->log, BASE_TRACE_HTTP, "%s: %d, %zu bytes, %lld us%s", r.status ? r.error.message : "answered",
               r.http_status, r.body.len, (long long)r.total_us, r.reused_connection ? ", reused connection" : "");
    c->done(&r, c->arg);
    give_call(c);
}

static void report_completed(struct base_http *h)
{
    const bool was_reporting = h->is_reporting;
    h->is_reporting = true;
    const CURLMsg *m;
    int left;
    while (!h->is_freed && (m = curl_multi_info_read(h->multi, &left)) != NULL) {
        struct base_http_call *c = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        const CURLcode code = m->data.result;           // m is gone once the handle is removed
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
        report(c, code);
    }
    h->is_reporting = was_reporting;
    if (h->is_freed && !was_reporting)
        destroy(h);
}
