/* target.c - from a name and a qualifier to a version.
 *
 * A chain of checks, each of which reads one thing and returns false when the request is refused; the order is the
 * service's, so that a request with two mistakes is told about the same one as on AWS. */
#include "local/target.h"

#include "base/url.h"
#include "lambda/name.h"
#include "local/operation.h"
#include "local/text.h"

/* What the API reference prints for FunctionName; part of the service's error text. */
static const char name_pattern[] =
    "(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:|(((eusc-)?[a-z]{2}"
    "((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?))(function:)?([a-zA-Z0-9-_\\.]+)"
    "(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

struct checking {
    const struct local_site *site;
    struct local_registry *functions;
    struct jn_arena *a;
    struct local_target *out;
    struct local_refusal *r;
    struct lambda_name name;
};

bool local_refuse_memory(struct local_refusal *r)
{
    return local_refuse(r, LOCAL_REFUSED_SERVICE, "out of memory");
}

jn_str local_decode(struct jn_arena *a, jn_str s)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    base_url_decode(&b, s);
    const jn_str copy = b.failed ? (jn_str){ NULL, 0 } : jn_arena_copy(a, jn_buf_str(&b));
    jn_buf_clear(&b);
    return copy;
}

static bool check_name(struct checking *c, jn_str label)
{
    const jn_str text = local_decode(c->a, label);
    if (!text.data)
        return local_refuse_memory(c->r);
    if (lambda_name_parse(text, &c->name, NULL) == JN_OK)
        return true;
    return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value '%.*s' at 'functionName' "
                        "failed to satisfy constraint: Member must satisfy regular expression pattern: %s",
                        JN_ARG(text), name_pattern);
}

static bool check_qualifier(struct checking *c, jn_str query)
{
    const jn_str encoded = local_query_get(query, "Qualifier");
    c->out->qualifier = c->name.qualifier;
    if (!encoded.data)
        return true;

    const jn_str asked = local_decode(c->a, encoded);
    if (!asked.data)
        return local_refuse_memory(c->r);
    if (lambda_qualifier_check(asked, NULL))
        return local_refuse(c->r, LOCAL_REFUSED_VALIDATION, "1 validation error detected: Value '%.*s' at 'qualifier' "
                            "failed to satisfy constraint: Member must satisfy regular expression pattern: "
                            "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+", JN_ARG(asked));
    if (c->name.qualifier.data && !jn_str_eq(asked, c->name.qualifier))
        return local_refuse(c->r, LOCAL_REFUSED_INVALID_PARAMETER, "The derived qualifier from the function name does "
                            "not match the specified qualifier.");
    c->out->qualifier = asked;
    return true;
}

static bool check_region(struct checking *c)
{
    const jn_str region = c->name.region;
    if (!region.data || jn_str_equal(region, c->site->region))
        return true;
    return local_refuse(c->r, LOCAL_REFUSED_NOT_FOUND, "Functions from '%.*s' are not reachable in this region ('%s')",
                        JN_ARG(region), c->site->region);
}

static bool check_function(struct checking *c)
{
    struct local_target *t = c->out;
    const jn_str account = c->name.account.data ? c->name.account : jn_str_of(c->site->account);
    const jn_str qualifier = t->qualifier.data ? t->qualifier : JN_STR("$LATEST");
    t->function = jn_str_equal(account, c->site->account) ? local_registry_find(c->functions, c->name.function) : NULL;
    t->version = t->function ? local_function_resolve(t->function, t->qualifier) : NULL;
    if (!t->version)
        return local_refuse(c->r, LOCAL_REFUSED_NOT_FOUND,
                            "Function not found: arn:aws:lambda:%s:%.*s:function:%.*s:%.*s",
                            c->site->region, JN_ARG(account), JN_ARG(c->name.function), JN_ARG(qualifier));

    t->arn = local_print(c->a, "%s%s%.*s", t->function->arn, t->qualifier.data ? ":" : "", JN_ARG(t->qualifier));
    return t->arn || local_refuse_memory(c->r);
}

bool local_target_find(const struct local_site *site, struct local_registry *functions, struct jn_arena *a, jn_str label,
                       jn_str query, struct local_target *out, struct local_refusal *r)
{
    struct checking c = { .site = site, .functions = functions, .a = a, .out = out, .r = r };
    *out = (struct local_target){ 0 };
    return check_name(&c, label) && check_qualifier(&c, query) && check_region(&c) && check_function(&c);
}
