"""Functions, versions, aliases and concurrency of `local`, by other people's clients: boto3 and the AWS CLI."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from support import COMPONENT, HERE, KEYS, REGION, Local, clean_env, component

ARN = f"arn:aws:lambda:{REGION}:123456789012:function:"
ONCE = Config(retries={"total_max_attempts": 1}, region_name=REGION, read_timeout=30)

BOOTSTRAP = r"""#!/usr/bin/python3
import http.client, json, os, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/invocation/"
while True:
    api.request("GET", base + "next")
    answer = api.getresponse()
    event = json.loads(answer.read())
    time.sleep(event.get("s", 0))
    told = {"text": "TEXT", "version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"], "pid": os.getpid(),
            "stream": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
            "arn": answer.headers["Lambda-Runtime-Invoked-Function-Arn"]}
    api.request("POST", base + answer.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", json.dumps(told).encode())
    api.getresponse().read()
"""


class Functions(unittest.TestCase):
    """A folder of functions of its own for each case, and a local Lambda on it."""
    options = ()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-functions-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.put("hello", "one", {"timeout": 5, "description": "says hello", "environment": {"CITY": "Wien"}})
        self.local = None
        self.start()
        self.addCleanup(lambda: self.local.close())

    def put(self, name, text, settings=None):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        part = folder / ".part.swp"
        part.write_text(BOOTSTRAP.replace("TEXT", text))
        part.chmod(0o755)
        if settings is not None:
            (folder / "function.json").write_text(json.dumps(settings))
        part.rename(folder / "bootstrap")

    def start(self):
        if self.local:
            self.local.close()
        self.local = Local(self.folder, "--state", str(self.folder / ".lambda"), *self.options)
        self.client = boto3.client("lambda", endpoint_url=self.local.endpoint, config=ONCE,
                                   aws_access_key_id="local", aws_secret_access_key="local-secret")

    def call(self, name="hello", event=None, **options):
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event or {}).encode(), **options)
        return answer, json.load(answer["Payload"])

    def refused(self, code, status, call, **options):
        with self.assertRaises(ClientError) as caught:
            call(**options)
        self.assertEqual((caught.exception.response["Error"]["Code"],
                          caught.exception.response["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
        return caught.exception.response

    def cli(self, *args):
        run = subprocess.run(["/usr/bin/aws", "--endpoint-url", self.local.endpoint, "--region", REGION, "--output", "json",
                              *args], capture_output=True, env=clean_env(KEYS), timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        return json.loads(run.stdout) if run.stdout.strip() else None


class Reading(Functions):
    def test_a_function_is_described_as_aws_does(self):
        answer = self.client.get_function(FunctionName="hello")
        config = answer["Configuration"]
        expected = {"FunctionName": "hello", "FunctionArn": ARN + "hello", "Runtime": "provided.al2023",
                    "Role": "arn:aws:iam::123456789012:role/local", "Handler": "bootstrap",
                    "Description": "says hello", "Timeout": 5, "MemorySize": 128, "Version": "$LATEST",
                    "Environment": {"Variables": {"CITY": "Wien"}}, "TracingConfig": {"Mode": "PassThrough"},
                    "PackageType": "Zip", "State": "Active", "LastUpdateStatus": "Successful",
                    "EphemeralStorage": {"Size": 512},
                    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"}}
        self.assertEqual({k: config[k] for k in expected}, expected)
        self.assertEqual(len(base64.b64decode(config["CodeSha256"])), 32)
        self.assertRegex(config["LastModified"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$")
        self.assertEqual(config["CodeSize"], sum(f.stat().st_size for f in (self.folder / "hello").iterdir()))
        self.assertEqual(config["Architectures"], ["arm64" if os.uname().machine == "aarch64" else "x86_64"])
        self.assertEqual(self.client.get_function_configuration(FunctionName=ARN + "hello")["RevisionId"],
                         config["RevisionId"])
        self.assertNotIn("Concurrency", answer)

    def test_lists_come_in_pages_of_fifty(self):
        for i in range(119):
            self.put(f"f{i:03}", "x")
        pages = list(self.client.get_paginator("list_functions").paginate())
        self.assertEqual([len(p["Functions"]) for p in pages], [50, 50, 20])
        names = [f["FunctionName"] for p in pages for f in p["Functions"]]
        self.assertEqual(names, sorted(names))
        self.assertNotIn("State", pages[0]["Functions"][0])
        self.assertEqual(len(self.client.list_functions(MaxItems=7)["Functions"]), 7)
        self.assertEqual(self.client.get_account_settings()["AccountUsage"]["FunctionCount"], 120)
        self.refused("InvalidParameterValueException", 400, self.client.list_functions, Marker="nonsense")

    def test_what_is_not_there(self):
        for call in (self.client.get_function, self.client.list_versions_by_function, self.client.list_aliases,
                     self.client.publish_version, self.client.get_function_configuration):
            answer = self.refused("ResourceNotFoundException", 404, call, FunctionName="nobody")
            self.assertEqual(answer["Error"]["Message"], f"Function not found: {ARN}nobody:$LATEST")
        answer = self.refused("ResourceNotFoundException", 404, self.client.get_alias, FunctionName="hello", Name="x")
        self.assertEqual(answer["Error"]["Message"], f"Cannot find alias arn: {ARN}hello:x")

    def test_who_am_i(self):
        sts = boto3.client("sts", endpoint_url=self.local.endpoint, config=ONCE, aws_access_key_id="local",
                           aws_secret_access_key="local-secret")
        identity = sts.get_caller_identity()
        self.assertEqual((identity["Account"], identity["Arn"]),
                         ("123456789012", "arn:aws:iam::123456789012:user/local"))


class Versions(Functions):
    def test_a_version_is_a_copy(self):
        first = self.client.publish_version(FunctionName="hello")
        self.assertEqual((first["Version"], first["FunctionArn"], first["ResponseMetadata"]["HTTPStatusCode"]),
                         ("1", ARN + "hello:1", 201))
        self.assertEqual(self.client.publish_version(FunctionName="hello")["Version"], "1")
        self.put("hello", "two", {"timeout": 9})
        second = self.client.publish_version(FunctionName="hello", Description="the second")
        self.assertEqual((second["Version"], second["Description"], second["Timeout"]), ("2", "the second", 9))
        shutil.rmtree(self.folder / "hello" / "__pycache__", True)

        answer, told = self.call("hello:1")
        self.assertEqual((told["text"], told["version"], answer["ExecutedVersion"]), ("one", "1", "1"))
        self.assertRegex(told["stream"], r"^\d{4}/\d\d/\d\d/\[1\][0-9a-f]{32}$")
        self.assertEqual(told["arn"], ARN + "hello:1")
        answer, told = self.call(Qualifier="2", LogType="Tail")
        self.assertEqual((told["text"], answer["ExecutedVersion"]), ("two", "2"))
        self.assertIn("Version: 2\n", base64.b64decode(answer["LogResult"]).decode())
        answer, told = self.call()
        self.assertEqual((told["text"], answer["ExecutedVersion"]), ("two", "$LATEST"))
        self.refused("ResourceNotFoundException", 404, self.call, name="hello:3")

        listed = self.client.list_versions_by_function(FunctionName="hello")["Versions"]
        self.assertEqual([v["Version"] for v in listed], ["$LATEST", "1", "2"])
        self.assertEqual([v["FunctionArn"] for v in listed], [f"{ARN}hello:{v}" for v in ("$LATEST", "1", "2")])
        self.assertNotEqual(listed[1]["CodeSha256"], listed[2]["CodeSha256"])
        every = self.client.list_functions(FunctionVersion="ALL")["Functions"]
        self.assertEqual([f["Version"] for f in every], ["$LATEST", "1", "2"])

        self.start()                        # all of it is on the disk
        self.assertEqual(self.call("hello:1")[1]["text"], "one")
        self.assertEqual(self.client.publish_version(FunctionName="hello", Description="the second")["Version"], "2")

    def test_a_publication_is_refused_when_the_code_is_another(self):
        self.refused("InvalidParameterValueException", 400, self.client.publish_version, FunctionName="hello",
                     CodeSha256="x" * 44)
        self.refused("PreconditionFailedException", 412, self.client.publish_version, FunctionName="hello",
                     RevisionId="not-this")

    def test_aliases(self):
        self.client.publish_version(FunctionName="hello")
        self.put("hello", "two")
        self.client.publish_version(FunctionName="hello")
        made = self.client.create_alias(FunctionName="hello", Name="live", FunctionVersion="1", Description="d")
        self.assertEqual((made["AliasArn"], made["FunctionVersion"], made["Description"]),
                         (ARN + "hello:live", "1", "d"))
        answer, told = self.call("hello:live")
        self.assertEqual((told["text"], answer["ExecutedVersion"], told["arn"]), ("one", "1", ARN + "hello:live"))
        self.assertEqual(self.client.get_function(FunctionName="hello", Qualifier="live")["Configuration"]["Version"],
                         "1")
        self.refused("ResourceConflictException", 409, self.client.create_alias, FunctionName="hello", Name="live",
                     FunctionVersion="1")
        self.refused("ResourceNotFoundException", 404, self.client.create_alias, FunctionName="hello", Name="x",
                     FunctionVersion="9")
        self.refused("InvalidParameterValueException", 400, self.client.create_alias, FunctionName="hello", Name="12",
                     FunctionVersion="1")
        self.refused("PreconditionFailedException", 412, self.client.update_alias, FunctionName="hello", Name="live",
                     FunctionVersion="2", RevisionId="not-this")
        moved = self.client.update_alias(FunctionName="hello", Name="live", FunctionVersion="2",
                                         RevisionId=made["RevisionId"])
        self.assertNotEqual(moved["RevisionId"], made["RevisionId"])
        self.assertEqual(self.call("hello:live")[1]["text"], "two")
        self.client.create_alias(FunctionName="hello", Name="beta", FunctionVersion="$LATEST")
        self.start()
        names = [a["Name"] for a in self.client.list_aliases(FunctionName="hello")["Aliases"]]
        self.assertEqual(names, ["beta", "live"])
        self.assertEqual([a["Name"] for a in self.client.list_aliases(FunctionName="hello", FunctionVersion="2")
                          ["Aliases"]], ["live"])
        self.client.delete_alias(FunctionName="hello", Name="live")
        self.refused("ResourceNotFoundException", 404, self.call, name="hello:live")

    def test_a_weighted_alias_runs_both_versions(self):
        self.client.publish_version(FunctionName="hello")
        self.put("hello", "two")
        self.client.publish_version(FunctionName="hello")
        made = self.client.create_alias(FunctionName="hello", Name="split", FunctionVersion="1",
                                        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
        self.assertEqual(made["RoutingConfig"], {"AdditionalVersionWeights": {"2": 0.5}})
        seen = set()
        for _ in range(60):                 # 2 ** -59 that one of them is missed
            answer, told = self.call("hello:split")
            self.assertEqual(answer["ExecutedVersion"], told["version"])
            seen.add(told["text"])
        self.assertEqual(seen, {"one", "two"})
        self.client.update_alias(FunctionName="hello", Name="split", RoutingConfig={"AdditionalVersionWeights": {}})
        self.assertNotIn("RoutingConfig", self.client.get_alias(FunctionName="hello", Name="split"))
        self.refused("InvalidParameterValueException", 400, self.client.update_alias, FunctionName="hello",
                     Name="split", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1, "3": 0.1}})

    def test_aliases_of_the_settings(self):
        self.put("hello", "one", {"aliases": {"stable": "1"}})
        self.refused("ResourceNotFoundException", 404, self.call, name="hello:stable")
        self.client.publish_version(FunctionName="hello")
        self.assertEqual(self.call("hello:stable")[0]["ExecutedVersion"], "1")
        answer = self.refused("ResourceConflictException", 409, self.client.delete_alias, FunctionName="hello",
                              Name="stable")
        self.assertIn("function.json", answer["Error"]["Message"])


class Changes(Functions):
    def test_changed_files_are_run_by_the_next_call(self):
        pid = self.call()[1]["pid"]
        self.assertEqual(self.call()[1]["pid"], pid)
        self.put("hello", "two")
        told = self.call()[1]
        self.assertEqual(told["text"], "two")
        self.assertNotEqual(told["pid"], pid)
        deadline = time.monotonic() + 10
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_a_call_on_its_way_ends_with_the_code_it_began_with(self):
        slow = {}
        thread = threading.Thread(target=lambda: slow.update(self.call(event={"s": 1})[1]))
        thread.start()
        time.sleep(0.5)
        self.put("hello", "two")
        self.assertEqual(self.call()[1]["text"], "two")
        thread.join()
        self.assertEqual(slow["text"], "one")

    def test_faulty_settings_change_nothing_and_are_told(self):
        (self.folder / "hello" / "function.json").write_text('{"timeout": "soon"}')
        self.assertEqual(self.call()[1]["text"], "one")
        self.assertIn('"timeout" must be a whole number from 1 to 900', self.local.log_text())

    def test_functions_come_and_go(self):
        self.refused("ResourceNotFoundException", 404, self.call, name="late")
        self.put("late", "here")
        self.assertEqual(self.call("late")[1]["text"], "here")
        shutil.rmtree(self.folder / "hello")
        self.refused("ResourceNotFoundException", 404, self.call)
        self.assertEqual([f["FunctionName"] for f in self.client.list_functions()["Functions"]], ["late"])


class Concurrency(Functions):
    options = ("--concurrency", "103")

    def test_reserved_concurrency(self):
        self.assertEqual(self.client.get_function_concurrency(FunctionName="hello").get("ReservedConcurrentExecutions"),
                         None)
        self.client.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=1)
        limits = self.client.get_account_settings()["AccountLimit"]
        self.assertEqual((limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]), (103, 102))
        thread = threading.Thread(target=self.call, kwargs={"event": {"s": 1}})
        thread.start()
        time.sleep(0.5)
        answer = self.refused("TooManyRequestsException", 429, self.call)
        self.assertEqual(answer["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded")
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"], "1")
        thread.join()
        self.assertEqual(self.call()[0]["StatusCode"], 200)
        self.client.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=0)
        self.start()
        self.refused("TooManyRequestsException", 429, self.call)
        self.assertEqual(self.client.get_function(FunctionName="hello")["Concurrency"],
                         {"ReservedConcurrentExecutions": 0})
        self.client.delete_function_concurrency(FunctionName="hello")
        self.assertEqual(self.call()[0]["StatusCode"], 200)

    def test_a_reservation_leaves_a_hundred_to_the_others(self):
        self.client.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=3)
        answer = self.refused("InvalidParameterValueException", 400, self.client.put_function_concurrency,
                              FunctionName="hello", ReservedConcurrentExecutions=4)
        self.assertIn("below its minimum value of [100]", answer["Error"]["Message"])


class Account(Functions):
    options = ("--concurrency", "1")

    def test_the_account_s_concurrency_is_shared(self):
        self.put("other", "other")
        thread = threading.Thread(target=self.call, kwargs={"event": {"s": 1}})
        thread.start()
        time.sleep(0.5)
        answer = self.refused("TooManyRequestsException", 429, self.call, name="other")
        self.assertEqual(answer["Reason"], "ConcurrentInvocationLimitExceeded")
        thread.join()
        self.assertEqual(self.call("other")[0]["StatusCode"], 200)


class Cli(Functions):
    """The AWS CLI runs them all once more: it has its own way of writing requests."""

    def test_every_call(self):
        self.assertEqual(self.cli("lambda", "list-functions")["Functions"][0]["FunctionArn"], ARN + "hello")
        self.assertEqual(self.cli("lambda", "get-function", "--function-name", "hello")["Code"]["Location"],
                         f"file://{self.folder}/hello")
        self.assertEqual(self.cli("lambda", "publish-version", "--function-name", "hello")["Version"], "1")
        self.cli("lambda", "create-alias", "--function-name", "hello", "--name", "a", "--function-version", "1")
        self.assertEqual(self.cli("lambda", "get-alias", "--function-name", "hello", "--name", "a")["FunctionVersion"],
                         "1")
        self.assertEqual(len(self.cli("lambda", "list-aliases", "--function-name", "hello")["Aliases"]), 1)
        self.assertEqual(len(self.cli("lambda", "list-versions-by-function", "--function-name", "hello")["Versions"]),
                         2)
        self.cli("lambda", "update-alias", "--function-name", "hello", "--name", "a", "--description", "new")
        self.cli("lambda", "delete-alias", "--function-name", "hello", "--name", "a")
        self.cli("lambda", "put-function-concurrency", "--function-name", "hello",
                 "--reserved-concurrent-executions", "5")
        self.assertEqual(self.cli("lambda", "get-function-concurrency", "--function-name", "hello"),
                         {"ReservedConcurrentExecutions": 5})
        self.cli("lambda", "delete-function-concurrency", "--function-name", "hello")
        self.assertEqual(self.cli("lambda", "get-account-settings")["AccountUsage"]["FunctionCount"], 1)
        self.assertEqual(self.cli("sts", "get-caller-identity")["Account"], "123456789012")
        out = self.folder / "answer.json"
        self.cli("lambda", "invoke", "--function-name", "hello", "--qualifier", "1", str(out))
        self.assertEqual(json.loads(out.read_text())["version"], "1")
        sent = self.cli("lambda", "invoke-async", "--function-name", "hello", "--invoke-args",
                        str(self.folder / "answer.json"))
        self.assertEqual(sent["Status"], 202)

    def test_the_line_of_the_start_screen_works_as_it_stands(self):
        text = self.local.log_text()
        line = text[text.index("Try it:\n") + len("Try it:\n"):text.index("\n\nCtrl-C")]
        run = subprocess.run(["sh", "-c", line], capture_output=True, env=clean_env({"PATH": "/usr/bin:/bin"}),
                             timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        self.assertIn('"text": "one"', run.stdout.decode())


class Keys(Functions):
    def test_every_pair_of_a_credentials_file_may_call(self):
        file = self.folder / "credentials"
        file.write_text("[default]\naws_access_key_id = AKIDA\naws_secret_access_key = secret-a\n"
                        "[b]\naws_access_key_id = AKIDB\naws_secret_access_key = secret-b\naws_session_token = tok\n")
        local = Local(self.folder, "--credentials", str(file))
        self.addCleanup(local.close)

        def call(key, secret, token=None):
            return boto3.client("lambda", endpoint_url=local.endpoint, config=ONCE, aws_access_key_id=key,
                                aws_secret_access_key=secret, aws_session_token=token).list_functions

        call("AKIDA", "secret-a")()
        call("AKIDB", "secret-b", "tok")()
        self.refused("UnrecognizedClientException", 403, call("AKIDB", "secret-b"))
        self.refused("InvalidSignatureException", 403, call("AKIDA", "secret-b"))
        self.refused("UnrecognizedClientException", 403, call("local", "local-secret"))

    def test_a_file_without_pairs_is_no_help(self):
        file = self.folder / "credentials"
        file.write_text("[default]\naws_access_key_id = AKIDA\n")
        run = component("local", "--functions", str(self.folder), "--port", "0", "--credentials", str(file))
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"has no profile with aws_access_key_id and aws_secret_access_key", run.stderr)


class Shortcut(Functions):
    def test_local_invoke(self):
        run = component("local", "invoke", "hello", "{}", "--functions", str(self.folder))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(json.loads(run.stdout)["text"], "one")
        run = component("local", "invoke", "--functions", str(HERE / "functions"), "probe", "-", stdin='{"do": "fail"}')
        self.assertEqual((run.returncode, json.loads(run.stdout)["errorType"]), (1, "ValueError"))
        run = component("local", "invoke", "nobody", "--functions", str(self.folder))
        self.assertEqual(run.returncode, 1)
        self.assertIn(f"Function not found: {ARN}nobody:$LATEST", run.stderr.decode())
        for args, sentence in ((("local", "invoke"), b"which function?"),
                               (("local", "invoke", "a", "{}", "b"), b'"b" is not expected'),
                               (("local", "run"), b'"run" is not expected')):
            run = component(*args)
            self.assertEqual(run.returncode, 2)
            self.assertIn(sentence, run.stderr)

    def test_the_current_folder_is_the_usual_one(self):
        run = subprocess.run([COMPONENT, "local", "invoke", "hello"], capture_output=True, env=clean_env(), timeout=60,
                             cwd=self.folder)
        self.assertEqual((run.returncode, json.loads(run.stdout)["text"]), (0, "one"))
        run = subprocess.run([COMPONENT, "local", "invoke", "hello"], capture_output=True, env=clean_env(), timeout=60,
                             cwd=self.folder / "hello")
        self.assertEqual((run.returncode, json.loads(run.stdout)["text"]), (0, "one"))

    def test_logs_as_json(self):
        run = component("local", "invoke", "hello", "--json", "--functions", str(self.folder))
        for line in run.stderr.decode().splitlines():
            self.assertIn("message", json.loads(line))


if __name__ == "__main__":
    unittest.main()
