/* tree_test.c - folders with all that is in them. */
#include "base/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "core/buf.h"
#include "cmocka_all.h"

static char root[64];

static const char *at(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, 256, "%s/%s", root, name);
    return p;
}

static void put(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(at(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(at(name), mode), 0);
}

static int make(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/tree.XXXXXX");
    if (!mkdtemp(root) || base_directory_make(at("from/a/b/c"), NULL) || mkdir(at("from/skipped"), 0700))
        return -1;
    put("from/one", "1", 0640);
    put("from/a/run", "2", 0755);
    put("from/a/b/c/deep", "3", 0400);
    put("from/skipped/four", "4", 0600);
    put("outside", "5", 0600);
    return symlink("a/run", at("from/link")) || symlink("../outside", at("from/out")) || symlink("nowhere", at("from/none"));
}

static int clean(void **state)
{
    (void)state;
    return base_tree_remove(root, NULL);
}

static bool skips(const char *name)
{
    return strcmp(name, "skipped") == 0;
}

static enum jn_status note(const struct base_tree_entry *e, void *arg, struct jn_error *err)
{
    struct jn_buf *seen = arg;
    jn_buf_append_fmt(seen, "%s%s ", e->path, S_ISDIR(e->st->st_mode) ? "/" : S_ISLNK(e->st->st_mode) ? "@" : "");
    return strcmp(e->path, "stop") == 0 ? jn_fail(err, JN_LIMIT, "stopped") : JN_OK;
}

static void a_walk_sees_folders_before_what_is_in_them(void **state)
{
    (void)state;
    struct jn_buf seen;
    struct jn_error err = { 0 };
    jn_buf_init(&seen, 0);
    assert_int_equal(base_tree_walk(at("from"), skips, note, &seen, &err), JN_OK);
    assert_string_equal(seen.data, "a/ a/b/ a/b/c/ a/b/c/deep a/run link@ none@ one out@ ");
    put("from/stop", "", 0600);
    assert_int_equal(base_tree_walk(at("from"), skips, note, &seen, &err), JN_LIMIT);
    assert_string_equal(err.message, "stopped");
    jn_buf_clear(&seen);
}

static void a_walk_through_nothing_fails(void **state)
{
    (void)state;
    struct jn_buf seen;
    struct jn_error err = { 0 };
    jn_buf_init(&seen, 0);
    assert_int_equal(base_tree_walk(at("absent"), NULL, note, &seen, &err), JN_NOT_FOUND);
    assert_non_null(strstr(err.message, "absent"));
    jn_buf_clear(&seen);
}

static void expect_text(const char *name, const char *text)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    assert_int_equal(base_file_read(at(name), &b, NULL), JN_OK);
    assert_string_equal(b.data, text);
    jn_buf_clear(&b);
}

static void expect_link(const char *name, const char *target)
{
    char text[256] = "";
    assert_true(readlink(at(name), text, sizeof text - 1) > 0);
    assert_string_equal(text, target);
}

static void a_copy_is_the_same_but_for_links_that_lead_out(void **state)
{
    (void)state;
    struct jn_error err = { 0 };
    struct stat st;
    assert_int_equal(mkfifo(at("from/pipe"), 0600), 0);
    if (base_tree_copy(at("from"), at("to"), skips, &err))
        fail_msg("%s", err.message);
    expect_text("to/one", "1");
    expect_text("to/a/b/c/deep", "3");
    assert_int_equal(stat(at("to/a/run"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
    assert_int_equal(stat(at("to/a/b/c/deep"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    expect_link("to/link", "a/run");
    expect_link("to/none", "nowhere");
    expect_text("to/out", "5");
    char *outside = realpath(at("outside"), NULL);
    expect_link("to/out", outside);
    free(outside);
    assert_int_not_equal(lstat(at("to/skipped"), &st), 0);
    assert_int_not_equal(lstat(at("to/pipe"), &st), 0);
    assert_int_equal(base_tree_copy(at("from"), at("to"), skips, NULL), JN_IO);     // it is there already
}

static void removing_follows_no_link_and_nothing_is_removed_twice(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(symlink(at("from/a"), at("from/to-a")), 0);
    assert_int_equal(base_tree_remove(at("from/to-a"), NULL), JN_OK);
    expect_text("from/a/run", "2");
    assert_int_equal(base_tree_remove(at("from"), NULL), JN_OK);
    assert_int_not_equal(lstat(at("from"), &st), 0);
    expect_text("outside", "5");
    assert_int_equal(base_tree_remove(at("from"), NULL), JN_OK);
}

static void a_file_is_replaced_whole(void **state)
{
    (void)state;
    struct jn_error err = { 0 };
    assert_int_equal(base_file_replace(at("from/one"), JN_STR("new"), NULL), JN_OK);
    expect_text("from/one", "new");
    assert_int_equal(base_file_replace(at("from/fresh"), JN_STR(""), NULL), JN_OK);
    expect_text("from/fresh", "");
    assert_int_not_equal(base_file_replace(at("absent/one"), JN_STR("x"), &err), JN_OK);
    assert_non_null(strstr(err.message, "absent/one"));
    assert_int_not_equal(base_directory_make(at("outside/x"), NULL), JN_OK);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(a_walk_sees_folders_before_what_is_in_them),
        IN_TREE(a_walk_through_nothing_fails),
        IN_TREE(a_copy_is_the_same_but_for_links_that_lead_out),
        IN_TREE(removing_follows_no_link_and_nothing_is_removed_twice),
        IN_TREE(a_file_is_replaced_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
