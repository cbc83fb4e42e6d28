#!/bin/bash
# lint.sh [FILE...] - clang-tidy and cppcheck over our sources; silent when all is well.  clang-tidy, which takes minutes,
# passes over what it found clean before: a file is looked at again when the text that the compiler sees of it, its flags,
# our .clang-tidy or clang-tidy itself have changed.  To look at all again: rm -r build/lint.
set -uo pipefail
cd "$(dirname "$0")/.."
cmake --preset clang -DALC_TESTS=ON -Wno-dev >/dev/null || exit 1
cmake --build --preset clang --target core >/dev/null || exit 1       # makes the generated table
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files 'src/*.c')
mkdir -p build/lint/clean
# Parts of libjsonata are compiled more than once; clang-tidy would look at them as often.
python3 - <<'EOF' || exit 1
import json
seen = {}
for entry in json.load(open("build/clang/compile_commands.json")):
    seen.setdefault(entry["file"], entry)
json.dump(list(seen.values()), open("build/lint/compile_commands.json", "w"))
with open("build/lint/commands", "w") as out:
    out.writelines(f"{file}\t{entry['command'].partition(' -o ')[0]}\n" for file, entry in seen.items())
EOF
{ clang-tidy --version; cat .clang-tidy; } >build/lint/tool

# check FILE: comments count, because some of them are for clang-tidy.  A file that is not in this build is looked at always:
# clang-tidy guesses its flags by its neighbours'.
check() {
    local command key
    command=$(awk -F'\t' -v file="$PWD/$1" '$1 == file { print $2 }' build/lint/commands)
    key=$({ cat build/lint/tool; echo "$command"; eval "$command -E -C $1"; } 2>/dev/null | sha256sum)
    key=build/lint/clean/${key%% *}
    [ -n "$command" ] || key=/dev/null
    [ -f "$key" ] || { clang-tidy -p build/lint --quiet "$1" 2>/dev/null && : >"$key"; }
}
export -f check

status=0
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 bash -c 'check "$1"' lint || status=1
# cppcheck 2.10 does not understand ?: before a compound literal, and believes that arrays passed on are read.
cppcheck --quiet --error-exitcode=1 --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=nullPointerRedundantCheck --suppress=internalAstError \
    --suppress=legacyUninitvar -Isrc -Iinclude -D_GNU_SOURCE \
    -DALC_VERSION='""' -j "$(nproc)" "${files[@]}" || status=1
exit $status
