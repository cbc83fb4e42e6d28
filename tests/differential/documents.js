/* documents.js - input documents: few names, so that expressions find something; every shape that paths treat in a way
 * of its own (one member, none, arrays in arrays, integer-like keys, mixed types, nothing at all). */
'use strict';

const { anyString, anyNumber } = require('./literals');

/* What expressions ask for, most often first.  Also used by grammar.js. */
const NAMES = 'a b c a b d e k a b 0 10 k_k é length __proto__ 1.5 -1'.split(' ').concat('', 'k k');

class Documents {
    constructor(random) {
        this.random = random;
    }

    name() {
        return this.random.chance(0.85) ? this.random.pick(NAMES.slice(0, 10)) : this.random.pick(NAMES);
    }

    scalar() {
        return this.random.weighted([
            [5, () => this.random.between(-2, 12)],
            [3, () => anyNumber(this.random)],
            [4, () => this.random.pick(['x', 'y', 'a', 'b', 'abc', '1', 'a b', ''])],
            [3, () => anyString(this.random)],
            [2, () => this.random.chance(0.5)],
            [1, () => null],
        ])();
    }

    object(depth) {
        const object = {};
        for (let n = this.random.below(5); n > 0; n--)
            Object.defineProperty(object, this.name(),
                { value: this.value(depth - 1), enumerable: true, configurable: true, writable: true });
        return object;
    }

    /* Members alike, as in real data: the same keys, and for each the same kind of thing. */
    table(depth) {
        const names = Array.from({ length: this.random.between(1, 4) }, () => this.name());
        return Array.from({ length: this.random.between(1, 5) }, () => {
            const row = {};
            names.forEach((name, i) => {
                if (this.random.chance(0.9) && name !== '__proto__')
                    row[name] = i % 3 === 2 ? this.value(depth - 2) : this.random.chance(0.5) && i
                        ? this.random.pick(['x', 'y', 'z']) : this.random.below(6);
            });
            return row;
        });
    }

    array(depth) {
        return this.random.weighted([
            [4, () => Array.from({ length: this.random.below(5) }, () => this.value(depth - 1))],
            [4, () => this.table(depth)],
            [2, () => Array.from({ length: this.random.between(0, 6) }, () => this.random.between(-3, 9))],
            [2, () => Array.from({ length: this.random.below(6) }, () => this.random.pick(['a', 'b', 'B', 'aa', '']))],
            [1, () => [this.value(depth - 1)]],
            [1, () => [[this.value(depth - 2)], this.value(depth - 2)]],
        ])();
    }

    value(depth) {
        if (depth <= 0)
            return this.scalar();
        return this.random.weighted([
            [3, () => this.scalar()],
            [3, () => this.object(depth)],
            [4, () => this.array(depth)],
        ])();
    }

    /* Many rows of few values: where an engine begins to hash, to sort by keys, to count in one go. */
    rows(count) {
        const odd = this.random.chance(0.3) ? 0.03 : 0;
        const range = this.random.pick([3, 10, 1000]);
        return Array.from({ length: count }, (_, i) => {
            const row = { a: this.random.below(range), b: this.random.pick(['x', 'y', 'z', 'é', '😀', '']), k: i % 7 };
            if (this.random.chance(0.5))
                row.c = this.random.chance(0.9) ? this.random.below(range) / 4 : String(this.random.below(range));
            if (this.random.chance(0.1))
                row.d = [this.random.below(3), this.random.below(3)];
            if (this.random.chance(odd))
                row[this.random.pick(['a', 'b', 'k'])] = this.value(1);
            return row;
        });
    }

    large() {
        return { a: this.rows(this.random.between(10, 80)), b: this.rows(this.random.between(1, 40)), c: this.value(1),
            d: Array.from({ length: this.random.between(10, 60) }, () => this.random.below(20)),
            e: Array.from({ length: this.random.between(10, 60) }, () => this.random.pick(['x', 'y', 'z', '1', 'é'])) };
    }

    /* A document, or undefined: none. */
    document() {
        return this.random.weighted([
            [8, () => this.object(4)],
            [5, () => ({ a: this.table(3), b: this.value(3), c: this.value(2), d: this.array(2) })],
            [4, () => this.array(4)],
            [2, () => this.table(4)],
            [3, () => this.large()],
            [1, () => this.scalar()],
            [1, () => undefined],
        ])();
    }

    /* Values for $x, $y and $z; mostly none. */
    bindings() {
        if (this.random.chance(0.7))
            return undefined;
        const bindings = {};
        for (const name of ['x', 'y', 'z'])
            if (this.random.chance(0.5))
                bindings[name] = this.value(2);
        return bindings;
    }
}

module.exports = { Documents, NAMES };
