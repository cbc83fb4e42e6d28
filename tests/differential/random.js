/* random.js - chance that can be repeated: each case of a run draws from a generator of its own, seeded by the run's
 * seed and the case's number, so that one case can be made again without the ones before it. */
'use strict';

class Random {
    constructor(seed, number) {
        this.state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)) >>> 0;
        this.next();
    }

    /* An integer of 32 bits (mulberry32). */
    next() {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let t = this.state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return (t ^ (t >>> 14)) >>> 0;
    }

    below(n) {
        return Math.floor(this.next() / 0x100000000 * n);
    }

    /* An integer from `low` to `high`, both included. */
    between(low, high) {
        return low + this.below(high - low + 1);
    }

    chance(probability) {
        return this.next() / 0x100000000 < probability;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    /* `count` draws of `make`, joined. */
    join(count, separator, make) {
        return Array.from({ length: count }, make).join(separator);
    }

    /* The second member of one of `[weight, what]`. */
    weighted(table) {
        let total = 0;
        for (const [weight] of table)
            total += weight;
        let n = this.below(total);
        for (const [weight, what] of table)
            if ((n -= weight) < 0)
                return what;
        return table[0][1];
    }
}

module.exports = { Random };
