/* differential.js - runs the reference (the npm package jsonata) beside ours on expressions made up for the purpose,
 * and shows, as small as can be, each way in which they differ.
 *
 *     node differential.js [--seed N] [--from N] [--count N] [--seconds N] [--plain] [--suite DIR] [--mutations P]
 *                          [--expression E [--data J]] [--all] [--quiet]
 *
 * JSONATA_JS names the package's folder (else the places where install.sh and scripts/install-peers.sh put it are
 * looked at), JSONATA_BIN our command.  Case n of a seed is always the same, so a report's
 * `--seed S --from N --count 1` shows it again.  --all shows known differences too.  Status: 0 nothing new, 1 something
 * differs, 77 when the package or Node's version does not allow a run. */
'use strict';

process.env.TZ = 'UTC';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { Random } = require('./random');
const { Grammar } = require('./grammar');
const { Documents } = require('./documents');
const { loadSuite, mutation } = require('./mutate');
const { Reference, Ours } = require('./engines');
const { difference, show } = require('./outcome');
const { minimise } = require('./minimise');
const { known, late } = require('./known');
const { slips, checkMends } = require('./mends');
const { excuse } = require('./steady');
const { tokens } = require('./tokens');

const BATCH = 200;
const LIMIT_MS = 2000;          // for one case of the reference; ours gets twice that

function parseArguments(words) {
    const options = { seed: 1, from: 0, count: Infinity, seconds: Infinity, mutations: 0.4, minimise: 20,
        suite: path.join(process.env.ALC_SHARED || path.join(__dirname, '../../../shared'), 'jsonata-test-suite') };
    while (words.length) {
        const name = words.shift().replace(/^--/, '');
        if (['plain', 'all', 'quiet'].includes(name))
            options[name] = true;
        else
            options[name] = typeof options[name] === 'number' ? Number(words.shift()) : words.shift();
    }
    return options;
}

/* Names, numbers and texts do not make a difference new. */
function shape(expression) {
    const plain = t => {
        if (/^["']/.test(t))
            return '"s"';
        if (/^\d/.test(t))
            return '1';
        return /^[`\w]/.test(t) && !/^(and|or|in|function|true|false|null)$/.test(t) ? 'a' : t.trim();
    };
    return tokens(expression).map(plain).join('');
}

class Differential {
    constructor(options) {
        this.options = options;
        this.reference = new Reference(options.package, LIMIT_MS);
        const command = process.env.JSONATA_BIN || path.join(__dirname, '../../build/release/bin/jsonata');
        this.ours = new Ours(command, LIMIT_MS * 2, options.plain ? ['--plain'] : []);
        this.suite = options.mutations > 0 ? loadSuite(options.suite) : [];
        this.classes = new Map();
        this.counts = { cases: 0, results: 0, errors: 0, slow: 0, known: {} };
    }

    makeCase(number) {
        const random = new Random(this.options.seed, number);
        if (this.suite.length && random.chance(this.options.mutations))
            return { number, ...mutation(this.suite, random) };
        const documents = new Documents(random);
        const data = documents.documentText(), bindings = JSON.stringify(documents.bindings());
        return { number, data, bindings, expression: new Grammar(random).expression() };
    }

    /* What differs in each of `cases`, by number in the list: { what, reference, ours } or null. */
    async compare(cases) {
        const [reference, ours] = await Promise.all([this.reference.run(cases), this.ours.run(cases)]);
        const all = cases.map((c, i) => {
            const found = { ...c, what: difference(reference[i], ours[i]), reference: reference[i], ours: ours[i] };
            found.known = found.what ? known(found) : null;
            return found;
        });
        const open = all.filter(found => found.what && !found.known);
        const names = await slips(open, this.reference, known);
        for (const [i, found] of open.entries())
            found.known = names[i] || await excuse(found, this.reference, this.ours);
        return all;
    }

    async report(found) {
        const sameWay = async cases => (await this.compare(cases)).map(d => d.what === found.what && !d.known);
        const { expression, data, bindings } = found;
        const deadline = Date.now() + this.options.minimise * 1000;
        const small = await minimise({ expression, data, bindings }, sameWay, deadline);
        const [d] = await this.compare([small]);
        const key = `${found.what} | ${shape(small.expression)}`;
        const seen = this.classes.get(key);
        this.classes.set(key, (seen || 0) + 1);
        if (seen)
            return;
        found.late = late(d);
        if (found.late && !this.options.all) {
            this.classes.delete(key);
            this.counts.known[found.late] = (this.counts.known[found.late] || 0) + 1;
            return;
        }
        const line = (name, text) => text === undefined ? '' : `    ${name.padEnd(11)}${text.slice(0, 500)}\n`;
        console.log(`${found.what}   (--seed ${this.options.seed} --from ${found.number} --count 1)\n` +
            line('expression', JSON.stringify(small.expression)) + line('data', small.data) +
            line('bindings', small.bindings) + line('reference', show(d.reference)) + line('ours', show(d.ours)));
    }

    async batch(cases) {
        for (const d of await this.compare(cases)) {
            this.counts.cases++;
            if (d.reference.kind === 'slow')
                this.counts.slow++;
            if (d.reference.kind === 'error' || d.reference.kind === 'host')
                this.counts.errors++;
            else
                this.counts.results++;
            if (!d.what)
                continue;
            if (d.known && !this.options.all)
                this.counts.known[d.known] = (this.counts.known[d.known] || 0) + 1;
            else
                await this.report(d);
        }
    }

    async run() {
        const end = Date.now() + this.options.seconds * 1000;
        const last = this.options.from + this.options.count;
        for (let number = this.options.from; number < last && Date.now() < end; number += BATCH) {
            const cases = Array.from({ length: Math.min(BATCH, last - number) }, (_, i) => this.makeCase(number + i))
                .filter(c => c.expression.length < 4000);
            await this.batch(cases);
        }
    }

    summary() {
        const c = this.counts;
        return `${c.cases} cases: ${c.results} results, ${c.errors} errors, ${c.slow} too slow; ` +
            `${this.classes.size} new differences; known: ${JSON.stringify(c.known)}`;
    }

    stop() {
        this.reference.stop();
        this.ours.stop();
    }
}

function findPackage() {
    const folders = ['jsonata-reference-2.2.2', 'jsonata-peers/jsonata-js'];
    const places = process.env.JSONATA_JS ? [process.env.JSONATA_JS]
        : folders.map(folder => path.join(os.tmpdir(), folder, 'node_modules/jsonata'));
    const found = places.find(place => fs.existsSync(path.join(place, 'package.json')));
    return found && path.resolve(found);
}

async function main() {
    const options = parseArguments(process.argv.slice(2));
    options.package = findPackage();
    if (!options.package) {
        console.log('skipped: no npm package jsonata; tests/differential/install.sh installs it, JSONATA_JS names it');
        return 77;
    }
    checkMends(options.package);
    const differential = new Differential(options);
    if (options.expression !== undefined)
        await differential.batch([{ number: 0, expression: options.expression, data: options.data }]);
    else
        await differential.run();
    differential.stop();
    if (!options.quiet || differential.classes.size)
        console.log(differential.summary());
    return differential.classes.size ? 1 : 0;
}

main().then(status => { process.exitCode = status; }, error => { console.error(error); process.exitCode = 2; });
