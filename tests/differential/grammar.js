/* grammar.js - writes expressions: from the grammar, guided by the kinds of values, so that most of them evaluate to
 * something.  One in twenty operands is of a kind that does not fit.
 *
 * A kind is a name in TABLES (several ways to write it, weighted) or in LEAVES (what is written when no depth is left).
 * Each way is a function (g, depth) => text.  Precedence is left to the language: operands are put in parentheses only
 * now and then, since what binds to what is a thing to be compared, too. */
'use strict';

const literals = require('./literals');
const { ANY_BUILTIN, BY_RESULT, UNSTEADY } = require('./builtins');
const { NAMES } = require('./documents');

const BARE_NAME = /^[a-zA-Zé_][a-zA-Z0-9_é]*$/;
const KINDS = ['number', 'string', 'boolean', 'array', 'object', 'function1', 'any', 'path'];

/* ---- ways to write each kind -------------------------------------------------------------------------------------- */

const arithmetic = (g, d) => `${g.operand('number', d)} ${g.random.pick(['+', '-', '*', '/', '%'])} ${g.operand('number', d)}`;
const comparison = (g, d) => {
    const kind = g.random.pick(['number', 'number', 'string', 'any']);
    return `${g.operand(kind, d)} ${g.random.pick(['=', '!=', '<', '<=', '>', '>='])} ${g.operand(kind, d)}`;
};
const conditional = kind => (g, d) => `${g.operand('boolean', d)} ? ${g.make(kind, d)}${g.random.chance(0.8) ? ` : ${g.make(kind, d)}` : ''}`;
const fallback = kind => (g, d) => `${g.operand(kind, d)} ${g.random.pick(['?:', '??'])} ${g.operand(kind, d)}`;
const block = kind => (g, d) => g.block(kind, d);
const call = kind => (g, d) => g.builtinCall(g.random.weighted(BY_RESULT[kind]), d);
const inPath = kind => (g, d) => `${g.path(d)}.${g.random.chance(0.5) ? `(${g.make(kind, d)})` : g.builtinCall(g.random.weighted(BY_RESULT[kind]), d, true)}`;
const applied = (g, d) => `${g.operand('any', d)} ~> ${g.random.chance(0.6) ? g.builtinCall(g.random.weighted(ANY_BUILTIN), d, true) : g.make('function1', d)}`;
const list = (kind, low, high) => (g, d) => `[${g.random.join(g.random.between(low, high), ', ', () => g.make(kind, d))}]`;
const literal = make => g => literals.quote(make(g.random), g.random);
const path = (g, d) => g.path(d);

const TABLES = {
    any: [
        [6, path], [2, (g, d) => g.make(g.random.pick(KINDS), d)], [2, (g, d) => g.make('number', d)], [2, (g, d) => g.make('string', d)],
        [2, (g, d) => g.make('array', d)], [2, (g, d) => g.make('object', d)], [1, (g, d) => g.make('boolean', d)],
        [2, conditional('any')], [1, fallback('any')], [2, block('any')], [4, (g, d) => g.builtinCall(g.random.weighted(ANY_BUILTIN), d)],
        [2, applied], [1, (g, d) => g.invoke(d)], [1, (g, d) => g.transform(d)], [1, (g, d) => g.grouped(d)], [1, (g, d) => g.tuples(d)],
        [1, (g, d) => `${g.operand('any', d)}${g.predicate(d)}`],
    ],
    number: [
        [4, arithmetic], [4, path], [2, (g, d) => `-${g.operand('number', d)}`], [1, conditional('number')], [1, fallback('number')],
        [1, block('number')], [5, call('number')], [2, inPath('number')], [4, g => g.number()],
    ],
    string: [
        [4, (g, d) => `${g.operand('any', d)} & ${g.operand('string', d)}`], [3, path], [1, conditional('string')], [1, fallback('string')],
        [1, block('string')], [6, call('string')], [2, inPath('string')], [3, g => g.text()],
    ],
    boolean: [
        [4, comparison], [2, (g, d) => `${g.operand('boolean', d)} ${g.random.pick(['and', 'or'])} ${g.operand('boolean', d)}`],
        [2, (g, d) => `${g.operand('any', d)} in ${g.operand('array', d)}`], [2, path], [3, call('boolean')], [1, g => g.random.pick(['true', 'false'])],
        [1, g => g.random.pick(UNSTEADY)],
    ],
    array: [
        [4, list('any', 0, 4)], [2, list('number', 0, 5)], [2, (g, d) => g.range(d)], [5, path], [6, call('array')], [2, (g, d) => g.sorted(d)],
        [2, (g, d) => `${g.operand('array', d)}${g.predicate(d)}`], [1, conditional('array')], [1, (g, d) => `${g.path(d)}[]`], [1, block('array')],
        [1, list('array', 1, 3)], [2, (g, d) => g.tuples(d)],
    ],
    object: [
        [5, (g, d) => g.objectLiteral(d)], [3, path], [3, call('object')], [2, (g, d) => g.grouped(d)], [1, (g, d) => g.transform(d)],
    ],
    function1: [
        [6, (g, d) => g.lambda(g.random.pick([1, 1, 1, 2, 0, 3]), 'any', d)], [4, g => `$${g.random.weighted(ANY_BUILTIN).name}`],
        [2, (g, d) => g.partial(d)], [1, g => literals.regex(g.random)], [1, (g, d) => `(${g.make('function1', d)} ~> ${g.make('function1', d)})`],
        [1, (g, d) => g.transformer(d)],
    ],
    function2: [
        [6, (g, d) => g.lambda(g.random.pick([2, 2, 2, 3, 4, 1]), 'any', d)], [2, g => g.random.pick(['$append', '$max', '$join', '$power', '$merge', '$zip'])],
        [1, (g, d) => `function($i, $j){$i ${g.random.pick(['+', '*', '&', '-'])} $j}`], [1, (g, d) => g.make('function1', d)],
    ],
    predicate: [
        [6, (g, d) => g.lambda(g.random.pick([1, 1, 1, 2, 3]), 'boolean', d)], [1, g => g.random.pick(['$boolean', '$exists', '$not', '$count'])],
        [1, g => literals.regex(g.random)], [1, (g, d) => g.make('function1', d)],
    ],
    comparator: [
        [5, g => { const [l, r] = g.random.pick([['$l', '$r'], ['$i', '$j']]); return `function(${l}, ${r}){${l}${g.suffix()} ${g.random.pick(['>', '<', '>='])} ${r}${g.suffix()}}`; }],
        [2, (g, d) => g.lambda(2, 'boolean', d)], [1, (g, d) => g.make('function2', d)],
    ],
    matcher: [[9, g => literals.regex(g.random)], [1, (g, d) => g.make('function1', d)]],
    pattern: [[6, g => literals.regex(g.random)], [5, g => g.text()], [2, (g, d) => g.make('string', d)], [1, (g, d) => g.make('function1', d)]],
    replacer: [[6, literal(literals.replacement)], [4, g => g.lambda(1, 'string', 1)], [1, (g, d) => g.make('string', d)],
        [2, g => `function($m){$uppercase($m.${g.random.pick(['match', 'groups[0]', 'groups', 'start'])})}`]],
    numbers: [[3, list('number', 0, 5)], [3, path], [2, (g, d) => g.make('array', d)], [2, (g, d) => g.range(d)]],
    strings: [[3, list('string', 0, 4)], [3, path], [2, (g, d) => g.make('array', d)], [1, (g, d) => g.builtinCall({ name: 'split', parameters: ['string', 'pattern'] }, d)]],
    objects: [[3, list('object', 0, 4)], [3, path], [1, (g, d) => g.make('array', d)]],
    sortable: [[3, list('number', 0, 5)], [3, list('string', 0, 5)], [3, path], [1, (g, d) => g.make('array', d)]],
    container: [[4, path], [2, (g, d) => g.make('object', d)], [2, (g, d) => g.make('array', d)], [1, (g, d) => g.make('any', d)]],
    scalar: [[3, g => literals.quote(literals.anyString(g.random), g.random)], [2, (g, d) => g.make('number', d)], [1, (g, d) => g.make('boolean', d)], [1, path],
        [2, g => `"${g.random.pick(['-', '', ''])}${g.random.below(1e6) / 1000}${g.random.pick(['', '', 'e5', 'E-3', ' ', 'x'])}"`]],
    small: [[8, g => `${g.random.between(-4, 12)}`], [2, g => g.random.pick(['0.5', '1.7', '-1.5', '20', '1e3', '-0'])], [1, (g, d) => g.make('number', d)]],
    radix: [[8, g => `${g.random.between(2, 36)}`], [1, g => g.number()]],
    name: [[5, g => literals.quote(g.random.pick(NAMES), g.random)], [1, (g, d) => g.make('string', d)]],
    numberPicture: [[20, literal(literals.numberPicture)], [1, (g, d) => g.make('string', d)]],
    integerPicture: [[20, literal(literals.integerPicture)], [1, (g, d) => g.make('string', d)]],
    integerText: [[4, g => literals.quote(g.random.pick(['12', '1,234', 'XIV', 'xlii', 'one hundred and one', 'Twenty-First', 'bc', 'Z', '12th', '-5', '١٢', '',
        'one thousand, two hundred', 'zero', 'two million', 'MMXVIII', 'AAA', 'x1', 'twelfth', 'three hundred and sixty-five']), g.random)],
        [2, (g, d) => `$formatInteger(${g.number()}, ${g.make('integerPicture', d)})`], [1, g => g.text()]],
    formatOptions: [[4, g => `{${g.random.join(g.random.between(0, 2), ', ', () => g.random.pick(['"decimal-separator": ","', '"grouping-separator": "."', '"zero-digit": "٠"',
        '"minus-sign": "~"', '"digit": "d"', '"percent": "%%"', '"exponent-separator": "E"', '"pattern-separator": "|"', '"infinity": "INF"', '"per-mille": "m"',
        '"zero-digit": "①"', '"decimal-separator": ""', '"x": 1']))}}`], [1, (g, d) => g.make('object', d)]],
    datePicture: [[20, literal(literals.datePicture)], [1, (g, d) => g.make('string', d)]],
    dateText: [[12, literal(literals.dateText)], [2, (g, d) => `$fromMillis(${g.make('instant', d)}, ${g.make('datePicture', d)})`], [1, (g, d) => g.make('string', d)]],
    instant: [[20, g => `${literals.instant(g.random)}`], [1, (g, d) => g.make('number', d)]],
    zone: [[20, literal(literals.zone)], [1, (g, d) => g.make('string', d)]],
    source: [[6, (g, d) => literals.quote(g.make('any', Math.min(d, 2)), g.random)], [1, g => g.text()]],
};

const LEAVES = {
    number: g => g.random.chance(0.5) ? g.number() : g.variableOrName(),
    string: g => g.random.chance(0.5) ? g.text() : g.variableOrName(),
    boolean: g => g.random.pick(['true', 'false', g.variableOrName()]),
    array: g => g.random.pick(['[]', '[1, 2]', '["b", "a"]', '[[1], 2]', g.variableOrName(), g.variableOrName(), '$', '[$]', '[1..3]']),
    object: g => g.random.pick(['{}', '{"a": 1}', '{"b": $}', '$', g.variableOrName()]),
    any: g => g.random.pick([g.number(), g.text(), g.variableOrName(), g.variableOrName(), 'null', '$', '[]', 'nothing', '[1, 2, 3]']),
    path: g => g.variableOrName(),
    function1: g => g.random.pick(['$string', '$count', 'function($v){$v}', 'λ($v, $i){$i}', '$uppercase', '/a/']),
    function2: g => g.random.pick(['$append', 'function($i, $j){$i & $j}', 'function($i, $j){$i + $j}']),
    predicate: g => g.random.pick(['function($v){$v}', '$boolean', 'λ($v, $i){$i > 0}', 'function($v){$v > 1}']),
    comparator: () => 'function($l, $r){$l > $r}',
    numbers: g => g.random.pick(['[1, 2]', g.variableOrName(), '[]']),
    strings: g => g.random.pick(['["a", "b"]', g.variableOrName(), '"x"']),
    objects: g => g.random.pick(['[{"a": 1}, {"b": 2}]', g.variableOrName()]),
    sortable: g => g.random.pick(['[2, 1]', '["b", "a"]', g.variableOrName()]),
    container: g => g.random.pick(['$', g.variableOrName(), '{"a": [1]}', '[{"a": 1}]']),
};

/* ---- the writer --------------------------------------------------------------------------------------------------- */

class Grammar {
    constructor(random) {
        this.random = random;
        this.variables = ['$', '$$', '$x', '$y', '$z'];      // in scope; some of them bound to nothing
        this.isMember = 0;                                   // inside an array or object: no := there, see known.js
    }

    make(kind, depth) {
        if (TABLES[kind] && LEAVES[kind] && this.random.chance(0.05))
            kind = this.random.pick(KINDS);
        if (depth <= 0 && LEAVES[kind])
            return LEAVES[kind](this);
        return this.random.weighted(TABLES[kind] || TABLES.any)(this, depth - 1);
    }

    /* An operand; in parentheses or not. */
    operand(kind, depth) {
        const text = this.make(kind, depth);
        return this.random.chance(/[-+*/%&=<>?:~^@#|]| in | and | or /.test(text) ? 0.7 : 0.05) ? `(${text})` : text;
    }

    number() {
        return String(literals.anyNumber(this.random));
    }

    text() {
        return literals.quote(literals.anyString(this.random), this.random);
    }

    name() {
        const name = this.random.chance(0.85) ? this.random.pick(NAMES.slice(0, 10)) : this.random.pick(NAMES);
        if (BARE_NAME.test(name) && this.random.chance(0.97))
            return name;
        return this.random.chance(0.8) ? '`' + name + '`' : literals.quote(name, this.random);
    }

    variable() {
        return this.random.pick(this.variables) + this.decoration();
    }

    /* What may hang on any operand and rarely does; shortcuts of an engine forget it. */
    decoration() {
        return this.random.chance(0.97) ? '' : this.random.pick(['[]', '[0]', '[-1]', '[[0..1]]', '{}', '{"a": $}', '[a]', '[true]', '[][0]', '#$i', '@$j', '^($)']);
    }

    variableOrName() {
        return this.random.chance(0.35) ? this.variable() : this.name() + this.decoration();
    }

    suffix() {
        return this.random.chance(0.4) ? `.${this.name()}` : '';
    }

    /* Runs `make` with more variables in scope. */
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

    /* ---- paths ---- */

    step(depth) {
        return this.random.weighted([
            [14, () => this.name() + this.decoration()],
            [2, () => '*' + this.decoration()],
            [1, () => '**' + this.decoration()],
            [1, () => '%' + this.decoration()],
            [2, () => '$' + this.decoration()],
            [2, () => depth > 0 ? `(${this.make('any', depth - 1)})` : this.name()],
            [1, () => depth > 0 ? this.asMember(() => `[${this.random.join(this.random.between(0, 2), ', ', () => this.make('any', depth - 1))}]`) : '[$]'],
            [2, () => depth > 0 ? this.objectLiteral(depth - 1) : '{"a": $}'],
            [2, () => depth > 0 ? this.builtinCall(this.random.weighted(ANY_BUILTIN), depth - 1, true) : '$string()'],
            [1, () => this.variable()],
        ])();
    }

    predicate(depth) {
        return this.random.weighted([
            [6, () => `[${this.random.between(-2, 3)}]`],
            [5, () => `[${this.make('boolean', Math.min(depth - 1, 2))}]`],
            [3, () => `[${this.name()} ${this.random.pick(['=', '>', '<', '!='])} ${this.random.chance(0.5) ? this.number() : this.text()}]`],
            [3, () => `[${this.name()}]`],
            [1, () => `[[${this.random.between(-1, 1)}..${this.random.between(0, 3)}]]`],
            [1, () => `[${this.make('any', Math.min(depth - 1, 2))}]`],
            [1, () => `[[${this.random.join(this.random.between(0, 3), ',', () => this.random.between(-2, 3))}]]`],
            [2, () => '[]'],
        ])();
    }

    path(depth) {
        let text = this.random.chance(0.2) ? this.step(depth) : this.variableOrName();
        for (let n = this.random.below(4); n > 0; n--) {
            if (this.random.chance(0.3))
                text += this.predicate(depth);
            text += '.' + this.step(depth);
        }
        if (this.random.chance(0.3))
            text += this.predicate(depth);
        if (this.random.chance(0.05))
            text += `^(${this.terms(depth - 1)})`;
        if (this.random.chance(0.04))
            text += this.objectLiteral(depth - 1);
        return text;
    }

    terms(depth) {
        return this.random.join(this.random.between(1, 2), ', ', () => this.random.pick(['', '<', '>', '>']) +
            (this.random.chance(0.6) ? this.variableOrName() : this.make('any', Math.min(depth, 1))));
    }

    sorted(depth) {
        return `${this.path(depth)}^(${this.terms(depth)})${this.random.chance(0.3) ? this.predicate(depth) : ''}${this.suffix()}`;
    }

    grouped(depth) {
        return `${this.path(depth)}${this.objectLiteral(depth)}`;
    }

    /* Joins: positions, contexts and parents. */
    tuples(depth) {
        const bound = [];
        let text = this.random.chance(0.7) ? this.name() : this.path(depth - 1);
        const bind = () => {
            if (this.random.chance(0.3))
                text += this.predicate(depth);
            if (this.random.chance(0.5))
                text += this.random.pick(['@', '#']) + (bound.push(`$${'ijpq'[bound.length % 4]}`), bound[bound.length - 1]);
        };
        bind();
        for (let n = this.random.below(3); n > 0; n--) {
            text += '.' + this.step(depth - 1);
            bind();
        }
        return this.withVariables(bound.concat('%', '%.%'), () => {
            if (this.random.chance(0.3))
                text += `[${this.make('boolean', Math.min(depth, 1))}]`;
            if (this.random.chance(0.2))
                text += `^(${this.terms(depth)})`;
            return text + this.random.weighted([
                [3, () => ''],
                [4, () => `.${this.objectLiteral(Math.min(depth, 1))}`],
                [2, () => `.(${this.make('any', depth)})`],
                [2, () => this.objectLiteral(Math.min(depth, 1))],
                [2, () => `.[${this.variable()}, ${this.variable()}]`],
                [1, () => `.${this.variable()}`],
            ])();
        });
    }

    /* ---- constructors ---- */

    objectLiteral(depth) {
        const key = () => this.random.chance(0.75) ? literals.quote(this.random.pick(NAMES), this.random)
            : this.random.chance(0.5) ? this.name() : this.make('string', Math.min(depth, 1));
        return this.asMember(() => `{${this.random.join(this.random.between(0, 3), ', ', () => `${key()}: ${this.make('any', depth)}`)}}`);
    }

    range(depth) {
        const edge = () => this.random.chance(0.7) ? this.random.between(-2, 6) : this.make('small', Math.min(depth, 1));
        return this.asMember(() => `[${this.random.chance(0.2) ? `${this.make('any', depth - 1)}, ` : ''}${edge()}..${edge()}]`);
    }

    block(kind, depth) {
        if (this.isMember)
            return `(${this.random.chance(0.3) ? `${this.make('any', depth)}; ` : ''}${this.make(kind, depth)})`;
        const names = [];
        let text = '(';
        const one = () => {
            for (let n = this.random.below(3); n > 0; n--) {
                const name = this.random.pick(['$x', '$y', '$v', '$f', '$t']);
                if (name === '$f') {
                    text += `${name} := ${this.make('function1', depth)}; `;
                } else {
                    text += `${name} := ${this.make('any', depth)}; `;
                    names.push(name);
                }
            }
            return text + this.make(kind, depth) + (this.random.chance(0.1) ? ';' : '') + ')';
        };
        return this.withVariables(names, one);
    }

    /* ---- functions ---- */

    lambda(parameters, kind, depth) {
        const names = ['$v', '$i', '$w', '$j'].slice(0, parameters);
        const signature = this.random.chance(0.06) ? `<${literals.signature(this.random)}>` : '';
        const member = this.isMember;
        this.isMember = 0;
        const body = this.withVariables(names, () => this.make(kind, Math.min(depth, 2)));
        this.isMember = member;
        return `${this.random.pick(['function', 'λ'])}(${names.join(', ')})${signature}{${body}}`;
    }

    parameterTexts(builtin, depth, isAfterContext) {
        const texts = [];
        const parameters = isAfterContext && this.random.chance(0.8) ? builtin.parameters.slice(1) : builtin.parameters;
        for (const parameter of parameters) {
            const isOptional = parameter.endsWith('?');
            if (isOptional && this.random.chance(0.5))
                break;
            texts.push(this.make(isOptional ? parameter.slice(0, -1) : parameter, depth));
        }
        if (this.random.chance(0.02))
            texts.push(this.make('any', depth));
        if (this.random.chance(0.02))
            texts.pop();
        return texts;
    }

    builtinCall(builtin, depth, isAfterContext = false) {
        return `$${builtin.name}${this.decoration()}(${this.parameterTexts(builtin, Math.min(depth, 3), isAfterContext).join(', ')})`;
    }

    partial(depth) {
        const builtin = this.random.weighted(ANY_BUILTIN);
        const texts = this.parameterTexts(builtin, Math.min(depth, 1), false);
        const holes = texts.map(text => this.random.chance(0.5) ? '?' : text);
        if (!holes.includes('?'))
            holes[0] = '?';
        return `$${builtin.name}(${holes.join(', ')})`;
    }

    /* A call of something that is no built-in by name. */
    invoke(depth) {
        return this.random.weighted([
            [3, () => `(${this.make('function1', depth)})(${this.random.join(this.random.below(3), ', ', () => this.make('any', depth))})`],
            [2, () => `${this.lambda(2, 'any', depth)}(${this.random.join(this.random.below(3), ', ', () => this.make('any', depth))})`],
            [1, () => `${this.variableOrName()}(${this.make('any', depth)})`],
            [1, () => this.isMember ? '(1)' : `($f := function($n){$n <= 0 ? ${this.make('any', 1)} : ${this.random.pick(['', '1 + ', '"" & '])}$f($n - 1)}; $f(${this.random.below(20)}))`],
            [1, () => `${this.partial(depth)}(${this.make('any', depth)})`],
        ])();
    }

    transformer(depth) {
        const removed = this.random.chance(0.4) ? `, ${this.random.pick(['"a"', '["a", "b"]', this.make('any', Math.min(depth, 1))])}` : '';
        const update = this.random.chance(0.8) ? this.objectLiteral(Math.min(depth, 1)) : this.make('any', Math.min(depth, 1));
        return `|${this.random.chance(0.3) ? '$' : this.path(Math.min(depth, 1))}|${update}${removed}|`;
    }

    transform(depth) {
        return `${this.operand('container', depth)} ~> ${this.transformer(depth)}`;
    }

    /* What programs are full of, and engines therefore have shortcuts for; most of it as usual, some of it not quite. */
    idiom(depth) {
        const table = () => this.random.pick(['a', 'b', '$.a', '$$.a', '$$.b', 'a.d', 'd', 'e', this.variableOrName()]);
        const field = () => this.random.pick(['a', 'b', 'c', 'd', 'k']) + this.decoration();
        const value = () => this.random.chance(0.6) ? `${this.random.below(10)}` : this.random.pick(['"x"', '"y"', '$x', 'c', 'null', '$$.c', this.make('any', 0)]);
        const compare = () => this.random.pick(['=', '=', '!=', '<', '>', '<=', '>=']);
        const test = () => this.random.join(this.random.between(1, 2), this.random.pick([' and ', ' or ']), () => `${field()} ${compare()} ${value()}`);
        const total = () => this.random.pick(['$sum', '$count', '$max', '$min', '$average', '$distinct', '$string', '$join', '$exists']);
        const operator = () => this.random.pick(['+', '*', '-', '&', '/', '%']);
        return this.random.weighted([
            [3, () => `${table()}[${test()}]${this.suffix()}`],
            [3, () => `${total()}(${table()}[${test()}].${field()})`],
            [3, () => `${total()}(${table()}.(${field()} ${operator()} ${field()}))`],
            [3, () => `${table()}{${field()}: ${total()}(${field()})}`],
            [3, () => `${table()}{$string(${field()}): ${total()}(${field()}), "all": ${total()}($.${field()} ${operator()} ${value()})}`],
            [2, () => `${table()}{${field()}: $}`],
            [3, () => `${table()}^(${this.random.pick(['', '<', '>'])}${field()}, ${this.random.pick(['', '<', '>'])}${field()})${this.suffix()}`],
            [2, () => `$sort(${table()}, function($l, $r){$l.${field()} ${compare()} $r.${field()}})${this.suffix()}`],
            [3, () => `${table()}[${field()} in ${this.random.pick(['$$.d', '$$.e', '$$.b.k', '[1, "x", 3]', '[1..5]'])}]`],
            [3, () => `${table()}@$i.$$.b@$j[$i.${field()} = $j.${field()}].{"i": $i.${field()}, "j": $j.${field()}}`],
            [2, () => `${table()}@$i.${table()}@$j[$j.${field()} ${compare()} $i.${field()}${this.random.chance(0.5) ? ` and ${test()}` : ''}].($i.${field()} & $j.${field()})`],
            [2, () => `${table()}.($v := $; $$.b[${field()} = $v.${field()}].${field()})`],
            [2, () => `${table()}#$i[${this.random.pick(['$i % 3 = 0', '$i < 5', test()])}].{"i": $i, "v": ${field()}, "p": %.c}`],
            [2, () => `$map(${table()}, function($v, $i){$v.${field()} ${operator()} $i})`],
            [2, () => `$filter(${table()}, function($v, $i){$v.${field()} ${compare()} ${value()}})`],
            [2, () => `$reduce(${table()}.${field()}, function($i, $j){$i ${operator()} $j}${this.random.chance(0.4) ? ', 0' : ''})`],
            [2, () => `$~>|${table()}${this.random.chance(0.5) ? `[${test()}]` : ''}|{"${this.random.pick(['a', 'n'])}": ${field()}}${this.random.chance(0.4) ? ', "b"' : ''}|`],
            [1, () => `**.${field()}`], [1, () => `*.${field()}`], [1, () => `$distinct(${table()}.${field()})`],
            [1, () => `$lookup(${table()}, "${this.random.pick(['a', 'b', 'c'])}")`], [1, () => `$merge(${table()}.{$string(${field()}): ${field()}})`],
            [1, () => `${table()}.${field()} ~> ${total()}()`], [1, () => `$join(${table()}.$string(${field()}), ",")`],
            [2, () => this.isMember ? '(1)' : `($f := function($n, $t){$n ${compare()} ${value()} or $n > 30 ? $t : $f($n + 1, $t ${operator()} $n)}; $f(0, ${value()}))`],
        ])();
    }

    /* A whole expression. */
    expression() {
        const depth = this.random.weighted([[2, 1], [4, 2], [4, 3], [2, 4]]);
        if (this.random.chance(0.25))
            return this.idiom(depth);
        return this.make(this.random.weighted([[6, 'any'], [2, 'number'], [2, 'string'], [1, 'boolean'], [4, 'array'], [2, 'object'], [4, 'path']]), depth);
    }
}

/* Any expression with data to go with it. */
module.exports = { Grammar };
