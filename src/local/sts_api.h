/* sts_api.h - as much of AWS STS as tells a caller who he is (our spec, section 2.2). */
#ifndef LOCAL_STS_API_H
#define LOCAL_STS_API_H

#include "local/api.h"

/* The error in the form of STS, which is XML. */
void local_sts_reply_refusal(const struct local_request *q, const struct local_refusal *r);

#endif
