/* literals.js - scalars, and the small languages that stand in strings: numbers at the edges, texts with every kind of
 * character, regular expressions, pictures of numbers and dates, instants, URLs, signatures. */
'use strict';

/* Members without blanks, written as text. */
const words = text => text.trim().split(/\s+/);

const NUMBERS = [
    0, 1, 2, 3, 10, 12, 100, 0.5, 1.5, 2.5, -0.5, 0.1, 0.2, 1 / 3, 1e21, 1e20, 123456789012345680000, 1e-6, 1e-7,
    1.5e300, 1.7976931348623157e308, 5e-324, 9007199254740991, 9007199254740993, 4294967295, 2147483648, 1234.5678,
    0.000123, 1e15,
    999999999999999.9, 1.005, 12345678, 1501543205123, 255, 65536, 3.14159265358979,
];

function anyNumber(random) {
    return random.weighted([
        [6, () => random.between(0, 12)],
        [3, () => random.pick(NUMBERS)],
        [2, () => random.below(100000) / 100],
        [1, () => Number((random.next() / random.between(1, 1e6)).toPrecision(random.between(1, 17)))],
        [1, () => Number(`${random.between(1, 9)}e${random.between(-320, 308)}`)],
    ])();
}

const PIECES = words('a b B x , 1 23 - . é ß İ ΑΣ ς ŉ ǆ K ſ 😀 / $ % & + = ? # < { λ 中 ﬁ ١ " \' \\').concat(
    [' ', '  ', 'e\u0301', '\u{1F468}\u200D\u{1F469}', '\ud83d', '\ude00', '\uffff', '\ufffd', '\n', '\t', '\r\n'],
    ['\u00a0', '\u2028', '\u0000', '\u001f', '\u007f']);

const TEXTS = words(`
    a b abc a,b,c x aaa abab 12 -3.5 1e3 0x1F 0b101 0o17 1e400 .5 007 true 2017-01-02 2017-10-30T16:25:32.935Z
    2017-01-01T10:00:00 a%20b %E4%B8 YWJj YWI= twelfth XIV 1,234 0 Ａ $1 a.b (a) [1,2] {"a":1} $x 1st`).concat(
    ['', 'Hello World', ' 5', 'http://a.b/c?d=e f&g=%20', 'one hundred', 'John Smith', 'a cat\tsat  on\nit', 'a + 1']);

function anyString(random) {
    return random.chance(0.6) ? random.pick(TEXTS) : random.join(random.between(1, 5), '', () => random.pick(PIECES));
}

/* ---- regular expressions ----------------------------------------------------------------------------------------- */

const ATOMS = words(String.raw`
    a b x . \d \w \s \b \B \D \W \S [a-c] [^a] [abB] \. \/ [\d,] [^\s] 1 \t \u0061 \x61 [\w-] ^ $ , - [é-ÿ] é 😀 \1
    [^] [] \n \cA \0 (?=a) (?!b) (?<=a) (?<!a) \k \p ß ſ K B [A-Z] \u{61} [\b] \- { [a-] \2`).concat(' ');

const PATTERNS = words(String.raw`a b+ [a-z]+ \d+ (a)(b)? \s \w+ ^a a* (\w)(\w*) , . x|y (?<n>a) o`);

function pattern(random, depth) {
    const piece = () => {
        let atom = random.pick(ATOMS);
        if (depth > 0 && random.chance(0.3))
            atom = random.pick(['(', '(', '(?:', '(?<n>', '(?=', '(?!', '(?<=']) + pattern(random, depth - 1) + ')';
        if (random.chance(0.35))
            atom += random.pick(['*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,}', '{1,}?', '{,2}']);
        return atom;
    };
    const branch = () => random.join(random.between(1, 3), '', piece);
    return random.join(random.chance(0.15) ? 2 : 1, '|', branch);
}

/* A regex literal. */
function regex(random) {
    const body = random.chance(0.4) ? random.pick(PATTERNS) : pattern(random, 2);
    return `/${body || 'a'}/${random.pick(['', '', '', 'i', 'm', 'im'])}`;
}

const REPLACEMENTS = words('$0 $1 $2 $12 $$ $ x [$1] $& $01 -');

const replacement = random => random.chance(0.5) ? anyString(random)
    : random.join(random.between(1, 3), '', () => random.pick(REPLACEMENTS));

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

const NUMBER_PICTURES = words(`
    0 # #,##0.00 0.0 #0.## 00.00e0 #,### 0% 0‰ #.00;(#.00) 0.0e00 ##,##,##0 000 #0;-# #.#e0 0,0.0,0 $#0 #,##0.### abc
    0;0;0 0..0 #, 0# .#0 ٠ ① x0x #0.0#%`).concat('');
const NUMBER_MARKS = words('0 0 # # , . ; e % ‰ - x 1 9');

const numberPicture = random => random.chance(0.6) ? random.pick(NUMBER_PICTURES)
    : random.join(random.between(1, 7), '', () => random.pick(NUMBER_MARKS));

const INTEGER_PICTURES = words(`
    0 1 01 #,##0 A a I i w W Ww w;o Ww;o 1;o #0 0,0 #:##0 1;c ١ # ##,##,##0 0,000;o 001 Aa ww α ٠,٠ 0٠ #1,234;o 1; ;
    0;o(-e)`).concat('');
const INTEGER_MARKS = words('0 # , 1 . ;o w A -').concat(' ');

const integerPicture = random => random.chance(0.75) ? random.pick(INTEGER_PICTURES)
    : random.join(random.between(1, 6), '', () => random.pick(INTEGER_MARKS));

const COMPONENTS = words('Y M D d F W w X x H h P m s f Z z C E');
const PRESENTATIONS = words('1 01 0001 N n Nn I i A a w W Ww 1o wo 001 #1 0,0 01:01 0101 0101t t 01:01t 0 00000 o 1c')
    .concat('٠١', '', '', '');
const WIDTHS = words(',2 ,*-2 ,2-2 ,3-3 ,1-4 ,* ,4 ,3 ,x ,0-1 ,2-* ,1-*').concat('', '', '', '');
const ODD_MARKERS = words('[[ ]] [ ] [q] [Y [] [1] [YY] [y]').concat('[ Y ]');

function marker(random) {
    if (random.chance(0.03))
        return random.pick(ODD_MARKERS);
    const component = random.chance(0.9) ? random.pick('YMDFHmsfPhZWdXxw') : random.pick(COMPONENTS);
    return `[${component}${random.pick(PRESENTATIONS)}${random.pick(WIDTHS)}]`;
}

const DATE_PICTURES = [
    '[Y]-[M]-[D]', '[Y0001]-[M01]-[D01]', '[H01]:[m01]:[s01].[f001]', '[D1o] [MNn] [Y]', '[FNn], [D]/[M]/[Y]',
    '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]', '[X0001]-W[W01]-[F1]', '[Y]-[d001]', '[h]:[m] [P]',
    '[MNn,3-3] [D], [Y,2-2]',
    '[H][m]', 'Week: [w] of [xNn]', '[Dwo] [MI] [YI]', '[Y01][M01][D01]', '[z] [Z] [E] [C]', '[YWw]', '[F0] [FN,*-2]',
    '[M01]/[D01]/[Y0001] [h#1]:[m01][P]',
];

const datePicture = random => random.chance(0.5) ? random.pick(DATE_PICTURES)
    : random.join(random.between(1, 4), random.pick(['', '-', ' ', '/', ':', 'T']), () => marker(random));

const ZONES = words('+0100 -0500 0000 +0530 -0330 Z +1 -12 UTC +01:00 1400 -0030 99999 +5').concat('');
const zone = random => random.pick(ZONES);

const INSTANTS = [0, 1, 1501543205123, 1521801216617, 951782400000, 1483228800000, 1609459199999, -1, 4102444800000];
const EDGES = [8.64e15, -8.64e15, 8.64e15 + 1, 1e20, 0.5, 1e13, 253402300800000, -62135596800000, -62167219200001];

const instant = random => random.weighted([
    [4, () => random.pick(INSTANTS)],
    [3, () => random.below(2e9) * 1000 + random.below(1000)],
    [1, () => -random.below(2e9) * 1000],
    [1, () => random.pick(EDGES)],
])();

const ISO_TEXTS = words(`
    2017 2017-01 2017-01-31 2017-02-30 2017-13-01 2018-02-01T09:42:13.123+0000 2018-02-01T09:42:13+05:30
    2018-02-01T09:42:13-0330 2017-01-01T24:00:00Z 2017-01-01T00:00:00.123456Z 2017-1-1 0001-01-01 2017-01-01T10:00Z
    -000001-01-01 9999-12-31T23:59:59Z 2016-02-29T12:00:00 2017-01-01t00:00:00z 2017-10-30T16:25:32.9Z`);

const isoText = random => random.weighted([
    [4, () => new Date(random.below(4e9) * 1000 + random.below(1000)).toISOString()],
    [3, () => random.pick(ISO_TEXTS)],
    [1, () => anyString(random)],
])();

/* What a picture might have printed. */
const DATE_TEXTS = words(`
    2018-3-12 12/3/2018 MMXVII 2018-365 20180312 23:59:59.999 2018-W23-7 1 99 2018-02-30 XII c 12:5 +0100 GMT+01:00
    2018-03-12T01:02:03.004-05:00`).concat(
    ['4:05 pm', '12:00 AM', '31st December 2017', 'Friday, 12/1/2018', 'one thousand and one', 'Mar 1, 18'],
    ['twelfth March 2018', 'two thousand, eighteen', '3/4/2018 5:06pm', '1 January']);

const dateText = random => random.chance(0.4) ? isoText(random) : random.pick(DATE_TEXTS);

/* ---- others ------------------------------------------------------------------------------------------------------ */

const SIGNATURES = words(`
    n s b a o x f j n- s- n? s? a<n> a<s> a<o> a<n>? (ns) (sf) n+ x- f<n:n> (oa) (nsb)- j? a<a<n>> x+ a- u l a? o-
    a<> (a-n) (^n) (n-) (na)+ (ns)- (lo)? n-- s?- b+- n?? s+? (fx) (bl)-? (sn)a<s> f? o?-`);
const RESULTS = words(':n :s :a<n> :x :').concat('');

const signature = random => random.join(random.between(0, 3), '', () => random.pick(SIGNATURES)) + random.pick(RESULTS);

const PLAIN_ESCAPES = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r', '\b': '\\b', '\f': '\\f' };

/* A string literal of the language. */
function quote(text, random) {
    const wayOut = random && random.chance(0.2) && !text.includes("'") ? "'" : '"';
    let out = wayOut;
    for (let i = 0; i < text.length; i++) {
        const c = text[i], unit = text.charCodeAt(i);
        if (c === '"' && wayOut === "'")
            out += c;
        else if (PLAIN_ESCAPES[c])
            out += PLAIN_ESCAPES[c];
        else if (unit < 0x20 || (unit >= 0xd800 && unit < 0xe000 && random && random.chance(0.3)))
            out += '\\u' + unit.toString(16).padStart(4, '0');
        else
            out += c;
    }
    return out + wayOut;
}

module.exports = {
    anyNumber, anyString, regex, replacement, numberPicture, integerPicture, datePicture, zone, instant, isoText,
    dateText, signature, quote, words,
};
