"""Node.js functions under `local`: what a handler does and what its caller and the log get, as on AWS."""
import base64
import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest

import boto3
from botocore.config import Config

from support import HERE, REGION, Local, component

NODE = shutil.which("node", path="/usr/local/bin:/usr/bin:/bin") or shutil.which("node")
RIC = pathlib.Path(os.environ.get("ALC_NODE_MODULES", "/nonexistent")) / "aws-lambda-ric" / "bin" / "index.mjs"
ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# Names of functions, and their files.  What is in `same` gives the same answers under aws-lambda-ric.
HANDLERS = {"index.mjs": r"""
import { setTimeout as sleep } from "node:timers/promises";
console.log("loading");
export const handler = async (event, context) => {
    switch (event.do) {
    case "throw": throw Object.assign(new TypeError("boom"), { code: "E_BOOM", cause: new Error("why") });
    case "named": { const e = new Error("odd"); e.name = "Odd.Error"; throw e; }
    case "string": throw "just text";
    case "object": throw { a: 1 };
    case "undefined": return undefined;
    case "bigint": return 1n;
    case "circle": { const o = {}; o.o = o; return o; }
    case "never": return new Promise(() => {});
    case "exit": process.exit(7);
    case "uncaught": setTimeout(() => { throw new RangeError("late"); }, 1); await sleep(1000); break;
    case "rejected": Promise.reject(new Error("nobody listens")); await sleep(1000); break;
    case "log": console.info("one\ntwo"); console.warn({ a: 1 }); console.error("%s-%d", "x", 5);
        process.stdout.write("as it is\n"); break;
    case "context": return { ...context, left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID };
    case "env": return process.env;
    }
    return event;
};
export const nested = { a: { b: async () => "deep" } };
export const early = (event, context, callback) => { callback(null, "called"); };
export const plain = () => "ignored";
export const failing = (event, context, callback) => callback(new Error("called back"));
export const failingText = (event, context, callback) => callback("text");
export const later = (event, context, callback) => { setTimeout(() => callback(null, "later"), 20); };
export const done = (event, context) => context.done(null, { done: true });
export const succeed = (event, context) => context.succeed("succeeded");
export const fail = (event, context) => context.fail(new Error("failed"));
export const sync = () => { throw new SyntaxError("at once"); };
export const busy = (event, context, callback) => {
    context.callbackWaitsForEmptyEventLoop = event.waits;
    setTimeout(() => console.log("after"), 30);
    callback(null, "now");
};
export const value = 5;
"""}
SAME = ("handler", "nested.a.b", "early", "plain", "failing", "failingText", "later", "done", "succeed", "fail")

STREAMS = {"index.mjs": r"""
export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
    if (event.do === "early") throw new TypeError("before");
    if (event.http) {
        stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "X-A": "b" } });
    } else {
        stream.setContentType("text/plain");
    }
    for (let i = 0; i < (event.pieces ?? 3); i++) {
        stream.write(`piece ${i} `);
        await new Promise((resolve) => setTimeout(resolve, event.ms ?? 5));
    }
    if (event.do === "late") throw new RangeError("after");
    if (event.do !== "open") stream.end();
});
"""}


def document(answer):
    return json.load(answer["Payload"])


@unittest.skipUnless(NODE, "there is no node here")
class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not NODE:
            raise unittest.SkipTest("there is no node here")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-node-"))
        for name, files in cls.functions().items():
            for file, text in files.items():
                path = cls.folder / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text if isinstance(text, str) else json.dumps(text))
        cls.local = Local(cls.folder, env={"PATH": f"{pathlib.Path(NODE).parent}:/usr/bin:/bin"})
        cls.client = boto3.client("lambda", endpoint_url=cls.local.endpoint, aws_access_key_id="local",
                                  aws_secret_access_key="local-secret",
                                  config=Config(retries={"total_max_attempts": 1}, region_name=REGION, read_timeout=30))

    @classmethod
    def tearDownClass(cls):
        cls.local.close()
        shutil.rmtree(cls.folder, True)

    def call(self, name, event=None, **options):
        return self.client.invoke(FunctionName=name, Payload=json.dumps(event or {}).encode(), **options)

    def succeeds(self, name, event=None):
        answer = self.call(name, event)
        payload = answer["Payload"].read()
        self.assertNotIn("FunctionError", answer, payload)
        return json.loads(payload)

    def fails(self, name, event=None, kind=None, message=None):
        answer = self.call(name, event, LogType="Tail")
        self.assertEqual(answer.get("FunctionError"), "Unhandled")
        error = document(answer)
        if kind:
            self.assertEqual(error["errorType"], kind)
        if message:
            self.assertRegex(error["errorMessage"], message)
        return error, base64.b64decode(answer["LogResult"]).decode()


def of_handler(name):
    return {**HANDLERS, "function.json": {"handler": f"index.{name}"}}


class Handlers(Functions):
    @staticmethod
    def functions():
        names = (*SAME, "sync", "busy")
        return {name.replace(".", "-"): of_handler(name) for name in names}

    def test_what_a_promise_gives(self):
        self.assertEqual(self.succeeds("handler", {"a": "ü"}), {"a": "ü"})
        self.assertIsNone(self.succeeds("handler", {"do": "undefined"}))
        self.assertIsNone(self.succeeds("handler", {"do": "never"}))
        self.assertEqual(self.succeeds("nested-a-b"), "deep")

    def test_what_a_callback_gives(self):
        for name, expected in (("early", "called"), ("later", "later"), ("done", {"done": True}),
                               ("succeed", "succeeded"), ("plain", None)):
            self.assertEqual(self.succeeds(name), expected, name)
        for name, kind, message in (("failing", "Error", "called back"), ("failingText", "string", "text"),
                                    ("fail", "Error", "failed"), ("sync", "SyntaxError", "at once")):
            self.fails(name, None, kind, message)

    def test_the_next_event_waits_for_an_empty_event_loop_if_asked(self):
        for waits in (True, False, True):
            self.assertEqual(self.succeeds("busy", {"waits": waits}), "now")

    def test_exceptions_in_aws_s_shape(self):
        error, log = self.fails("handler", {"do": "throw"}, "TypeError", "boom")
        self.assertEqual(list(error), ["errorType", "errorMessage", "trace"])
        self.assertEqual(error["trace"][0], "TypeError: boom")
        self.assertRegex(error["trace"][1], r"^    at .*handler \(file:///.*/handler/index\.mjs:6:\d+\)$")
        line = re.search(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{ID}\tERROR\tInvoke Error \t(\{{.*\}})\n", log)
        logged = json.loads(line.group(1))
        self.assertEqual((logged["errorType"], logged["errorMessage"], logged["code"]), ("TypeError", "boom", "E_BOOM"))
        self.assertEqual(logged["stack"], error["trace"])
        self.assertEqual(logged["cause"]["errorMessage"], "why")
        error, _ = self.fails("handler", {"do": "named"}, "Odd.Error", "odd")
        self.assertEqual(error["trace"][0], "Odd.Error: odd")
        self.fails("handler", {"do": "string"}, "string", "^just text$")
        self.fails("handler", {"do": "object"}, "object", '^{"a":1}$')
        self.fails("handler", {"do": "bigint"}, "Error", "Unable to stringify response body")
        self.fails("handler", {"do": "circle"}, "Error", "Unable to stringify response body")

    def test_what_happens_outside_of_the_handler(self):
        _, log = self.fails("handler", {"do": "uncaught"}, "RangeError", "late")
        self.assertIn("\tERROR\tUncaught Exception \t", log)
        error, log = self.fails("handler", {"do": "rejected"}, "Runtime.UnhandledPromiseRejection",
                                "^Error: nobody listens$")
        self.assertIn("\tERROR\tUnhandled Promise Rejection \t", log)
        self.fails("handler", {"do": "exit"}, "Runtime.ExitError", "exit status 7")
        self.assertEqual(self.succeeds("handler", {"again": 1}), {"again": 1})

    def test_the_log(self):
        self.call("handler", {"do": "exit"})
        log = base64.b64decode(self.call("handler", {"do": "log"}, LogType="Tail")["LogResult"]).decode()
        stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t"
        self.assertRegex(log, f"^{stamp}undefined\tINFO\tloading\nSTART RequestId: ({ID}) Version: .LATEST\n"
                              f"{stamp}\\1\tINFO\tone\rtwo\n{stamp}\\1\tWARN\t{{ a: 1 }}\n"
                              f"{stamp}\\1\tERROR\tx-5\nas it is\nEND RequestId: \\1\n")

    def test_the_context(self):
        context = base64.b64encode(json.dumps({"custom": {"k": "ü"}, "client": {"app_title": "t"}}).encode()).decode()
        answer = self.call("handler", {"do": "context"}, ClientContext=context)
        told = document(answer)
        self.assertEqual(told["awsRequestId"], answer["ResponseMetadata"]["RequestId"])
        self.assertEqual(told["clientContext"], {"custom": {"k": "ü"}, "client": {"app_title": "t"}})
        self.assertEqual((told["functionName"], told["functionVersion"], told["memoryLimitInMB"]),
                         ("handler", "$LATEST", "128"))
        self.assertEqual(told["invokedFunctionArn"], f"arn:aws:lambda:{REGION}:123456789012:function:handler")
        self.assertEqual((told["logGroupName"], told["callbackWaitsForEmptyEventLoop"]), ("/aws/lambda/handler", True))
        self.assertTrue(0 < told["left"] <= 3000)
        self.assertRegex(told["trace"], "^Root=1-")

    def test_the_environment(self):
        env = self.succeeds("handler", {"do": "env"})
        self.assertRegex(env["AWS_EXECUTION_ENV"], r"^AWS_Lambda_nodejs\d+\.x$")
        self.assertEqual((env["_HANDLER"], env["LAMBDA_TASK_ROOT"]), ("index.handler", str(self.folder / "handler")))

    @unittest.skipUnless(RIC.exists(), "aws-lambda-ric is not in $ALC_NODE_MODULES")
    def test_aws_lambda_ric_answers_alike(self):
        """AWS's own runtime client as a bootstrap, in the same folders."""
        theirs = pathlib.Path(tempfile.mkdtemp(prefix="alc-ric-"))
        self.addCleanup(shutil.rmtree, theirs, True)
        for name in SAME:
            folder = theirs / name.replace(".", "-")
            folder.mkdir()
            (folder / "index.mjs").write_text(HANDLERS["index.mjs"])
            (folder / "bootstrap").write_text(f'#!/bin/sh\nexec {NODE} {RIC} index.{name}\n')
            (folder / "bootstrap").chmod(0o755)
            (folder / "function.json").write_text('{"memory": 512, "timeout": 10}')
        local = Local(theirs)
        self.addCleanup(local.close)
        other = boto3.client("lambda", endpoint_url=local.endpoint, aws_access_key_id="local",
                             aws_secret_access_key="local-secret", region_name=REGION)
        events = [{"do": d} for d in ("throw", "named", "string", "undefined", "never", "bigint", "exit", "uncaught",
                                      "rejected", "echo")]
        for name in SAME:
            for event in events if name == "handler" else [{}]:
                with self.subTest(name=name, event=event):
                    payload = json.dumps(event).encode()
                    ours = self.client.invoke(FunctionName=name.replace(".", "-"), Payload=payload)
                    theirs = other.invoke(FunctionName=name.replace(".", "-"), Payload=payload)
                    self.assertEqual(ours.get("FunctionError"), theirs.get("FunctionError"))
                    ours, theirs = document(ours), document(theirs)
                    for answer in (ours, theirs):
                        if isinstance(answer, dict):
                            answer["trace"] = answer.get("trace", [None])[:1]
                            if "errorMessage" in answer:
                                answer["errorMessage"] = re.sub(ID, "ID", answer["errorMessage"])
                    self.assertEqual(ours, theirs)


class Modules(Functions):
    """How code is found, and what is said when it is not."""
    @staticmethod
    def functions():
        return {
            "commonjs": {"index.js": "exports.handler = async () => require('./lib/text').text;",
                         "lib/text.js": "exports.text = 'required';"},
            "assigned": {"index.cjs": "module.exports = { handler: async () => 'assigned' };"},
            "typed": {"index.js": "export const handler = async () => 'typed';", "package.json": {"type": "module"}},
            "imported": {"index.mjs": "import { v } from './v.mjs'; export const handler = async () => v;",
                         "v.mjs": "export const v = await Promise.resolve('awaited');"},
            "deep": {"src/fn.mjs": "export const run = async () => 'deep';",
                     "function.json": {"runtime": "nodejs", "handler": "src/fn.run"}},
            "no-file": {"index.mjs": "", "function.json": {"handler": "other.handler"}},
            "no-module": {"index.mjs": "import 'nowhere-to-be-found'; export const handler = 1;"},
            "no-required": {"index.js": "require('nowhere-to-be-found');"},
            "no-export": {"index.mjs": "export const other = 1;"},
            "no-function": {"index.mjs": "export const handler = 1;"},
            "no-syntax": {"index.mjs": "export const handler = async ( => 1;"},
            "no-name": {"index.mjs": "", "function.json": {"handler": "index"}},
            "throws": {"index.mjs": "throw new RangeError('while loading');"},
            "old": {"index.mjs": "export const handler = async () => { throw new Error('caught'); };",
                    "function.json": {"runtime": "nodejs8.10"}},
        }

    def test_where_code_is_found(self):
        for name, expected in (("commonjs", "required"), ("assigned", "assigned"), ("typed", "typed"),
                               ("imported", "awaited"), ("deep", "deep")):
            self.assertEqual(self.succeeds(name), expected, name)

    def test_what_is_said_when_it_is_not(self):
        self.fails("no-file", None, "Runtime.ImportModuleError", "^Error: Cannot find module 'other'\n")
        self.fails("no-module", None, "Runtime.ImportModuleError", "Cannot find package 'nowhere-to-be-found'")
        self.fails("no-required", None, "Runtime.ImportModuleError", "Cannot find module 'nowhere-to-be-found'")
        self.fails("no-export", None, "Runtime.HandlerNotFound", "^index.handler is undefined or not exported$")
        self.fails("no-function", None, "Runtime.HandlerNotFound", "^index.handler is not a function$")
        self.fails("no-syntax", None, "Runtime.UserCodeSyntaxError", "^SyntaxError: ")
        self.fails("no-name", None, "Runtime.MalformedHandlerName", "Bad handler")
        error, log = self.fails("throws", None, "RangeError", "^while loading$")
        self.assertIn("Uncaught Exception", log)
        self.assertIn("Error Type: Runtime.Unknown", log)

    def test_errors_that_old_runtimes_handled(self):
        answer = self.call("old")
        self.assertEqual((answer["FunctionError"], document(answer)["errorMessage"]), ("Handled", "caught"))


class Streams(Functions):
    @staticmethod
    def functions():
        return {"streams": STREAMS}

    def stream(self, event):
        run = component("invoke", "--function", "streams", "--region", REGION, "--endpoint", self.local.endpoint,
                        "--quiet", "--stream", stdin=json.dumps(event), env={"AWS_ACCESS_KEY_ID": "local",
                                                                             "AWS_SECRET_ACCESS_KEY": "local-secret"})
        return run.returncode, run.stdout, run.stderr.decode()

    def test_pieces(self):
        self.assertEqual(self.stream({})[:2], (0, b"piece 0 piece 1 piece 2 "))
        self.assertEqual(self.stream({"do": "open"})[:2], (0, b"piece 0 piece 1 piece 2 "))
        answer = self.client.invoke(FunctionName="streams", Payload=b"{}")
        self.assertEqual(answer["Payload"].read(), b"piece 0 piece 1 piece 2 ")

    def test_a_web_answer_has_a_prelude(self):
        status, out, _ = self.stream({"http": 1})
        prelude, body = out.split(b"\0" * 8)
        self.assertEqual((status, json.loads(prelude), body),
                         (0, {"statusCode": 201, "headers": {"X-A": "b"}}, b"piece 0 piece 1 piece 2 "))

    def test_errors(self):
        status, out, err = self.stream({"do": "late"})
        self.assertEqual((status, out), (1, b"piece 0 piece 1 piece 2 "))
        self.assertIn("RangeError", err)
        status, out, err = self.stream({"do": "early"})
        self.assertEqual((status, out), (1, b""))
        self.assertIn("TypeError", err)
        answer = self.client.invoke(FunctionName="streams", Payload=b'{"do":"late"}')
        self.assertEqual((answer["FunctionError"], document(answer)["errorMessage"]), ("Unhandled", "after"))


class Page(Functions):
    """docs/first-function.md says what happens."""
    PAGE = (HERE.parent.parent / "docs" / "first-function.md").read_text()

    @classmethod
    def functions(cls):
        return {"hello": {"index.mjs": cls.PAGE.split("<<'JS'\n")[1].split("\nJS\n")[0]}}

    def test_the_first_function(self):
        self.assertEqual(self.call("hello", {"name": "Ada"})["Payload"].read(), b'{"greeting":"Hello, Ada!"}')
        self.assertIn('\n{"greeting":"Hello, Ada!"}\n', self.PAGE)
        log = self.local.log_text()
        self.assertRegex(log, r"\n\d\d:\d\d:\d\d\.\d{3} hello [0-9a-f]{8}  INFO greeting Ada\n")
        screen = self.PAGE.split("```\nlocal Lambda at ")[1].split("\n```")[0]
        self.assertEqual(log[len("local Lambda at "):].replace(str(self.local.port), "9001")[:len(screen)], screen)


class NoInterpreter(unittest.TestCase):
    def test_a_missing_interpreter_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, file in (("n", "index.mjs"), ("p", "app.py")):
                (pathlib.Path(folder) / name).mkdir()
                (pathlib.Path(folder) / name / file).write_text("")
                run = component("local", "invoke", name, "--functions", folder, env={"PATH": "/nonexistent"})
                error = json.loads(run.stdout)
                self.assertEqual((run.returncode, error["errorType"]), (1, "Runtime.InvalidEntrypoint"))
                self.assertRegex(error["errorMessage"], "there is no program called (node|python3) in PATH .*; it comes "
                                                        "with the package (nodejs|python3)")


if __name__ == "__main__":
    unittest.main()
