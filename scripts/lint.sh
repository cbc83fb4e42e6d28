#!/bin/bash
# lint.sh [FILE...] - clang-tidy and cppcheck over our sources; silent when all is well.
set -uo pipefail
cd "$(dirname "$0")/.."
cmake --preset clang -DALC_TESTS=ON -Wno-dev >/dev/null || exit 1
cmake --build --preset clang --target core >/dev/null || exit 1       # makes the generated table
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'src/*.c')
status=0
# cppcheck 2.10 does not understand ?: before a compound literal, and believes that arrays passed on are read.
printf '%s\n' "${files[@]}" | xargs -P 2 -n 8 clang-tidy -p build/clang --quiet 2>/dev/null || status=1
cppcheck --quiet --error-exitcode=1 --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=nullPointerRedundantCheck --suppress=internalAstError \
    --suppress=legacyUninitvar -Isrc -Iinclude -D_GNU_SOURCE \
    -DALC_VERSION='""' -j 2 "${files[@]}" || status=1
exit $status
