/* known.js - the differences we mean to have; docs/jsonata-differences.md says why, under the same names.  A difference
 * that one of these describes is counted under its name and not reported.  Keep them narrow: the first that fits takes
 * the case.  What is a slip of the reference's in one place is better mended there (mends.js) than described here. */
'use strict';

/* A RegExp's text shows line ends and slashes with a backslash. */
const asWritten = token => String(token).replace(/\\\//g, '/').replace(/\\n/g, '\n').replace(/\\r/g, '\r');

/* `matches(difference)` sees { expression, data, reference, ours, what }. */
const KNOWN = [
    { name: 'host-error', matches: d => d.reference.kind === 'host' },
    { name: 'host-error', matches: d => d.reference.code === 'D3121' &&
        d.reference.value === '"Cannot convert object to primitive value"' },
    { name: 'host-error', matches: d => d.reference.code === 'D3120' &&
        /^"Invalid regular expression: \/\^/.test(d.reference.value) },     // of a signature
    { name: 'message-in-value', matches: d => /^D312[01]: another value$/.test(d.what) },
    { name: 'prototype', matches: d => /__proto__|constructor|prototype/.test(d.expression + (d.data || '')) },
    { name: 'undefined-replacement', matches: d => d.ours.code === 'D3012' && /\$replace/.test(d.expression) },
    { name: 'undefined-replacement', matches: d => d.ours.code === 'D3121' &&
        /^"?\$replace: the replacement must be a string/.test(d.ours.value) },
    { name: 'regex-limit', matches: d => d.ours.code === 'D1012' && /steps of backtracking/.test(d.ours.value) },
    { name: 'odd-matcher', matches: d => d.ours.code === 'T1010' },
    { name: 'long-token', matches: d => /another token$/.test(d.what) && String(d.ours.token).length >= 100 },
    { name: 'huge-roman', matches: d => d.ours.code === 'D1001' && d.ours.token === 'formatInteger' &&
        /["'][Ii]/.test(d.expression) },
    { name: 'regex-token', matches: d => /another token$/.test(d.what) &&
        asWritten(d.reference.token) === asWritten(d.ours.token) },
    { name: 'format-options', matches: d => d.ours.code === 'T0410' && d.ours.token === 'formatNumber' },
    { name: 'octal', matches: d => d.ours.code === 'D3030' && d.reference.text === 'null' },
];

/* These describe too much to be asked before the case is small. */
const LATE = [
    { name: 'passed-place', matches: d => /^(?!S0).*another (position|token)$/.test(d.what) &&
        /function|λ/.test(d.expression) },
    { name: 'leaked-rows', matches: d => /\)\s*\[[^\]]*%/.test(d.expression) && /~>|function|λ/.test(d.expression) &&
        /^\[(\]|.*"!\d)/.test(d.reference.text || d.reference.value || '') },
    { name: 'array-update', matches: d => d.what === 'another result' && /\[\[/.test(d.data || '') &&
        /~>\s*\|[^|]*\|[^|]*\|.*\*/.test(d.expression) },
];

const nameIn = table => difference => {
    const found = table.find(k => k.matches(difference));
    return found ? found.name : null;
};

module.exports = { KNOWN, LATE, known: nameIn(KNOWN), late: nameIn(LATE) };
