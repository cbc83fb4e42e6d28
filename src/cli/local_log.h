/* local_log.h - the log of a local Lambda as people read it: when, which function, which call, what. */
#ifndef CLI_LOCAL_LOG_H
#define CLI_LOCAL_LOG_H

#include "base/log.h"

/* A format of struct base_log. */
void cli_local_log_line(const struct base_log *l, enum base_log_level level, const struct base_field *fields,
                        jn_str message, struct jn_buf *line);

#endif
