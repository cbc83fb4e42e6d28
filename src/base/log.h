/* log.h - the component's own log, and traces.  A line is written with one write(2).  Secrets never get here: callers
 * log names, ids, counts.  Fields are pairs of name and text. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"
#include "base/env.h"

enum base_log_level { BASE_TRACE, BASE_DEBUG, BASE_INFO, BASE_WARN, BASE_ERROR, BASE_FATAL, BASE_SILENT };

struct base_field;

struct base_log {
    int fd;
    enum base_log_level level;      /* lines below it are not written */
    bool json;                      /* one JSON object a line; else text for people */
    bool colour;
    unsigned traced;                /* categories switched on by TRACE=http,lambda,local,state,amqp or all */
    const struct base_clock *clock;
    const char *name;               /* which program or part speaks; "" for none */
    /* Appends a line, without its end, in a shape of its own; NULL: text or JSON as above. */
    void (*format)(const struct base_log *l, enum base_log_level level, const struct base_field *fields, jn_str message,
                   struct jn_buf *line);
};

enum base_trace_category { BASE_TRACE_HTTP = 1, BASE_TRACE_LAMBDA = 2, BASE_TRACE_LOCAL = 4, BASE_TRACE_STATE = 8,
                           BASE_TRACE_AMQP = 16 };

struct base_field {
    const char *name;               /* NULL ends a list */
    jn_str value;
};

/* A log on `fd` at INFO, text, with the categories that TRACE in `env` names. */
void base_log_init(struct base_log *l, int fd, const struct base_clock *clock, const struct base_env *env);

/* Writes a line; `fields` may be NULL.  `l` may be NULL: nothing happens. */
void base_log(const struct base_log *l, enum base_log_level level, const struct base_field *fields,
              const char *fmt, ...) JN_PRINTF(4, 5);

/* Writes a line when the category is traced. */
void base_trace(const struct base_log *l, enum base_trace_category c, const char *fmt, ...) JN_PRINTF(3, 4);

#endif
