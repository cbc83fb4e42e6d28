/* minimise.js - makes a case smaller while it still differs in the same way.
 *
 * Smaller expressions are tried in this order: a part between brackets or separators in place of the whole; a part left
 * out; a bracketed part replaced by its content or by a simple operand; single tokens left out; literals and names made
 * plain.  Then the data and the bindings: members left out, containers replaced by a member, scalars made plain.
 * Candidates go to the engines in bunches; the first that still differs is the next case. */
'use strict';

const { tokens } = require('./tokens');

const OPEN = '([{', CLOSE = ')]}';
const ATOMS = ['a', '1', '$', '[]', '{}', '"x"'];
const BUNCH = 48;

/* The index after the bracket that closes the one at `from`. */
function closing(list, from) {
    let depth = 0;
    for (let i = from; i < list.length; i++) {
        if (OPEN.includes(list[i]))
            depth++;
        else if (CLOSE.includes(list[i]) && --depth === 0)
            return i + 1;
    }
    return 0;
}

/* All [from, to) that are balanced and begin and end at a border: a bracket, a separator, an operator. */
function parts(list) {
    const found = [];
    for (let from = 0; from < list.length; from++) {
        let depth = 0;
        for (let to = from; to < list.length; to++) {
            if (OPEN.includes(list[to]))
                depth++;
            else if (CLOSE.includes(list[to]) && --depth < 0)
                break;
            if (depth === 0 && to > from)
                found.push([from, to + 1]);
        }
    }
    return found.sort((a, b) => (b[1] - b[0]) - (a[1] - a[0]));
}

function* smallerExpressions(text) {
    const list = tokens(text).map(t => /^\s+$|^\/\*/.test(t) ? ' ' : t);
    const without = (from, to, ...instead) => [...list.slice(0, from), ...instead, ...list.slice(to)].join('');
    const spans = list.length > 120 ? parts(list).filter((_, i) => i % Math.ceil(list.length / 60) === 0) : parts(list);
    for (let i = spans.length - 1; i >= 0; i--)
        if (spans[i][1] - spans[i][0] < list.length && spans[i][1] - spans[i][0] > 1)
            yield list.slice(...spans[i]).join('');
    for (const [from, to] of spans)
        yield without(from, to);
    for (let i = 0; i < list.length; i++) {
        const end = OPEN.includes(list[i]) ? closing(list, i) : 0;
        if (!end)
            continue;
        yield without(i, end, ...list.slice(i + 1, end - 1));
        if (end - i > 2)
            for (const atom of ATOMS)
                yield without(i, end, atom);
        if (/^\$\w/.test(list[i - 1] || ''))
            for (const atom of ATOMS)
                yield without(i - 1, end, atom);
    }
    for (let i = 0; i < list.length; i++)
        yield without(i, i + 1);
    for (let i = 0; i + 1 < list.length; i++)
        yield without(i, i + 2);
    for (let i = 0; i < list.length; i++)
        for (const plain of plainer(list[i]))
            yield without(i, i + 1, plain);
}

function* plainer(token) {
    if (/^["']/.test(token) && token.length > 2) {
        yield '"a"';
        yield '""';
        for (let i = 1; i < token.length - 1; i++)
            yield token.slice(0, i) + token.slice(i + 1);
    } else if (/^\//.test(token) && token.length > 3) {
        for (let i = 1; i < token.length; i++)
            yield token.slice(0, i) + token.slice(i + 1);
    } else if (/^\d/.test(token) && token.length > 1) {
        yield '1';
        yield token.slice(0, -1);
    } else if (/^[b-zA-Z_`]/.test(token) && token.length > 1 && !/^(and|or|in|function|true|false|null)$/.test(token)) {
        yield 'a';
    } else if (/^\$\w{2,}/.test(token)) {
        yield '$x';
    }
}

function* smallerValues(value) {
    if (Array.isArray(value)) {
        yield* value;
        for (let i = 0; i < value.length; i++)
            yield value.filter((_, j) => j !== i);
        for (let i = 0; i < value.length; i++)
            for (const smaller of smallerValues(value[i]))
                yield value.map((v, j) => j === i ? smaller : v);
    } else if (value !== null && typeof value === 'object') {
        const names = Object.keys(value);
        yield* Object.values(value);
        for (const name of names)
            yield Object.fromEntries(names.filter(n => n !== name).map(n => [n, value[n]]));
        for (const name of names)
            for (const smaller of smallerValues(value[name]))
                yield Object.fromEntries(names.map(n => [n, n === name ? smaller : value[n]]));
    } else if (typeof value === 'string' && value.length > 1) {
        yield 'a';
        yield value.slice(1);
        yield value.slice(0, -1);
    } else if (typeof value === 'number' && value !== 1) {
        yield 1;
    } else if (value !== 1) {
        yield 1;
    }
}

function* smallerTexts(text) {
    if (text === undefined)
        return;
    yield undefined;
    for (const value of smallerValues(JSON.parse(text)))
        yield JSON.stringify(value);
}

function* smallerCases(c) {
    for (const expression of smallerExpressions(c.expression))
        if (expression.length <= c.expression.length && expression !== c.expression)
            yield { ...c, expression };
    for (const name of ['bindings', 'data'])
        for (const text of smallerTexts(c[name]))
            yield { ...c, [name]: text };
}

const size = c => c.expression.length + (c.data || '').length / 4 + (c.bindings || '').length / 4;

/* The smallest case found for which one of a bunch `stillDiffer(cases)` says true at its place. */
async function minimise(c, stillDiffer, deadline) {
    for (let isSmaller = true; isSmaller && Date.now() < deadline;) {
        isSmaller = false;
        let bunch = [];
        const seen = new Set();
        const tryBunch = async () => {
            const verdicts = await stillDiffer(bunch);
            const better = bunch.filter((_, i) => verdicts[i]).sort((x, y) => size(x) - size(y))[0];
            bunch = [];
            if (better)
                c = better;
            return better !== undefined;
        };
        for (const candidate of smallerCases(c)) {
            const key = JSON.stringify(candidate);
            if (seen.has(key))
                continue;
            seen.add(key);
            bunch.push(candidate);
            if (bunch.length === BUNCH && (await tryBunch() || Date.now() > deadline)) {
                isSmaller = true;
                break;
            }
        }
        if (!isSmaller && bunch.length)
            isSmaller = await tryBunch();
    }
    return c;
}

module.exports = { minimise, size };
