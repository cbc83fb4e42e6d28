/* builtins.js - every function of the library: what it returns and what it takes, for writing calls that mostly make
 * sense.  A parameter is a kind of grammar.js; `?` after it means that it may be left out. */
'use strict';

const BUILTINS = [
    // name, result, parameters, weight (2 if absent)
    ['sum', 'number', 'numbers'], ['count', 'number', 'array'], ['max', 'number', 'numbers'], ['min', 'number', 'numbers'],
    ['average', 'number', 'numbers'],
    ['string', 'string', 'any boolean?', 4], ['substring', 'string', 'string small small?', 4],
    ['substringBefore', 'string', 'string string'], ['substringAfter', 'string', 'string string'],
    ['lowercase', 'string', 'string'], ['uppercase', 'string', 'string'], ['length', 'number', 'string'],
    ['trim', 'string', 'string'], ['pad', 'string', 'string small string?'],
    ['match', 'array', 'string matcher small?', 4], ['contains', 'boolean', 'string pattern', 3],
    ['replace', 'string', 'string pattern replacer small?', 5], ['split', 'array', 'string pattern small?', 4],
    ['join', 'string', 'strings string?'],
    ['formatNumber', 'string', 'number numberPicture formatOptions?', 4], ['formatBase', 'string', 'number radix?'],
    ['formatInteger', 'string', 'number integerPicture', 4], ['parseInteger', 'number', 'integerText integerPicture', 4],
    ['number', 'number', 'scalar', 3], ['floor', 'number', 'number'], ['ceil', 'number', 'number'], ['abs', 'number', 'number'],
    ['sqrt', 'number', 'number'], ['round', 'number', 'number small?', 4], ['power', 'number', 'number small'],
    ['boolean', 'boolean', 'any'], ['not', 'boolean', 'any'], ['exists', 'boolean', 'any'], ['type', 'string', 'any'],
    ['map', 'array', 'array function1', 5], ['filter', 'array', 'array predicate', 5], ['single', 'any', 'array predicate?', 3],
    ['reduce', 'any', 'array function2 any?', 5], ['sift', 'object', 'object predicate', 4], ['each', 'array', 'object function1', 4],
    ['zip', 'array', 'array array? array?'],
    ['keys', 'array', 'object'], ['lookup', 'any', 'container name', 3], ['append', 'array', 'any any', 3],
    ['spread', 'array', 'container', 3], ['merge', 'object', 'objects', 3],
    ['reverse', 'array', 'array'], ['sort', 'array', 'sortable comparator?', 5], ['distinct', 'array', 'array', 3],
    ['error', 'any', 'string?', 1], ['assert', 'any', 'boolean string?', 1],
    ['base64encode', 'string', 'string', 1], ['base64decode', 'string', 'string', 1], ['encodeUrl', 'string', 'string', 1],
    ['encodeUrlComponent', 'string', 'string', 1], ['decodeUrl', 'string', 'string', 1], ['decodeUrlComponent', 'string', 'string', 1],
    ['eval', 'any', 'source any?', 2],
    ['toMillis', 'number', 'dateText datePicture?', 4], ['fromMillis', 'string', 'instant datePicture? zone?', 5],
    ['clone', 'object', 'container', 1],
].map(([name, result, parameters, weight = 2]) => ({ name, result, weight, parameters: parameters.split(' ') }));

/* Only inside something that does not depend on which values they give. */
const UNSTEADY = ['$exists($random())', '$type($now())', '$count($shuffle([1..3]))', '$sort($shuffle([3,1,2]))', '$millis() > 1e12',
    '$now() = $now()', '$length($now())', '$type($now("[Y]"))', '$random() < 1'];

const weighted = list => list.map(b => [b.weight, b]);
const ANY_BUILTIN = weighted(BUILTINS);
const BY_RESULT = {};
for (const kind of ['number', 'string', 'boolean', 'array', 'object', 'any'])
    BY_RESULT[kind] = weighted(BUILTINS.filter(b => b.result === kind || (b.result === 'any' && kind !== 'boolean')));

module.exports = { BUILTINS, ANY_BUILTIN, BY_RESULT, UNSTEADY };
