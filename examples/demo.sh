#!/bin/bash
# demo.sh BUILD - the main job, end to end: a local Lambda with a few functions, 300 orders mapped by a JSONata expression,
# invoked, and their results.  Needs no AWS account; everything stays on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build/release}
component=$build/bin/aws-lambda-component
jsonata=$build/bin/jsonata
orders=examples/orders.ndjson
work=$(mktemp -d)
local_pid=

clean() {
    [ -z "$local_pid" ] || { kill -INT "$local_pid" 2>/dev/null && wait "$local_pid" || true; }
    rm -rf "$work"
}
trap clean EXIT

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
indent() { sed 's/^/    /'; }
line_of() { sed -n "$1p" "$2"; }

# The pair that the local Lambda accepts.
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local-secret AWS_REGION=us-east-1

start_local() {
    "$component" local --functions "$build/examples/functions" --port 0 --port-file "$work/port" 2>"$work/local.log" &
    local_pid=$!
    for _ in $(seq 200); do
        [ -s "$work/port" ] && break
        kill -0 "$local_pid" 2>/dev/null || { cat "$work/local.log"; exit 1; }
        sleep 0.05
    done
    AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:$(cat "$work/port")
    export AWS_ENDPOINT_URL_LAMBDA
}

invoke() { "$component" invoke "$@"; }

say "1. A local Lambda with functions in C, shell, Python and JavaScript"
start_local
sed '/^Try it/,$d' "$work/local.log" | sed '/^$/d' | indent

say "2. The expression that turns a shop's order into what price-order wants (examples/price-order.jsonata)"
indent <examples/price-order.jsonata

say "3. All $(wc -l <$orders) orders through it"
echo "    aws-lambda-component invoke --function price-order --expression-file examples/price-order.jsonata $orders"
invoke --function price-order --expression-file examples/price-order.jsonata --concurrency 4 $orders \
    >"$work/priced" 2>"$work/summary"
indent <"$work/summary"

say "4. Two of them: the order, what was sent, what came back"
for n in 1 12; do
    echo "  order $n"
    line_of $n $orders | cut -c 1-200 | sed 's/$/.../' | indent
    echo "  payload"
    line_of $n $orders | "$jsonata" -c -f examples/price-order.jsonata | indent
    echo "  result"
    line_of $n "$work/priced" | indent
done

say "5. A chain: the priced orders' cities to coordinates, by the shell function"
head -n 3 "$work/priced" | "$jsonata" -c '{ "city": shipTo.city, "country": shipTo.country }' |
    invoke --function geocode --quiet | indent

say "6. The end of one call's log (--log-type Tail)"
line_of 1 "$work/priced" | invoke --function fraud-check --log-type Tail --quiet 2>&1 >/dev/null | indent

say "7. A function that fails on purpose for some orders; the others go on, and the failed ones are kept"
invoke --function fraud-check --errors "$work/failed" --concurrency 4 "$work/priced" \
    >"$work/checked" 2>"$work/report" || true
grep -m 1 -A 3 '^message' "$work/report" | indent
echo "    ..."
tail -n 1 "$work/report" | indent
echo "    kept in --errors: $(wc -l <"$work/failed") records, each with its input"

[ "$(wc -l <"$work/priced")" = "$(wc -l <$orders)" ] || { echo "demo: results are missing" >&2; exit 1; }
[ "$(cat "$work/checked" "$work/failed" | wc -l)" = "$(wc -l <$orders)" ] || { echo "demo: messages are missing" >&2; exit 1; }

say "What to try next"
cat <<TEXT
    $jsonata 'number & ": " & \$sum(line_items.(quantity * \$number(price)))' -r $orders
    $component local --functions $build/examples/functions      # then use the AWS CLI on it: docs/local-lambda.md
    $component invoke --help
TEXT
