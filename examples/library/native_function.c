/* native_function.c - functions of the host in JSONata: $convert() knows exchange rates, $twice() calls a function that
 * the expression gives it.
 *
 *     cc native_function.c $(pkg-config --cflags --libs jsonata) -o native_function
 */
#include <stdio.h>
#include <stdlib.h>

#include <jsonata/jsonata.h>

struct rates {
    double usd, gbp;                /* per euro */
};

/* <ns:n>: the engine has checked that there are a number and a string. */
static jn_value convert(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)count;
    const struct rates *rates = host;
    const jn_str currency = jn_get_string(args[1]);
    if (jn_str_equal(currency, "USD"))
        return jn_make_number(jn_get_number(args[0]) * rates->usd);
    if (jn_str_equal(currency, "GBP"))
        return jn_make_number(jn_get_number(args[0]) * rates->gbp);
    return jsonata_call_fail(call, "RATE1", "there is no rate for this currency");
}

/* <fx>: calls the function on the value, and again on what it gave. */
static jn_value twice(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)count, (void)host;
    const jn_value once = jsonata_call_invoke(call, args[0], &args[1], 1);
    return jsonata_call_invoke(call, args[0], &once, 1);
}

static void show(const char *expression, struct jsonata_context *context)
{
    struct jsonata_error err;
    struct jsonata *program;
    jn_value result;
    if (jsonata_compile(jn_str_of(expression), NULL, &program, &err)) {
        printf("%s: %s\n", err.code, err.message);
        return;
    }
    if (jsonata_evaluate(program, context, (jn_value){ 0 }, (jn_value){ 0 }, &result, &err)) {
        printf("%s: %s\n", err.code, err.message);
    } else {
        char *text = jn_write_text(result, NULL, NULL, NULL);
        puts(text ? text : "(nothing)");
        free(text);
    }
    jsonata_context_reset(context);
    jsonata_free(program);
}

int main(void)
{
    struct rates rates = { 1.25, 0.85 };
    struct jsonata_context *context = jsonata_context_new(NULL);
    if (!context || jsonata_context_register(context, "convert", "<ns:n>", convert, &rates, NULL) ||
        jsonata_context_register(context, "twice", "<fx>", twice, NULL, NULL))
        return 1;
    show("[10, 20].$convert($, 'USD')", context);
    show("$twice(function($x) { $x * 10 }, 4)", context);
    show("$convert(1, 'XYZ')", context);
    show("$convert('one', 'USD')", context);
    jsonata_context_free(context);
    return 0;
}
