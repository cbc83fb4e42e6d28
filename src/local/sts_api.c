/* sts_api.c - GetCallerIdentity.
 *
 * STS speaks XML and has names of its own for the mistakes of a signature. */
#include "local/sts_api.h"

#include "local/auth.h"
#include "local/target.h"

#define STS_XMLNS "https://sts.amazonaws.com/doc/2011-06-15/"

/* Text between two tags. */
static void put_text(struct jn_buf *out, jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '<')
            jn_buf_append_z(out, "&lt;");
        else if (s.data[i] == '>')
            jn_buf_append_z(out, "&gt;");
        else if (s.data[i] == '&')
            jn_buf_append_z(out, "&amp;");
        else
            jn_buf_append_char(out, s.data[i]);
    }
}

static void put_element(struct jn_buf *out, const char *name, jn_str text)
{
    jn_buf_append_fmt(out, "<%s>", name);
    put_text(out, text);
    jn_buf_append_fmt(out, "</%s>", name);
}

static void reply(const struct local_request *q, int status, struct jn_buf *body)
{
    struct local_answer a = { .count = 0 };
    local_answer_add(&a, "Content-Type", JN_STR("text/xml"));
    local_answer_add(&a, "x-amzn-RequestId", jn_str_of(q->id));
    base_httpd_reply(q->http, status, a.headers, a.count, jn_buf_str(body));
    jn_buf_clear(body);
}

/* What Lambda calls one thing, STS calls another. */
static const struct {
    enum local_refusal_kind kind;
    int status;
    const char *code, *message;     /* NULL: Lambda's first line, without the text that was to be signed */
} codes[] = {
    { LOCAL_REFUSED_MISSING_TOKEN, 403, "MissingAuthenticationToken", "Request is missing Authentication Token" },
    { LOCAL_REFUSED_INCOMPLETE, 400, "IncompleteSignature", NULL },
    { LOCAL_REFUSED_UNKNOWN_CLIENT, 403, "InvalidClientTokenId", NULL },
    { LOCAL_REFUSED_INVALID_SIGNATURE, 403, "SignatureDoesNotMatch", NULL },
    { LOCAL_REFUSED_EXPIRED_TOKEN, 403, "ExpiredToken", NULL },
    { LOCAL_REFUSED_VALIDATION, 400, "InvalidAction", NULL },
};

void local_sts_reply_refusal(const struct local_request *q, const struct local_refusal *r)
{
    struct jn_buf body;
    int status = local_refusal_status(r->kind);
    const char *code = local_refusal_code(r->kind);
    const jn_str all = jn_buf_str(&r->message);
    jn_str message = jn_str_sub(all, 0, jn_str_find(all, JN_STR("\n"), 0));
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].kind == r->kind) {
            status = codes[i].status;
            code = codes[i].code;
            message = codes[i].message ? jn_str_of(codes[i].message) : message;
        }
    }
    jn_buf_init(&body, 0);
    jn_buf_append_z(&body, "<ErrorResponse xmlns=\"" STS_XMLNS "\"><Error>");
    put_element(&body, "Type", status < 500 ? JN_STR("Sender") : JN_STR("Receiver"));
    put_element(&body, "Code", jn_str_of(code));
    put_element(&body, "Message", message);
    jn_buf_append_z(&body, "</Error>");
    put_element(&body, "RequestId", jn_str_of(q->id));
    jn_buf_append_z(&body, "</ErrorResponse>");
    reply(q, status, &body);
}

/* Ids of users are AIDA and 16 more letters or digits; ours is made of the account's number. */
static void put_identity(struct jn_buf *out, const struct local_request *q)
{
    struct jn_buf text;
    jn_buf_init(&text, 0);
    jn_buf_append_z(out, "<GetCallerIdentityResponse xmlns=\"" STS_XMLNS "\"><GetCallerIdentityResult>");
    jn_buf_append_fmt(&text, "arn:aws:iam::%s:user/local", q->api->site->account);
    put_element(out, "Arn", jn_buf_str(&text));
    jn_buf_truncate(&text, 0);
    jn_buf_append_fmt(&text, "AIDALOCAL%s", q->api->site->account);
    put_element(out, "UserId", jn_buf_str(&text));
    put_element(out, "Account", jn_str_of(q->api->site->account));
    jn_buf_append_z(out, "</GetCallerIdentityResult><ResponseMetadata>");
    put_element(out, "RequestId", jn_str_of(q->id));
    jn_buf_append_z(out, "</ResponseMetadata></GetCallerIdentityResponse>");
    jn_buf_clear(&text);
}

bool local_sts_run(struct local_request *q, struct local_refusal *r)
{
    struct jn_buf body;
    const jn_str action = local_decode(q->memory, local_query_get(base_httpd_body(q->http), "Action"));
    if (!jn_str_equal(action, "GetCallerIdentity"))
        return local_refuse(r, LOCAL_REFUSED_VALIDATION, "Could not find operation %.*s for version 2011-06-15; "
                            "the local Lambda knows GetCallerIdentity alone", JN_ARG(action));
    jn_buf_init(&body, 0);
    put_identity(&body, q);
    reply(q, 200, &body);
    return true;
}
