/* grammar.js - writes expressions by the grammar of ways.js, guided by kinds of values, so that most of them evaluate
 * to something.  One in twenty operands is of a kind that does not fit.
 *
 * Precedence is left to the language: operands are put in parentheses only now and then, since what binds to what is a
 * thing to be compared, too.  What a grammar cannot say is a method here: names and variables in scope, calls of
 * built-ins, joins, blocks with variables of their own. */
'use strict';

const literals = require('./literals');
const { ANY_BUILTIN, BY_RESULT, UNSTEADY } = require('./builtins');
const { NAMES } = require('./documents');
const { WAYS } = require('./ways');

const BARE_NAME = /^[a-zA-Zé_][a-zA-Z0-9_é]*$/;
const OPERATOR = /[-+*/%&=<>?:~^@#|]| in | and | or /;
const SORTS = ['number', 'string', 'boolean', 'array', 'object', 'function1', 'any', 'path'];
const DECORATIONS = literals.words('[] [0] [-1] [[0..1]] {} {"a":$} [a] [true] [][0] #$i @$j ^($)');
const INTEGER_TEXTS = literals.words('12 1,234 XIV xlii Twenty-First bc Z 12th -5 ١٢ zero MMXVIII AAA x1').concat(
    ['', 'twelfth', 'one hundred and one', 'one thousand, two hundred', 'two million', 'three hundred and sixty-five']);
const FORMAT_OPTIONS = [
    '"decimal-separator": ","', '"grouping-separator": "."', '"zero-digit": "٠"', '"minus-sign": "~"', '"digit": "d"',
    '"percent": "%%"', '"exponent-separator": "E"', '"pattern-separator": "|"', '"infinity": "INF"', '"per-mille": "m"',
    '"zero-digit": "①"', '"x": 1',
];
const HOLE = new RegExp([
    /^(?:(?<variables>\$[^:]*): )?/,
    /(?<operand>\()?(?<kind>\w+)(?: (?<argument>[a-z]\w*))?\)?/,
    /(?: (?<low>\d)-(?<high>\d))?(?<optional>\?)?$/,
].map(r => r.source).join(''));

class Grammar {
    constructor(random) {
        this.random = random;
        this.variables = ['$', '$$', '$x', '$y', '$z'];      // in scope; some of them bound to nothing
        this.isMember = 0;                                   // inside an array or object: no := there, see "siblings"
    }

    /* ---- the grammar ---- */

    /* An expression of a kind, `depth` levels of it at most. */
    make(kind, depth) {
        const leaf = WAYS[`${kind}.leaf`];
        if (leaf && SORTS.includes(kind) && this.random.chance(0.05))
            return this.make(this.random.pick(SORTS.filter(k => k !== kind)), depth - 1);
        if (!WAYS[kind] && !leaf)
            return this[kind](depth);
        const ways = depth <= 0 && leaf ? leaf : WAYS[kind];
        if (!ways)
            return this[kind](depth);
        return this.fill(this.random.weighted(ways), kind in WAYS ? depth - 1 : depth);
    }

    fill(pieces, depth) {
        const text = () => pieces.map((piece, i) => i % 2 ? this.hole(piece, depth) : piece).join('');
        return /^[[{]/.test(pieces[0]) ? this.asMember(text) : text();
    }

    hole(hole, depth) {
        const { variables, operand, kind, argument, low, high, optional } = (HOLE.exec(hole) || { groups: {} }).groups;
        if (!kind || !(WAYS[kind] || WAYS[`${kind}.leaf`] || typeof this[kind] === 'function'))
            return this.random.pick(hole.split(' '));
        const body = () => this.make(kind, Math.min(depth, 2));
        if (variables)
            return this.asBody(() => this.withVariables(variables.split(' '), body));
        if (optional && this.random.chance(0.7))
            return '';
        if (high)
            return this.random.join(this.random.between(Number(low), Number(high)), ', ', () => this.make(kind, depth));
        if (argument)
            return this[kind](depth, argument);
        return operand ? this.operand(kind, depth) : this.make(kind, depth);
    }

    /* In parentheses or not. */
    operand(kind, depth) {
        const text = this.make(kind, depth);
        return this.random.chance(OPERATOR.test(text) ? 0.7 : 0.05) ? `(${text})` : text;
    }

    /* ---- scopes ---- */

    withVariables(names, make) {
        const outer = this.variables;
        this.variables = outer.concat(names, names);
        const text = make();
        this.variables = outer;
        return text;
    }

    asMember(make) {
        this.isMember++;
        const text = make();
        this.isMember--;
        return text;
    }

    asBody(make) {
        const member = this.isMember;
        this.isMember = 0;
        const text = make();
        this.isMember = member;
        return text;
    }

    block(depth, kind) {
        if (this.isMember)
            return `(${this.random.chance(0.3) ? `${this.make('any', depth)}; ` : ''}${this.make(kind, depth)})`;
        let text = '';
        const names = [];
        for (let n = this.random.below(3); n > 0; n--) {
            const name = this.random.pick(['$x', '$y', '$v', '$f', '$t']);
            text += `${name} := ${this.make(name === '$f' ? 'function1' : 'any', depth)}; `;
            names.push(...name === '$f' ? [] : [name]);
        }
        const end = this.random.chance(0.1) ? ';' : '';
        return this.withVariables(names, () => `(${text}${this.make(kind, depth)}${end})`);
    }

    recursion() {
        if (this.isMember)
            return '(1)';
        const step = this.random.pick(['', '1 + ', '"" & ']), times = this.random.below(20);
        return `($f := function($n){$n <= 0 ? ${this.make('any', 1)} : ${step}$f($n - 1)}; $f(${times}))`;
    }

    counting() {
        if (this.isMember)
            return '(1)';
        const [compare, operator] = [this.random.pick(['<', '=', '>=']), this.random.pick(['+', '*', '-', '&', '/'])];
        const limit = this.make('operand', 0), first = this.make('operand', 0);
        const body = `$n ${compare} ${limit} or $n > 30 ? $t : $f($n + 1, $t ${operator} $n)`;
        return `($f := function($n, $t){${body}}; $f(0, ${first}))`;
    }

    /* ---- names and variables ---- */

    rawName() {
        return this.random.pick(this.random.chance(0.85) ? NAMES.slice(0, 10) : NAMES);
    }

    name() {
        const name = this.rawName();
        if (BARE_NAME.test(name) && this.random.chance(0.97))
            return name + this.decoration();
        return this.random.chance(0.8) ? '`' + name + '`' : literals.quote(name, this.random);
    }

    nameText() {
        return literals.quote(this.rawName(), this.random);
    }

    variable() {
        return this.random.pick(this.variables) + this.decoration();
    }

    variableOrName() {
        return this.random.chance(0.35) ? this.variable() : this.name();
    }

    suffix() {
        return this.random.chance(0.4) ? `.${this.name()}` : '';
    }

    /* What may hang on any operand and rarely does; shortcuts of an engine forget it. */
    decoration() {
        return this.random.chance(0.97) ? '' : this.random.pick(DECORATIONS);
    }

    index() {
        return String(this.random.between(-2, 3));
    }

    /* ---- paths ---- */

    path(depth) {
        let text = this.random.chance(0.2) ? this.make('step', depth) : this.variableOrName();
        for (let n = this.random.below(4); n > 0; n--)
            text += `${this.random.chance(0.3) ? this.make('predicate', depth) : ''}.${this.make('step', depth)}`;
        if (this.random.chance(0.3))
            text += this.make('predicate', depth);
        if (this.random.chance(0.05))
            text += `^(${this.make('term', depth - 1)})`;
        return this.random.chance(0.04) ? text + this.make('objectLiteral', depth - 1) : text;
    }

    /* A path whose steps bind variables, now and then: `@$i`, `#$i`. */
    boundPath(depth, bound) {
        const bind = text => {
            if (this.random.chance(0.3))
                text += this.make('predicate', depth);
            if (this.random.chance(0.5)) {
                bound.push('$' + 'ijpq'[bound.length % 4]);
                text += this.random.pick(['@', '#']) + bound[bound.length - 1];
            }
            return text;
        };
        let text = bind(this.random.chance(0.7) ? this.name() : this.path(depth - 1));
        for (let n = this.random.below(3); n > 0; n--)
            text = bind(`${text}.${this.make('step', depth - 1)}`);
        return text;
    }

    /* Joins: positions, contexts and parents. */
    tuples(depth) {
        const bound = ['%', '%.%'];
        let text = this.boundPath(depth, bound);
        const few = Math.min(depth, 1);
        return this.withVariables(bound, () => {
            if (this.random.chance(0.3))
                text += `[${this.make('boolean', few)}]`;
            if (this.random.chance(0.2))
                text += `^(${this.make('term', depth)})`;
            return text + this.random.weighted([
                [3, () => ''],
                [4, () => `.${this.make('objectLiteral', few)}`],
                [2, () => `.(${this.make('any', depth)})`],
                [2, () => this.make('objectLiteral', few)],
                [2, () => `.[${this.variable()}, ${this.variable()}]`],
                [1, () => `.${this.variable()}`],
            ])();
        });
    }

    /* ---- calls ---- */

    argumentsOf(builtin, depth, isAfterContext) {
        const texts = [], isShort = isAfterContext && this.random.chance(0.8);
        for (const parameter of builtin.parameters.slice(isShort ? 1 : 0)) {
            if (parameter.endsWith('?') && this.random.chance(0.5))
                break;
            texts.push(this.make(parameter.replace('?', ''), Math.min(depth, 3)));
        }
        if (this.random.chance(0.02))
            texts.push(this.make('any', depth));
        if (this.random.chance(0.02))
            texts.pop();
        return texts;
    }

    builtinOf(kind) {
        return this.random.weighted(kind ? BY_RESULT[kind] : ANY_BUILTIN);
    }

    builtin() {
        return `$${this.builtinOf().name}`;
    }

    /* A call of a built-in; with a kind, of one that gives that. */
    call(depth, kind) {
        const builtin = this.builtinOf(kind);
        return `$${builtin.name}${this.decoration()}(${this.argumentsOf(builtin, depth, false).join(', ')})`;
    }

    /* One that gets its first argument from elsewhere. */
    applied(depth, kind) {
        const builtin = this.builtinOf(kind);
        return `$${builtin.name}(${this.argumentsOf(builtin, depth, true).join(', ')})`;
    }

    partial(depth) {
        const builtin = this.builtinOf();
        const texts = this.argumentsOf(builtin, Math.min(depth, 1), false).map(t => this.random.chance(0.5) ? '?' : t);
        if (!texts.includes('?'))
            texts[0] = '?';
        return `$${builtin.name}(${texts.join(', ')})`;
    }

    signature() {
        return this.random.chance(0.06) ? `<${literals.signature(this.random)}>` : '';
    }

    /* ---- literals ---- */

    quoted(make) {
        return literals.quote(make(this.random), this.random);
    }

    numberLiteral() {
        return String(literals.anyNumber(this.random));
    }

    numberText() {
        const [sign, tail] = [this.random.pick(['-', '', '']), this.random.pick(['', '', 'e5', 'E-3', ' ', 'x'])];
        return `"${sign}${this.random.below(1e6) / 1000}${tail}"`;
    }

    smallLiteral() {
        return String(this.random.between(-4, 12));
    }

    radix() {
        return this.random.chance(0.9) ? String(this.random.between(2, 36)) : this.numberLiteral();
    }

    text() {
        return this.quoted(literals.anyString);
    }

    regex() {
        return literals.regex(this.random);
    }

    replacement() {
        return this.quoted(literals.replacement);
    }

    numberPicture() {
        return this.quoted(literals.numberPicture);
    }

    integerPicture() {
        return this.quoted(literals.integerPicture);
    }

    integerTextLiteral() {
        return this.quoted(random => random.pick(INTEGER_TEXTS));
    }

    formatOption() {
        return this.random.pick(FORMAT_OPTIONS);
    }

    datePicture() {
        return this.quoted(literals.datePicture);
    }

    dateTextLiteral() {
        return this.quoted(literals.dateText);
    }

    instant() {
        return String(literals.instant(this.random));
    }

    zone() {
        return this.quoted(literals.zone);
    }

    /* For $eval. */
    source(depth) {
        return literals.quote(this.make('any', Math.min(depth, 2)), this.random);
    }

    unsteady() {
        return this.random.pick(UNSTEADY);
    }

    sort(depth) {
        return this.make(this.random.pick(SORTS), depth);
    }

    /* ---- a whole expression ---- */

    expression() {
        const depth = this.random.weighted([[2, 1], [4, 2], [4, 3], [2, 4]]);
        return this.make(this.random.weighted([[6, 'any'], [4, 'path'], [4, 'array'], [6, 'idiom'],
            [2, 'number'], [2, 'string'], [2, 'object'], [1, 'boolean']]), depth);
    }
}

module.exports = { Grammar };
