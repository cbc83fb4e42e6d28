#!/bin/bash
# install-peers.sh [FOLDER] - installs other engines of JSONata for `make bench-jsonata`, each with its language's own
# package manager, into FOLDER (default: jsonata-peers in the temporary folder), and builds the programs around them.
# What cannot be had here (no toolchain, no such package) is named and left out.
set -uo pipefail
source=$(cd "$(dirname "$0")/../tests/bench/peers" && pwd)
folder=${1:-${TMPDIR:-/tmp}/jsonata-peers}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

# peer NAME TOOL... -- installs by the function NAME (with _ for -) in its folder; $folder/NAME/run is what counts.
peer() {
    local name=$1 log=$folder/$1.log tool
    shift
    for tool; do
        command -v "$tool" >/dev/null || { echo "$name: no $tool here"; return; }
    done
    [ -x "$folder/$name/run" ] && { echo "$name: there"; return; }
    mkdir -p "$folder/$name"
    if (cd "$folder/$name" && set -e && "install_${name//[-.]/_}") >"$log" 2>&1; then
        chmod +x "$folder/$name/run"
        echo "$name: installed"
    else
        rm -f "$folder/$name/run"
        echo "$name: not to be had; see $log"
    fi
}

# run_by COMMAND... - writes the program's front.
run_by() {
    printf '#!/bin/sh\nexec %s "$@"\n' "$*" >run
}

install_js() {      # VERSION
    cp "$source/js/measure.js" .
    npm install --no-audit --no-fund --prefix . "jsonata@$1"
    run_by "node '$PWD/measure.js'"
}
install_jsonata_js() { install_js 2.2.2; }
install_jsonata_js_1_8_7() { install_js 1.8.7; }

install_rust() {    # FOLDER
    cp -r "$source/rust/$1" "$source/rust/measure.rs" .
    cargo build --release --quiet --manifest-path "$1/Cargo.toml"
    run_by "'$PWD/$1/target/release/peer'"
}
install_jsonata_core() { install_rust jsonata-core; }
install_jlens() { install_rust jlens; }
install_jsonata_rs() { install_rust jsonata-rs; }

install_jsonata_go() {
    cp "$source"/go/* .
    go mod tidy
    go build -o peer .
    run_by "'$PWD/peer'"
}

install_jsonata_java() {
    mvn -q dependency:get -Dartifact=com.dashjoin:jsonata:0.9.9
    mvn -q dependency:copy -Dartifact=com.dashjoin:jsonata:0.9.9 -DoutputDirectory="$PWD"
    javac -cp jsonata-0.9.9.jar -d . "$source/java/Peer.java"
    run_by "java -Xss512m -cp '$PWD/jsonata-0.9.9.jar:$PWD' Peer"
}

install_jsonata_python() {
    python3 -m venv .
    bin/pip install --quiet jsonata-python==0.7.1
    cp "$source/python/peer.py" .
    run_by "'$PWD/bin/python' '$PWD/peer.py'"
}

peer jsonata-js node npm
peer jsonata-js-1.8.7 node npm
peer jsonata-core cargo
peer jlens cargo
peer jsonata-rs cargo
peer jsonata-go go
peer jsonata-java java javac mvn
peer jsonata-python python3
echo "in $folder"
