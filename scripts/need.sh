#!/bin/sh
# need.sh GROUP... - installs the Debian packages that a group of tasks needs, and only those that are missing.
# Says what it installs and why; touches nothing when all is there.
set -eu

packages_for() {
    case $1 in
    build) echo gcc libc6-dev make cmake ninja-build pkg-config libuv1-dev libcurl4-openssl-dev libssl-dev \
                libmicrohttpd-dev librabbitmq-dev libpcre2-dev libunistring-dev libedit-dev libsqlite3-dev ;;
    demo) echo curl python3 ;;
    test) echo libcmocka-dev curl python3 openssl awscli python3-boto3 rabbitmq-server python3-pika nodejs clang libclang-rt-14-dev llvm-14 ;;
    bench) echo python3 ;;
    lint) echo clang clang-tidy cppcheck ;;
    *) echo "need.sh: unknown group $1" >&2; exit 2 ;;
    esac
}

why() {
    case $1 in
    build) echo "to build" ;;
    demo) echo "for the example functions" ;;
    test) echo "for the tests: cmocka, RabbitMQ, the AWS CLI, boto3 and pika as peers, Node.js, clang's fuzzer" ;;
    bench) echo "for the benchmarks" ;;
    lint) echo "for the linters" ;;
    esac
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "need.sh: not root, and there is no sudo; run as root: $*" >&2
        exit 1
    fi
}

if ! command -v dpkg-query >/dev/null; then
    echo "need.sh: this is no Debian system; install by hand what \`need.sh\` lists for: $*" >&2
    exit 0
fi

updated=
for group; do
    missing=
    for package in $(packages_for "$group"); do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || continue
    echo "Installing $(why "$group"):$missing"
    [ -n "$updated" ] || as_root apt-get update -qq
    updated=yes
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
done
