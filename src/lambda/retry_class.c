/* retry_class.c - the classes of the SDKs' standard retry mode (our spec, sections 5.1 and 5.4). */
#include "lambda/retry_class.h"

#include "base/clock.h"

enum {
    LATE_MS = 5000,                 // what a date may be off without a clock being wrong
    MAX_HINT_MS = 24 * 3600 * 1000, // a longer hint is nonsense, and must not overflow anyone's sum
};

const char *lambda_retry_text(enum lambda_retry r)
{
    static const char *const texts[] = {
        [LAMBDA_RETRY_NONE] = "none",
        [LAMBDA_RETRY_TRANSIENT] = "transient",
        [LAMBDA_RETRY_THROTTLING] = "throttling",
        [LAMBDA_RETRY_CLOCK_SKEW] = "clock_skew",
    };
    return texts[r];
}

static const char *const throttling_codes[] = {
    "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException",
    "SlowDown", "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException",
    "TransactionInProgressException", NULL,
};

static const char *const transient_codes[] = {
    "RequestTimeout", "RequestTimeoutException", "TimeoutError", "IDPCommunicationError", NULL,
};

/* Codes that mean the clock when the clocks differ. */
static const char *const clock_codes[] = {
    "AccessDeniedException", "AuthFailure", "InvalidSignatureException", "RequestExpired", "RequestInTheFuture",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch", NULL,
};

static bool is_one_of(jn_str code, const char *const *list)
{
    for (; *list; list++) {
        if (jn_str_eq(code, jn_str_of(*list)))
            return true;
    }
    return false;
}

static bool is_clock(jn_str code, jn_str message, int64_t skew_ms)
{
    if (!is_one_of(code, clock_codes))
        return false;
    return jn_str_find(message, JN_STR("Signature expired"), 0) != SIZE_MAX ||
           jn_str_find(message, JN_STR("Signature not yet current"), 0) != SIZE_MAX ||
           skew_ms >= LAMBDA_SKEW_MS || skew_ms <= -LAMBDA_SKEW_MS;
}

enum lambda_retry lambda_retry_class(int http_status, jn_str code, jn_str message, int64_t skew_ms)
{
    if (http_status == 429 || is_one_of(code, throttling_codes))
        return LAMBDA_RETRY_THROTTLING;
    if (is_clock(code, message, skew_ms))
        return LAMBDA_RETRY_CLOCK_SKEW;
    const bool is_transient = http_status == 500 || (http_status >= 502 && http_status <= 504) ||
                              is_one_of(code, transient_codes);
    return is_transient ? LAMBDA_RETRY_TRANSIENT : LAMBDA_RETRY_NONE;
}

/* digits := digit+ ['.' digit*] ; in thousandths of a unit worth `unit`.  -1: not such text. */
static int64_t read_decimal(jn_str s, int64_t unit)
{
    int64_t value = 0, weight = unit;
    size_t i = 0;
    for (; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++) {
        value = value * 10 + (s.data[i] - '0') * unit;
        if (value > MAX_HINT_MS)
            value = MAX_HINT_MS;
    }
    if (i == 0)
        return -1;
    if (i < s.len && s.data[i] == '.') {
        for (i++; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++) {
            weight /= 10;
            value += (s.data[i] - '0') * weight;
        }
    }
    return i == s.len ? value : -1;
}

int64_t lambda_retry_hint(const struct base_header *headers, size_t count, int64_t now_ms)
{
    const jn_str ms = jn_str_trim(base_header_get(headers, count, "x-amz-retry-after"));
    const int64_t exact = read_decimal(ms, 1);
    if (exact >= 0)
        return exact;
    const jn_str text = jn_str_trim(base_header_get(headers, count, "retry-after"));
    const int64_t seconds = read_decimal(text, 1000);
    int64_t at_ms;
    if (seconds >= 0 || !base_time_parse(text, &at_ms))
        return seconds;
    base_time_parse(jn_str_trim(base_header_get(headers, count, "date")), &now_ms);     // else our own clock
    const int64_t wait = at_ms - now_ms;
    return wait < 0 ? 0 : wait > MAX_HINT_MS ? MAX_HINT_MS : wait;
}

bool lambda_server_time(const struct base_header *headers, size_t count, int64_t *ms)
{
    return !base_header_get(headers, count, "age").data &&
           base_time_parse(jn_str_trim(base_header_get(headers, count, "date")), ms);
}

int64_t lambda_clock_offset(int64_t skew_ms)
{
    return skew_ms < LATE_MS && skew_ms > -LATE_MS ? 0 : skew_ms;
}

int64_t lambda_clock_skew(const struct base_header *headers, size_t count, int64_t now_ms)
{
    int64_t server_ms;
    return lambda_server_time(headers, count, &server_ms) ? server_ms - now_ms : 0;
}
