#!/bin/sh
# no-node.sh - stands in for node where there is none.
echo "skipped: node is not installed"
exit 77
