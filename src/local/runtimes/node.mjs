// node.mjs - the Node.js side of a function: asks the Runtime API for events, calls the handler, posts what it returns
// (our spec, sections 7.2, 7.3 and 7.7; "Define Lambda function handler in Node.js" of the AWS Lambda Developer Guide).
// Node reads it from its standard input, so that it needs no file beside the function.  Node 18 and newer.
//# sourceURL=file:///var/runtime/index.mjs
import http from "node:http";
import path from "node:path";
import { existsSync } from "node:fs";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { format, inspect } from "node:util";

const env = process.env;
const [apiHost, apiPort] = env.AWS_LAMBDA_RUNTIME_API.split(":");
const apiBase = "/2018-06-01/runtime/";
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const EXIT_FATAL = 129, EXIT_REJECTION = 128;

// ---- the log --------------------------------------------------------------------------------------------------------

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const isJson = env.AWS_LAMBDA_LOG_FORMAT === "JSON";
const lowest = isJson ? Math.max(LEVELS.indexOf(env.AWS_LAMBDA_LOG_LEVEL ?? "INFO"), 0) : 0;
let requestId;                  // of the invocation at hand

// One record is one line: the ends of lines within it become carriage returns.
function writeText(level, message) {
    process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${message.replace(/\n/g, "\r")}\n`);
}

function writeJson(level, args) {
    const record = { timestamp: new Date().toISOString(), level, requestId };
    const error = args.find((a) => a instanceof Error);
    record.message = args.length === 1 && typeof args[0] === "object" && !error ? args[0] : format(...args);
    if (error) {
        record.errorType = error.name;
        record.errorMessage = error.message;
        record.stackTrace = (error.stack ?? "").split("\n").slice(1).map((line) => line.trim());
    }
    let line;
    try {
        line = JSON.stringify(record);
    } catch {
        line = JSON.stringify({ ...record, message: inspect(record.message) });
    }
    process.stdout.write(line + "\n");
}

function log(level, ...args) {
    if (LEVELS.indexOf(level) < lowest)
        return;
    if (isJson)
        writeJson(level, args);
    else
        writeText(level, format(...args));
}

function patchConsole() {
    const levels = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR" };
    for (const [name, level] of Object.entries(levels))
        console[name] = (...args) => log(level, ...args);
    console.fatal = (...args) => log("FATAL", ...args);
}

// ---- errors ---------------------------------------------------------------------------------------------------------

class RuntimeError extends Error {
    constructor(name, reason) {
        super(reason instanceof Error ? String(reason) : reason);
        this.name = name;
    }
}

const isError = (e) => e instanceof Error || Object.prototype.toString.call(e) === "[object Error]";

// What a caller gets: the document of a function error, `trace` beginning with the line of the message.
function errorDocument(e) {
    if (!isError(e))
        return { errorType: typeof e, errorMessage: thrownText(e), trace: [] };
    return { errorType: e.name ?? "Error", errorMessage: String(e.message), trace: traceOf(e) };
}

function thrownText(e) {
    if (typeof e === "object" && e !== null) {
        try {
            return JSON.stringify(e) ?? String(e);
        } catch {
            return inspect(e);
        }
    }
    return String(e);
}

// A name that was set behind the constructor is not in the stack's first line; it is here.
function traceOf(e) {
    const lines = String(e.stack ?? "").split("\n");
    const head = `${e.name}: ${e.message}`.split("\n");
    const frames = lines.findIndex((line) => /^\s+at /.test(line));
    return [...head, ...(frames < 0 ? [] : lines.slice(frames))];
}

// The same for the log, with what a program has added to its errors: code, statusCode, cause.
function logDocument(e) {
    const { trace, ...document } = errorDocument(e);
    const added = {};
    for (const key of isError(e) ? new Set([...Object.keys(e), "cause"]) : []) {
        if (key !== "name" && e[key] !== undefined)
            added[key] = isError(e[key]) && e[key] !== e ? logDocument(e[key]) : e[key];
    }
    return { ...document, ...added, stack: trace };
}

function logError(label, e) {
    if (isJson)
        log("ERROR", isError(e) ? e : new RuntimeError("Error", thrownText(e)));
    else
        log("ERROR", `${label} \t${safeJson(logDocument(e))}`);
}

function safeJson(value) {
    try {
        return JSON.stringify(value);
    } catch {
        const { errorType, errorMessage, trace, stack } = value;        // what was added goes round in circles
        return JSON.stringify({ errorType, errorMessage, trace, stack });
    }
}

// ---- the Runtime API -------------------------------------------------------------------------------------------------

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

// Whoever gave us work is gone: there is nobody to tell.
function leave() {
    process.exit(0);
}

function request(method, where, headers, body) {
    return new Promise((resolve) => {
        const r = http.request({ agent, host: apiHost, port: apiPort, method, path: apiBase + where, headers }, (answer) => {
            const pieces = [];
            answer.on("data", (piece) => pieces.push(piece));
            answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers,
                                             body: Buffer.concat(pieces) }));
            answer.on("aborted", leave);
        });
        // A connection that was closed while it was idle: nothing was asked on it yet.
        r.on("error", (e) => (r.reusedSocket && e.code === "ECONNRESET" ? resolve(request(method, where, headers, body))
                                                                        : leave()));
        r.end(body);
    });
}

function post(where, headers, text) {
    const body = Buffer.from(text);
    return request("POST", where, { "Content-Type": "application/json", "Content-Length": body.length, ...headers },
                   body);
}

function postError(where, e, headers) {
    return post(where, headers ?? {}, safeJson(errorDocument(e)));
}

// Nothing was called yet, and nothing ever will be: says why and ends.
async function failInit(e) {
    logError("Uncaught Exception", e);
    await postError("init/error", e, { "Lambda-Runtime-Function-Error-Type": e?.name ?? "Error" });
    process.exit(EXIT_FATAL);
}

// ---- the handler -----------------------------------------------------------------------------------------------------

// "folder/file.export.path": the file ends at the first dot behind the last slash.
function parseHandler(text) {
    const slash = text.lastIndexOf("/") + 1, dot = text.indexOf(".", slash);
    if (text.includes("..") || dot <= slash || dot === text.length - 1)
        throw new RuntimeError("Runtime.MalformedHandlerName", text.includes("..") ?
            `'${text}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`
            : "Bad handler");
    return { file: text.slice(0, dot), names: text.slice(dot + 1).split(".") };
}

function findFile(root, name) {
    for (const end of ["", ".js", ".mjs", ".cjs"]) {
        const file = path.resolve(root, name + end);
        if (existsSync(file) && (end || path.extname(name)))
            return file;
    }
    const missing = new Error(`Cannot find module '${name}'\nRequire stack:\n- /var/runtime/index.mjs`);
    missing.code = "MODULE_NOT_FOUND";
    throw new RuntimeError("Runtime.ImportModuleError", missing);
}

function asImportError(e) {
    if (e instanceof SyntaxError)
        return Object.assign(new RuntimeError("Runtime.UserCodeSyntaxError", e), { stack: e.stack });
    if (e?.code === "MODULE_NOT_FOUND" || e?.code === "ERR_MODULE_NOT_FOUND")
        return new RuntimeError("Runtime.ImportModuleError", e);
    return e;
}

async function load(root, text) {
    const { file, names } = parseHandler(text);
    let module;
    try {
        module = await import(pathToFileURL(findFile(root, file)));
    } catch (e) {
        throw asImportError(e);
    }
    // CommonJS exports that Node does not see from outside are in `default`.
    const pick = (from) => names.reduce((value, name) => value?.[name], from);
    const handler = pick(module) ?? pick(module.default);
    if (handler === undefined || handler === null)
        throw new RuntimeError("Runtime.HandlerNotFound", `${text} is undefined or not exported`);
    if (typeof handler !== "function")
        throw new RuntimeError("Runtime.HandlerNotFound", `${text} is not a function`);
    return handler;
}

// ---- an invocation -----------------------------------------------------------------------------------------------------

function parsed(text) {
    return text ? JSON.parse(text) : undefined;
}

function makeContext(headers, id) {
    const deadline = Number(headers["lambda-runtime-deadline-ms"]);
    return {
        callbackWaitsForEmptyEventLoop: true,
        functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
        functionName: env.AWS_LAMBDA_FUNCTION_NAME,
        memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
        logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
        logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
        clientContext: parsed(headers["lambda-runtime-client-context"]),
        identity: parsed(headers["lambda-runtime-cognito-identity"]),
        tenantId: headers["lambda-runtime-aws-tenant-id"],
        invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
        awsRequestId: id,
        getRemainingTimeInMillis: () => deadline - Date.now(),
    };
}

function stringify(result) {
    let text;
    try {
        text = JSON.stringify(result === undefined ? null : result);
    } catch (e) {
        throw new Error("Unable to stringify response body", { cause: e });
    }
    return text === undefined ? "null" : text;         // a function, a symbol
}

// What happens when there is nothing left to do: no timer, no socket, no promise that anything could still settle.
let onEmpty = null;
process.on("beforeExit", () => {
    const then = onEmpty;
    onEmpty = null;
    then?.();
});

// Calls the handler and waits for its outcome: a promise's, a callback's, or the end of all work.  Resolves to a
// function that posts it, and whether to wait for the end of all work before the next event.
function callBuffered(handler, event, context) {
    return new Promise((resolve) => {
        let isDecided = false;
        const decide = (outcome) => {
            if (isDecided)
                return;
            isDecided = true;
            onEmpty = null;
            resolve(outcome);
        };
        const succeed = (value, waits) => decide({ value, waits });
        const fail = (error, waits) => decide({ error: error ?? undefined, hasFailed: true, waits });
        const waits = () => context.callbackWaitsForEmptyEventLoop;
        const callback = (error, value) => (error === null || error === undefined ? succeed(value, waits())
                                                                                  : fail(error, waits()));
        context.done = callback;
        context.succeed = (value) => succeed(value, false);
        context.fail = (error) => fail(error, false);
        onEmpty = () => succeed(null, false);
        try {
            const returned = handler(event, context, callback);
            if (typeof returned?.then === "function")
                returned.then((value) => succeed(value, false), (error) => fail(error, false));
        } catch (e) {
            fail(e, false);
        }
    });
}

async function answerBuffered(handler, event, context, id) {
    const outcome = await callBuffered(handler, event, context);
    let text, error = outcome.error, hasFailed = outcome.hasFailed;
    if (!hasFailed) {
        try {
            text = stringify(outcome.value);
        } catch (e) {
            error = e;
            hasFailed = true;
        }
    }
    if (hasFailed)
        await answerError(id, error);
    else
        await post(`invocation/${id}/response`, {}, text);
    if (outcome.waits)
        await new Promise((resolve) => { onEmpty = resolve; });
}

function answerError(id, error) {
    logError("Invoke Error", error);
    return postError(`invocation/${id}/error`, error);
}

// ---- an answer in pieces -----------------------------------------------------------------------------------------------

class ResponseStream extends Writable {
    #id;
    #type = "application/octet-stream";
    #request = null;
    #answered;
    #prelude = null;
    #socket = null;

    constructor(id) {
        super({ highWaterMark: 65536 });
        this.#id = id;
        this.answered = new Promise((resolve) => { this.#answered = resolve; });
    }

    get hasBegun() {
        return this.#request !== null;
    }

    setContentType(type) {
        if (this.#request)
            throw new RuntimeError("InvalidStreamingOperation", "Cannot set content-type, too late.");
        this.#type = type;
    }

    setPrelude(prelude) {
        this.#prelude = prelude;
    }

    // The connection is work that is left to do while bytes are on their way, and not while a handler has forgotten it.
    #hold() {
        if (this.writableEnded || this.writableLength > 0)
            this.#socket?.ref();
        else
            this.#socket?.unref();
    }

    #open() {
        if (this.#request)
            return this.#request;
        const r = http.request({
            agent, host: apiHost, port: apiPort, method: "POST", path: `${apiBase}invocation/${this.#id}/response`,
            headers: {
                "Content-Type": this.#type,
                "Lambda-Runtime-Function-Response-Mode": "streaming",
                "Transfer-Encoding": "chunked",
                Trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
            },
        }, (answer) => {
            answer.resume();
            answer.on("end", this.#answered);
            answer.on("aborted", leave);
        });
        r.on("error", leave);
        r.on("socket", (socket) => {
            this.#socket = socket;
            this.#hold();
        });
        this.#request = r;
        if (this.#prelude !== null)
            r.write(Buffer.concat([Buffer.from(this.#prelude), Buffer.alloc(8)]));
        return r;
    }

    _write(piece, encoding, done) {
        const bytes = typeof piece === "string" ? Buffer.from(piece, encoding) : piece;
        if (bytes.length === 0)
            return done();
        this.#socket?.ref();
        this.#open().write(bytes, () => {
            done();
            this.#hold();
        });
    }

    _final(done) {
        this.#open().end();
        this.#socket?.ref();
        done();
    }

    // The caller has seen a part: the error follows it.
    fail(error) {
        const document = errorDocument(error);
        const r = this.#open();
        r.addTrailers({
            "Lambda-Runtime-Function-Error-Type": String(document.errorType).replace(/[^\x20-\x7e]/g, "?"),
            "Lambda-Runtime-Function-Error-Body": Buffer.from(safeJson(document)).toString("base64"),
        });
        r.end();
        this.#socket?.ref();
    }
}

class HttpResponseStream {
    static from(underlying, prelude) {
        underlying.setContentType("application/vnd.awslambda.http-integration-response");
        underlying.setPrelude(JSON.stringify(prelude));
        return underlying;
    }
}

function streamifyResponse(handler, options) {
    handler[STREAMING] = "response";
    if (options?.highWaterMark !== undefined)
        handler.highWaterMark = options.highWaterMark;
    return handler;
}

async function answerStreamed(handler, event, context, id) {
    const stream = new ResponseStream(id);
    stream.on("error", () => {});               // a write behind the end is the handler's mistake, told by its promise
    const over = new Promise((resolve) => { onEmpty = () => resolve(false); });
    try {
        const returned = handler(event, stream, context);
        await Promise.race([Promise.resolve(returned).then(() => true), over]);
    } catch (e) {
        onEmpty = null;
        if (!stream.hasBegun)
            return answerError(id, e);
        logError("Invoke Error", e);
        stream.fail(e);
        return stream.answered;
    }
    if (!stream.writableEnded) {
        onEmpty = () => stream.end();           // it may still be written to by what the handler has begun
        await stream.answered;
    }
    onEmpty = null;
    return stream.answered;
}

// ---- the loop ----------------------------------------------------------------------------------------------------------

// Every value that the platform sends is JSON, but for events that were none.
async function invoke(handler, answer, id) {
    const { headers } = answer;
    requestId = id;
    if (headers["lambda-runtime-trace-id"])
        env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
    else
        delete env._X_AMZN_TRACE_ID;
    let event, context;
    try {
        event = JSON.parse(answer.body);
        context = makeContext(headers, id);
    } catch (e) {
        return answerError(id, e);
    }
    if (handler[STREAMING])
        return answerStreamed(handler, event, context, id);
    return answerBuffered(handler, event, context, id);
}

// Outside of any handler's hands: the invocation, if there is one, fails, and the process ends.
async function die(label, error, status) {
    logError(label, error);
    if (requestId === undefined)
        await postError("init/error", error, { "Lambda-Runtime-Function-Error-Type": error?.name ?? "Error" });
    else
        await postError(`invocation/${requestId}/error`, error);
    process.exit(status);
}

function watch() {
    process.on("uncaughtException", (e) => die("Uncaught Exception", e, EXIT_FATAL));
    process.on("unhandledRejection", (reason) => {
        const error = new RuntimeError("Runtime.UnhandledPromiseRejection", isError(reason) ? String(reason)
                                                                                            : thrownText(reason));
        error.reason = reason;
        die("Unhandled Promise Rejection", error, EXIT_REJECTION);
    });
}

async function main() {
    const root = env.LAMBDA_TASK_ROOT ?? process.cwd();
    env.AWS_EXECUTION_ENV = `AWS_Lambda_nodejs${process.versions.node.split(".")[0]}.x`;
    globalThis.awslambda = { streamifyResponse, HttpResponseStream };
    patchConsole();
    watch();
    let handler;
    try {
        handler = await load(root, process.argv[2] ?? env._HANDLER);
    } catch (e) {
        return failInit(e);
    }
    for (;;) {
        const answer = await request("GET", "invocation/next", {});
        const id = answer.headers["lambda-runtime-aws-request-id"];
        if (answer.status !== 200 || !id)
            return failInit(new RuntimeError("Runtime.Unknown", `Failed to get next invocation: ${answer.status}`));
        await invoke(handler, answer, id);
    }
}

main();
