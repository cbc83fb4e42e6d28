#!/bin/bash
# coverage.sh [-a] - runs the tests with the preset `coverage` and prints how many lines of src/ they reach, by folder; -a:
# by file, least first.
set -uo pipefail
cd "$(dirname "$0")/.."
build=build/coverage
mkdir -p build
{ cmake --preset coverage -DALC_TESTS=ON -Wno-dev && cmake --build --preset coverage; } >$build.log 2>&1 ||
    { tail -n 20 $build.log; exit 1; }
find $build -name '*.gcda' -delete
ctest --preset coverage -j 2 >$build-test.log 2>&1 || grep -A40 'The following tests FAILED' $build-test.log

# gcov prints two lines per source.
find "$PWD/$build/src" -name '*.gcda' -print0 | xargs -0 -n 50 gcov -n 2>/dev/null | awk -v all="${1-}" '
    function print_part(n, of, what, to) { printf "%6.1f %% of %5d lines  %s\n", 100 * n / of, of, what | to }
    /^File / { file = substr($2, 2, length($2) - 2); next }
    /^Lines executed/ && file ~ /^(.*\/)?src\/[a-z_]+\/[a-z_0-9]+\.c$/ {
        split($0, part, /[:% ]+/)
        name = file
        sub(/^(.*\/)?src\//, "", name)
        reached = part[3] * part[5] / 100       # core is compiled twice: the better of the two
        lines[name] = part[5]
        if (reached > hit[name]) hit[name] = reached
        file = ""
    }
    END {
        for (name in lines) {
            folder = name; sub(/\/.*/, "", folder)
            if (all == "-a") print_part(hit[name], lines[name], name, "sort -n")
            sum[folder] += lines[name]; sum_hit[folder] += hit[name]
            total += lines[name]; total_hit += hit[name]
        }
        close("sort -n")
        for (folder in sum) print_part(sum_hit[folder], sum[folder], folder "/", "sort -k 6")
        close("sort -k 6")
        if (!total) { print "no coverage was recorded"; exit 1 }
        printf "%6.1f %% of %5d lines\n", 100 * total_hit / total, total
    }'
