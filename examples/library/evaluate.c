/* evaluate.c - the first five minutes with libjsonata: compile an expression once, evaluate it for a document.
 *
 *     cc evaluate.c $(pkg-config --cflags --libs jsonata) -o evaluate
 *     ./evaluate '$sum(lines.(price * quantity))' '{"lines":[{"price":2.5,"quantity":4},{"price":1,"quantity":3}]}'
 */
#include <stdio.h>

#include <jsonata/jsonata.h>

static int complain(const char *what, const struct jsonata_error *err)
{
    fprintf(stderr, "%s: %s%s%s", what, err->code, err->code[0] ? " " : "", err->message);
    if (err->position >= 0)
        fprintf(stderr, " (at character %lld)", (long long)err->position);
    fputc('\n', stderr);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: evaluate EXPRESSION JSON\n");
        return 2;
    }
    struct jsonata_error err;
    struct jsonata *program;
    if (jsonata_compile(jn_str_of(argv[1]), NULL, &program, &err))
        return complain("the expression", &err);

    /* An expression that comes from elsewhere gets limits: it cannot then take more than these, whatever it does. */
    const struct jsonata_limits limits = { .max_bytes = 64 << 20, .timeout_ms = 1000 };
    struct jsonata_context *context = jsonata_context_new(&limits);
    int status = 0;
    jn_str text;
    if (!context)
        status = 1;
    else if (jsonata_evaluate_text(program, context, jn_str_of(argv[2]), (jn_value){ 0 }, NULL, &text, &err))
        status = complain("the evaluation", &err);
    else
        puts(text.data ? text.data : "(nothing)");

    jsonata_context_free(context);
    jsonata_free(program);
    return status;
}
