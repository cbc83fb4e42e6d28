/* cmd_doctor.c - aws-lambda-component doctor: is everything there that an invocation needs?  Each check asks one thing,
 * in the order in which a call would meet it, and says what to do.  The function is not run: DryRun asks whether it
 * might be. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/lookup.h"
#include "base/url.h"
#include "cli/command.h"
#include "cli/doctor_report.h"
#include "cli/session.h"
#include "lambda/control.h"
#include "lambda/probe.h"

struct doctor_options {
    struct cli_action_options action;       /* first: its options are those of the shared table */
    bool json;
};

#define OPTION(name, argument, kind, member, help) \
    { name, argument, help, kind, offsetof(struct doctor_options, member) }

static const struct cli_option options[] = {
    CLI_ACTION_OPTIONS,
    OPTION("--json", NULL, CLI_FLAG, json, "one JSON object at the end"),
};

static const char about[] =
    "Checks what an invocation needs, in the order in which it is needed: configuration and\nexpressions, environment, "
    "DNS, connection and TLS, clock, credentials, permission to\ninvoke (by a DryRun, which runs nothing), and the "
    "function's state and time limit.\nSays of each what was found, and what to do.\n\nExit status: 0 nothing failed "
    "(there may be warnings), 1 something failed, 2 the command\nline is faulty.";

static const char examples[] =
    "  aws-lambda-component doctor --function my-function --region eu-west-1\n  aws-lambda-component doctor --config "
    "step.json --json\n";

enum {
    SKEW_FAILED_MS = 300000,                /* what AWS allows */
    SKEW_WARNING_MS = 60000,
    CERTIFICATE_WARNING_MS = 14 * 86400000,
};

struct doctor {
    struct cli_session session;
    struct doctor_report report;
    struct lambda_client_facts facts;
    struct base_url url;                    /* of the endpoint */
    bool is_reached;                        /* it answered */
    bool has_keys;
    bool is_found;                          /* the function may be invoked */
};

/* Runs the loop until the answer's callback stops it. */
static void await(struct doctor *d)
{
    base_loop_run(d->session.loop);
}

static void answered(struct doctor *d)
{
    base_loop_stop(d->session.loop);
}

/* ---- configuration ------------------------------------------------------------------------------------------- */

static void check_configuration(struct doctor *d)
{
    struct jn_error err = { 0 };
    const enum jn_status s = cli_session_open(&d->session, &err);
    if (s) {
        doctor_report_add(&d->report, "configuration", DOCTOR_FAILED, "correct the field or option that is named", "%s",
                          err.message);
    }
    if (!d->session.client)
        return;
    lambda_client_facts(d->session.client, &d->facts);
    base_url_parse(jn_str_of(d->facts.endpoint), &d->url, NULL);
    if (!s)
        doctor_report_add(&d->report, "configuration", DOCTOR_OK, NULL,
                          "fields and expressions are good; region %s, endpoint %s", d->facts.region,
                          d->facts.endpoint);
}

/* ---- environment --------------------------------------------------------------------------------------------- */

static const char *first_set(const char *const *names)
{
    for (; *names; names++) {
        if (base_env_get(base_env_system(), *names))
            return *names;
    }
    return NULL;
}

/* The variable that names a proxy for the endpoint's scheme; NULL: none. */
static const char *proxy_variable(const struct doctor *d)
{
    static const char *const https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
    static const char *const http[] = { "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", NULL };
    return first_set(d->url.is_https ? https : http);
}

/* "NAME=value", without what is in front of an '@': a proxy's password. */
static void add_variable(struct jn_buf *out, const char *name)
{
    const char *value = base_env_get(base_env_system(), name);
    if (!value)
        return;
    const char *at = strrchr(value, '@');
    jn_buf_append_fmt(out, "%s%s=%s%s", out->len ? ", " : "", name, at ? "(hidden)" : "", at ? at : value);
}

static void check_environment(struct doctor *d)
{
    static const char *const names[] = { "NO_PROXY", "no_proxy", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL_LAMBDA",
                                         "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_USE_FIPS_ENDPOINT",
                                         "AWS_USE_DUALSTACK_ENDPOINT", "AWS_PROFILE", NULL };
    struct jn_buf found;
    const char *proxy = proxy_variable(d);
    jn_buf_init(&found, 0);
    if (proxy)
        add_variable(&found, proxy);
    for (const char *const *n = names; *n; n++)
        add_variable(&found, *n);
    if (d->url.is_https)
        doctor_report_add(&d->report, "environment", DOCTOR_OK, NULL, "%s",
                          found.len ? found.data : "nothing that changes the way to AWS");
    else
        doctor_report_add(&d->report, "environment", DOCTOR_WARNING, "use http: for a local Lambda only",
                          "messages go to %s unencrypted%s%s", d->facts.endpoint, found.len ? "; " : "",
                          found.len ? found.data : "");
    jn_buf_clear(&found);
}

/* ---- the way there ------------------------------------------------------------------------------------------- */

static void check_dns(struct doctor *d)
{
    struct jn_error err = { 0 };
    struct jn_buf addresses;
    jn_buf_init(&addresses, 0);
    const enum jn_status s = base_lookup(d->url.host, &addresses, &err);
    const char *proxy = proxy_variable(d);
    if (!s)
        doctor_report_add(&d->report, "dns", DOCTOR_OK, NULL, "%.*s is %s", JN_ARG(d->url.host), addresses.data);
    else if (proxy)
        doctor_report_add(&d->report, "dns", DOCTOR_SKIPPED, NULL, "the proxy of %s resolves %.*s", proxy,
                          JN_ARG(d->url.host));
    else
        doctor_report_add(&d->report, "dns", DOCTOR_FAILED, "check region and endpoint, and the name servers of this "
                          "machine (/etc/resolv.conf); in a closed network set HTTPS_PROXY", "%s", err.message);
    jn_buf_clear(&addresses);
}

static void report_unreached(struct doctor *d, const struct jn_error *err)
{
    const char *advice = err->status == JN_TLS
        ? "when a proxy or an own authority signs here, name its certificate in --ca-bundle or AWS_CA_BUNDLE; else "
          "somebody may be in between"
        : "open the way to this port in firewall, security group or VPC endpoint, or set HTTPS_PROXY";
    doctor_report_add(&d->report, "connection", DOCTOR_FAILED, advice, "%s", err->message);
    doctor_report_add(&d->report, "clock", DOCTOR_SKIPPED, NULL, "nobody answered who knows the time");
}

static void report_connection(struct doctor *d, const struct base_http_response *r)
{
    const struct base_http_peer *p = r->peer;
    char end[32];
    const int64_t left_ms = p->expires_ms - base_clock_system()->wall_ms(base_clock_system());
    if (!p->protocol[0]) {
        doctor_report_add(&d->report, "connection", DOCTOR_OK, NULL, "%s answers (HTTP %d); TCP took %" PRId64 " ms, "
                          "there is no TLS", p->address, r->http_status, p->connect_us / 1000);
        return;
    }
    base_time_iso(end, p->expires_ms);
    const bool is_ending = p->expires_ms && left_ms < CERTIFICATE_WARNING_MS;
    doctor_report_add(&d->report, "connection", is_ending ? DOCTOR_WARNING : DOCTOR_OK,
                      is_ending ? "have the certificate renewed" : NULL,
                      "%s answers (HTTP %d); TCP took %" PRId64 " ms, %s %" PRId64 " ms; the certificate is good: %s, "
                      "issued by %s, until %s", p->address, r->http_status, p->connect_us / 1000, p->protocol,
                      (p->tls_us - p->connect_us) / 1000, p->subject, p->issuer, p->expires_ms ? end : "(not known)");
}

static void report_clock(struct doctor *d, const struct lambda_probe *p)
{
    if (!p->has_clock) {
        doctor_report_add(&d->report, "clock", DOCTOR_SKIPPED, NULL, "the answer has no Date");
        return;
    }
    const int64_t distance = llabs(p->clock_offset_ms);
    const enum doctor_verdict v = distance > SKEW_FAILED_MS    ? DOCTOR_FAILED
                                : distance > SKEW_WARNING_MS ? DOCTOR_WARNING : DOCTOR_OK;
    if (v == DOCTOR_OK)
        doctor_report_add(&d->report, "clock", v, NULL, "within a minute of the endpoint's");
    else
        doctor_report_add(&d->report, "clock", v, "set the clock right, by NTP for example: AWS allows 5 minutes",
                          "this machine is %" PRId64 " s %s the endpoint", distance / 1000,
                          p->clock_offset_ms < 0 ? "ahead of" : "behind");
}

static void on_probe(const struct lambda_probe *p, void *arg)
{
    struct doctor *d = arg;
    d->is_reached = !p->answer->status;
    if (d->is_reached) {
        report_connection(d, p->answer);
        report_clock(d, p);
    } else {
        report_unreached(d, &p->answer->error);
    }
    answered(d);
}

static void check_connection(struct doctor *d)
{
    struct jn_error err = { 0 };
    if (lambda_client_probe(d->session.client, on_probe, d, &err))
        report_unreached(d, &err);
    else
        await(d);
}

/* ---- credentials --------------------------------------------------------------------------------------------- */

static void on_whoami(const struct lambda_whoami *w, void *arg)
{
    struct doctor *d = arg;
    d->has_keys = !w->no_keys;
    if (w->no_keys)
        doctor_report_add(&d->report, "credentials", DOCTOR_FAILED, "give keys in one of the places of "
                          "docs/credentials.md", "%s: %s", d->facts.source, w->no_keys->message);
    else if (w->who)
        doctor_report_add(&d->report, "credentials", DOCTOR_OK, NULL, "access key %s%s from %s: account %.*s, %.*s",
                          w->access_key, w->has_session ? " with a session token" : "", d->facts.source,
                          JN_ARG(w->who->account), JN_ARG(w->who->arn));
    else if (w->failed->status == JN_REMOTE)
        doctor_report_add(&d->report, "credentials", DOCTOR_FAILED, "use keys that are active, whole and not expired",
                          "access key %s from %s is refused: %s", w->access_key, d->facts.source, w->failed->message);
    else
        doctor_report_add(&d->report, "credentials", DOCTOR_WARNING,
                          "the permission below tells whether they are good; STS itself is not needed to invoke",
                          "access key %s from %s; AWS STS cannot be asked whose it is: %s",
                          w->access_key, d->facts.source, w->failed->message);
    answered(d);
}

static void check_credentials(struct doctor *d)
{
    struct jn_error err = { 0 };
    if (!lambda_client_whoami(d->session.client, base_env_system(), on_whoami, d, &err))
        await(d);
    else
        doctor_report_add(&d->report, "credentials", DOCTOR_FAILED, NULL, "%s", err.message);
}

/* ---- the function -------------------------------------------------------------------------------------------- */

static void on_dry_run(const struct lambda_outcome *o, void *arg)
{
    struct doctor *d = arg;
    d->is_found = !o->status;
    if (d->is_found)
        doctor_report_add(&d->report, "permission", DOCTOR_OK, NULL,
                          "the function is there and may be invoked (HTTP %d)", o->http_status);
    else
        doctor_report_add(&d->report, "permission", DOCTOR_FAILED, "see docs/errors-and-retries.md for this error",
                          "%s", o->error.message);
    answered(d);
}

static void check_permission(struct doctor *d, jn_str function, jn_str qualifier)
{
    struct jn_error err = { 0 };
    const struct lambda_invoke req = { .function = function, .qualifier = qualifier, .type = LAMBDA_DRY_RUN,
                                       .payload = JN_STR("{}"), .max_attempts = 1 };
    if (!lambda_invoke_start(d->session.client, &req, on_dry_run, d, NULL, &err))
        await(d);
    else
        doctor_report_add(&d->report, "permission", DOCTOR_FAILED, NULL, "%s", err.message);
}

static void report_function(struct doctor *d, jn_value answer)
{
    const jn_value c = jn_member(answer, JN_STR("Configuration"));
    const jn_str state = jn_get_string(jn_member(c, JN_STR("State")));
    const jn_value timeout = jn_member(c, JN_STR("Timeout"));
    const double limit_s = (double)d->facts.call_timeout_ms / 1000;
    const double timeout_s = jn_is(timeout, JN_NUMBER) ? jn_get_number(timeout) : 0;
    if (jn_str_eq(state, JN_STR("Failed")))
        doctor_report_add(&d->report, "function", DOCTOR_FAILED, "deploy it again", "its state is Failed: %.*s",
                          JN_ARG(jn_get_string(jn_member(c, JN_STR("StateReason")))));
    else if (state.len && !jn_str_eq(state, JN_STR("Active")))
        doctor_report_add(&d->report, "function", DOCTOR_WARNING, "wait until it is Active; Inactive ones wake up when "
                          "they are invoked", "its state is %.*s", JN_ARG(state));
    else if (timeout_s > limit_s)
        doctor_report_add(&d->report, "function", DOCTOR_WARNING, "raise the request timeout (--timeout, "
                          "requestTimeoutPeriod) above the function's", "it may run for %g s, but a call is given up "
                          "after %g s, and then nobody knows its result", timeout_s, limit_s);
    else
        doctor_report_add(&d->report, "function", DOCTOR_OK, NULL,
                          "%.*s; it may run for %g s, and a call may take %g s",
                          JN_ARG(state.len ? state : JN_STR("state not told")), timeout_s, limit_s);
}

static void on_function(const struct jn_error *failed, jn_value answer, void *arg)
{
    struct doctor *d = arg;
    if (failed)
        doctor_report_add(&d->report, "function", DOCTOR_WARNING, "nothing has to be done: lambda:GetFunction is not "
                          "needed to invoke", "its state and time limit cannot be read: %s", failed->message);
    else
        report_function(d, answer);
    answered(d);
}

static void check_function(struct doctor *d, jn_str function, jn_str qualifier)
{
    struct jn_error err = { 0 };
    if (!lambda_get_function(d->session.client, function, qualifier, on_function, d, NULL, &err))
        await(d);
    else
        doctor_report_add(&d->report, "function", DOCTOR_WARNING, NULL, "%s", err.message);
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

static void skip(struct doctor *d, const char *check, const char *why)
{
    doctor_report_add(&d->report, check, DOCTOR_SKIPPED, NULL, "%s", why);
}

static void check_target(struct doctor *d)
{
    jn_str function = { NULL, 0 }, qualifier = { NULL, 0 };
    const char *why = !d->session.action ? "the configuration is faulty"
                      : !d->is_reached   ? "the endpoint cannot be reached"
                      : !d->has_keys     ? "there are no keys" : NULL;
    if (!why && !component_publish_target(d->session.action, &function, &qualifier))
        why = "an expression names the function of each message; give --function NAME for one of them";
    if (!why)
        check_permission(d, function, qualifier);
    else
        skip(d, "permission", why);
    if (d->is_found)
        check_function(d, function, qualifier);
    else
        skip(d, "function", why ? why : "it may not be invoked");
}

static void check_all(struct doctor *d)
{
    static const char *const rest[] = { "environment", "dns",        "connection", "clock",
                                        "credentials", "permission", "function" };
    check_configuration(d);
    if (!d->session.client) {
        for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
            skip(d, rest[i], "the configuration is faulty");
        return;
    }
    check_environment(d);
    check_dns(d);
    check_connection(d);
    check_credentials(d);
    check_target(d);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    struct doctor_options o = { .action = CLI_ACTION_OPTIONS_UNSET };
    struct jn_error err = { 0 };
    int rest, status;
    if (!cli_command_options(self, &o, argc, argv, &rest, &status))
        return status;
    if (rest) {
        jn_fail(&err, JN_BAD_VALUE, "it takes no argument, but there is \"%s\"", argv[0]);
        return cli_usage_error(self, &err);
    }
    struct doctor d = { .is_found = false };
    cli_session_init(&d.session, &o.action);
    doctor_report_init(&d.report, o.json);
    check_all(&d);
    const bool is_written = doctor_report_end(&d.report);
    status = is_written && !d.report.counts[DOCTOR_FAILED] ? CLI_OK : CLI_FAILED;
    doctor_report_clear(&d.report);
    cli_session_close(&d.session);
    return status;
}

const struct cli_command cli_doctor = {
    .name = "doctor",
    .summary = "check configuration, network, clock, keys and permission",
    .usage = "--function NAME [OPTION...]",
    .about = about,
    .examples = examples,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
