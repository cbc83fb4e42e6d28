"""Python functions under `local`: what a handler does and what its caller and the log get, as on AWS."""
import base64
import json
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

import boto3
from botocore.config import Config

from support import REGION, Local

ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

APP = '''
import decimal, logging, os, sys
log = logging.getLogger()
print("loading")

class Odd(Exception):
    pass

def deeper():
    raise Odd("bös")

def handler(event, context):
    do = event.get("do") if isinstance(event, dict) else None
    if do == "raise":
        deeper()
    if do == "exit":
        sys.exit(7)
    if do == "set":
        return {1, 2}
    if do == "decimal":
        return {"half": decimal.Decimal("0.5"), "seven": decimal.Decimal("7")}
    if do == "nan":
        return float("nan")
    if do == "log":
        log.warning("careful\\nthere")
        logging.getLogger("x").error("worse %d", 5)
        log.info("not shown")
        print("printed")
    if do == "context":
        c = context
        return {"id": c.aws_request_id, "name": c.function_name, "version": c.function_version,
                "memory": c.memory_limit_in_mb, "arn": c.invoked_function_arn, "group": c.log_group_name,
                "left": c.get_remaining_time_in_millis(), "custom": c.client_context.custom,
                "title": c.client_context.client.app_title, "cognito": c.identity.cognito_identity_id,
                "trace": os.environ["_X_AMZN_TRACE_ID"]}
    if do == "env":
        return dict(os.environ)
    if do == "nothing":
        return None
    return event
'''


class Functions(unittest.TestCase):
    FUNCTIONS = {
        "app": {"app.py": APP},
        "lambda": {"lambda_function.py": "def lambda_handler(event, context):\n    return 'usual'\n"},
        "mixed": {"app.py": "lambda_handler = lambda event, context: 'named'\n"},
        "deep": {"pkg/sub.py": "import top\ndef run(event, context):\n    return top.V\n", "top.py": "V = 'deep'\n",
                 "function.json": '{"runtime": "python3.12", "handler": "pkg/sub.run"}'},
        "no-file": {"app.py": "", "function.json": '{"handler": "other.handler"}'},
        "no-module": {"app.py": "import nowhere_to_be_found\n"},
        "no-handler": {"app.py": "x = 1\n"},
        "no-syntax": {"app.py": "def handler(event, context:\n    pass\n"},
        "no-name": {"app.py": "", "function.json": '{"handler": "app"}'},
        "throws": {"app.py": "raise KeyError('while loading')\n"},
    }

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-python-"))
        for name, files in cls.FUNCTIONS.items():
            for file, text in files.items():
                path = cls.folder / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        cls.local = Local(cls.folder, env={"PATH": "/usr/bin:/bin"})
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
        error = json.load(answer["Payload"])
        self.assertEqual(error["errorType"], kind)
        self.assertRegex(error["errorMessage"], message)
        return error, base64.b64decode(answer["LogResult"]).decode()

    def test_results(self):
        self.assertEqual(self.succeeds("app", {"a": "ü"}), {"a": "ü"})
        self.assertEqual(self.call("app", {"a": "ü"})["Payload"].read().decode(), '{"a": "ü"}')
        self.assertIsNone(self.succeeds("app", {"do": "nothing"}))
        self.assertEqual(self.succeeds("app", {"do": "decimal"}), {"half": 0.5, "seven": 7})

    def test_where_handlers_are_found(self):
        for name, expected in (("lambda", "usual"), ("mixed", "named"), ("deep", "deep")):
            self.assertEqual(self.succeeds(name), expected)

    def test_what_is_said_when_they_are_not(self):
        self.fails("no-file", None, "Runtime.ImportModuleError", "^Unable to import module 'other': No module named 'other'")
        self.fails("no-module", None, "Runtime.ImportModuleError",
                   "^Unable to import module 'app': No module named 'nowhere_to_be_found'")
        self.fails("no-handler", None, "Runtime.HandlerNotFound", "^Handler 'handler' missing on module 'app'$")
        error, _ = self.fails("no-syntax", None, "Runtime.UserCodeSyntaxError", "^Syntax error in module 'app': ")
        self.assertRegex(error["stackTrace"][0], r'^  File ".*/no-syntax/app\.py" Line 1\n')
        self.fails("no-name", None, "Runtime.MalformedHandlerName", "^Bad handler 'app'")
        error, log = self.fails("throws", None, "KeyError", "^'while loading'$")
        self.assertRegex(error["stackTrace"][-1], r'File ".*/throws/app\.py", line 1, in <module>\n')
        self.assertIn("[ERROR] KeyError: 'while loading'\rTraceback (most recent call last):\r", log)

    def test_exceptions_in_aws_s_shape(self):
        error, log = self.fails("app", {"do": "raise"}, "Odd", "^bös$")
        self.assertEqual(list(error), ["errorMessage", "errorType", "requestId", "stackTrace"])
        self.assertRegex(error["requestId"], f"^{ID}$")
        first, second = (entry.split("\n")[:2] for entry in error["stackTrace"])
        app = self.folder / "app" / "app.py"
        self.assertEqual(first, [f'  File "{app}", line 15, in handler', "    deeper()"])
        self.assertEqual(second, [f'  File "{app}", line 10, in deeper', '    raise Odd("bös")'])
        self.assertIn(f'[ERROR] Odd: bös\rTraceback (most recent call last):\r\u00a0\u00a0File "{app}", line 15, in '
                      "handler\r\u00a0\u00a0\u00a0\u00a0deeper()\r", log)
        self.fails("app", {"do": "set"}, "Runtime.MarshalError",
                   "^Unable to marshal response: Object of type set is not JSON serializable$")
        self.fails("app", {"do": "exit"}, "Runtime.ExitError", "exit status 7$")

    def test_the_log(self):
        self.call("app", {"do": "exit"})
        log = base64.b64decode(self.call("app", {"do": "log"}, LogType="Tail")["LogResult"]).decode()
        stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
        self.assertRegex(log, f"^loading\nSTART RequestId: ({ID}) Version: .LATEST\n\\[WARNING\\]\t{stamp}\t\\1\t"
                              f"careful\nthere\n\\[ERROR\\]\t{stamp}\t\\1\tworse 5\nprinted\nEND RequestId: \\1\n")

    def test_the_context(self):
        context = base64.b64encode(json.dumps({"custom": {"k": "ü"}, "client": {"app_title": "t"}}).encode()).decode()
        answer = self.call("app", {"do": "context"}, ClientContext=context)
        told = json.load(answer["Payload"])
        self.assertTrue(0 < told.pop("left") <= 3000)
        self.assertRegex(told.pop("trace"), "^Root=1-")
        self.assertEqual(told, {"id": answer["ResponseMetadata"]["RequestId"], "name": "app", "version": "$LATEST",
                                "memory": "128", "arn": f"arn:aws:lambda:{REGION}:123456789012:function:app",
                                "group": "/aws/lambda/app", "custom": {"k": "ü"}, "title": "t", "cognito": None})

    def test_the_environment(self):
        env = self.succeeds("app", {"do": "env"})
        self.assertEqual(env["AWS_EXECUTION_ENV"], "AWS_Lambda_python%d.%d" % sys.version_info[:2])
        self.assertEqual((env["_HANDLER"], env["LAMBDA_TASK_ROOT"]), ("app.handler", str(self.folder / "app")))

    def test_many_events_go_to_one_process(self):
        for i in range(20):
            self.assertEqual(self.succeeds("app", {"i": i}), {"i": i})


if __name__ == "__main__":
    unittest.main()
