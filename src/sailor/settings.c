/* settings.c - the one table of all variables that a step is started with: those of the platform in the order in which
 * they are missed (platform-protocol.md, 1.2), and ours.  docs/settings.md is made from it: tests/unit/sailor/
 * step_settings_test.c compares, and writes the file anew when ALC_WRITE_DOCS is set. */
#include "sailor/settings.h"

#define AT(member) offsetof(struct sailor_settings, member)

enum { RUN = SAILOR_MESSAGES | SAILOR_SHUTDOWN_HOOK, ANY = RUN | SAILOR_SERVICE };

#define TEXT(name, member, fallback, meaning) { name, BASE_SETTING_TEXT, 0, AT(member), fallback, NULL, "", meaning }
#define SECRET(name, member, meaning) { name, BASE_SETTING_SECRET, 0, AT(member), NULL, NULL, "", meaning }
#define NEEDED(name, member, modes, meaning) { name, BASE_SETTING_TEXT, modes, AT(member), NULL, NULL, "", meaning }
#define NEEDED_SECRET(name, member, modes, meaning) \
    { name, BASE_SETTING_SECRET, modes, AT(member), NULL, NULL, "", meaning }
#define INTEGER(name, member, fallback, unit, meaning) \
    { name, BASE_SETTING_INTEGER, 0, AT(member), fallback, NULL, unit, meaning }
#define BOOLEAN(name, member, fallback, meaning) \
    { name, BASE_SETTING_BOOLEAN, 0, AT(member), fallback, NULL, "", meaning }
#define ELSEWHERE(name, fallback, meaning) { name, BASE_SETTING_ELSEWHERE, 0, 0, fallback, NULL, "", meaning }

const struct base_setting sailor_setting_table[] = {
    { "ELASTICIO_FLOW_ID", BASE_SETTING_TEXT, RUN, AT(flow_id), NULL,
      "Required, always\nThe platform sets these for every step. The first one that is missing is named in the log's "
      "last line, and the process ends with status 1.", "", "Id of the flow; the header `taskId` of what is published." },
    NEEDED("ELASTICIO_EXEC_ID", exec_id, RUN, "Id of the execution."),
    NEEDED("ELASTICIO_STEP_ID", step_id, RUN, "Id of the step, such as `step_2`."),
    NEEDED("ELASTICIO_CONTAINER_ID", container_id, RUN, "Id of the container."),
    NEEDED("ELASTICIO_WORKSPACE_ID", workspace_id, RUN, "Id of the workspace."),
    NEEDED("ELASTICIO_USER_ID", user_id, RUN, "Id of the flow's owner."),
    NEEDED("ELASTICIO_COMP_ID", comp_id, RUN, "Id of the component."),
    NEEDED("ELASTICIO_FUNCTION", function, RUN, "Key of the action in `component.json`: `publish`."),
    NEEDED("ELASTICIO_API_URI", api_uri, ANY, "Base URL of the platform's API. Also needed in service mode."),
    NEEDED("ELASTICIO_API_USERNAME", api_username, ANY, "User name for the API. Also needed in service mode."),
    NEEDED_SECRET("ELASTICIO_API_KEY", api_key, ANY, "Password for the API. Also needed in service mode."),

    { "ELASTICIO_AMQP_URI", BASE_SETTING_SECRET, SAILOR_MESSAGES, AT(amqp_uri), NULL,
      "Required for messages\nNot needed in shutdown-hook mode (`ELASTICIO_HOOK_SHUTDOWN`) and in service mode.", "",
      "Where the broker is: `amqp://user:password@host:port/vhost`, or `amqps://` for TLS; parameters `heartbeat`, "
      "`frameMax`, `channelMax`, `locale`. Beyond the original: several, separated by commas, are the nodes of a "
      "cluster." },
    NEEDED("ELASTICIO_LISTEN_MESSAGES_ON", listen_messages_on, SAILOR_MESSAGES, "The queue to consume."),
    NEEDED("ELASTICIO_PUBLISH_MESSAGES_TO", publish_messages_to, SAILOR_MESSAGES,
           "The exchange for everything that is published."),
    NEEDED("ELASTICIO_DATA_ROUTING_KEY", data_routing_key, SAILOR_MESSAGES, "Routing key of results."),
    NEEDED("ELASTICIO_ERROR_ROUTING_KEY", error_routing_key, SAILOR_MESSAGES, "Routing key of errors."),
    NEEDED("ELASTICIO_REBOUND_ROUTING_KEY", rebound_routing_key, SAILOR_MESSAGES,
           "Routing key of messages to be delivered again later."),
    NEEDED("ELASTICIO_SNAPSHOT_ROUTING_KEY", snapshot_routing_key, SAILOR_MESSAGES, "Routing key of snapshots."),
    NEEDED_SECRET("ELASTICIO_MESSAGE_CRYPTO_IV", crypto_iv, SAILOR_MESSAGES,
                  "Initialisation vector of the encryption: 16 bytes."),
    NEEDED_SECRET("ELASTICIO_MESSAGE_CRYPTO_PASSWORD", crypto_password, SAILOR_MESSAGES,
                  "Password of the encryption; the key is its SHA-256."),

    { "ELASTICIO_COMPONENT_PATH", BASE_SETTING_TEXT, 0, AT(component_path), NULL, "The step", "",
      "Folder of `component.json`, below the working directory, even if it begins with `/`." },
    INTEGER("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", prefetch, "1", "",
            "How many messages are in process at a time, 65535 at most."),
    BOOLEAN("ELASTICIO_STARTUP_REQUIRED", startup_required, NULL, "Run the startup hook, and store what it gives."),
    BOOLEAN("ELASTICIO_HOOK_SHUTDOWN", hook_shutdown, NULL,
            "Run the shutdown hook and end, without a broker. (The original looks at the text in one place and at the "
            "boolean in another, so that `false` breaks it; here `false` is false.)"),
    TEXT("ELASTICIO_INPUT_FORMAT", input_format, "default",
         "`error`: the step handles errors, and its messages are those of the error exchange."),
    INTEGER("ELASTICIO_PROTOCOL_VERSION", protocol_version, "1", "",
            "How results are encoded: 1 base64, 2 and more raw. What comes in says itself how it is encoded."),
    BOOLEAN("ELASTICIO_NO_SELF_PASSTRHOUGH", no_self_passthrough, NULL,
            "(Spelled so.) Passthrough of the incoming message under its step's id, not of the result under ours."),
    BOOLEAN("ELASTICIO_NO_ERROR_REPLIES", no_error_replies, NULL,
            "Do not copy errors to `reply_to`."),
    TEXT("ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS", additional_vars, NULL,
         "Names of variables, separated by commas, that become headers of everything published: `ELASTICIO_FIRST` "
         "becomes `first`, `OTHER_VAR` becomes `otherVar`."),

    { "ELASTICIO_DATA_RATE_LIMIT", BASE_SETTING_INTEGER, 0, AT(data_rate_limit), "10",
      "Limits and pace\nA negative limit is no limit.", "per interval", "Results that may leave in an interval." },
    INTEGER("ELASTICIO_ERROR_RATE_LIMIT", error_rate_limit, "2", "per interval", "Errors, likewise."),
    INTEGER("ELASTICIO_SNAPSHOT_RATE_LIMIT", snapshot_rate_limit, "2", "per interval", "Snapshots, likewise."),
    INTEGER("ELASTICIO_RATE_INTERVAL", rate_interval_ms, "100", "ms", "The interval of the three."),
    INTEGER("ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", outgoing_size_limit, "10485760", "bytes",
            "Longest encoded result or reply; a longer one is an error."),
    INTEGER("ELASTICIO_REBOUND_INITIAL_EXPIRATION", rebound_initial_expiration_ms, "15000", "ms",
            "Wait before the first redelivery of a rebound; it doubles each time."),
    INTEGER("ELASTICIO_REBOUND_LIMIT", rebound_limit, "20", "", "Rebounds of a message before it is an error."),
    INTEGER("ELASTICIO_PROCESSING_TIMEOUT", processing_timeout_ms, NULL, "ms",
            "Ours. A message that takes longer fails with an error. Keep it below the broker's `consumer_timeout` "
            "(30 minutes by default). Unset: no limit, as in the original."),
    INTEGER("ELASTICIO_SHUTDOWN_TIMEOUT", shutdown_timeout_ms, NULL, "ms",
            "Ours. After SIGTERM, messages that are not finished by then go back to the queue. Unset: no limit, as in "
            "the original."),
    INTEGER("ELASTICIO_START_REPORT_TIMEOUT", start_report_timeout_ms, "30000", "ms",
            "Ours. How long a failed start tries to publish its error before the process ends."),

    { "ELASTICIO_AMQP_PERSISTENT_MESSAGES", BASE_SETTING_BOOLEAN, 0, AT(persistent_messages), NULL, "The broker", "",
      "Publish with delivery mode 2: messages survive a restart of the broker." },
    INTEGER("ELASTICIO_AMQP_PUBLISH_RETRY_DELAY", publish_retry_delay_ms, "100", "ms",
            "Wait after the first failed attempt to publish; it doubles each time."),
    INTEGER("ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY", publish_max_retry_delay_ms, "300000", "ms", "... up to this."),
    INTEGER("ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", publish_retry_attempts, NULL, "",
            "Attempts in all. Unset: no end. The broker's nack (a full queue), a message that comes back because no queue is "
            "bound for it, and a lost connection are failed attempts. Replies are tried 8 times, errors and rebounds "
            "without end: a message whose error is lost would be lost itself."),
    INTEGER("ELASTICIO_AMQP_UNROUTABLE_TIMEOUT", unroutable_ms, "60000", "ms",
            "Ours. A message for which no queue is bound is published again for so long, then it is an error. Negative: "
            "it counts as sent, as in the original, and a warning is all that is left of it."),
    INTEGER("ELASTICIO_AMQP_PUBLISH_CONFIRM_TIMEOUT", confirm_timeout_ms, "60000", "ms",
            "Ours. A publication that the broker has not confirmed by then counts as a failed attempt. Negative: no "
            "limit, as in the original."),
    INTEGER("ELASTICIO_AMQP_RECONNECT_ATTEMPTS", reconnect_attempts, NULL, "",
            "Attempts to connect after the first one. Unset: 3 at the start, as in the original; no end once the step "
            "has run (the original gives up after 3)."),
    INTEGER("ELASTICIO_AMQP_RECONNECT_TIMEOUT", reconnect_timeout_ms, "100", "ms",
            "Wait between attempts to connect. Once the step has run, it doubles each time up to 30 s."),
    TEXT("ELASTICIO_AMQP_CA", amqp_ca, NULL,
         "Ours. PEM file of authorities to trust for `amqps://` instead of the system's."),
    TEXT("ELASTICIO_AMQP_CERT", amqp_certificate, NULL, "Ours. PEM file of a client certificate for `amqps://`."),
    TEXT("ELASTICIO_AMQP_KEY", amqp_key, NULL, "Ours. PEM file of its private key."),
    BOOLEAN("ELASTICIO_PROCESS_AMQP_DRAIN", process_amqp_drain, "true",
            "Accepted, and without effect: everything published waits for the broker's confirm anyway."),
    INTEGER("ELASTICIO_WAIT_MESSAGES_TIMEOUT", wait_messages_timeout_ms, "50", "ms",
            "Accepted, and without effect, as in the original since 2.6.25."),

    { "ELASTICIO_API_REQUEST_RETRY_ATTEMPTS", BASE_SETTING_INTEGER, 0, AT(api_retry_attempts), NULL,
      "The platform's API and object storage", "",
      "Attempts of a request to the API in all. Unset: 3, in service mode 1. (The original ignores this for `/v1`.)" },
    INTEGER("ELASTICIO_API_REQUEST_RETRY_DELAY", api_retry_delay_ms, NULL, "ms",
            "Wait between them. Unset: 1000 for step data and credentials, 100 for hook data, none in service mode."),
    TEXT("ELASTICIO_OBJECT_STORAGE_URI", storage_uri, NULL, "Base URL of the object storage."),
    SECRET("ELASTICIO_OBJECT_STORAGE_TOKEN", storage_token, "Bearer token for it."),
    INTEGER("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", storage_threshold, "1048576", "bytes",
            "Bodies that are longer in all are left in the storage ..."),
    BOOLEAN("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", emit_lightweight, NULL, "... when this is on."),
    INTEGER("REQUEST_MAX_RETRY", storage_max_retry, "2", "",
            "Further attempts of a request to the storage, 1 to 4; anything else is 2."),
    INTEGER("REQUEST_TIMEOUT", storage_timeout_ms, "10000", "ms",
            "Time for each attempt, 500 to 20000; anything else is 10000."),
    ELSEWHERE("HTTP_PROXY", NULL, "Proxy for `http:` requests; also in lower case. Not for AMQP."),
    ELSEWHERE("HTTPS_PROXY", NULL, "Proxy for `https:` requests; also in lower case."),
    ELSEWHERE("NO_PROXY", NULL, "Hosts that are asked directly; also in lower case."),
    TEXT("NODE_EXTRA_CA_CERTS", extra_ca, NULL,
         "PEM file of authorities to trust beside the system's for requests to the API, the storage and AWS (there "
         "`AWS_CA_BUNDLE` has precedence)."),

    { "ELASTICIO_POST_RESULT_URL", BASE_SETTING_SECRET, SAILOR_SERVICE, AT(post_result_url), NULL,
      "Service mode\nThe platform asks one question: `verifyCredentials`, `getMetaModel` or `selectModel` as the first "
      "argument.", "", "Where the answer goes." },
    NEEDED_SECRET("ELASTICIO_CFG", cfg, SAILOR_SERVICE, "The configuration as JSON: credentials and fields."),
    NEEDED("ELASTICIO_ACTION_OR_TRIGGER", action_or_trigger, SAILOR_META_MODEL | SAILOR_SELECT_MODEL,
           "Key of the action; not needed for `verifyCredentials`."),
    NEEDED("ELASTICIO_GET_MODEL_METHOD", get_model_method, SAILOR_SELECT_MODEL,
           "Name of the list to be made; needed for `selectModel` alone."),

    { "LOG_LEVEL", BASE_SETTING_TEXT, 0, AT(log_level), "info", "Logs and operations", "",
      "`trace`, `debug`, `info`, `warn`, `error` or `fatal`, in any case. Anything else ends the start." },
    ELSEWHERE("TRACE", NULL, "Ours. Comma list of `http`, `lambda`, `state`, `amqp` or `all`: lines at level trace "
                             "about each, whatever LOG_LEVEL says."),
    INTEGER("ELASTICIO_HTTP_PORT", http_port, NULL, "",
            "Ours. Port of `/livez`, `/readyz` and `/metrics`. Unset: none of them."),
    TEXT("ELASTICIO_HTTP_HOST", http_host, "0.0.0.0", "Ours. Address that it listens on."),
    ELSEWHERE("ELASTICIO_API_USERNAME, ELASTICIO_COMP_ID, ELASTICIO_COMP_NAME, ELASTICIO_CONTAINER_ID, "
              "ELASTICIO_CONTRACT_ID, ELASTICIO_EXEC_ID, ELASTICIO_EXEC_TYPE, ELASTICIO_EXECUTION_RESULT_ID, "
              "ELASTICIO_FLOW_ID, ELASTICIO_FLOW_VERSION, ELASTICIO_FUNCTION, ELASTICIO_STEP_ID, "
              "ELASTICIO_TASK_USER_EMAIL, ELASTICIO_TENANT_ID, ELASTICIO_USER_ID, ELASTICIO_WORKSPACE_ID", NULL,
              "Copied into each line of the log when set."),

    { "NODE_ENV", BASE_SETTING_ELSEWHERE, 0, 0, NULL, "Present in containers, and without a meaning here", "",
      "The original is silent under `test`." },
    ELSEWHERE("TZ", NULL, "The time zone. Nothing here depends on it: JSONata's dates are UTC unless an expression "
                          "says otherwise."),
    ELSEWHERE("ELASTICIO_TASK_ID", NULL, "An older name of `ELASTICIO_FLOW_ID`."),
    ELSEWHERE("ELASTICIO_FLOW_WEBHOOK_URI", NULL, "The flow's webhook."),
    ELSEWHERE("EIO_REQUIRED_RAM_MB, EIO_REQUIRED_RAM_MB_FLOW_&lt;flow id&gt;", NULL,
              "Read by the platform: how much memory a container gets. 64 is plenty for this component."),
};

const size_t sailor_setting_count = sizeof sailor_setting_table / sizeof *sailor_setting_table;

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* Service mode misses variables in an order and with a text of its own (2.8). */
static enum jn_status check_service(enum sailor_mode mode, const struct sailor_settings *s, struct jn_error *err)
{
    const struct {
        const char *name, *value;
        unsigned modes;
    } needed[] = {
        { "ELASTICIO_POST_RESULT_URL", s->post_result_url, SAILOR_SERVICE },
        { "ELASTICIO_CFG", s->cfg, SAILOR_SERVICE },
        { "ELASTICIO_API_URI", s->api_uri, SAILOR_SERVICE },
        { "ELASTICIO_API_USERNAME", s->api_username, SAILOR_SERVICE },
        { "ELASTICIO_API_KEY", s->api_key, SAILOR_SERVICE },
        { "ELASTICIO_ACTION_OR_TRIGGER", s->action_or_trigger, SAILOR_META_MODEL | SAILOR_SELECT_MODEL },
        { "ELASTICIO_GET_MODEL_METHOD", s->get_model_method, SAILOR_SELECT_MODEL },
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if ((needed[i].modes & mode) && !needed[i].value)
            return jn_fail(err, JN_BAD_VALUE, "%s is not provided", needed[i].name);
    return JN_OK;
}

/* Where a field has 16 bits.  The reference, too, fails its start with another prefetch, less clearly. */
static enum jn_status check_range(const char *name, int64_t n, int64_t least, struct jn_error *err)
{
    if (n >= least && n <= UINT16_MAX)
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "%s is %lld; it must be from 1 to 65535", name, (long long)n);
}

static void keep_within(int64_t *n, int64_t least, int64_t most, int64_t otherwise)
{
    if (*n < least || *n > most)
        *n = otherwise;
}

enum jn_status sailor_settings_read(const struct base_env *env, enum sailor_mode mode, struct sailor_settings *out,
                                    struct jn_error *err)
{
    *out = (struct sailor_settings){ 0 };
    const unsigned required = mode & RUN;
    enum jn_status s = base_settings_read(sailor_setting_table, sailor_setting_count, env, required, out, err);
    keep_within(&out->storage_max_retry, 1, 4, 2);
    keep_within(&out->storage_timeout_ms, 500, 20000, 10000);
    keep_within(&out->confirm_timeout_ms, 0, INT64_MAX, 0);
    if (!s && (mode & SAILOR_SERVICE))
        s = check_service(mode, out, err);
    if (!s && mode == SAILOR_MESSAGES)
        s = check_range("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", out->prefetch, 1, err);
    if (!s && mode == SAILOR_MESSAGES)
        s = check_range("ELASTICIO_HTTP_PORT", out->http_port, 0, err);     // 0: unset
    return s;
}

enum sailor_mode sailor_settings_mode(const struct base_env *env)
{
    return base_setting_boolean(env, "ELASTICIO_HOOK_SHUTDOWN", false) ? SAILOR_SHUTDOWN_HOOK : SAILOR_MESSAGES;
}

/* ---- names of headers ---------------------------------------------------------------------------------------- */

enum letter { NONE, UPPER, LOWER, DIGIT };

/* Bytes from 0x80 on count as small letters: they are kept. */
static enum letter letter_of(jn_str s, size_t i)
{
    const unsigned char c = i < s.len ? (unsigned char)s.data[i] : 0;
    if (c >= '0' && c <= '9')
        return DIGIT;
    if (c >= 'A' && c <= 'Z')
        return UPPER;
    return (c >= 'a' && c <= 'z') || c >= 0x80 ? LOWER : NONE;
}

/* A word begins where the kind of letter changes, except from a first capital to the small ones; of several capitals
 * before small ones the last begins a word: "HTTPServer2" is HTTP, Server, 2. */
static bool begins_word(jn_str s, size_t i)
{
    const enum letter here = letter_of(s, i), before = i ? letter_of(s, i - 1) : NONE;
    if (before == UPPER && here == UPPER)
        return letter_of(s, i + 1) == LOWER;
    return here != before && !(before == UPPER && here == LOWER);
}

void sailor_settings_header_name(struct jn_buf *out, jn_str variable)
{
    const jn_str prefix = JN_STR("ELASTICIO_");
    if (jn_str_starts(variable, prefix))
        variable = jn_str_sub(variable, prefix.len, variable.len);
    const size_t start = out->len;
    for (size_t i = 0; i < variable.len; i++) {
        const enum letter kind = letter_of(variable, i);
        const bool capital = out->len > start && begins_word(variable, i);
        char c = variable.data[i];
        if (kind == NONE)
            continue;
        if (kind == UPPER && !capital)
            c = (char)(c | 0x20);
        if (kind == LOWER && capital && (unsigned char)c < 0x80)
            c = (char)(c & ~0x20);
        jn_buf_append_char(out, c);
    }
}
