/* outcome.js - what came of a case, the same for both engines, as a plain object:
 *
 *     { kind: "result", text }       the text of JSON.stringify
 *     { kind: "undefined" }  { kind: "function" }
 *     { kind: "error", code, position, token, value }     a member that is absent is undefined; `value` is JSON text
 *     { kind: "host", message }      an error of JavaScript's own, without a code: the reference stumbled
 *     { kind: "slow" }               over the time or memory it was given
 *     { kind: "crash", message }     the process died
 */
'use strict';

const DETAILS = ['position', 'token', 'value'];
const LONGEST_VALUE = 1 << 20;              // our command leaves longer ones out

/* What differs: "", or a word for the class of difference. */
function difference(reference, ours) {
    if (ours.kind === 'crash')
        return 'crash';
    if (reference.kind === 'slow')
        return '';
    if (ours.kind === 'slow')
        return 'slow';
    if (reference.kind !== ours.kind)
        return `${label(reference)} here ${label(ours)}`;
    if (reference.kind === 'result')
        return reference.text === ours.text ? '' : 'another result';
    if (reference.kind !== 'error')
        return '';
    if (reference.code !== ours.code)
        return `${label(reference)} here ${label(ours)}`;
    const detail = DETAILS.find(name => reference[name] !== ours[name] && !isLeftOut(reference[name], ours[name]));
    return detail ? `${reference.code}: another ${detail}` : '';
}

function isLeftOut(reference, ours) {
    return ours === undefined && typeof reference === 'string' && Buffer.byteLength(reference) > LONGEST_VALUE;
}

function label(outcome) {
    return outcome.kind === 'error' ? outcome.code : outcome.kind;
}

/* For people. */
function show(outcome) {
    if (outcome.kind === 'result')
        return outcome.text.length > 300 ? outcome.text.slice(0, 300) + ' ...' : outcome.text;
    if (outcome.kind === 'error')
        return ['code', ...DETAILS].filter(name => outcome[name] !== undefined)
            .map(name => `${name} ${outcome[name]}`).join(', ');
    return outcome.message ? `${outcome.kind}: ${outcome.message}` : outcome.kind;
}

module.exports = { difference, show, label };
