/* streamed.h - what a call keeps of the event stream that its attempt is answered with.  Private to this folder; the
 * functions are in call.h. */
#ifndef LAMBDA_STREAMED_H
#define LAMBDA_STREAMED_H

#include "lambda/eventstream.h"

struct lambda_streamed {
    struct lambda_stream stream;            /* its memory is kept from call to call */
    bool has_given;                         /* a chunk was given on: the call cannot begin again */
    bool has_ended;                         /* by this event, whose texts are in the call's arena */
    struct lambda_stream_event end;
};

#endif
