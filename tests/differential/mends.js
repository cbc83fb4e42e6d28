/* mends.js - the reference without some of its slips: a difference that is gone when they are mended is that slip's, and
 * no other.  This tells exactly what known.js could only guess from the looks of an expression.
 *
 * Each mend replaces pieces of the package's source, each of which must be there just once; so a mend that fits no
 * longer says so.  The names are those of docs/jsonata-differences.md. */
'use strict';

const fs = require('fs');
const Module = require('module');
const { difference } = require('./outcome');

/* What mended pieces call. */
const HELPERS = `
const mended = {
    /* As Promise.all(list.map(f)), one after the other. */
    inTurn: list => async f => {
        const results = [];
        for (let i = 0; i < list.length; i++)
            results.push(await f(list[i], i));
        return results;
    },
    /* All objects in a value that is a tree. */
    objectsOf: value => {
        const found = new Set(), open = [value];
        while (open.length) {
            const v = open.pop();
            if (v !== null && typeof v === 'object' && !found.has(v)) {
                found.add(v);
                open.push(...Object.values(v));
            }
        }
        return found;
    },
    isFunction: v => typeof v === 'function' || v && (v._jsonata_function === true || v._jsonata_lambda === true),
    /* A function's text tells nothing of it, wherever it stands. */
    withoutSource: v => typeof v === 'function' ? '[object Object]' : Array.isArray(v) ? v.map(mended.withoutSource) : v,
};
`;

/* { name: [[piece, what stands there instead]] } */
const MENDS = {
    'siblings': [
        [/Promise\.all\(expr\.expressions\s*\.map\(/, 'mended.inTurn(expr.expressions)(('],
        [/Promise\.all\(utils\.keys\(groups\)\.map\(/, 'mended.inTurn(utils.keys(groups))(('],
    ],
    'grouped-hole': [
        [/input\.push\(undefined\);/, 'input = [undefined];'],
    ],
    'outside-update': [
        [/(?<=var matches = await evaluate\(expr\.pattern, result, environment\);)/,
            'const own = mended.objectsOf(result);'],
        [/match\[prop\] = update\[prop\];/, 'if (own.has(match)) $&'],
        [/(?=delete match\[deletions\[jj\]\];)/, 'if (own.has(match)) '],
    ],
    'function-objects': [
        [/(?<=typeof arg === 'object') && !isLambda\(arg\)/, ' && !mended.isFunction(arg)'],
        [/(?<=updateType !== 'object' \|\| update === null \|\| Array\.isArray\(update\))/,
            ' || mended.isFunction(update)'],
        [/re\.exec\(str\)/, 're.exec(mended.withoutSource(str))'],
    ],
};

function replaceOnce(source, [piece, mended]) {
    const places = source.match(new RegExp(piece, 'g')) || [];
    if (places.length !== 1)
        throw new Error(`a mend fits in ${places.length} places of the reference: ${piece}`);
    return source.replace(piece, mended);
}

/* The package in `folder` with the mends of these names. */
function loadMended(folder, names) {
    const file = require.resolve(folder);
    const source = names.flatMap(name => MENDS[name]).reduce(replaceOnce, fs.readFileSync(file, 'utf8'));
    const loaded = new Module(file);
    loaded.filename = file;
    loaded.paths = module.paths;
    loaded._compile(HELPERS + source, file);
    return loaded.exports;
}

const NAMES = Object.keys(MENDS);

/* For each of the differences `found`, the name of the slip that is all there is to it, or of several, or null. */
async function slips(found, reference) {
    const run = (list, mends) => reference.run(list.map(({ expression, data, bindings }) =>
        ({ expression, data, bindings, mends })));
    const isGone = (outcome, c) => outcome.kind !== 'slow' && !difference(outcome, c.ours);
    const all = await run(found, NAMES);
    const gone = found.filter((c, i) => isGone(all[i], c));
    const needed = new Map(gone.map(c => [c, []]));
    for (const name of NAMES) {
        const others = await run(gone, NAMES.filter(other => other !== name));
        gone.forEach((c, i) => isGone(others[i], c) || needed.get(c).push(name));
    }
    return found.map(c => needed.has(c) ? needed.get(c).join('+') || 'several' : null);
}

module.exports = { slips, loadMended };
