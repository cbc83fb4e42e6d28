// canon.js FILE... - a line for each file: the SHA-256 (its first 16 digits) of the JSON text in it with keys sorted, so
// that two engines agree that order keys differently; or why there is none.
'use strict';
const crypto = require('crypto');
const fs = require('fs');

function canon(v) {
    if (Array.isArray(v))
        return v.map(canon);
    if (v && typeof v === 'object')
        return Object.fromEntries(Object.keys(v).sort().map(k => [k, canon(v[k])]));
    return v;
}

for (const file of process.argv.slice(2)) {
    try {
        const text = JSON.stringify(canon(JSON.parse(fs.readFileSync(file, 'utf8'))));
        console.log(crypto.createHash('sha256').update(text).digest('hex').slice(0, 16));
    } catch (e) {
        console.log('no JSON: ' + e.message.replace(/\s+/g, ' '));
    }
}
