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
    { name: 'not-finite', why: 'numbers that are none are formatted as text that is none',
        matches: d => d.ours.code === 'D1001' && /^format/.test(d.ours.token) },
    { name: 'odd-marker', why: 'a date picture prints "undefined" for a letter that means nothing',
        matches: d => /undefined/.test(d.reference.text || '') && d.ours.code === 'D3132' },
    { name: 'bad-zone', why: 'a time zone that is none, and an instant out of range, print NaN in the reference',
        matches: d => /aN/.test(d.reference.text || '') && /\$fromMillis|\$now/.test(d.expression) ||
            d.ours.code === 'D1001' && d.ours.token === 'fromMillis' },
    { name: 'copied-regex', why: 'the left side of ?: and ?? is copied in the reference, which makes another pattern of a regex in it',
        matches: d => /\/[^]*(\?:|\?\?)/.test(d.expression) },
    { name: 'function-objects', why: 'functions of the reference are objects whose members $spread and the like can see',
        matches: d => /implementation|_jsonata_/.test(d.reference.text || '') || d.reference.kind === 'function' && d.ours.code === 'T2011' },
    { name: 'array-update', why: 'a transform whose pattern finds an array sets members on it in the reference, that of a function copies its insides',
        matches: d => d.ours.code === 'T2011' },
    { name: 'odd-matcher', why: 'a function used as a pattern that returns something falsy',
        matches: d => d.ours.code === 'T1010' },
    { name: 'long-token', why: 'an error keeps the first 127 bytes of a token',
        matches: d => /another token$/.test(d.what) && d.ours.token.length >= 100 },
    { name: 'undefined-replacement', why: '$replace of a text by nothing inserts "undefined" in the reference',
        matches: d => d.ours.code === 'D3012' && /\$replace/.test(d.expression) },
    { name: 'grouped-hole', why: 'grouping an empty array puts a hole into it in the reference',
        matches: d => d.reference.kind === 'result' && d.ours.kind === 'result' && d.reference.text.replace(/\[null\]/g, '[]') === d.ours.text },
];

/* These describe too much to be asked before the case is small. */
const LATE = [
    { name: 'partial-raw', why: 'a partial application of a built-in gives it its arguments as they are in the reference',
        matches: d => /\$\w+\(.*[(,]?\s*\?\s*[,)]/s.test(d.expression) },
    { name: 'huge-number', why: '$formatNumber and $formatInteger of 1e21 and more print and group the exponent form in the reference',
        matches: d => /\$format(Number|Integer)/.test(d.expression) && /e\+/.test(d.reference.text || '') },
    { name: 'siblings', why: 'the reference evaluates members of a constructor side by side, ours in order',
        matches: d => /[[{].*[,:].*[\]}]/s.test(d.expression) && (d.reference.kind === 'error' && d.ours.kind === 'error' || /:=/.test(d.expression)) },
];

const nameIn = table => difference => {
    const found = table.find(k => k.matches(difference));
    return found ? found.name : null;
};

module.exports = { KNOWN, LATE, known: nameIn(KNOWN), late: nameIn(LATE) };
