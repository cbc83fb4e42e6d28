// json_bench.js FILE - what V8 needs for the text that json_bench measures: prints the best times of JSON.parse and of
// JSON.stringify in nanoseconds.
'use strict';
const fs = require('fs');

const text = fs.readFileSync(process.argv[2], 'utf8');
const rounds = Math.max(10, Math.min(3000, Math.ceil(300e6 / (text.length * 6))));

function best(run) {
    let least = Infinity;
    for (let i = 0; i < rounds; i++) {
        const start = process.hrtime.bigint();
        run();
        least = Math.min(least, Number(process.hrtime.bigint() - start));
    }
    return least;
}

let value;
const parse = best(() => { value = JSON.parse(text); });
const stringify = best(() => JSON.stringify(value).length);
console.log(`${parse} ${stringify}`);
