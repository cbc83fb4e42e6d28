/* tokens.js - cuts an expression into pieces that together are the expression again; white space is a piece.  Knows
 * just enough of the lexer: strings, quoted names, comments, numbers, names, operators, and regular expressions where
 * an operand is due. */
'use strict';

const PIECE = new RegExp([
    /\s+/, /\/\*[^]*?\*\//,                                             // blanks, comments
    /"(?:\\[^]|[^"\\])*"/, /'(?:\\[^]|[^'\\])*'/, /`[^`]*`/,            // texts, quoted names
    /\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/,
    /\.\.|:=|!=|>=|<=|\*\*|~>|\?:|\?\?/,
    /[\w$\u0080-\uffff]+/, /[^]/,                                       // names, everything else
].map(r => r.source).join('|'), 'y');
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\/\\[\n])+\/[im]*/y;
const ENDS_OPERAND = /[\w$)\]}"'`]$/;

function tokens(text) {
    const list = [];
    let last = '';                      // the last one that is not white space
    for (let at = 0; at < text.length;) {
        const kind = text[at] === '/' && text[at + 1] !== '*' && !ENDS_OPERAND.test(last) ? REGEX : PIECE;
        kind.lastIndex = at;
        let match = kind.exec(text);
        if (!match) {
            PIECE.lastIndex = at;
            match = PIECE.exec(text);
        }
        list.push(match[0]);
        if (/\S/.test(match[0]))
            last = match[0];
        at += match[0].length;
    }
    return list;
}

module.exports = { tokens };
