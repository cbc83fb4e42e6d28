/* mutate.js - variations of expressions that people wrote: those of the official suite, when it is at hand.
 * Works on tokens, so that most results still parse. */
'use strict';

const fs = require('fs');
const path = require('path');
const { tokens } = require('./tokens');
const { Grammar } = require('./grammar');
const { Documents } = require('./documents');
const { words } = require('./literals');

/* All expressions of the suite with their data; empty when there is none. */
function loadSuite(root) {
    const groups = path.join(root, 'groups');
    if (!fs.existsSync(groups))
        return [];
    const datasets = {};
    for (const file of fs.readdirSync(path.join(root, 'datasets')))
        datasets[path.basename(file, '.json')] = fs.readFileSync(path.join(root, 'datasets', file), 'utf8');
    const compact = {};
    const dataOf = c => {
        if (c.data !== undefined)
            return JSON.stringify(c.data);
        if (!c.dataset)
            return undefined;
        return compact[c.dataset] || (compact[c.dataset] = JSON.stringify(JSON.parse(datasets[c.dataset])));
    };
    const cases = [];
    for (const group of fs.readdirSync(groups).sort())
        for (const file of fs.readdirSync(path.join(groups, group)).sort())
            if (file.endsWith('.json'))
                for (const c of [JSON.parse(fs.readFileSync(path.join(groups, group, file), 'utf8'))].flat()) {
                    const read = file => fs.readFileSync(path.join(groups, group, file), 'utf8');
                    const expression = c.expr !== undefined ? c.expr : read(c['expr-file']);
                    const bindings = Object.keys(c.bindings || {}).length ? JSON.stringify(c.bindings) : undefined;
                    if (expression.length < 3000 && !c.timelimit)
                        cases.push({ expression, data: dataOf(c), bindings });
                }
    return cases;
}

const OPERATORS = words('+ - * / % & = != < > <= >= and or in ~> ?: ?? . , ; : := .. ^ @ # |');
const isOperator = text => OPERATORS.includes(text);

/* [from, to) of a balanced piece, or of one token. */
function piece(list, random) {
    const from = random.below(list.length);
    let depth = 0;
    for (let i = from; i < list.length; i++) {
        if ('([{'.includes(list[i]))
            depth++;
        if (')]}'.includes(list[i]))
            depth--;
        if (depth <= 0)
            return [from, depth < 0 ? from + 1 : i + 1];
    }
    return [from, from + 1];
}

/* Puts `instead` (a list of tokens) where a piece of `list` was. */
function replacePiece(list, random, instead) {
    const [from, to] = piece(list, random);
    list.splice(from, to - from, ...instead);
}

const MUTATIONS = [
    [3, (list, random) => list.splice(random.below(list.length), 1)],
    [3, (list, random) => replacePiece(list, random, [])],
    [2, (list, random) => {
        const i = random.below(list.length);
        list.splice(i, 0, list[i]);
    }],
    [2, (list, random) => {
        const i = random.below(list.length), j = random.below(list.length);
        [list[i], list[j]] = [list[j], list[i]];
    }],
    [5, (list, random) => {
        const places = list.map((t, i) => i).filter(i => isOperator(list[i]));
        if (places.length)
            list[random.pick(places)] = random.pick(OPERATORS);
    }],
    [5, (list, random, suite) => {
        const other = tokens(random.pick(suite).expression);
        replacePiece(list, random, other.slice(...piece(other, random)));
    }],
    [5, (list, random) => replacePiece(list, random, [new Grammar(random).make('any', random.below(3))])],
    [2, (list, random) => list.splice(random.below(list.length + 1), 0, new Grammar(random).make('predicate', 1))],
    [2, (list, random) => list.push('.', new Grammar(random).make('step', 1))],
    [1, (list, random) => list.push(' ~> ', new Grammar(random).make('function1', 1))],
];

/* A case made of a member of `suite`. */
function mutation(suite, random) {
    const original = random.pick(suite);
    const list = tokens(original.expression);
    for (let n = random.between(1, 3); n > 0 && list.length; n--)
        random.weighted(MUTATIONS)(list, random, suite);
    const data = random.chance(0.1) ? JSON.stringify(new Documents(random).document()) : original.data;
    return { expression: list.join(''), data, bindings: original.bindings };
}

module.exports = { loadSuite, mutation };
