/* endpoint.c - from a region to a host name, by the rule sets of the Lambda and STS endpoints (our spec, section 3).
 * A region that the table does not know is placed by its beginning, so that new regions need no new version. */
#include "lambda/endpoint.h"

#include "base/url.h"
#include "lambda/region_table.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* ---- regions and partitions ---------------------------------------------------------------------------------- */

const struct lambda_region *lambda_region_at(size_t i)
{
    return i < lambda_region_count ? &lambda_regions[i] : NULL;
}

static int compare(jn_str a, jn_str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

const struct lambda_region *lambda_region_find(jn_str code)
{
    size_t low = 0, high = lambda_region_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(code, jn_str_of(lambda_regions[middle].code));
        if (order == 0)
            return &lambda_regions[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* label := alnum ((alnum | '-')* alnum)? ; 63 at most (RFC 1123, 2.1) */
enum jn_status lambda_region_check(jn_str region, struct jn_error *err)
{
    bool ok = region.len >= 1 && region.len <= 63 && region.data[0] != '-' && region.data[region.len - 1] != '-';
    for (size_t i = 0; ok && i < region.len; i++)
        ok = is_alnum(region.data[i]) || region.data[i] == '-';
    if (ok)
        return JN_OK;
    if (region.len == 0)
        return jn_fail(err, JN_BAD_VALUE, "the AWS region is empty; give one, for example us-east-1");
    return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" cannot be an AWS region: 1 to 63 letters, digits and hyphens, for "
                   "example us-east-1", JN_ARG(jn_str_sub(region, 0, 80)));
}

/* rest := (alnum | '_')+ '-' digit+ */
static bool is_word_and_number(jn_str rest)
{
    size_t word = 0;
    while (word < rest.len && (is_alnum(rest.data[word]) || rest.data[word] == '_'))
        word++;
    size_t i = word + 1;
    while (i < rest.len && is_digit(rest.data[i]))
        i++;
    return word > 0 && word < rest.len && rest.data[word] == '-' && i == rest.len && i > word + 1;
}

static bool is_region_of(const struct lambda_partition *p, jn_str region)
{
    for (const char *const *pseudo = p->pseudo; *pseudo; pseudo++) {
        if (jn_str_eq(region, jn_str_of(*pseudo)))
            return true;
    }
    for (const char *const *head = p->heads; *head; head++) {
        const jn_str h = jn_str_of(*head);
        if (jn_str_starts(region, h) && is_word_and_number(jn_str_sub(region, h.len, region.len)))
            return true;
    }
    return false;
}

static const struct lambda_partition *partition_called(const char *id)
{
    for (size_t i = 0; i < lambda_partition_count; i++) {
        if (strcmp(lambda_partitions[i].id, id) == 0)
            return &lambda_partitions[i];
    }
    return &lambda_partitions[0];
}

static const struct lambda_partition *partition_of(jn_str region)
{
    const struct lambda_region *known = lambda_region_find(region);
    if (known)
        return partition_called(known->partition);
    for (size_t i = 0; i < lambda_partition_count; i++) {
        if (is_region_of(&lambda_partitions[i], region))
            return &lambda_partitions[i];
    }
    return partition_called("aws");
}

const char *lambda_partition_of(jn_str region)
{
    return partition_of(region)->id;
}

jn_str lambda_region_plain(jn_str region, bool *is_fips)
{
    const jn_str head = JN_STR("fips-"), tail = JN_STR("-fips");
    *is_fips = true;
    if (jn_str_starts(region, head) && region.len > head.len)
        return jn_str_sub(region, head.len, region.len);
    if (jn_str_ends(region, tail) && region.len > tail.len)
        return jn_str_sub(region, 0, region.len - tail.len);
    *is_fips = false;
    return region;
}

jn_str lambda_signing_region(jn_str region)
{
    bool is_fips;
    region = lambda_region_plain(region, &is_fips);
    const struct lambda_partition *p = partition_of(region);
    for (const char *const *pseudo = p->pseudo; *pseudo; pseudo++) {
        if (jn_str_eq(region, jn_str_of(*pseudo)))
            return jn_str_of(p->global_region);
    }
    return region;
}

/* ---- endpoints ----------------------------------------------------------------------------------------------- */

static enum jn_status custom_endpoint(const struct lambda_endpoint_options *opt, bool use_fips, struct jn_buf *out,
                                      struct jn_error *err)
{
    if (use_fips)
        return jn_fail(err, JN_BAD_VALUE, "FIPS and custom endpoint are not supported together: leave out one of them");
    if (opt->use_dual_stack)
        return jn_fail(err, JN_BAD_VALUE, "dual-stack and custom endpoint are not supported together: leave out one of "
                       "them");
    struct base_url u;
    struct jn_error why = { 0 };
    if (base_url_parse(opt->custom, &u, &why))
        return jn_fail(err, JN_BAD_VALUE, "the endpoint \"%.*s\" cannot be used: %s",
                       JN_ARG(jn_str_sub(opt->custom, 0, 200)), why.message);
    if (u.query.len)
        return jn_fail(err, JN_BAD_VALUE, "the endpoint \"%.*s\" cannot be used: it holds a query (?...)",
                       JN_ARG(jn_str_sub(opt->custom, 0, 200)));
    jn_str text = opt->custom;
    if (text.data[text.len - 1] == '?')
        text.len--;
    while (text.data[text.len - 1] == '/')      // stops at the host: there is one
        text.len--;
    jn_buf_append(out, text);
    return out->failed ? jn_fail(err, out->failed, "no memory for the endpoint") : JN_OK;
}

/* The host name by rule.  Two exceptions are STS's: the world-wide name for aws-global, and GovCloud, whose plain names
 * are FIPS already. */
static void host_by_rule(const char *service, jn_str region, bool fips, bool dual_stack, struct jn_buf *out)
{
    const struct lambda_partition *p = partition_of(region);
    const bool is_sts = strcmp(service, "sts") == 0;
    if (is_sts && jn_str_eq(region, JN_STR("aws-global")) && !fips && !dual_stack) {
        jn_buf_append_z(out, "https://sts.amazonaws.com");
        return;
    }
    if (is_sts && strcmp(p->id, "aws-us-gov") == 0 && !dual_stack)
        fips = false;
    jn_buf_append_fmt(out, "https://%s%s.%.*s.%s", service, fips ? "-fips" : "", JN_ARG(region),
                      dual_stack ? p->dual_stack_suffix : p->dns_suffix);
}

enum jn_status lambda_endpoint(const struct lambda_endpoint_options *opt, struct jn_buf *out, struct jn_error *err)
{
    bool is_fips_name = false;
    const jn_str region = lambda_region_plain(opt->region, &is_fips_name);
    const bool use_fips = opt->use_fips || (opt->region.len && is_fips_name);
    if (opt->custom.len)
        return custom_endpoint(opt, use_fips, out, err);
    if (!opt->region.data)
        return jn_fail(err, JN_BAD_VALUE, "no AWS region: give one, or set AWS_REGION, or \"region\" in a profile of "
                       "~/.aws/config");
    const enum jn_status s = lambda_region_check(region, err);
    if (s)
        return s;
    host_by_rule(opt->service, region, use_fips, opt->use_dual_stack, out);
    return out->failed ? jn_fail(err, out->failed, "no memory for the endpoint") : JN_OK;
}
