/* engines.js - the two engines behind one method: `run(cases)` gives a promise of a list of outcomes (outcome.js).
 * A case is { expression, data, bindings }; the latter two are JSON text or undefined.
 * A case that does not end, or ends its engine, costs that engine's process and no other case. */
'use strict';

const { spawn } = require('child_process');
const { Worker } = require('worker_threads');

class Reference {
    constructor(path, limitMs) {
        this.path = path;
        this.limitMs = limitMs;
        this.worker = null;
    }

    start() {
        const resourceLimits = { maxOldGenerationSizeMb: 512, stackSizeMb: 4 };
        const worker = this.worker = new Worker(require.resolve('./reference_worker.js'),
            { workerData: { path: this.path }, resourceLimits, stderr: true });
        worker.on('message', message => {
            if (this.worker === worker)
                message.done ? this.finish() : this.outcomes.push(message.outcome);
        });
        worker.on('error', () => this.worker === worker && this.giveUp());       // out of memory
    }

    giveUp() {
        this.worker.terminate();
        this.worker = null;
        this.outcomes.push({ kind: 'slow' });
        this.finish();
    }

    /* The outcomes of `cases` up to the one that ended the thread. */
    someOf(cases) {
        if (!this.worker)
            this.start();
        const progress = new Int32Array(new SharedArrayBuffer(4));
        this.outcomes = [];
        return new Promise(resolve => {
            let seen = -1;
            const watch = setInterval(() => {
                const now = Atomics.load(progress, 0);
                if (now === seen)
                    this.giveUp();
                seen = now;
            }, this.limitMs);
            this.finish = () => {
                clearInterval(watch);
                resolve(this.outcomes);
            };
            this.worker.postMessage({ cases, progress });
        });
    }

    async run(cases) {
        const outcomes = [];
        while (outcomes.length < cases.length)
            outcomes.push(...await this.someOf(cases.slice(outcomes.length)));
        return outcomes;
    }

    stop() {
        if (this.worker)
            this.worker.terminate();
    }
}

/* The text of a line's `result`, as it was written. */
const RESULT = /^\{"id": ?\d+, ?"result": ?(.*)\}$/s;

function outcomeOf(line) {
    const raw = RESULT.exec(line);
    if (raw)
        return { kind: 'result', text: raw[1] };
    const answer = JSON.parse(line);
    if (answer.undefined)
        return { kind: 'undefined' };
    if (answer.function)
        return { kind: 'function' };
    const { code, position, token, value, message } = answer.error;
    if (code === 'U1001')
        return { kind: 'slow' };
    return { kind: 'error', code, position, token, value: JSON.stringify(value), message };
}

/* `jsonata --batch`. */
class Ours {
    constructor(command, limitMs, options = []) {
        this.command = command;
        this.options = options;
        this.limitMs = limitMs;
        this.child = null;
        this.waiting = [];
    }

    start() {
        const child = this.child = spawn(this.command, ['--batch', ...this.options], { stdio: 'pipe' });
        let words = '';
        child.stderr.on('data', data => { words = (words + data).slice(-4000); });
        child.stdin.on('error', () => {});              // it died; "close" says so
        let rest = '';
        child.stdout.setEncoding('utf8');
        child.stdout.on('data', data => {
            const lines = (rest + data).split('\n');
            rest = lines.pop();
            for (const line of lines)
                this.waiting.shift()(outcomeOf(line));
        });
        child.on('error', error => { this.failure = error; });
        child.on('close', (code, signal) => {
            this.child = null;
            const orphans = this.waiting.splice(0);
            const first = orphans.shift();
            const message = this.failure ? this.failure.message : `${signal || `exit ${code}`} ${words}`.trim();
            if (first)
                first({ kind: 'crash', message });
            for (const answer of orphans)               // were never looked at
                answer(null);
        });
    }

    one(c, id) {
        const member = (name, text) => text === undefined ? '' : `,"${name}":${text}`;
        const line = `{"id":${id},"expr":${JSON.stringify(c.expression)},"timelimit":${this.limitMs}` +
            `${member('data', c.data)}${member('bindings', c.bindings)}}\n`;
        return new Promise(answer => {
            this.waiting.push(answer);
            this.child.stdin.write(line);
        });
    }

    async run(cases) {
        const outcomes = [];
        while (outcomes.length < cases.length) {
            if (!this.child)
                this.start();
            const some = await Promise.all(cases.slice(outcomes.length).map((c, i) => this.one(c, i)));
            outcomes.push(...some.filter(o => o !== null));
        }
        return outcomes;
    }

    stop() {
        if (this.child)
            this.child.kill();
    }
}

module.exports = { Reference, Ours };
