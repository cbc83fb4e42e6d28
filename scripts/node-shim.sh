#!/bin/sh
# node-shim.sh - stands as `node` in the image.  An orchestrator that takes the component for a Node.js one starts
# `node .../run.js` or `node .../runService.js METHOD`; both are understood, and nothing else is.
case "$1" in
*/run.js | run.js) exec aws-lambda-component ;;
*/runService.js | runService.js) shift; exec aws-lambda-component "$@" ;;
esac
echo "this image has no Node.js; it runs aws-lambda-component" >&2
exit 127
