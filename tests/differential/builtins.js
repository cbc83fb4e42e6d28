/* builtins.js - every function of the library: how often, what it returns, its name and what it takes, for writing
 * calls that mostly make sense.  A parameter is a kind of ways.js; `?` after it means that it may be left out. */
'use strict';

const BUILTINS = `
    2 number sum numbers
    2 number count array
    2 number max numbers
    2 number min numbers
    2 number average numbers
    4 string string any boolean?
    4 string substring string small small?
    2 string substringBefore string string
    2 string substringAfter string string
    2 string lowercase string
    2 string uppercase string
    2 number length string
    2 string trim string
    2 string pad string small string?
    4 array match string matcher small?
    3 boolean contains string pattern
    5 string replace string pattern replacer small?
    4 array split string pattern small?
    2 string join strings string?
    4 string formatNumber number numberPicture formatOptions?
    2 string formatBase number radix?
    4 string formatInteger number integerPicture
    4 number parseInteger integerText integerPicture
    3 number number scalar
    2 number floor number
    2 number ceil number
    2 number abs number
    2 number sqrt number
    4 number round number small?
    2 number power number small
    2 boolean boolean any
    2 boolean not any
    2 boolean exists any
    2 string type any
    5 array map array function1
    5 array filter array predicate1
    3 any single array predicate1?
    5 any reduce array function2 any?
    4 object sift object predicate1
    4 array each object function1
    2 array zip array array? array?
    2 array keys object
    3 any lookup container name
    3 array append any any
    3 array spread container
    3 object merge objects
    2 array reverse array
    5 array sort sortable comparator?
    3 array distinct array
    1 any error string?
    1 any assert boolean string?
    1 string base64encode string
    1 string base64decode string
    1 string encodeUrl string
    1 string encodeUrlComponent string
    1 string decodeUrl string
    1 string decodeUrlComponent string
    2 any eval source any?
    4 number toMillis dateText datePicture?
    5 string fromMillis instant datePicture? zone?
    1 object clone container`.trim().split('\n').map(line => {
    const [weight, result, name, ...parameters] = line.trim().split(' ');
    return { name, result, weight: Number(weight), parameters };
});

/* What changes by itself.  Times may stand anywhere, see steady.js; draws only inside what does not depend on them. */
const UNSTEADY = [
    '$exists($random())', '$type($now())', '$count($shuffle([1..3]))', '$sort($shuffle([3,1,2]))', '$millis() > 1e12',
    '$now("[Y]-[M01]")', '$fromMillis($millis(), "[D]/[M]/[Y]")', '$toMillis("12:30", "[H]:[m]")', '$toMillis("5", "[D]")',
    '$toMillis("7", "[M]")', '$now(nothing, "+0530")', '$now() = $now()', '$length($now())', '$type($now("[Y]"))', '$random() < 1',
];

const weighted = list => list.map(b => [b.weight, b]);
const ANY_BUILTIN = weighted(BUILTINS);
const BY_RESULT = {};
for (const kind of ['number', 'string', 'boolean', 'array', 'object', 'any'])
    BY_RESULT[kind] = weighted(BUILTINS.filter(b => b.result === kind || (b.result === 'any' && kind !== 'boolean')));

module.exports = { BUILTINS, ANY_BUILTIN, BY_RESULT, UNSTEADY };
