// AWS's own client for Node as a caller of InvokeWithResponseStream: a line of JSON for each event, when it comes.
// node stream_peer.js NODE_MODULES ENDPOINT REGION EVENT
'use strict';

const path = require('path');
const [modules, endpoint, region, event] = process.argv.slice(2);
const { LambdaClient, InvokeWithResponseStreamCommand } = require(path.join(modules, '@aws-sdk', 'client-lambda'));

const tell = (line) => process.stdout.write(JSON.stringify(line) + '\n');

async function main() {
    const client = new LambdaClient({ endpoint, region, maxAttempts: 1 });
    const answer = await client.send(new InvokeWithResponseStreamCommand({ FunctionName: 'streamer', Payload: event }));
    for await (const e of answer.EventStream) {
        if (e.PayloadChunk)
            tell({ chunk: Buffer.from(e.PayloadChunk.Payload).toString() });
        else if (e.InvokeComplete)
            tell({ complete: e.InvokeComplete });
    }
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
