#!/bin/bash
# lint.sh [FILE...] - clang-tidy and cppcheck over our sources; silent when all is well.
set -uo pipefail
cd "$(dirname "$0")/.."
cmake --preset clang -DALC_TESTS=ON -Wno-dev >/dev/null || exit 1
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'src/*.c')
status=0
printf '%s\n' "${files[@]}" | xargs -P 2 -n 8 clang-tidy -p build/clang --quiet 2>/dev/null || status=1
cppcheck --quiet --error-exitcode=1 --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=nullPointerRedundantCheck -Isrc -Iinclude -D_GNU_SOURCE \
    -DALC_VERSION='""' -j 2 "${files[@]}" || status=1
exit $status
