/* file_test.c - files, directories and paths in a directory of its own. */
#include "cmocka_all.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/file_test.XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static void write_file(const char *name, const char *text, size_t len)
{
    char *path = base_path_join(directory, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
    free(path);
}

static int remove_directory(void **state)
{
    (void)state;
    static const char *const names[] = { "b", "a", "C", "large" };
    for (size_t i = 0; i < 4; i++) {
        char *path = base_path_join(directory, names[i]);
        unlink(path);
        free(path);
    }
    return rmdir(directory);
}

static void a_file_is_read_whole(void **state)
{
    (void)state;
    static char text[100000];
    memset(text, 'x', sizeof text);
    write_file("large", text, sizeof text);
    char *path = base_path_join(directory, "large");
    struct jn_buf b;
    jn_buf_init(&b, sizeof text);       // just fits
    assert_int_equal(base_file_read(path, &b, NULL), JN_OK);
    assert_true(jn_str_eq(jn_buf_str(&b), (jn_str){ text, sizeof text }));
    jn_buf_clear(&b);

    struct jn_error err = { 0 };
    jn_buf_init(&b, sizeof text - 1);
    assert_int_equal(base_file_read(path, &b, &err), JN_LIMIT);
    assert_non_null(strstr(err.message, "99999 bytes"));
    jn_buf_clear(&b);
    free(path);
}

static void missing_files_and_directories_are_told_apart(void **state)
{
    (void)state;
    struct jn_buf b;
    struct jn_error err = { 0 };
    jn_buf_init(&b, 0);
    char *path = base_path_join(directory, "nothing");
    assert_int_equal(base_file_read(path, &b, &err), JN_NOT_FOUND);
    assert_non_null(strstr(err.message, path));
    err = (struct jn_error){ 0 };
    assert_int_equal(base_file_read(directory, &b, &err), JN_IO);
    assert_non_null(strstr(err.message, "Is a directory"));
    jn_buf_clear(&b);
    free(path);
}

static bool add_name(const char *name, void *arg)
{
    struct jn_buf *b = arg;
    jn_buf_append_z(b, name);
    jn_buf_append_char(b, ' ');
    return strcmp(name, "b") != 0;
}

static void names_come_sorted_until_the_caller_has_enough(void **state)
{
    (void)state;
    write_file("b", "", 0);
    write_file("a", "", 0);
    write_file("C", "", 0);
    struct jn_buf b;
    jn_buf_init(&b, 0);
    assert_int_equal(base_directory_list(directory, add_name, &b, NULL), JN_OK);
    assert_string_equal(b.data, "C a b ");
    assert_int_equal(base_directory_list("/nonexistent", add_name, &b, NULL), JN_NOT_FOUND);
    jn_buf_clear(&b);
}

static void paths_are_joined_resolved_and_asked(void **state)
{
    (void)state;
    char *path = base_path_join("a/", "b");
    assert_string_equal(path, "a/b");
    free(path);
    path = base_path_join("", "b");
    assert_string_equal(path, "b");
    free(path);
    path = base_path_absolute("/usr/../usr/bin/.", NULL);
    assert_string_equal(path, "/usr/bin");
    free(path);
    struct jn_error err = { 0 };
    assert_null(base_path_absolute("/nonexistent", &err));
    assert_int_equal(err.status, JN_NOT_FOUND);
    assert_true(base_is_directory(directory) && !base_is_directory("/etc/passwd"));
    assert_true(base_is_executable("/bin/sh") && !base_is_executable("/etc/passwd") && !base_is_executable("/bin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(missing_files_and_directories_are_told_apart),
        cmocka_unit_test(names_come_sorted_until_the_caller_has_enough),
        cmocka_unit_test(paths_are_joined_resolved_and_asked),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
