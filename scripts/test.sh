#!/bin/bash
# test.sh [PRESET...] - builds and runs the whole suite with each preset, and ends with one line of counts.
# release: everything.  asan: everything again under AddressSanitizer and UBSan.  fuzz: each fuzzer for a few seconds.
# tsan and msan (libjsonata alone) are there for the asking.
set -uo pipefail
cd "$(dirname "$0")/.."

presets=("$@")
[ ${#presets[@]} -gt 0 ] || presets=(release asan fuzz)
passed=0 failed=0 skipped=0

run_preset() {
    local preset=$1 log=build/$1-test.log
    mkdir -p build
    if ! { cmake --preset "$preset" -DALC_TESTS=ON -Wno-dev && cmake --build --preset "$preset"; } >build/"$preset".log 2>&1
    then
        tail -n 40 build/"$preset".log
        echo "$preset: the build failed"
        failed=$((failed + 1))
        return
    fi
    local select=()
    [ "$preset" = fuzz ] && select=(-L fuzz)
    [ "$preset" = tsan ] && select=(-L 'unit|flow|step')
    [ "$preset" = msan ] && select=(-E cli.repl)        # libedit writes, unseen
    ctest --preset "$preset" "${select[@]}" -j 2 --no-tests=error --output-junit "$PWD/build/$preset-test.xml" \
        >"$log" 2>&1 || true
    count "$preset" "$log"
}

# Counts from ctest's own report; a run without one has failed.
count() {
    local preset=$1 log=$2 p f s
    read -r p f s < <(awk '
        / Passed / { p++ } /\*\*\*Skipped/ { s++ }
        /\*\*\*(Failed|Timeout|Exception|Not Run)/ { f++ } / Failed  / && !/\*\*\*/ { f++ }
        END { print p + 0, f + 0, s + 0 }' "$log")
    [ $((p + f + s)) -gt 0 ] || { f=1; tail -n 20 "$log"; }
    [ "$f" -eq 0 ] || cat "$log"
    # Why, in the skipped tests' own words.
    [ "$s" -eq 0 ] || grep -h 'skipped: ' "build/$preset/Testing/Temporary/LastTest.log" | sort -u
    echo "$preset: $p passed, $f failed, $s skipped"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

for preset in "${presets[@]}"; do
    run_preset "$preset"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
