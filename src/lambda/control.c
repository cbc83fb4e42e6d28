/* control.c - the control calls: one call of call.c per page, whose answers are kept until the last one is there.
 *
 *   lambda_list -> [page asked for -> read]... -> the callback -> gone
 *
 * A list ends where the service gives no marker for a next page.  It gives them as it likes, also on pages that are
 * empty; so a marker that comes twice, and more pages than any list has, are the end of our patience. */
#include "lambda/control.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "lambda/call.h"
#include "lambda/request.h"

enum {
    MAX_ITEMS = 10000,
    MAX_PAGES = 2000,                   // of 50 items, mostly; one may be shorter
    USUAL_PAGE = 50,                    // items, unless fewer are asked for
    MAX_MEMORY = 256 << 20,
};

struct lambda_control_call {
    struct lambda_client *client;
    struct lambda_control_call *next, **self;    /* among the client's */
    const struct control *kind;
    struct lambda_call *call;               /* for the page being asked for; NULL: none */
    struct jn_arena arena;                  /* all answers */
    jn_str function, qualifier;             /* in the arena; {NULL, 0}: none */
    struct jn_array *items;                 /* of a list */
    size_t max_items;
    char page_text[24];                     /* MaxItems */
    jn_str *markers;                        /* all that came */
    size_t pages;
    jn_str text, location;                  /* the last answer, and Code.Location in it, a secret */
    lambda_control_fn *fn;
    void *arg;
};

/* What is asked for. */
static const struct control {
    const char *purpose, *action, *pattern;
    const char *member;                     /* that holds the list; NULL: it is no list */
} kinds[] = {
    [LAMBDA_LIST_FUNCTIONS] = { "list functions", "lambda:ListFunctions", "/2015-03-31/functions", "Functions" },
    [LAMBDA_LIST_VERSIONS] = { "list the versions of", "lambda:ListVersionsByFunction",
                               "/2015-03-31/functions/*/versions", "Versions" },
    [LAMBDA_LIST_ALIASES] = { "list the aliases of", "lambda:ListAliases", "/2015-03-31/functions/*/aliases",
                              "Aliases" },
}, get_function = { "describe function", "lambda:GetFunction", "/2015-03-31/functions/*", NULL };

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void link_control(struct lambda_control_call *x)
{
    struct lambda_client *c = x->client;
    x->next = c->controls;
    x->self = &c->controls;
    if (x->next)
        x->next->self = &x->next;
    c->controls = x;
}

static void unlink_control(struct lambda_control_call *x)
{
    *x->self = x->next;
    if (x->next)
        x->next->self = x->self;
}

/* What is in our arena may be changed. */
static void wipe(jn_str secret)
{
    base_wipe((char *)(uintptr_t)secret.data, secret.len);
}

static void free_control(struct lambda_control_call *x)
{
    if (x->location.data) {
        wipe(x->location);
        wipe(x->text);
    }
    jn_arena_clear(&x->arena);
    free(x);
}

void lambda_controls_free(struct lambda_control_call *x)
{
    while (x) {
        struct lambda_control_call *next = x->next;
        free_control(x);
        x = next;
    }
}

void lambda_control_cancel(struct lambda_control_call *x)
{
    lambda_call_cancel(x->call);
    unlink_control(x);
    free_control(x);
}

/* The callback may free the client: `x` is none of it any more. */
static void finish(struct lambda_control_call *x, const struct jn_error *failed, jn_value value)
{
    unlink_control(x);
    x->fn(failed, value, x->arg);
    free_control(x);
}

/* ---- a page's answer ----------------------------------------------------------------------------------------- */

static enum jn_status fail_answer(const struct lambda_control_call *x, struct jn_error *err, const char *what)
{
    return jn_fail(err, JN_BAD_TEXT, "cannot %s%s%.*s%s: the answer of %s %s", x->kind->purpose,
                   x->function.len ? " \"" : "", JN_ARG(jn_str_sub(x->function, 0, 100)), x->function.len ? "\"" : "",
                   lambda_client_endpoint(x->client), what);
}

/* The object that an answer's body is; the text is copied first, since values borrow from it. */
static enum jn_status read_object(struct lambda_control_call *x, jn_str body, jn_value *out, struct jn_error *err)
{
    x->text = jn_arena_copy(&x->arena, body);
    if (x->text.data && jn_read(&x->arena, x->text, NULL, out, NULL, NULL) == JN_OK && jn_is(*out, JN_OBJECT))
        return JN_OK;
    const enum jn_status s = jn_arena_failed(&x->arena);
    return s ? jn_fail(err, s, "no memory for the answer of %s", lambda_client_endpoint(x->client))
             : fail_answer(x, err, "is no JSON object");
}

static enum jn_status add_items(struct lambda_control_call *x, jn_value page, struct jn_error *err)
{
    const jn_value list = jn_member(page, jn_str_of(x->kind->member));
    if (!jn_is(list, JN_ARRAY)) {
        char what[64];
        snprintf(what, sizeof what, "holds no list \"%s\"", x->kind->member);
        return fail_answer(x, err, what);
    }
    for (uint32_t i = 0; i < jn_array_len(list) && x->items->len < x->max_items; i++) {
        if (!jn_array_push(&x->arena, x->items, jn_array_at(list, i)))
            return jn_fail(err, jn_arena_failed(&x->arena), "no memory for the list");
    }
    return JN_OK;
}

/* Where the list goes on; {NULL, 0}: nowhere. */
static enum jn_status read_marker(struct lambda_control_call *x, jn_value page, jn_str *out, struct jn_error *err)
{
    const jn_value marker = jn_member(page, JN_STR("NextMarker"));
    const bool is_text = jn_is(marker, JN_STRING);
    *out = (jn_str){ NULL, 0 };
    if (jn_is_undefined(marker) || jn_is(marker, JN_NULL) || (is_text && jn_get_string(marker).len == 0))
        return JN_OK;
    if (!is_text)
        return fail_answer(x, err, "holds a NextMarker that is no text");
    for (size_t i = 0; i < x->pages; i++) {
        if (jn_str_eq(x->markers[i], jn_get_string(marker)))
            return fail_answer(x, err, "goes round in circles: a NextMarker came twice");
    }
    *out = jn_get_string(marker);
    return JN_OK;
}

static enum jn_status ask(struct lambda_control_call *x, jn_str marker, struct jn_error *err);

static enum jn_status ask_next(struct lambda_control_call *x, jn_str marker, struct jn_error *err)
{
    jn_str *markers = jn_arena_grow(&x->arena, x->markers, x->pages * sizeof *markers,
                                    (x->pages + 1) * sizeof *markers);
    if (!markers)
        return jn_fail(err, jn_arena_failed(&x->arena), "no memory for the list");
    x->markers = markers;
    x->markers[x->pages++] = marker;
    return x->pages < MAX_PAGES ? ask(x, marker, err) : fail_answer(x, err, "goes on without an end");
}

/* Reads a page, and asks for the next one if there is one. */
static enum jn_status take_page(struct lambda_control_call *x, jn_str body, bool *is_over, struct jn_error *err)
{
    jn_value page = jn_undefined();
    jn_str marker = { NULL, 0 };
    enum jn_status s = read_object(x, body, &page, err);
    if (!s)
        s = add_items(x, page, err);
    if (!s)
        s = read_marker(x, page, &marker, err);
    *is_over = !marker.data || x->items->len == x->max_items;
    return s || *is_over ? s : ask_next(x, marker, err);
}

static void on_page(const struct lambda_outcome *o, void *arg)
{
    struct lambda_control_call *x = arg;
    struct jn_error err = { 0 };
    bool is_over = false;
    x->call = NULL;
    if (o->status)
        finish(x, &o->error, jn_undefined());
    else if (take_page(x, o->invoked.payload, &is_over, &err))
        finish(x, &err, jn_undefined());
    else if (is_over)
        finish(x, NULL, jn_array_value(x->items, 0));
}

/* ---- one function -------------------------------------------------------------------------------------------- */

/* Code.Location is an address that anyone may load the code from for ten minutes.  Containers whose members change
 * forget the text that they were read from, and so it does not come out again. */
static bool drop_location(struct lambda_control_call *x, jn_value answer)
{
    const jn_value code = jn_member(answer, JN_STR("Code")), location = jn_member(code, JN_STR("Location"));
    if (jn_is(location, JN_STRING))
        x->location = jn_get_string(location);
    if (!jn_is(code, JN_OBJECT))
        return true;
    jn_object_remove(&x->arena, code.as.object, JN_STR("Location"));
    return jn_object_set(&x->arena, answer.as.object, JN_STR("Code"), code);
}

static enum jn_status take_function(struct lambda_control_call *x, jn_str body, jn_value *out, struct jn_error *err)
{
    const enum jn_status s = read_object(x, body, out, err);
    if (s)
        return s;
    if (!jn_is(jn_member(*out, JN_STR("Configuration")), JN_OBJECT))
        return fail_answer(x, err, "holds no Configuration");
    return drop_location(x, *out) ? JN_OK : jn_fail(err, jn_arena_failed(&x->arena), "no memory for the function");
}

static void on_function(const struct lambda_outcome *o, void *arg)
{
    struct lambda_control_call *x = arg;
    struct jn_error err = { 0 };
    jn_value answer = jn_undefined();
    x->call = NULL;
    if (o->status)
        finish(x, &o->error, jn_undefined());
    else if (take_function(x, o->invoked.payload, &answer, &err))
        finish(x, &err, jn_undefined());
    else
        finish(x, NULL, answer);
}

/* ---- asking -------------------------------------------------------------------------------------------------- */

static void add_query(struct lambda_call_request *req, const char *name, jn_str value)
{
    if (value.data)
        req->query[req->query_count++] = (struct lambda_query){ name, value };
}

/* MaxItems, where less than the service's own page is wanted; {NULL, 0}: not said. */
static jn_str page_size(struct lambda_control_call *x)
{
    const size_t left = x->items ? x->max_items - x->items->len : 0;
    if (!x->items || left >= USUAL_PAGE)
        return (jn_str){ NULL, 0 };
    const int n = snprintf(x->page_text, sizeof x->page_text, "%zu", left);
    return (jn_str){ x->page_text, (size_t)n };
}

static enum jn_status ask(struct lambda_control_call *x, jn_str marker, struct jn_error *err)
{
    struct lambda_call *call = lambda_call_take(x->client);
    if (!call)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the call");
    struct lambda_call_request *req = &call->req;
    req->purpose = x->kind->purpose;
    req->action = x->kind->action;
    req->method = "GET";
    req->pattern = x->kind->pattern;
    req->label = x->function;
    req->is_harmless = true;
    req->is_secret = !x->kind->member;
    add_query(req, "Marker", marker);
    add_query(req, "MaxItems", page_size(x));
    add_query(req, "Qualifier", x->qualifier);
    const enum jn_status s = lambda_call_begin(call, x->kind->member ? on_page : on_function, x, err);
    if (!s)
        x->call = call;
    return s;
}

static jn_str copy(struct lambda_control_call *x, jn_str text)
{
    return text.data ? jn_arena_copy(&x->arena, text) : text;
}

/* Memory for it, and the texts. */
static struct lambda_control_call *make(struct lambda_client *c, const struct control *kind, jn_str function,
                                        jn_str qualifier, size_t max_items)
{
    struct lambda_control_call *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->client = c;
    x->kind = kind;
    x->max_items = max_items && max_items < MAX_ITEMS ? max_items : MAX_ITEMS;
    jn_arena_init(&x->arena, MAX_MEMORY);
    x->function = copy(x, function);
    x->qualifier = copy(x, qualifier);
    if (kind->member)
        x->items = jn_array_new(&x->arena, 0);
    if (!jn_arena_failed(&x->arena))
        return x;
    free_control(x);
    return NULL;
}

static enum jn_status start(struct lambda_control_call *x, lambda_control_fn *fn, void *arg,
                            struct lambda_control_call **out, struct jn_error *err)
{
    if (!x)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the call");
    x->fn = fn;
    x->arg = arg;
    const enum jn_status s = ask(x, (jn_str){ NULL, 0 }, err);
    if (s) {
        free_control(x);
        return s;
    }
    link_control(x);
    if (out)
        *out = x;
    return JN_OK;
}

/* The name without its qualifier, which these lists have none of. */
static jn_str unqualified(jn_str function, const struct lambda_name *name)
{
    return name->qualifier.data ? jn_str_sub(function, 0, function.len - name->qualifier.len - 1) : function;
}

enum jn_status lambda_list(struct lambda_client *c, enum lambda_list what, jn_str function, size_t max_items,
                           lambda_control_fn *fn, void *arg, struct lambda_control_call **out, struct jn_error *err)
{
    jn_str label = { NULL, 0 };
    if (what != LAMBDA_LIST_FUNCTIONS) {
        struct lambda_name name;
        const enum jn_status s = lambda_name_check(function, jn_buf_str(&c->target.region), &name, err);
        if (s)
            return s;
        label = unqualified(function, &name);
    }
    return start(make(c, &kinds[what], label, (jn_str){ NULL, 0 }, max_items), fn, arg, out, err);
}

enum jn_status lambda_get_function(struct lambda_client *c, jn_str function, jn_str qualifier, lambda_control_fn *fn,
                                   void *arg, struct lambda_control_call **out, struct jn_error *err)
{
    struct lambda_name name;
    enum jn_status s = lambda_name_check(function, jn_buf_str(&c->target.region), &name, err);
    if (!s)
        s = lambda_name_check_qualifier(&name, qualifier, err);
    return s ? s : start(make(c, &get_function, function, qualifier, 0), fn, arg, out, err);
}
