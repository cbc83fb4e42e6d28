/* known.js - the differences we mean to have; docs/jsonata-differences.md says why.  A difference that one of these
 * describes is counted under its name and not reported.  Keep them narrow: the first that fits takes the case. */
'use strict';

/* `matches(difference)` sees { expression, data, reference, ours, what }. */
const KNOWN = [
    { name: 'host-error', why: 'the reference stumbles over a JavaScript error without a code; ours has one, or a result',
        matches: d => d.reference.kind === 'host' },
    { name: 'message-in-value', why: 'the value of D3120 and D3121 is a sentence, and ours are our own',
        matches: d => /^D312[01]: another value$/.test(d.what) },
    { name: 'partial-types', why: 'a partial application of a built-in checks its arguments, the reference does not',
        matches: d => /\?[ ,)]/.test(d.expression) && /^T04/.test(d.ours.code || '') },
    { name: 'look-behind', why: 'PCRE2 wants look-behinds of a fixed length',
        matches: d => /look-behind/.test(d.ours.message || d.ours.value || '') },
];

/* These describe too much to be asked before the case is small. */
const LATE = [
    { name: 'siblings', why: 'the reference evaluates members of a constructor side by side, ours in order',
        matches: d => /[[{].*,.*[\]}]/s.test(d.expression) && (d.reference.kind === 'error' && d.ours.kind === 'error' || /:=/.test(d.expression)) },
];

const nameIn = table => difference => {
    const found = table.find(k => k.matches(difference));
    return found ? found.name : null;
};

module.exports = { KNOWN, LATE, known: nameIn(KNOWN), late: nameIn(LATE) };
