/* settings.h - every variable that the platform sets for a step, and ours beside them.  The table (settings.c) is the
 * only place that knows their names; it also makes docs/settings.md. */
#ifndef SAILOR_SETTINGS_H
#define SAILOR_SETTINGS_H

#include "base/settings.h"

enum sailor_mode {
    SAILOR_MESSAGES = 1,        /* consume, process, publish */
    SAILOR_SHUTDOWN_HOOK = 2,   /* call the function's shutdown hook */
    SAILOR_VERIFY = 4,          /* service mode: verifyCredentials */
    SAILOR_META_MODEL = 8,      /* service mode: getMetaModel */
    SAILOR_SELECT_MODEL = 16,   /* service mode: selectModel */
};
enum { SAILOR_SERVICE = SAILOR_VERIFY | SAILOR_META_MODEL | SAILOR_SELECT_MODEL };

/* Texts are borrowed from the environment; NULL: not set.  Section numbers are those of platform-protocol.md.  There is
 * one of it: its order is that of the sections, not the one that takes the least memory. */
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct sailor_settings {
    /* 1.2, who we are */
    const char *flow_id, *exec_id, *step_id, *container_id, *workspace_id, *user_id, *comp_id, *function;
    const char *api_uri, *api_username, *api_key;
    /* 1.2, the broker */
    const char *amqp_uri;               /* several, separated by commas: the nodes of a cluster */
    const char *listen_messages_on, *publish_messages_to;
    const char *data_routing_key, *error_routing_key, *rebound_routing_key, *snapshot_routing_key;
    const char *crypto_iv, *crypto_password;
    /* 1.3 */
    const char *component_path;
    int64_t prefetch;
    bool startup_required, hook_shutdown;
    int64_t api_retry_attempts, api_retry_delay_ms;     /* 0: not set; see platform.h */
    int64_t rebound_initial_expiration_ms, rebound_limit;
    int64_t data_rate_limit, error_rate_limit, snapshot_rate_limit, rate_interval_ms;
    bool process_amqp_drain;
    int64_t publish_retry_delay_ms, publish_retry_attempts /* 0: no end */, publish_max_retry_delay_ms;
    int64_t unroutable_ms;              /* negative: what is returned counts as sent */
    bool persistent_messages;
    int64_t reconnect_attempts /* 0: not set: no end once it ran */, reconnect_timeout_ms;
    int64_t wait_messages_timeout_ms;
    int64_t outgoing_size_limit;
    bool no_self_passthrough;
    int64_t protocol_version;
    bool no_error_replies;
    const char *input_format;           /* "default", "error" */
    const char *storage_uri, *storage_token;
    int64_t storage_threshold;
    bool emit_lightweight;
    const char *additional_vars;
    /* 1.6 */
    const char *log_level;
    int64_t storage_max_retry, storage_timeout_ms;
    const char *extra_ca;               /* NODE_EXTRA_CA_CERTS */
    /* 1.4, service mode */
    const char *post_result_url, *cfg, *action_or_trigger, *get_model_method;
    /* ours */
    int64_t confirm_timeout_ms, shutdown_timeout_ms, start_report_timeout_ms, processing_timeout_ms;
    const char *amqp_ca, *amqp_certificate, *amqp_key;
    int64_t http_port;                  /* 0: no operations server */
    const char *http_host;
};

extern const struct base_setting sailor_setting_table[];
extern const size_t sailor_setting_count;

/* Reads and checks them for a mode.  JN_BAD_VALUE "<name> is missing", in service mode "<name> is not provided" in the
 * order of 2.8; `out` is filled even then. */
enum jn_status sailor_settings_read(const struct base_env *env, enum sailor_mode mode, struct sailor_settings *out,
                                    struct jn_error *err);

/* Which of the two modes the entry point runs in: HOOK_SHUTDOWN as a boolean (quirk Q1). */
enum sailor_mode sailor_settings_mode(const struct base_env *env);

/* The camel-cased header name that ADDITIONAL_VARS_FOR_HEADERS gives a variable (1.5): "ELASTICIO_FIRST" -> "first". */
void sailor_settings_header_name(struct jn_buf *out, jn_str variable);

#endif
