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

    /* ---- text ---- */

    blank() {
        return this.random.chance(0.9) ? '' : this.random.pick([' ', '\t', '\r', '   ']);         // a case is one line: no \n
    }

    /* Other ways to write the same number, and numbers that are written in ways of their own. */
    numberText(number) {
        const text = String(number);
        if (!Number.isFinite(number) || this.random.chance(0.05))
            return this.random.pick(['-0', '0.10', '1e400', '-1E400', '12345678901234567890', '1e-400', '0.1e1', '-0.0']);
        if (!/^-?\d+$/.test(text) || this.random.chance(0.6))
            return text;
        return this.random.pick([`${text}.0`, `${text}e0`, `${text}.00E+0`, number ? `${text}0e-1` : '0e7']);
    }

    stringText(string) {
        const escape = c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0');
        return '"' + Array.from(string, c => {
            const plain = JSON.stringify(c).slice(1, -1);
            return plain.length > 1 || this.random.chance(0.9) ? plain : c === '/' ? '\\/' : escape(c);
        }).join('') + '"';
    }

    /* JSON text as others may write it: blanks, escapes, numbers of any form, a key twice. */
    textOf(value) {
        const blank = () => this.blank();
        if (Array.isArray(value))
            return `[${value.map(v => blank() + this.textOf(v) + blank()).join(',')}]`;
        if (value !== null && typeof value === 'object') {
            const pair = key => `${blank()}${this.stringText(key)}${blank()}:${blank()}${this.textOf(value[key])}`;
            const members = Object.keys(value).map(pair);
            if (members.length && this.random.chance(0.03))
                members.push(`${this.stringText(Object.keys(value)[0])}:${this.textOf(this.scalar())}`);
            return `{${members.join(',')}${blank()}}`;
        }
        return typeof value === 'number' ? this.numberText(value)
            : typeof value === 'string' ? this.stringText(value) : JSON.stringify(value);
    }

    /* The text of a document, or undefined: none. */
    documentText() {
        const value = this.document();
        return value === undefined || this.random.chance(0.7) ? JSON.stringify(value) : this.textOf(value);
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
