#!/bin/sh
# image.sh - the steps of the Dockerfile, each of which can be run on a bare machine as well.
#
#   scripts/image.sh packages build|run     installs Debian's packages (as root)
#   scripts/image.sh build DIR              builds a release and lays the image's files out below DIR
#   scripts/image.sh lay PROGRAM DIR        lays them out with a program that has been built already
#   scripts/image.sh check DIR              runs what was laid out
#   scripts/image.sh label                  prints the value of the label elastic.io.component
set -eu
cd "$(dirname "$0")/.."

build_packages="build-essential ca-certificates cmake ninja-build pkg-config libcurl4-openssl-dev libmicrohttpd-dev
    libpcre2-dev librabbitmq-dev libsqlite3-dev libssl-dev libunistring-dev libuv1-dev"
run_packages="ca-certificates libcurl4 libmicrohttpd12 libpcre2-16-0 libpcre2-8-0 librabbitmq4 libssl3 libunistring2
    libuv1 tini"

packages() {
    apt-get update -qq
    # Unquoted: a list of words.
    if [ "$1" = build ]; then set -- $build_packages; else set -- $run_packages; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
    rm -rf /var/lib/apt/lists/*
}

build() {
    # Without tests, which need what the image does not.
    cmake -S . -B build/image -G Ninja -DCMAKE_BUILD_TYPE=Release -DALC_TESTS=OFF
    ninja -C build/image aws-lambda-component
    lay build/image/bin/aws-lambda-component "$1"
}

lay() {
    install -D -m 755 "$1" "$2/usr/local/bin/aws-lambda-component"
    install -D -m 755 scripts/node-shim.sh "$2/usr/local/bin/node"
    install -D -m 644 component.json "$2/home/node/component.json"
    install -m 755 sail.sh serve.sh "$2/home/node/"
}

# Runs a command of the image, with no variables but these; it has to end with status 1 and say why.
expect() {
    reason=$1
    shift
    status=0
    said=$(env -i PATH="$PATH" "$@") || status=$?
    case "$status$said" in
    1*"$reason"*) ;;
    *) echo "$*: status $status, $said" >&2; exit 1 ;;
    esac
}

check() {
    PATH="$(cd "$1" && pwd)/usr/local/bin:$PATH"
    cd "$1/home/node"
    aws-lambda-component --version
    test -s component.json
    # Without its variables a step names the first that is missing.
    for command in aws-lambda-component ./sail.sh "node /home/node/run.js"; do
        # Unquoted: a command and its arguments.
        expect "ELASTICIO_EXEC_ID is missing" ELASTICIO_FLOW_ID=x $command
    done
    for command in ./serve.sh "node /home/node/runService.js"; do
        expect "ELASTICIO_POST_RESULT_URL is not provided" $command verifyCredentials
    done
}

# The descriptor in one line, with the runtime that this one can stand in for: the platform decides by it how a flow is
# fed (platform-protocol.md, 10.1 and 13.2).
label() {
    sed -e 's/^ *//' -e '1s/{/{"language":"nodejs","sailor_version":"2.7.8",/' component.json | tr -d '\n'
}

case "$#${1:-}" in
2packages | 2build | 2check) "$1" "$2" ;;
3lay) lay "$2" "$3" ;;
1label) label ;;
*) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
