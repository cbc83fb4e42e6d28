// Times jsonata-js; see ../README.md.  The engine is the package "jsonata" beside this file, else $JSONATA_JS.
'use strict';
const fs = require('fs');
const jsonata = require(process.env.JSONATA_JS || 'jsonata');

const [expressionFile, dataFile, seconds, outputFile] = process.argv.slice(2);
const now = () => Number(process.hrtime.bigint());

// A batch; awaits only what is a promise, since awaiting costs.
async function runBatch(operation, size) {
    const start = now();
    for (let i = 0; i < size; i++) {
        const r = operation();
        if (r && typeof r.then === 'function')
            await r;
    }
    return now() - start;
}

async function measure(operation) {
    await operation();
    let size = 1, ns;
    while ((ns = await runBatch(operation, size)) < 2e6 && size <= 1e6)
        size = Math.max(size * 2, Math.ceil(size * 2.5e6 / Math.max(ns, 1)));
    const per = [ns / size];
    for (const end = now() + seconds * 1e9; per.length < 3 || now() < end;)
        per.push(await runBatch(operation, size) / size);
    per.sort((a, b) => a - b);
    return { best: per[0], median: per[per.length >> 1] };
}

(async () => {
    const source = fs.readFileSync(expressionFile, 'utf8');
    const text = dataFile === '-' ? undefined : fs.readFileSync(dataFile, 'utf8');
    const parse = () => text === undefined ? undefined : JSON.parse(text);
    const compileOnly = /compile-/.test(expressionFile);
    const report = {};
    const expression = jsonata(source);
    let data, result;
    if (!compileOnly) {
        data = parse();
        result = await expression.evaluate(data);
        fs.writeFileSync(outputFile, JSON.stringify(result) ?? '');
    }
    if (Number(seconds) > 0) {
        report.compile_ns = await measure(() => { jsonata(source); });
        if (!compileOnly) {
            report.parse_ns = await measure(() => { parse(); });
            report.eval_ns = await measure(() => expression.evaluate(data));
            report.serialize_ns = await measure(() => { JSON.stringify(result); });
            report.e2e_ns = await measure(async () => JSON.stringify(await expression.evaluate(parse())));
        }
    }
    console.log(JSON.stringify(report));
})().catch(e => {
    console.error(String(e && (e.code ? e.code + ' ' + e.message : e.message) || e));
    process.exit(1);
});
