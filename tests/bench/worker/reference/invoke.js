// invoke.js - the benchmark's action on the reference runtime: maps the body with JSONata, posts it to Lambda's Invoke
// with a SigV4 signature, emits the answer.  Written to be fast, so that what is compared is the runtime: the expression is
// compiled once, the signing key derived once, connections are kept, nothing but Node's own modules sends.
'use strict';
const crypto = require('crypto');
const http = require('http');
const https = require('https');
const jsonata = require('jsonata');

const endpoint = new URL(process.env.AWS_ENDPOINT_URL_LAMBDA);
const transport = endpoint.protocol === 'https:' ? https : http;
const agent = new transport.Agent({ keepAlive: true, maxSockets: Infinity });

let expression;
let signingKey = { day: '' };

const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();

function keyOf(day, cfg) {
    if (signingKey.day !== day) {
        const parts = [day, cfg.region, 'lambda', 'aws4_request'];
        signingKey = { day, key: parts.reduce(hmac, 'AWS4' + cfg.aws_secret_access_key) };
    }
    return signingKey.key;
}

function sign(path, payload, cfg) {
    const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const day = date.slice(0, 8);
    const names = 'content-type;host;x-amz-date';
    const canonical = ['POST', path, '', 'content-type:application/json', `host:${endpoint.host}`, `x-amz-date:${date}`,
        '', names, sha256(payload)].join('\n');
    const scope = `${day}/${cfg.region}/lambda/aws4_request`;
    const signature = hmac(keyOf(day, cfg), `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString('hex');
    return {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(payload),
        'X-Amz-Date': date,
        Authorization: `AWS4-HMAC-SHA256 Credential=${cfg.aws_access_key_id}/${scope}, SignedHeaders=${names}, `
            + `Signature=${signature}`
    };
}

function post(path, payload, headers) {
    return new Promise((resolve, reject) => {
        const request = transport.request({
            agent, host: endpoint.hostname, port: endpoint.port, path, method: 'POST', headers
        }, (response) => {
            const pieces = [];
            response.on('data', (piece) => pieces.push(piece));
            response.on('error', reject);
            response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(pieces).toString() }));
        });
        request.setNoDelay(true);
        request.on('error', reject);
        request.end(payload);
    });
}

exports.process = async function invoke(message, cfg) {
    expression = expression || jsonata(cfg.expression);
    const payload = JSON.stringify(await expression.evaluate(message.body));
    const path = `/2015-03-31/functions/${cfg.functionName}/invocations`;
    const answer = await post(path, payload, sign(path, payload, cfg));
    if (answer.status !== 200) {
        throw new Error(`Lambda answered ${answer.status}: ${answer.text}`);
    }
    return { body: JSON.parse(answer.text), headers: {} };
};
