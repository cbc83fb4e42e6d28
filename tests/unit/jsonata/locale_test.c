/* locale_test.c - results do not depend on the locale or the time zone of the process.
 *
 * The locales that tell most have a comma in numbers (de_DE) or a dotless i (tr_TR).  Few machines have them
 * installed; the build makes them where it can, for $LOCPATH, and those that are missing are named.  Time zones need
 * no data of the system: they are given as POSIX writes them. */
#include "jsonata/jsonata.h"
#include "../../support/cmocka_all.h"

#include <locale.h>
#include <stdio.h>
#include <time.h>

static const char input[] = "{\"n\":[1234.5678,1e21,0.000001,-0.5],\"s\":\"Ii\xC4\xB0\xC4\xB1 \\u00c4\\u00df\","
                            "\"d\":\"2019-03-31T02:30:00.000\"}";

static const char *const expressions[] = {
    "n", "$string(n)", "$number('1234.5')", "1.5 + 2.25", "$formatNumber(1234567.891, '#,##0.00')", "$round(n[0], 2)",
    "$uppercase(s)", "$lowercase(s)", "$contains(s, /i/i)", "$match('I\xC4\xB1\xC4\xB0i', /[a-z]/i)",
    "$sort(['\xC3\xA4', 'a', 'z', 'B'])",
    "$toMillis(d)", "$fromMillis(1553995800000)", "$fromMillis(1553995800000, '[FNn] [D] [MNn] [Y] [H]:[m] [z]')",
    "$toMillis('31 March 2019', '[D] [MNn] [Y]')", "$formatBase(255, 16)", "$eval('1.5')",
    "$formatInteger(1234567, '#,##0')",
};

enum { COUNT = sizeof expressions / sizeof *expressions };

static char *results[COUNT];

static char *evaluate(const char *text)
{
    struct jsonata *program = NULL;
    struct jsonata_context *c = jsonata_context_new(NULL);
    struct jsonata_error err;
    jn_str out;
    if (jsonata_compile((jn_str){ text, strlen(text) }, NULL, &program, &err) ||
        jsonata_evaluate_text(program, c, (jn_str){ input, strlen(input) }, (jn_value){ .type = JN_UNDEFINED }, NULL,
                              &out, &err))
        fail_msg("%s: %s", text, err.message);
    char *copy = strdup(out.data ? out.data : "nothing");
    jsonata_free(program);
    jsonata_context_free(c);
    return copy;
}

static int remember(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        results[i] = evaluate(expressions[i]);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        free(results[i]);
    return 0;
}

static void compare(const char *where)
{
    for (size_t i = 0; i < COUNT; i++) {
        char *now = evaluate(expressions[i]);
        if (strcmp(now, results[i]))
            fail_msg("%s: %s gives %s, and %s in the C locale", where, expressions[i], now, results[i]);
        free(now);
    }
}

static void results_are_the_same_in_every_locale(void **state)
{
    (void)state;
    static const char *const locales[] = { "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8" };
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        if (setlocale(LC_ALL, locales[i]))
            compare(locales[i]);
        else
            printf("skipped: no locale %s here\n", locales[i]);
    }
    setlocale(LC_ALL, "C");
}

static void results_are_the_same_in_every_time_zone(void **state)
{
    (void)state;
    static const char *const zones[] = { "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0",
                                        "<+0545>-5:45" };
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        compare(zones[i]);
    }
    unsetenv("TZ");
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_the_same_in_every_locale),
        cmocka_unit_test(results_are_the_same_in_every_time_zone),
    };
    return cmocka_run_group_tests(tests, remember, forget);
}
