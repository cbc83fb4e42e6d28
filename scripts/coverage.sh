#!/bin/bash
# coverage.sh [-a] - runs the tests with the preset `coverage` and prints how many lines of src/ they reach, and how many
# branches they take, by folder; -a: by file, least first.
set -uo pipefail
cd "$(dirname "$0")/.."
build=build/coverage
mkdir -p build
{ cmake --preset coverage -DALC_TESTS=ON -Wno-dev && cmake --build --preset coverage; } >$build.log 2>&1 ||
    { tail -n 20 $build.log; exit 1; }
find $build -name '*.gcda' -delete
ctest --preset coverage -j 2 >$build-test.log 2>&1 || grep -A40 'The following tests FAILED' $build-test.log

# gcov prints some lines per source, "Lines executed:91.30% of 23", "Taken at least once:75.00% of 12", and the one of
# calls last; and then a sum.  Of several files at once it forgets the branches.
find "$PWD/$build/src" -name '*.gcda' -print0 | xargs -0 -n 1 gcov -n -b 2>/dev/null | awk -v all="${1-}" '
    function percent(n, of) { return sprintf("%6.1f %% of %5d", of ? 100 * n / of : 100, of) }
    function print_part(name, what, to) {
        print percent(hit[what, "line"], sum[what, "line"]) " lines  " \
              percent(hit[what, "branch"], sum[what, "branch"]) " branches  " name | to
    }
    # Core is compiled twice: the better of the two counts.
    function note(name, kind, share, of) {
        if (share * of / 100 > best[name, kind] || !((name, kind) in best)) best[name, kind] = share * of / 100
        total[name, kind] = of
    }
    /^File / {
        name = substr($2, 2, length($2) - 2)
        is_ours = name ~ /^(.*\/)?src\/[a-z_]+\/[a-z_0-9]+\.c$/
        sub(/^(.*\/)?src\//, "", name)
        if (is_ours) names[name]
    }
    is_ours && /^(Lines executed|Taken at least once)/ {
        split($0, part, /[:%]|of /)
        note(name, /^L/ ? "line" : "branch", part[2], part[4])
    }
    /^(Calls executed|No calls)/ { is_ours = 0 }
    END {
        for (name in names) {
            folder = name; sub(/\/.*/, "/", folder)
            folders[folder]
            for (i = split("line branch", kinds, " "); i; i--) {
                kind = kinds[i]
                of = total[name, kind]; n = best[name, kind]
                sum[name, kind] = of; sum[folder, kind] += of; sum["all", kind] += of
                hit[name, kind] = n; hit[folder, kind] += n; hit["all", kind] += n
            }
        }
        if (all == "-a") for (name in names) print_part(name, name, "sort -n")
        close("sort -n")
        for (folder in folders) print_part(folder, folder, "sort -k 11")
        close("sort -k 11")
        if (!sum["all", "line"]) { print "no coverage was recorded"; exit 1 }
        print_part("all", "all", "cat")
    }'
