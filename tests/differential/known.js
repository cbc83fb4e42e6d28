/* known.js - the differences we mean to have; docs/jsonata-differences.md says why.  A difference that one of these
 * describes is counted under its name and not reported.  Keep them narrow: the first that fits takes the case. */
'use strict';

/* `matches(difference)` sees { expression, data, reference, ours, what }. */
const isNow = text => Math.abs(Number(text) - Date.now()) < 60000;

const KNOWN = [
    { name: 'host-error', why: 'the reference stumbles over a JavaScript error without a code; ours has one, or a result',
        matches: d => d.reference.kind === 'host' },
    { name: 'message-in-value', why: 'the value of D3120 and D3121 is a sentence, and ours are our own',
        matches: d => /^D312[01]: another value$/.test(d.what) },
    { name: 'partial-types', why: 'a partial application of a built-in checks its arguments, the reference does not',
        matches: d => /\?[ ,)]/.test(d.expression) && /^T04/.test(d.ours.code || '') },
    { name: 'partial-defaults', why: 'the reference cannot partially apply a built-in whose own parameters have defaults',
        matches: d => d.reference.code === 'S0208' && d.reference.token === '=' && !/=/.test(d.expression) || d.reference.position === 26 && d.reference.code === 'S0208' },
    { name: 'prototype', why: 'JavaScript objects have members that nobody gave them, and assigning to __proto__ makes no member',
        matches: d => /__proto__|constructor|prototype/.test(d.expression + (d.data || '')) },
    { name: 'clock', why: 'a picture without a date takes today, and the two clocks are read one after the other',
        matches: d => d.reference.kind === 'result' && d.ours.kind === 'result' && [d.reference.text, d.ours.text].every(isNow) },
    { name: 'bad-zone', why: 'a time zone that is none, and an instant out of range, print NaN in the reference',
        matches: d => /NaN/.test(d.reference.text || '') && /\$fromMillis|\$now/.test(d.expression) },
];

/* These describe too much to be asked before the case is small. */
const LATE = [
    { name: 'partial-raw', why: 'a partial application of a built-in gives it its arguments as they are in the reference',
        matches: d => /\$\w+\([^()]*\?[^()]*\)/.test(d.expression) },
    { name: 'siblings', why: 'the reference evaluates members of a constructor side by side, ours in order',
        matches: d => /[[{].*,.*[\]}]/s.test(d.expression) && (d.reference.kind === 'error' && d.ours.kind === 'error' || /:=/.test(d.expression)) },
];

const nameIn = table => difference => {
    const found = table.find(k => k.matches(difference));
    return found ? found.name : null;
};

module.exports = { KNOWN, LATE, known: nameIn(KNOWN), late: nameIn(LATE) };
