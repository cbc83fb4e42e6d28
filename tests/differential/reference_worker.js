/* reference_worker.js - the reference in a thread of its own, since nothing but the end of a thread stops a JavaScript
 * function that does not return.  Takes { cases, progress }, answers with a list of outcomes; `progress` is
 * shared memory in which the number of finished cases can be seen from outside. */
'use strict';

const { parentPort, workerData } = require('worker_threads');
const { BUILTINS } = require('./builtins');
const { loadMended } = require('./mends');

const NAMES = BUILTINS.map(b => b.name).concat('shuffle', 'random');
const packages = new Map();

/* { jsonata, builtins }: the package with some of its slips mended, as a rule none, and its functions. */
function packageWith(mends = []) {
    const key = mends.join();
    if (!packages.has(key)) {
        const jsonata = mends.length ? loadMended(workerData.path, mends) : require(workerData.path);
        packages.set(key, { jsonata, builtins: Promise.all(NAMES.map(name => jsonata('$' + name).evaluate())) });
    }
    return packages.get(key);
}

/* The library's functions are objects that remember, process-wide, where they were called last, and errors show it.  So
 * that a case does not depend on those before it, they are made to forget. */
async function forget({ mends }) {
    for (const builtin of await packageWith(mends).builtins)
        builtin.position = builtin.token = undefined;
}

const isFunction = v => typeof v === 'function' ||
    (v !== null && typeof v === 'object' && (v._jsonata_lambda === true || v._jsonata_function === true));

/* Functions inside containers print as "", which is what $string makes of them. */
function stringify(value) {
    return JSON.stringify(value, (key, v) => isFunction(v) ? '' : v);
}

function failure(error) {
    if (error === null || typeof error !== 'object' || typeof error.code !== 'string' || error instanceof Error)
        return { kind: 'host', message: String(error && error.message) };
    const { code, position, token, value } = error;
    return { kind: 'error', code, position, token: token instanceof RegExp ? token.source : token,
        value: isFunction(value) ? undefined : stringify(value) };
}

/* What time it is, and what is drawn, for a case that says so ({ now, draw }); else as always. */
const { Date: Clock } = globalThis, { random } = Math;

function pin({ now, draw }) {
    globalThis.Date = now === undefined ? Clock : class extends Clock {
        constructor(...words) {
            super(...words.length ? words : [now]);
        }

        static now() {
            return now;
        }
    };
    let drawn = draw;
    Math.random = draw === undefined ? random : () => drawn = (drawn * 31 + draw) % 1;
}

async function evaluate(c) {
    const data = c.data === undefined ? undefined : JSON.parse(c.data);
    const bindings = c.bindings === undefined ? undefined : JSON.parse(c.bindings);
    const { jsonata } = packageWith(c.mends);
    const result = await jsonata(c.expression).evaluate(data, bindings);
    if (result === undefined)
        return { kind: 'undefined' };
    return isFunction(result) ? { kind: 'function' } : { kind: 'result', text: stringify(result) };
}

parentPort.on('message', async ({ cases, progress }) => {
    for (const c of cases) {
        await forget(c);
        pin(c);
        const outcome = await evaluate(c).catch(failure);
        parentPort.postMessage({ outcome });
        Atomics.add(progress, 0, 1);
    }
    parentPort.postMessage({ done: true });
});
