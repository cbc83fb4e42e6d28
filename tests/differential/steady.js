/* steady.js - tells a difference from what is only another time or another draw.
 *
 * The reference's clock and chance can be set, case by case; ours cannot, but the clock it saw lies between two readings
 * of ours.  So a case whose outcome depends on chance says so when the reference is run on two series of draws, and one
 * that depends on the time is no difference when the reference, at one of those milliseconds, gives the same. */
'use strict';

const { difference } = require('./outcome');

const MAY_CHANGE = /random|shuffle|now|illis/;
const LONGEST_MS = 100;
const DRAWS = [0.2718281828, 0.5772156649];

/* "chance", "clock", or null: it differs whatever the time and the draw. */
async function excuse(c, reference, ours) {
    if (!MAY_CHANGE.test(c.expression) || c.what === 'crash')
        return null;
    const { expression, data, bindings } = c;
    const one = { expression, data, bindings };
    const [some, other] = await reference.run(DRAWS.map(draw => ({ ...one, draw, now: 0 })));
    if (difference(some, other))
        return 'chance';
    const from = Date.now();
    const [outcome] = await ours.run([one]);
    const times = Math.min(Date.now() - from + 1, LONGEST_MS);
    const then = await reference.run(Array.from({ length: times }, (_, i) => ({ ...one, now: from + i })));
    return then.some(r => !difference(r, outcome)) ? 'clock' : null;
}

module.exports = { excuse };
