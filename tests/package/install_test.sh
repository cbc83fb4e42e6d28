#!/bin/bash
# install_test.sh BUILD - installs libjsonata into a temporary folder and uses it from there, as a stranger would: with
# cc and pkg-config, with CMake, shared and static.  Looks at what the shared library exports, and whether the headers
# are C++.  Silent when all is well.
set -uo pipefail
build=$1
source=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
prefix=$tmp/prefix
status=0

complain() {
    echo "$*"
    status=1
}

# expect WHAT WANTED COMMAND...: what the command prints.
expect() {
    local what=$1 wanted=$2 got
    shift 2
    got=$("$@" 2>&1)
    [ "$got" = "$wanted" ] || complain "$what: expected: $wanted"$'\n'"got: $got"
}

# run WHAT COMMAND...: a command that must succeed.
run() {
    local what=$1
    shift
    "$@" >"$tmp/log" 2>&1 || { complain "$what failed: $*"; cat "$tmp/log"; }
}

# ---- installing ----

run 'the installation' cmake --install "$build" --prefix "$prefix"
DESTDIR=$tmp/stage run 'the installation with DESTDIR' cmake --install "$build" --prefix /usr
libdir=$(dirname "$(find "$prefix" -name jsonata.pc)")/..
libdir=$(cd "$libdir" && pwd)
for file in bin/jsonata include/jsonata/{json,jsonata,version}.h share/man/man3/jsonata{,-json}.3 share/man/man1/jsonata.1 \
    share/bash-completion/completions/jsonata share/zsh/site-functions/_jsonata; do
    [ -f "$prefix/$file" ] || complain "$file is not installed"
    [ -f "$tmp/stage/usr/$file" ] || complain "$file is not installed under DESTDIR"
done
for file in libjsonata.a libjsonata.so libjsonata.so.0 pkgconfig/jsonata.pc cmake/jsonata/jsonataConfig.cmake; do
    [ -e "$libdir/$file" ] || complain "$file is not installed"
done

# ---- what the shared library exports: what the headers declare, and nothing else ----

declared=$(cat "$prefix"/include/jsonata/*.h | grep -v '^#' | tr '\n' ' ' | grep -o 'JN_API [^;(]*(' |
           grep -o '[a-z_0-9]*($' | tr -d '(' | sort)
exported=$(nm -D --defined-only --with-symbol-versions "$libdir/libjsonata.so.0" | awk '$2 == "T" { print $3 }' |
           sed 's/@@JSONATA_0\.1$//' | sort)
diff <(echo "$declared") <(echo "$exported") >"$tmp/log" ||
    { complain 'exports differ from declarations:'; cat "$tmp/log"; }
others=$(nm -D --defined-only "$libdir/libjsonata.so.0" | awk '$2 != "T" && $2 != "A" { print $3 }')
[ -z "$others" ] || complain "other exports: $others"
expect 'the name to link by' libjsonata.so.0 \
    bash -c "readelf -d '$libdir/libjsonata.so.0' | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p'"

# ---- the examples ----

check_examples() {
    local how=$1 dir=$2 suffix=$3
    expect "evaluate ($how)" 13 "$dir/evaluate$suffix" '$sum(lines.(price * quantity))' \
        '{"lines":[{"price":2.5,"quantity":4},{"price":1,"quantity":3}]}'
    expect "evaluate, a mistake ($how)" \
        'the expression: S0203 expected ")", but the expression ends here (at character 4)' \
        "$dir/evaluate$suffix" '(1+1' '{}'
    expect "native_function ($how)" $'[12.5,25]\n400\nRATE1: there is no rate for this currency\nT0410: argument 1 '"\
"$'of $convert does not match the function\'s signature: got "one"' "$dir/native_function$suffix"
    seq 1 200 | sed 's/.*/{"n":&}/' >"$tmp/lines"
    expect "stream ($how)" "$(seq 2 2 400)" bash -c "'$dir/stream$suffix' 'n * 2' 4 <'$tmp/lines'"
}

export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir
mkdir "$tmp/bin"
for name in evaluate native_function stream; do
    example=$source/examples/library/$name.c
    run "$name.c with pkg-config" ${CC:-cc} -std=c11 -Wall -Wextra -Werror "$example" \
        $(pkg-config --cflags --libs jsonata) -pthread -o "$tmp/bin/$name"
    run "$name.c with pkg-config, static" ${CC:-cc} "$example" \
        $(pkg-config --static --cflags --libs jsonata | sed 's/-ljsonata/-l:libjsonata.a/') -pthread \
        -o "$tmp/bin/${name}_static"
done
check_examples pkg-config "$tmp/bin" ''
check_examples 'pkg-config, static' "$tmp/bin" _static

run 'find_package(jsonata)' cmake -S "$source/examples/library" -B "$tmp/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="${CC:-cc}"
run 'building with CMake' cmake --build "$tmp/cmake"
check_examples CMake "$tmp/cmake" ''
check_examples 'CMake, static' "$tmp/cmake" _static
ldd "$tmp/cmake/evaluate_static" | grep -q libjsonata && complain 'the static example needs the shared library'

# ---- other languages, and manuals ----

strict=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$prefix/include")
if command -v g++ >/dev/null; then
    for header in json jsonata version; do
        echo "#include <jsonata/$header.h>" >"$tmp/header.cc"
        run "$header.h in C++" g++ -std=c++11 "${strict[@]}" "$tmp/header.cc"
    done
fi
for header in json jsonata version; do
    echo "#include <jsonata/$header.h>" >"$tmp/header.c"
    run "$header.h alone" ${CC:-cc} -std=c99 "${strict[@]}" "$tmp/header.c"
done
for page in jsonata jsonata-json; do
    # Every function of the headers has its place in a page.
    if command -v man >/dev/null && command -v groff >/dev/null; then
        complaints=$(man --warnings=all -l "$prefix/share/man/man3/$page.3" 2>&1 >/dev/null)
        [ -z "$complaints" ] || complain "$page.3: $complaints"
    fi
done
for name in $declared; do
    grep -q "$name" "$prefix"/share/man/man3/jsonata*.3 || complain "$name is in no manual page"
done
exit $status
