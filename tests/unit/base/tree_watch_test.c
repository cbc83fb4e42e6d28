/* tree_watch_test.c - changes below a folder, each of which is seen once it has been made. */
#include "base/tree_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
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

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static bool skips(const char *name)
{
    return strcmp(name, "skipped") == 0;
}

static int make(void **state)
{
    snprintf(root, sizeof root, "/tmp/watch.XXXXXX");
    if (!mkdtemp(root) || base_directory_make(at("code/lib/deep"), NULL) || mkdir(at("code/skipped"), 0700))
        return -1;
    put("code/one", "1");
    put("code/lib/deep/two", "2");
    if (symlink("code", at("way")))
        return -1;
    *state = NULL;
    return 0;
}

static int clean(void **state)
{
    (void)state;
    return base_tree_remove(root, NULL);
}

static struct base_tree_watch *watch(const char *name)
{
    struct base_tree_watch *w = base_tree_watch_new(at(name), skips);
    assert_non_null(w);
    assert_false(base_tree_watch_has_changed(w));
    return w;
}

static void touch_file(void) { put("code/one", "x"); }
static void touch_deep(void) { put("code/lib/deep/two", "x"); }
static void add_file(void) { put("code/lib/new", "x"); }
static void add_folder(void) { assert_int_equal(mkdir(at("code/lib/deep/more"), 0700), 0); }
static void remove_file(void) { assert_int_equal(unlink(at("code/one")), 0); }
static void permit(void) { assert_int_equal(chmod(at("code/lib/deep/two"), 0755), 0); }
static void remove_all(void) { assert_int_equal(base_tree_remove(at("code"), NULL), JN_OK); }
static void move_root(void) { assert_int_equal(rename(at("code"), at("elsewhere")), 0); }

static void move_in(void)
{
    put("prepared", "x");
    assert_int_equal(rename(at("prepared"), at("code/one")), 0);
}

static void each_change_is_seen(void **state)
{
    (void)state;
    static void (*const changes[])(void) = { touch_file, touch_deep, add_file, add_folder, permit, move_in, remove_file,
                                             move_root };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct base_tree_watch *w = watch("code");
        changes[i]();
        assert_true(base_tree_watch_has_changed(w));
        base_tree_watch_free(w);
    }
    assert_null(base_tree_watch_new(at("code"), skips));
    assert_int_equal(rename(at("elsewhere"), at("code")), 0);
    struct base_tree_watch *w = watch("code");
    remove_all();
    assert_true(base_tree_watch_has_changed(w));
    base_tree_watch_free(w);
}

static void what_is_skipped_does_not_count(void **state)
{
    (void)state;
    struct base_tree_watch *w = watch("code");
    put("code/skipped/cache", "x");
    put("code/lib/skipped", "x");
    put("outside", "x");
    assert_false(base_tree_watch_has_changed(w));
    assert_int_equal(base_tree_remove(at("code/skipped"), NULL), JN_OK);
    assert_false(base_tree_watch_has_changed(w));
    base_tree_watch_free(w);
}

/* As a deployment by a link does it. */
static void a_path_that_leads_elsewhere_is_a_change(void **state)
{
    (void)state;
    struct base_tree_watch *w = watch("way");
    put("code/one", "x");
    assert_true(base_tree_watch_has_changed(w));
    base_tree_watch_free(w);
    w = watch("way");
    assert_int_equal(mkdir(at("next"), 0700) | symlink("next", at("way2")) | rename(at("way2"), at("way")), 0);
    assert_true(base_tree_watch_has_changed(w));
    base_tree_watch_free(w);
}

static void more_events_than_are_read_at_once(void **state)
{
    (void)state;
    char name[64];
    struct base_tree_watch *w = watch("code");
    for (int i = 0; i < 1000; i++)
        put("code/lib/skipped", "x");
    assert_false(base_tree_watch_has_changed(w));
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "code/lib/%d", i);
        put("code/lib/skipped", "x");
        put(name, "x");
    }
    assert_true(base_tree_watch_has_changed(w));
    base_tree_watch_free(w);
}

static void without_descriptors_there_is_none(void **state)
{
    (void)state;
    struct rlimit usual, none = { 0, 0 };
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none.rlim_max = usual.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_null(base_tree_watch_new(at("code"), skips));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    base_tree_watch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_change_is_seen, make, clean),
        cmocka_unit_test_setup_teardown(what_is_skipped_does_not_count, make, clean),
        cmocka_unit_test_setup_teardown(a_path_that_leads_elsewhere_is_a_change, make, clean),
        cmocka_unit_test_setup_teardown(more_events_than_are_read_at_once, make, clean),
        cmocka_unit_test_setup_teardown(without_descriptors_there_is_none, make, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
