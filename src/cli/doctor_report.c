/* doctor_report.c - see doctor_report.h. */
#include "cli/doctor_report.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/buf.h"
#include "core/utf8.h"

static const char *const words[] = { "ok", "warning", "failed", "skipped" };

void doctor_report_init(struct doctor_report *r, bool json)
{
    *r = (struct doctor_report){ .json = json };
    jn_arena_init(&r->arena, 0);
    r->checks = jn_make_array(&r->arena, 8);
}

void doctor_report_clear(struct doctor_report *r)
{
    jn_arena_clear(&r->arena);
}

static void put_text(struct jn_arena *a, jn_value o, const char *key, const char *text)
{
    const jn_str copy = jn_arena_copy(a, jn_utf8_repair(a, jn_str_of(text)));
    jn_object_put(a, o, jn_str_of(key), text ? jn_make_string(copy) : jn_make_null());
}

void doctor_report_add(struct doctor_report *r, const char *check, enum doctor_verdict verdict, const char *advice,
                       const char *found, ...)
{
    char text[1024];
    va_list args;
    va_start(args, found);
    vsnprintf(text, sizeof text, found, args);
    va_end(args);
    r->counts[verdict]++;
    const jn_value o = jn_make_object(&r->arena, 4);
    put_text(&r->arena, o, "check", check);
    put_text(&r->arena, o, "status", words[verdict]);
    put_text(&r->arena, o, "found", text);
    put_text(&r->arena, o, "advice", advice);
    jn_array_add(&r->arena, r->checks, o);
    if (r->json)
        return;
    printf("%-8s %-14s %s\n", words[verdict], check, text);
    if (advice)
        printf("%23s -> %s\n", "", advice);
    fflush(stdout);
}

static bool end_json(struct doctor_report *r)
{
    struct jn_buf out;
    const jn_value o = jn_make_object(&r->arena, 2);
    jn_object_put(&r->arena, o, JN_STR("ok"), jn_make_boolean(r->counts[DOCTOR_FAILED] == 0));
    jn_object_put(&r->arena, o, JN_STR("checks"), r->checks);
    jn_buf_init(&out, 0);
    const bool is_good = !jn_arena_failed(&r->arena) && !jn_write(&out, o, NULL, NULL);
    if (is_good)
        puts(out.data);
    jn_buf_clear(&out);
    return is_good;
}

bool doctor_report_end(struct doctor_report *r)
{
    bool is_good = true;
    if (r->json)
        is_good = end_json(r);
    else
        printf("\n%u ok, %u warnings, %u failed, %u skipped\n", r->counts[DOCTOR_OK], r->counts[DOCTOR_WARNING],
               r->counts[DOCTOR_FAILED], r->counts[DOCTOR_SKIPPED]);
    return is_good && fflush(stdout) == 0;
}
