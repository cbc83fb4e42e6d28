# The component's image.  Each step is one of scripts/image.sh, which a bare machine can run as well.
#   docker build --label elastic.io.component="$(scripts/image.sh label)" -t aws-lambda-component .
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/image.sh scripts/
RUN scripts/image.sh packages build
COPY . .
RUN scripts/image.sh build /out

FROM debian:bookworm-slim
COPY scripts/image.sh /tmp/scripts/
RUN /tmp/scripts/image.sh packages run && useradd --create-home --uid 1000 node
COPY --from=build /out/ /
RUN /tmp/scripts/image.sh check / && rm -r /tmp/scripts && chown -R node:node /home/node
USER node
WORKDIR /home/node
# No CMD: the platform gives the command, ./sail.sh, ./serve.sh METHOD, or what it would give a Node.js component.
ENTRYPOINT ["/usr/bin/tini", "-v", "-e", "143", "--"]
