/* replay_main.c - stands in for libFuzzer where there is none: runs the target once for every file given, and for
 * every file in every folder given.  Options (-runs=...) are libFuzzer's and mean nothing here. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(FILE *f)
{
    size_t len = 0, cap = 1 << 16;
    uint8_t *data = malloc(cap);
    for (size_t n; data && (n = fread(data + len, 1, cap - len, f)) > 0;) {
        len += n;
        if (len < cap)
            continue;
        uint8_t *grown = realloc(data, cap *= 2);
        if (!grown)
            free(data);
        data = grown;
    }
    if (!data)
        return 1;
    uint8_t *exact = malloc(len ? len : 1);     // so that a read past the end is seen
    if (!exact) {
        free(data);
        return 1;
    }
    memcpy(exact, data, len);
    free(data);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 0;
}

static int run_path(const char *path)
{
    DIR *dir = opendir(path);
    int failed = 0;
    if (!dir) {
        FILE *f = fopen(path, "rb");
        if (!f) {
            fprintf(stderr, "cannot open %s\n", path);
            return 1;
        }
        failed = run_file(f);
        fclose(f);
        return failed;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char inner[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        failed |= run_path(inner);
    }
    closedir(dir);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-')
            failed |= run_path(argv[i]);
    }
    return failed;
}
