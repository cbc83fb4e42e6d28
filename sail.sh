#!/bin/sh
# sail.sh [--http-port PORT] - message mode, under the name that the platform's slug runner knows (platform-protocol.md, 8.3).
exec aws-lambda-component "$@"
