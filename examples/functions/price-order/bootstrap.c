/* bootstrap.c - a Lambda function in C: prices an order.
 *
 * A function for a custom runtime is a program called `bootstrap` that asks the Runtime API for an event, posts a
 * result, and asks again ("Building a custom runtime", AWS Lambda Developer Guide).  That is three HTTP requests:
 *
 *     GET  /2018-06-01/runtime/invocation/next            waits; the event is the body, its id is in a header
 *     POST /2018-06-01/runtime/invocation/<id>/response   the result
 *     POST /2018-06-01/runtime/invocation/<id>/error      {"errorMessage": ..., "errorType": ...}
 *
 * We speak HTTP/1.0, where a message ends where its connection ends: a client then needs no parser worth the name.
 * JSON is read and written by libjsonata, through its public header alone.
 *
 * Money is counted in the currency's smallest unit, a whole number, and each rounding happens where an invoice has it:
 * per line, for the discount, for the tax. */
#include <jsonata/json.h>

#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT(literal) ((jn_str){ literal, sizeof literal - 1 })

/* ---- the Runtime API ------------------------------------------------------------------------------------------ */

static int dial(void)
{
    char host[256] = "";
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");     // "127.0.0.1:9001"
    snprintf(host, sizeof host, "%s", api ? api : "");
    char *port = strrchr(host, ':');
    if (!port)
        return -1;
    *port++ = '\0';

    const struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    if (getaddrinfo(host, port, &want, &found))
        return -1;
    const int fd = socket(found->ai_family, SOCK_STREAM, 0);
    const int failed = fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return failed ? -1 : fd;
}

static int send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return 0;
        data += n;
        len -= (size_t)n;
    }
    return 1;
}

/* Everything up to the end of the connection, NUL-terminated; NULL when it broke. */
static char *receive_all(int fd)
{
    size_t len = 0, cap = 1 << 16;
    char *data = malloc(cap);
    while (data) {
        const ssize_t n = recv(fd, data + len, cap - len - 1, 0);
        if (n < 0)
            break;
        len += (size_t)n;
        data[len] = '\0';
        if (n == 0)
            return data;
        if (cap - len < 2) {
            char *more = realloc(data, cap *= 2);
            if (!more)
                break;
            data = more;
        }
    }
    free(data);
    return NULL;
}

/* Sends a request and returns the whole answer, head and body, for the caller to free.  A Runtime API that does not
 * answer is the end of this process: the platform starts another. */
static char *request(const char *method, const char *path, jn_str body)
{
    char head[512];
    const int len = snprintf(head, sizeof head, "%s /2018-06-01/runtime/invocation/%s HTTP/1.0\r\nHost: %s\r\n"
                             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", method, path,
                             getenv("AWS_LAMBDA_RUNTIME_API"), body.len);
    const int fd = dial();
    char *answer = NULL;
    if (fd >= 0 && send_all(fd, head, (size_t)len) && send_all(fd, body.data, body.len))
        answer = receive_all(fd);
    if (fd >= 0)
        close(fd);
    if (!answer) {
        fprintf(stderr, "price-order: the Runtime API does not answer\n");
        exit(1);
    }
    return answer;
}

/* Copies the invocation's id out of the head of the answer to `next`. */
static void read_id(const char *answer, char id[64])
{
    const char *name = "\nLambda-Runtime-Aws-Request-Id:", *at = strcasestr(answer, name);
    id[0] = '\0';
    if (at)
        sscanf(at + strlen(name), " %63[0-9a-zA-Z-]", id);
}

static void post(const char *id, const char *verb, jn_value result)
{
    char path[128];
    size_t len = 0;
    char *text = jn_write_text(result, NULL, &len, NULL);
    snprintf(path, sizeof path, "%s/%s", id, verb);
    free(request("POST", path, text ? (jn_str){ text, len } : TEXT("null")));
    free(text);
}

/* ---- pricing -------------------------------------------------------------------------------------------------- */

/* An order on its way to its price.  The first mistake stays in `wrong`. */
struct pricing {
    struct jn_arena *a;
    double unit;                /* smallest units in one of the currency: 100 cents */
    char wrong[128];
};

static double amount(struct pricing *p, jn_value object, jn_str name)
{
    const jn_value v = jn_member(object, name);
    const double d = jn_get_number(v);
    if ((v.type != JN_NUMBER || !(d >= 0 && d < 1e9)) && !p->wrong[0])
        snprintf(p->wrong, sizeof p->wrong, "%.*s must be a number from 0 to 1000000000, it is %s", (int)name.len,
                 name.data, v.type == JN_NUMBER ? "out of range" : jn_type_name(v));
    return d;
}

/* A member that may be missing. */
static double amount_or_zero(struct pricing *p, jn_value object, jn_str name)
{
    return jn_member(object, name).type == JN_UNDEFINED ? 0 : amount(p, object, name);
}

static double units_of(jn_str currency)
{
    return currency.len == 3 && (!memcmp(currency.data, "JPY", 3) || !memcmp(currency.data, "KRW", 3)) ? 1 : 100;
}

/* Standard rates of value added tax in per mille; a country that is not listed is an export, without tax. */
static double tax_rate(jn_str country)
{
    static const struct { char country[3]; int per_mille; } rates[] = {
        { "AT", 200 }, { "CH", 81 }, { "DE", 190 }, { "DK", 250 }, { "EE", 240 },
        { "ES", 210 }, { "FR", 200 }, { "NL", 210 }, { "PL", 230 }, { "PT", 230 },
    };
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        if (country.len == 2 && !memcmp(country.data, rates[i].country, 2))
            return rates[i].per_mille / 1000.0;
    }
    return 0;
}

static void put(struct pricing *p, jn_value object, jn_str name, jn_value v)
{
    if (v.type != JN_UNDEFINED)
        jn_object_put(p->a, object, name, v);
}

/* `units` is whole: the division gives the double nearest to the decimal, and so prints as one. */
static void put_money(struct pricing *p, jn_value object, jn_str name, double units)
{
    put(p, object, name, jn_make_number(units / p->unit));
}

static double price_line(struct pricing *p, jn_value line, jn_value priced_lines)
{
    const double price = amount(p, line, TEXT("unitPrice")), quantity = amount(p, line, TEXT("quantity"));
    const double total = round(price * quantity * p->unit);
    const jn_value priced = jn_make_object(p->a, 4);
    put(p, priced, TEXT("sku"), jn_member(line, TEXT("sku")));
    put(p, priced, TEXT("quantity"), jn_make_number(quantity));
    put(p, priced, TEXT("unitPrice"), jn_make_number(price));
    put_money(p, priced, TEXT("total"), total);
    jn_array_add(p->a, priced_lines, priced);
    return total;
}

static jn_value price_order(struct pricing *p, jn_value order)
{
    const jn_value lines = jn_member(order, TEXT("lines")), priced_lines = jn_make_array(p->a, jn_length(lines));
    if (lines.type != JN_ARRAY)
        snprintf(p->wrong, sizeof p->wrong, "lines must be an array, it is %s", jn_type_name(lines));
    p->unit = units_of(jn_get_string(jn_member(order, TEXT("currency"))));

    double subtotal = 0;
    for (size_t i = 0; lines.type == JN_ARRAY && i < jn_length(lines); i++)
        subtotal += price_line(p, jn_at(lines, i), priced_lines);
    const double percent = fmin(amount_or_zero(p, order, TEXT("discountPercent")), 100);
    const double discount = round(subtotal * percent / 100);
    const double shipping = round(amount_or_zero(p, order, TEXT("shipping")) * p->unit);
    const jn_value ship_to = jn_member(order, TEXT("shipTo"));
    const double taxed = subtotal - discount + shipping;
    const double tax = round(taxed * tax_rate(jn_get_string(jn_member(ship_to, TEXT("country")))));

    const jn_value result = jn_make_object(p->a, 10);
    put(p, result, TEXT("orderId"), jn_member(order, TEXT("orderId")));
    put(p, result, TEXT("currency"), jn_member(order, TEXT("currency")));
    put(p, result, TEXT("shipTo"), ship_to);
    put(p, result, TEXT("lines"), priced_lines);
    put_money(p, result, TEXT("subtotal"), subtotal);
    put_money(p, result, TEXT("discount"), discount);
    put_money(p, result, TEXT("shipping"), shipping);
    put_money(p, result, TEXT("tax"), tax);
    put_money(p, result, TEXT("total"), taxed + tax);
    return result;
}

/* ---- the loop ------------------------------------------------------------------------------------------------- */

static jn_value error_document(struct jn_arena *a, const char *type, const char *message)
{
    const jn_value e = jn_make_object(a, 2);
    jn_object_put(a, e, TEXT("errorMessage"), jn_copy_string(a, (jn_str){ message, strlen(message) }));
    jn_object_put(a, e, TEXT("errorType"), jn_copy_string(a, (jn_str){ type, strlen(type) }));
    return e;
}

static void handle(struct jn_arena *a, const char *id, const char *event)
{
    struct pricing p = { .a = a };
    struct jn_error err = { 0 };
    jn_value order = { 0 };
    if (jn_read(a, (jn_str){ event, strlen(event) }, NULL, &order, NULL, &err)) {
        post(id, "error", error_document(a, "InvalidEvent", err.message));
        return;
    }
    const jn_value priced = price_order(&p, order);
    if (p.wrong[0])
        post(id, "error", error_document(a, "InvalidOrder", p.wrong));
    else
        post(id, "response", priced);
}

int main(void)
{
    struct jn_arena *a = jn_arena_new(0);
    while (a) {
        char id[64];
        char *answer = request("GET", "next", TEXT(""));
        const char *body = strstr(answer, "\r\n\r\n");
        read_id(answer, id);
        if (!body || !id[0])
            return 1;
        handle(a, id, body + 4);
        jn_arena_reset(a);
        free(answer);
    }
    return 1;
}
