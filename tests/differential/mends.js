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
    /* JSON.parse(JSON.stringify(tree)) that leaves patterns alone. */
    copyTree: tree => {
        const patterns = [];
        const text = JSON.stringify(tree, (key, v) => v instanceof RegExp ? { pattern: patterns.push(v) - 1 } : v);
        return JSON.parse(text, (key, v) => v && v.pattern in patterns ? patterns[v.pattern] : v);
    },
    /* A copy of v as it is now, when it holds the match. */
    apart: (v, match) => {
        const copy = u => u === null || typeof u !== 'object' || mended.isFunction(u) ? u
            : Array.isArray(u) ? u.map(copy) : Object.fromEntries(Object.entries(u).map(([k, w]) => [k, copy(w)]));
        return mended.objectsOf(v).has(match) ? copy(v) : v;
    },
    /* Members can be set on objects, and are lost on arrays unless they are named like its places. */
    takes: (match, update) => mended.isFunction(match) ? Object.keys(update).length === 0
        : !Array.isArray(match) || Object.keys(update).every(key => !/^(0|[1-9][0-9]*|length)$/.test(key)),
    /* The regular expression for a choice: with ] in it it fits nothing, and a backslash is itself. */
    classOf: choice => choice.includes(']') ? '(?!)x' : '[' + choice.replace(/[\\\\]/g, '$&$&') + 'm]',
    /* What a call makes of its arguments. */
    closure: (apply, arityOf, environment) => f => {
        if (!mended.isFunction(f))
            return f;
        const call = async (...words) => apply(f, words, null, environment);
        call.arity = arityOf(f);
        return call;
    },
    /* A built-in function that looks at its arguments as its calls do; "count" are written, some of them too many. */
    checked: (proc, count, wrap) => {
        const names = /\\(([^)]*)\\)/.exec(proc.implementation.toString())[1].split(',').filter(name => name.trim());
        const isEndless = proc.signature && proc.signature.definition.includes('+');
        const taken = isEndless ? count : Math.min(count, names.length);
        const f = function (...words) {
            const args = words.slice(0, taken).map(wrap);
            return proc.implementation.apply(this, proc.signature ? proc.signature.validate(args, this.input) : args);
        };
        f.toString = () => '(' + Array.from({ length: taken }, (_, i) => 'argument' + i).join() + ')';
        return f;
    },
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
    'self-update': [
        [/(?<=match\[prop\] = )update\[prop\](?=;)/, 'mended.apart(update[prop], match)'],
    ],
    'function-objects': [
        [/(?<=typeof arg === 'object') && !isLambda\(arg\)/, ' && !mended.isFunction(arg)'],
        [/(?<=updateType !== 'object' \|\| update === null \|\| Array\.isArray\(update\))/,
            ' || mended.isFunction(update)'],
        [/(?<=value: )update(?=\s*\})/, 'mended.isFunction(update) ? undefined : update'],
        [/re\.exec\(str\)/, 're.exec(mended.withoutSource(str))'],
    ],
    'copied-regex': [
        [/(?<=this\.condition = )JSON\.parse\(JSON\.stringify\(left\)\)/, 'mended.copyTree(left)'],
        [/(?<=arguments: \[)JSON\.parse\(JSON\.stringify\(left\)\)/, 'mended.copyTree(left)'],
    ],
    'partial-types': [
        [/(?<=partialApplyNativeFunction\()proc\.implementation/, 'mended.checked(proc, evaluatedArgs.length, mended.closure(apply, getFunctionArity, environment))'],
        [/(?<=result = await applyProcedure\(proc, validatedArgs)/, ', input'],
        [/(?<=async function applyProcedure\(proc, args)/, ', input'],
        [/(?<=result = await applyNativeFunction\(proc\.body, env)/, ', input'],
        [/(?<=async function applyNativeFunction\(proc, env)/, ', input'],
        [/(?=var result = proc\.apply\(focus, args\);)/, 'focus.input = input; focus.options = env.base.options;'],
    ],
    'array-update': [
        [/(?=for\(const prop of utils\.keys\(update\)\))/,
            "if (!mended.takes(match, update)) throw { code: 'T2011', position: expr.update.position, value: mended.isFunction(match) ? undefined : match };"],
    ],
    'odd-signature': [
        [/(?<=param\.regex = )'\[' \+ choice \+ 'm\]'/, 'mended.classOf(choice)'],
    ],
    'sorted-text': [
        [/(?<=(?<!sorted )= await evaluateSortExpression\(expr, input, environment\);)/,
            "if (typeof result === 'string') result = environment.base.createSequence(result);"],
    ],
};

const NAMES = Object.keys(MENDS);

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

/* For each of the differences `found`, the name of the slip that is all there is to it, or of several, or null.  What is
 * left may be `known` for another reason; but that the mended reference crashes counts only when it is not for a mend. */
async function slips(found, reference, known) {
    const run = (list, mends) => reference.run(list.map(({ expression, data, bindings }) =>
        ({ expression, data, bindings, mends })));
    const isGone = (outcome, c) => {
        if (outcome.kind === 'slow' || outcome.kind === 'host')
            return outcome.kind === c.ours.kind;
        const what = difference(outcome, c.ours);
        return !what || known({ ...c, what, reference: outcome }) !== null;
    };
    const all = await run(found, NAMES);
    const crashing = ['siblings', 'partial-types'], alone = [];
    for (const name of crashing)
        alone.push(await run(found, [name]));
    const gone = found.filter((c, i) => isGone(all[i], c));
    const needed = new Map(gone.map(c => [c, []]));
    for (const name of NAMES) {
        const others = await run(gone, NAMES.filter(other => other !== name));
        gone.forEach((c, i) => isGone(others[i], c) || needed.get(c).push(name));
    }
    const hostOf = i => {
        const name = crashing.find((_, k) => found[i].reference.kind !== 'host' && alone[k][i].kind === 'host');
        return name ? name + '+host-error' : null;
    };
    return found.map((c, i) => needed.has(c) ? needed.get(c).join('+') || 'several' : hostOf(i));
}

/* Throws when some mend does not fit this package. */
function checkMends(folder) {
    loadMended(folder, NAMES);
}

module.exports = { NAMES, slips, loadMended, checkMends };
