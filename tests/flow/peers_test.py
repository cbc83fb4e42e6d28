"""Other people's clients against `local`: boto3 and the AWS CLI must take its answers for AWS's."""
import base64
import json
import os
import subprocess
import tempfile
import threading
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import scenarios_test
from support import KEYS, REGION, FlowTest, Local, clean_env

ONCE = Config(retries={"total_max_attempts": 1}, region_name=REGION, read_timeout=30)


def client(endpoint, access=KEYS["AWS_ACCESS_KEY_ID"], secret=KEYS["AWS_SECRET_ACCESS_KEY"]):
    return boto3.client("lambda", endpoint_url=endpoint, aws_access_key_id=access, aws_secret_access_key=secret,
                        config=ONCE)


class Boto3(FlowTest):
    def setUp(self):
        self.client = client(self.local.endpoint)

    def invoke(self, event, **options):
        return self.client.invoke(FunctionName="probe", Payload=json.dumps(event).encode(), **options)

    def refused(self, code, status, **options):
        with self.assertRaises(ClientError) as caught:
            self.client.invoke(**{"FunctionName": "probe", "Payload": b"{}", **options})
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], status)
        return caught.exception.response

    def test_success(self):
        answer = self.invoke({"a": "ü"})
        self.assertEqual(json.load(answer["Payload"]), {"a": "ü"})
        self.assertEqual((answer["StatusCode"], answer["ExecutedVersion"]), (200, "$LATEST"))
        self.assertNotIn("FunctionError", answer)
        self.assertRegex(answer["ResponseMetadata"]["RequestId"], "^[0-9a-f-]{36}$")

    def test_function_error(self):
        answer = self.invoke({"do": "fail", "message": "no"})
        self.assertEqual((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"))
        self.assertEqual(json.load(answer["Payload"])["errorType"], "ValueError")

    def test_log_tail_is_the_last_four_kilobytes(self):
        log = base64.b64decode(self.invoke({"do": "log", "lines": 2}, LogType="Tail")["LogResult"]).decode()
        self.assertRegex(log, r"START RequestId: [0-9a-f-]+ Version: \$LATEST\n")
        self.assertRegex(log, r"END RequestId: [0-9a-f-]+\nREPORT RequestId: [0-9a-f-]+\tDuration: [0-9.]+ ms\t")
        log = base64.b64decode(self.invoke({"do": "log", "lines": 900}, LogType="Tail")["LogResult"])
        self.assertEqual(len(log), 4096)

    def test_event_and_dry_run(self):
        self.assertEqual(self.invoke({}, InvocationType="Event")["StatusCode"], 202)
        self.assertEqual(self.invoke({}, InvocationType="DryRun")["StatusCode"], 204)

    def test_unknown_function(self):
        answer = self.refused("ResourceNotFoundException", 404, FunctionName="nobody")
        self.assertEqual(answer["Error"]["Message"],
                         f"Function not found: arn:aws:lambda:{REGION}:123456789012:function:nobody:$LATEST")

    def test_unknown_version(self):
        self.refused("ResourceNotFoundException", 404, Qualifier="7")

    def test_conflicting_qualifiers(self):
        self.refused("InvalidParameterValueException", 400, FunctionName="probe:A", Qualifier="B")

    def test_body_that_is_no_json(self):
        self.refused("InvalidRequestContentException", 400, Payload=b"{oops")

    def test_body_over_the_limit(self):
        answer = self.refused("RequestEntityTooLargeException", 413, Payload=b'"' + b"x" * 6291456 + b'"')
        self.assertIn("6291456", answer["Error"]["Message"])

    def test_wrong_secret_and_unknown_key(self):
        self.client = client(self.local.endpoint, secret="wrong")
        self.refused("InvalidSignatureException", 403)
        self.client = client(self.local.endpoint, access="AKIDUNKNOWN")
        self.refused("UnrecognizedClientException", 403)

    def test_client_context_that_is_no_base64(self):
        self.refused("InvalidRequestContentException", 400, ClientContext="%%%")

    def test_names_and_arns(self):
        for name in ("probe:$LATEST", "123456789012:function:probe", f"arn:aws:lambda:{REGION}:123456789012:function:probe"):
            self.assertEqual(self.client.invoke(FunctionName=name, Payload=b"1")["StatusCode"], 200, name)

    def test_overlapping_calls_run_in_several_processes(self):
        pids, threads = set(), []

        def call():
            pids.add(json.load(self.invoke({"do": "pid", "ms": 500})["Payload"]))

        for _ in range(6):
            threads.append(threading.Thread(target=call))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertGreater(len(pids), 1)


class Throttling(FlowTest):
    local_options = ("--max-processes", "1")

    def test_more_calls_than_processes_are_throttled(self):
        codes, threads = [], []
        slow = client(self.local.endpoint)

        def call():
            try:
                codes.append(slow.invoke(FunctionName="probe", Payload=b'{"do":"sleep","ms":800}')["StatusCode"])
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
                self.assertIn("retry-after", error.response["ResponseMetadata"]["HTTPHeaders"])

        for _ in range(3):
            threads.append(threading.Thread(target=call))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(map(str, codes)), ["200", "TooManyRequestsException", "TooManyRequestsException"])


class AwsCli(FlowTest):
    def aws(self, *args):
        with tempfile.NamedTemporaryFile() as out:
            run = subprocess.run(
                ["/usr/bin/aws", "lambda", "invoke", "--endpoint-url", self.local.endpoint, "--region", REGION,
                 "--cli-binary-format", "raw-in-base64-out", *args, out.name],
                capture_output=True, timeout=120, env=clean_env({**KEYS, "AWS_MAX_ATTEMPTS": "1", "HOME": "/tmp"}))
            return run, out.read()

    def test_success_with_log_tail(self):
        run, payload = self.aws("--function-name", "probe", "--payload", '{"x":1}', "--log-type", "Tail")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(json.loads(payload), {"x": 1})
        answer = json.loads(run.stdout)
        self.assertEqual((answer["StatusCode"], answer["ExecutedVersion"]), (200, "$LATEST"))
        self.assertIn("REPORT", base64.b64decode(answer["LogResult"]).decode())

    def test_function_error(self):
        run, payload = self.aws("--function-name", "probe", "--payload", '{"do":"fail"}')
        self.assertEqual(json.loads(run.stdout)["FunctionError"], "Unhandled")
        self.assertEqual(json.loads(payload)["errorMessage"], "asked to fail")

    def test_unknown_function(self):
        run, _ = self.aws("--function-name", "nobody", "--payload", "{}")
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("ResourceNotFoundException", run.stderr.decode())


class SameBytes(unittest.TestCase):
    """What the action sends for a form and a message is what others' clients send for the same input."""
    CASES = (
        ({"functionName": "probe"}, {"a": [1, "ü"]}, {}),
        ({"functionName": "probe", "qualifier": "$LATEST"}, None, {"Qualifier": "$LATEST"}),
        ({"functionName": f"arn:aws:lambda:{REGION}:123456789012:function:probe", "qualifier": "PROD"}, "x",
         {"Qualifier": "PROD"}),
        ({"functionName": "123456789012:probe:7", "logType": "Tail"}, 1.5, {"LogType": "Tail"}),
        ({"functionName": "{% \"pro\" & \"be\" %}", "qualifier": "{% 7 %}", "invocationType": "Event"}, {},
         {"FunctionName": "probe", "Qualifier": "7", "InvocationType": "Event"}),
        ({"functionName": "probe", "clientContext": '{"tenant": "ü", "n": [1, 2.5, null], "path": "a/b+c"}'}, {"b": ""},
         {"context": {"tenant": "ü", "n": [1, 2.5, None], "path": "a/b+c"}}),
        ({"functionName": "probe", "clientContext": '{"full": $pad("", 2600, "x")}'}, [],
         {"context": {"full": "x" * 2600}}),
    )
    HEADERS = ("x-amz-client-context", "x-amz-log-type", "x-amz-invocation-type", "host", "content-length")

    def same(self, ours, theirs):
        self.assertEqual(ours.target, theirs.target)
        self.assertEqual(ours.body, theirs.body)
        for name in self.HEADERS:
            wanted = theirs.header(name)
            if name == "x-amz-invocation-type":
                wanted = wanted or "RequestResponse"        # what not sending it means
            self.assertEqual(ours.header(name), wanted, name)

    @staticmethod
    def compact(value):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def each(self, cases):
        """(a server that has our request, what others are to be given)"""
        for config, body, more in cases:
            with self.subTest(config):
                server = scenarios_test.Script([{"body": "1"}])
                scenarios_test.Run({**config, "region": REGION}, [{"body": body}], server=server)
                given = {"FunctionName": config["functionName"], "Payload": self.compact(body), **more}
                if "context" in given:
                    context = base64.b64encode(self.compact({"custom": given.pop("context")})).decode()
                    given["ClientContext"] = context
                yield server, given
                server.server.close()

    def test_boto3(self):
        for server, given in self.each(self.CASES):
            client(f"http://127.0.0.1:{server.server.port}").invoke(**given)
            self.same(*server.requests)

    def test_aws_cli(self):
        options = {"FunctionName": "--function-name", "Payload": "--payload", "Qualifier": "--qualifier",
                   "LogType": "--log-type", "InvocationType": "--invocation-type", "ClientContext": "--client-context"}
        for server, given in self.each(self.CASES[4:6]):
            with tempfile.NamedTemporaryFile() as payload:
                payload.write(given.pop("Payload"))
                payload.flush()
                given["Payload"] = "fileb://" + payload.name
                arguments = [word for name, value in given.items() for word in (options[name], value)]
                run = subprocess.run(["/usr/bin/aws", "lambda", "invoke", "--region", REGION, "--endpoint-url",
                                      f"http://127.0.0.1:{server.server.port}", *arguments, os.devnull],
                                     capture_output=True, timeout=120,
                                     env=clean_env({**KEYS, "AWS_MAX_ATTEMPTS": "1", "HOME": "/tmp"}))
            self.assertEqual(run.returncode, 0, run.stderr)
            self.same(*server.requests)


class Stop(unittest.TestCase):
    def test_stopping_leaves_no_process_behind(self):
        from support import group_members, is_alive
        local = Local()
        caller = client(local.endpoint)
        threads = [threading.Thread(target=caller.invoke, kwargs={
            "FunctionName": "probe", "Payload": b'{"do":"sleep","ms":400}'}) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        children = group_members(local.worker())
        self.assertGreaterEqual(len(children), 1)
        self.assertEqual(local.stop(), 0)
        self.assertEqual([pid for pid in children if is_alive(pid)], [])


if __name__ == "__main__":
    unittest.main(verbosity=0)
