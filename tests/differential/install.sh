#!/bin/sh
# install.sh [FOLDER] - installs the reference engine, the npm package jsonata, in a temporary folder, and prints the
# line that tells differential.js where it is:   eval "$(tests/differential/install.sh)"
set -eu

VERSION=2.2.2
folder=${1:-${TMPDIR:-/tmp}/jsonata-reference-$VERSION}
command -v npm >/dev/null || { echo "install.sh: npm is needed" >&2; exit 1; }
mkdir -p "$folder"
[ -d "$folder/node_modules/jsonata" ] || (cd "$folder" && npm install --no-audit --no-fund --prefix . "jsonata@$VERSION" >&2)
echo "export JSONATA_JS=$folder/node_modules/jsonata"
