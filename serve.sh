#!/bin/sh
# serve.sh METHOD - service mode: verifyCredentials, getMetaModel, selectModel.
exec aws-lambda-component "$@"
