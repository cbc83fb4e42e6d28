/* amqp_frame.c - see amqp_frame.h.  Nothing that a peer can send makes this read outside the bytes given, or keep more
 * than one frame of the agreed length. */
#include "sailor/amqp_frame.h"

enum { FRAME_END = 0xCE };

uint32_t sailor_get_uint(const char *from, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | (unsigned char)from[i];
    return value;
}

void sailor_put_uint(char *to, int bytes, uint64_t value)
{
    for (int i = bytes; i-- > 0; value >>= 8)
        to[i] = (char)(value & 0xff);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

void sailor_frame_reader_init(struct sailor_frame_reader *r)
{
    *r = (struct sailor_frame_reader){ .frame_max = SAILOR_FRAME_USUAL };
    jn_buf_init(&r->payload, 0);
}

void sailor_frame_reader_clear(struct sailor_frame_reader *r)
{
    jn_buf_clear(&r->payload);
}

/* The first bytes tell who is there instead of a broker. */
static enum jn_status no_amqp(const unsigned char head[SAILOR_FRAME_HEAD], struct jn_error *err)
{
    if (memcmp(head, "AMQP", 4) == 0)
        return jn_fail(err, JN_BAD_TEXT, "the server does not speak AMQP 0-9-1: it offers protocol %d, version %d.%d",
                       head[4], head[5], head[6]);
    if (memcmp(head, "HTTP/", 5) == 0)
        return jn_fail(err, JN_BAD_TEXT, "the server speaks HTTP and not AMQP; is the port right?");
    if (head[0] == 0x15 && head[1] == 3)            // a TLS alert: RFC 8446, 5.1
        return jn_fail(err, JN_BAD_TEXT, "the server wants TLS; use amqps://");
    return jn_fail(err, JN_BAD_TEXT, "this is no AMQP frame: type %d", head[0]);
}

static bool is_frame_type(int type)
{
    return type == SAILOR_FRAME_METHOD || type == SAILOR_FRAME_HEADER || type == SAILOR_FRAME_BODY
        || type == SAILOR_FRAME_HEARTBEAT;
}

static enum jn_status begin_frame(struct sailor_frame_reader *r, struct jn_error *err)
{
    if (!is_frame_type(r->head[0]))
        return no_amqp(r->head, err);
    r->left = sailor_get_uint((const char *)r->head + 3, 4);
    if (r->left > r->frame_max - SAILOR_FRAME_OVERHEAD)
        return jn_fail(err, JN_BAD_TEXT, "a frame has %zu bytes, and %zu were agreed upon",
                       r->left + SAILOR_FRAME_OVERHEAD, r->frame_max);
    jn_buf_truncate(&r->payload, 0);
    return JN_OK;
}

/* Collects the head; true once it is whole. */
static bool take_head(struct sailor_frame_reader *r, jn_str *data)
{
    size_t n = SAILOR_FRAME_HEAD - r->head_len;
    if (n > data->len)
        n = data->len;
    memcpy(r->head + r->head_len, data->data, n);
    r->head_len += n;
    *data = jn_str_sub(*data, n, data->len);
    return r->head_len == SAILOR_FRAME_HEAD;
}

static jn_str take_payload(struct sailor_frame_reader *r, jn_str *data)
{
    const jn_str piece = jn_str_sub(*data, 0, r->left);
    r->left -= piece.len;
    *data = jn_str_sub(*data, piece.len, data->len);
    return piece;
}

static enum jn_status take_end(struct sailor_frame_reader *r, jn_str *data, struct jn_error *err)
{
    const int end = (unsigned char)data->data[0];
    *data = jn_str_sub(*data, 1, data->len);
    r->head_len = 0;
    if (end == FRAME_END)
        return JN_OK;
    return jn_fail(err, JN_BAD_TEXT, "a frame does not end with octet 206 but %d: bytes were lost", end);
}

/* The payload, and the end when it has come: a body's piece is handed out with what is there. */
static enum jn_status take_rest(struct sailor_frame_reader *r, jn_str *data, struct sailor_frame *frame,
                                bool *has_frame, struct jn_error *err)
{
    const bool is_body = r->head[0] == SAILOR_FRAME_BODY;
    const jn_str piece = take_payload(r, data);
    if (!is_body)
        jn_buf_append(&r->payload, piece);
    if (r->payload.failed)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a frame of the broker");
    *frame = (struct sailor_frame){ .type = r->head[0], .payload = is_body ? piece : jn_buf_str(&r->payload) };
    frame->channel = (int)sailor_get_uint((const char *)r->head + 1, 2);
    frame->is_whole = r->left == 0 && data->len > 0;
    *has_frame = frame->is_whole || (is_body && piece.len > 0);
    return frame->is_whole ? take_end(r, data, err) : JN_OK;
}

enum jn_status sailor_frame_read(struct sailor_frame_reader *r, jn_str *data, struct sailor_frame *frame,
                                 bool *has_frame, struct jn_error *err)
{
    enum jn_status status = JN_OK;
    *has_frame = false;
    while (data->len && !*has_frame && !status) {
        if (r->head_len == SAILOR_FRAME_HEAD)
            status = take_rest(r, data, frame, has_frame, err);
        else if (take_head(r, data))
            status = begin_frame(r, err);
    }
    return status;
}

void sailor_frame_finish(struct jn_buf *out, int type, int channel, size_t size)
{
    char *to = out->data + out->len;
    to[0] = (char)type;
    sailor_put_uint(to + 1, 2, (uint64_t)channel);
    sailor_put_uint(to + 3, 4, size);
    to[SAILOR_FRAME_HEAD + size] = (char)FRAME_END;
    jn_buf_commit(out, size + SAILOR_FRAME_OVERHEAD);
}

/* ---- looking before decoding --------------------------------------------------------------------------------- */

/* Moves *at over a length of `bytes` bytes and what it counts. */
static bool skip_counted(jn_str s, size_t *at, int bytes)
{
    if (s.len - *at < (size_t)bytes)
        return false;
    const size_t n = sailor_get_uint(s.data + *at, bytes);
    *at += (size_t)bytes;
    if (s.len - *at < n)
        return false;
    *at += n;
    return true;
}

/* Bytes of a value of this type; -1: it says itself; -2: no such type. */
static int width_of(char type)
{
    switch (type) {
    case 'V':
        return 0;
    case 't': case 'b': case 'B':
        return 1;
    case 's': case 'u':
        return 2;
    case 'I': case 'i': case 'f':
        return 4;
    case 'D':
        return 5;
    case 'l': case 'L': case 'd': case 'T':
        return 8;
    case 'S': case 'x': case 'A': case 'F':
        return -1;
    default:
        return -2;
    }
}

static bool skip_container(jn_str s, size_t *at, bool is_table, int depth);

/* value := type octet, content */
static bool skip_value(jn_str s, size_t *at, int depth)
{
    if (*at == s.len)
        return false;
    const char type = s.data[(*at)++];
    const int width = width_of(type);
    if (width == -1)
        return type == 'S' || type == 'x' ? skip_counted(s, at, 4) : skip_container(s, at, type == 'F', depth - 1);
    if (width < 0 || s.len - *at < (size_t)width)
        return false;
    *at += (size_t)width;
    return true;
}

/* table := size { name value }      array := size { value }      size: 4 octets, name: a short string
 * What begins inside must end inside. */
static bool skip_container(jn_str s, size_t *at, bool is_table, int depth)
{
    const size_t begin = *at + 4;
    if (depth == 0 || !skip_counted(s, at, 4))
        return false;
    const jn_str inside = { s.data, *at };
    size_t i = begin;
    while (i < inside.len)
        if ((is_table && !skip_counted(inside, &i, 1)) || !skip_value(inside, &i, depth))
            return false;
    return true;
}

bool sailor_table_is_sane(jn_str s, size_t *at)
{
    return *at <= s.len && skip_container(s, at, true, SAILOR_TABLE_DEPTH);
}

/* properties := flags(2) [content-type] [content-encoding] [headers] ...       the first two: short strings
 * A flag word that announces another is for more properties than there are. */
bool sailor_properties_are_sane(jn_str s)
{
    enum { MORE_FLAGS = 1, HEADERS = 1 << 13, ENCODING = 1 << 14, TYPE = 1 << 15 };
    if (s.len < 2)
        return false;
    const uint32_t flags = sailor_get_uint(s.data, 2);
    size_t at = 2;
    return !(flags & MORE_FLAGS) && (!(flags & TYPE) || skip_counted(s, &at, 1))
        && (!(flags & ENCODING) || skip_counted(s, &at, 1)) && (!(flags & HEADERS) || sailor_table_is_sane(s, &at));
}
