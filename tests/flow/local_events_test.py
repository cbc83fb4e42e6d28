"""Events of `local`: kept on the disk, tried again, handed on; by boto3, with real processes and real kills."""
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from support import KEYS, REGION, Local, component

ARN = f"arn:aws:lambda:{REGION}:123456789012:function:"

# Writes a line per run, and fails, waits or answers as the event says.
BOOTSTRAP = r"""#!/usr/bin/python3
import http.client, json, os, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/invocation/"
while True:
    api.request("GET", base + "next")
    answer = api.getresponse()
    body, headers = answer.read(), answer.headers
    event = json.loads(body)
    run = {"id": headers["Lambda-Runtime-Aws-Request-Id"], "event": event, "time": time.time(),
           "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
           "arn": headers["Lambda-Runtime-Invoked-Function-Arn"], "trace": headers["Lambda-Runtime-Trace-Id"]}
    with open(os.environ["RUNS"], "a") as runs:
        runs.write(json.dumps(run) + "\n")
    if isinstance(event, dict):
        time.sleep(event.get("s", 0))
    if isinstance(event, dict) and event.get("fails"):
        api.request("POST", base + run["id"] + "/error", json.dumps({"errorMessage": "as asked", "errorType": "Asked"}))
    else:
        api.request("POST", base + run["id"] + "/response", json.dumps({"did": event}))
    api.getresponse().read()
"""


class Events(unittest.TestCase):
    waits = "0.2,0.4"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-events-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.functions, self.state = self.folder / "functions", self.folder / "state"
        self.functions.mkdir()
        self.runs_path = self.folder / "runs"
        self.local = None
        self.addCleanup(self.stop)

    def put(self, name, **settings):
        folder = self.functions / name
        folder.mkdir(exist_ok=True)
        (folder / "function.json").write_text(json.dumps({"environment": {"RUNS": str(self.runs_path)}, **settings}))
        (folder / "bootstrap").write_text(BOOTSTRAP)
        (folder / "bootstrap").chmod(0o755)

    def start(self, *options):
        self.local = Local(self.functions, "--state", str(self.state), "--retry-waits", self.waits, *options)
        self.client = boto3.client("lambda", endpoint_url=self.local.endpoint, aws_access_key_id="local",
                                   aws_secret_access_key="local-secret",
                                   config=Config(region_name=REGION, retries={"total_max_attempts": 1}))

    def stop(self):
        if self.local:
            self.local.close()
            self.local = None

    def kill(self):
        """Both processes, without a chance to say goodbye."""
        worker = self.local.worker()
        os.kill(self.local.process.pid, signal.SIGKILL)
        os.kill(worker, signal.SIGKILL)
        self.local.process.wait()
        self.local.close()
        self.local = None

    def send(self, payload, name="work", **more):
        answer = self.client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(payload), **more)
        self.assertEqual((answer["StatusCode"], answer["Payload"].read()), (202, b""))
        return answer["ResponseMetadata"]["RequestId"]

    def hold(self, seconds):
        """A call that takes the one place that the function has."""
        def call():
            with contextlib.suppress(ClientError, BotoCoreError):
                self.client.invoke(FunctionName="work", Payload=json.dumps({"s": seconds, "holds": True}))
        thread = threading.Thread(target=call)
        thread.start()
        self.addCleanup(thread.join)
        self.wait_for(lambda: "holds" in str(self.runs()))

    def runs(self):
        try:
            return [json.loads(line) for line in self.runs_path.read_text().splitlines()]
        except FileNotFoundError:
            return []

    def wait_for(self, what, timeout=20):
        deadline = time.monotonic() + timeout
        while not (found := what()):
            if time.monotonic() > deadline:
                raise AssertionError("waited in vain; runs: %r\nlog:\n%s" % (self.runs(), self.local.log_text()))
            time.sleep(0.02)
        return found

    def wait_for_runs(self, count):
        return self.wait_for(lambda: self.runs() if len(self.runs()) >= count else None)

    def records(self, path):
        def read():
            return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return self.wait_for(read)

    def kept(self):
        """The events on the disk.  The running `local` has the file for itself, so it is stopped."""
        self.stop()
        with contextlib.closing(sqlite3.connect(self.state / "events.db")) as db:
            return db.execute("SELECT requestId, failures, delays, invocations FROM events ORDER BY id").fetchall()

    def test_an_event_runs_once_and_is_forgotten(self):
        self.put("work")
        self.start()
        request = self.send({"n": 1}, Qualifier="$LATEST")
        run, = self.wait_for_runs(1)
        self.assertEqual((run["id"], run["event"], run["arn"]), (request, {"n": 1}, ARN + "work:$LATEST"))
        self.assertRegex(run["trace"], r"^Root=1-[0-9a-f]{8}-[0-9a-f]{24};")
        self.wait_for(lambda: "answered" in self.local.log_text())
        self.assertEqual(self.kept(), [])

    def test_invoke_async_is_an_event_too(self):
        self.put("work")
        self.start()
        self.assertEqual(self.client.invoke_async(FunctionName="work", InvokeArgs=b'{"n": 2}')["Status"], 202)
        self.assertEqual(self.wait_for_runs(1)[0]["event"], {"n": 2})

    def test_a_failure_is_tried_twice_again_and_told(self):
        self.put("work", onFailure="file:failed.ndjson", onSuccess="file:done.ndjson")
        self.start()
        request = self.send({"fails": True})
        record, = self.records(self.state / "failed.ndjson")
        runs = self.runs()
        self.assertEqual([r["id"] for r in runs], [request] * 3)
        self.assertGreaterEqual(runs[1]["time"] - runs[0]["time"], 0.19)
        self.assertGreaterEqual(runs[2]["time"] - runs[1]["time"], 0.39)
        self.assertRegex(record.pop("timestamp"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(record, {
            "version": "1.0",
            "requestContext": {"requestId": request, "functionArn": ARN + "work:$LATEST", "condition": "RetriesExhausted",
                               "approximateInvokeCount": 3},
            "requestPayload": {"fails": True},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "as asked", "errorType": "Asked"}})
        self.assertFalse((self.state / "done.ndjson").exists())
        self.assertEqual(self.kept(), [])

    def test_retries_may_be_fewer(self):
        self.put("work", onFailure="file:failed.ndjson", maximumRetryAttempts=0)
        self.start()
        self.send({"fails": True})
        self.assertEqual(self.records(self.state / "failed.ndjson")[0]["requestContext"]["approximateInvokeCount"], 1)
        time.sleep(0.5)
        self.assertEqual(len(self.runs()), 1)

    def test_success_and_failure_lead_to_other_functions(self):
        self.put("work", onSuccess="after", onFailure=ARN + "rescue:$LATEST", maximumRetryAttempts=0)
        self.put("after")
        self.put("rescue")
        self.start()
        good = self.send({"n": 3})
        self.wait_for_runs(2)
        bad = self.send({"fails": True, "n": 4})
        runs = {r["function"]: r for r in self.wait_for_runs(4) if r["function"] != "work"}
        after, rescue = runs["after"]["event"], runs["rescue"]["event"]
        self.assertNotIn(runs["after"]["id"], (good, bad))
        self.assertEqual(runs["rescue"]["arn"], ARN + "rescue:$LATEST")
        self.assertEqual(after["requestContext"], {"requestId": good, "functionArn": ARN + "work:$LATEST",
                                                   "condition": "Success", "approximateInvokeCount": 1})
        self.assertEqual((after["requestPayload"], after["responsePayload"]), ({"n": 3}, {"did": {"n": 3}}))
        self.assertEqual(after["responseContext"], {"statusCode": 200, "executedVersion": "$LATEST"})
        self.assertEqual(rescue["requestContext"]["condition"], "RetriesExhausted")
        self.assertEqual(rescue["requestPayload"], {"fails": True, "n": 4})

    def test_what_a_destination_cannot_take_is_told_to_the_log(self):
        self.put("work", onSuccess="arn:aws:lambda:eu-west-1:123456789012:function:after")
        self.put("after")
        self.start()
        self.send({"n": 1})
        self.wait_for(lambda: "the function is of another region or account" in self.local.log_text())
        self.put("work", onSuccess="after")
        self.send({"fill": "x" * 600000})       # which the record has twice
        self.wait_for(lambda: "the record is larger than an event may be" in self.local.log_text())
        self.assertEqual([r["function"] for r in self.runs()], ["work", "work"])
        self.assertEqual(self.kept(), [])

    def test_an_event_runs_the_version_that_it_names(self):
        self.put("work")
        self.start()
        self.client.publish_version(FunctionName="work")
        self.client.create_alias(FunctionName="work", Name="prod", FunctionVersion="1")
        self.send({}, Qualifier="prod")
        run, = self.wait_for_runs(1)
        self.assertEqual((run["version"], run["arn"]), ("1", ARN + "work:prod"))

    def test_nothing_is_lost_when_local_is_killed(self):
        self.put("work", onSuccess="file:done.ndjson")
        self.start("--max-processes", "2")
        sent = [self.send({"n": n, "s": 0.1}) for n in range(20)]
        self.wait_for_runs(3)
        self.kill()
        self.start("--max-processes", "4")
        done = self.wait_for(lambda: (d := self.records(self.state / "done.ndjson")) and len(d) >= 20 and d)
        self.assertEqual({r["requestContext"]["requestId"] for r in done}, set(sent))
        self.assertEqual(self.kept(), [])

    def test_what_runs_when_local_is_stopped_runs_again(self):
        self.put("work")
        self.start()
        request = self.send({"s": 2})
        self.wait_for_runs(1)
        self.assertEqual(self.local.stop(), 0)
        self.assertEqual([row[0] for row in self.kept()], [request])
        self.start()
        self.assertEqual([r["id"] for r in self.wait_for_runs(2)], [request] * 2)

    def test_a_throttled_event_waits(self):
        self.put("work", onFailure="file:failed.ndjson", reservedConcurrency=1)
        self.start()
        self.hold(1)
        request = self.send({"n": 5})
        self.wait_for(lambda: "event waits: too many calls run at once" in self.local.log_text())
        self.assertEqual(self.wait_for_runs(2)[1]["id"], request)
        self.assertFalse((self.state / "failed.ndjson").exists())

    def test_a_function_that_is_switched_off_gets_no_events(self):
        self.put("work", onFailure="file:failed.ndjson", reservedConcurrency=0)
        self.start()
        request = self.send({"n": 5})
        self.assertEqual(self.records(self.state / "failed.ndjson")[0]["requestContext"],
                         {"requestId": request, "functionArn": ARN + "work:$LATEST", "condition": "RetriesExhausted",
                          "approximateInvokeCount": 0})
        self.assertEqual((self.runs(), self.kept()), ([], []))

    def test_reserved_concurrency_is_kept_without_throttling(self):
        self.put("work", reservedConcurrency=1)
        self.start()
        sent = [self.send({"s": 0.05}) for _ in range(8)]
        self.assertEqual([r["id"] for r in self.wait_for_runs(8)], sent)
        self.assertNotIn("event waits", self.local.log_text())

    def test_an_event_that_is_too_old_is_given_up(self):
        self.put("work", onFailure="file:failed.ndjson", maximumEventAgeInSeconds=60, reservedConcurrency=1)
        self.start()
        self.hold(8)
        request = self.send({"n": 6})
        self.wait_for(lambda: "event waits" in self.local.log_text())
        self.assertEqual([row[0] for row in self.kept()], [request])
        with contextlib.closing(sqlite3.connect(self.state / "events.db")) as db:
            db.execute("UPDATE events SET acceptedMs = acceptedMs - 61000")
            db.commit()
        self.start()
        record, = self.records(self.state / "failed.ndjson")
        record.pop("timestamp")
        self.assertEqual(record, {
            "version": "1.0", "requestPayload": {"n": 6},
            "requestContext": {"requestId": request, "functionArn": ARN + "work:$LATEST", "condition": "EventAgeExceeded",
                               "approximateInvokeCount": 0}})
        self.assertEqual(len(self.runs()), 1)

    def test_an_event_waits_for_a_function_that_is_gone(self):
        self.put("work", reservedConcurrency=1)
        self.start()
        self.hold(2)
        request = self.send({"n": 7})
        shutil.rmtree(self.functions / "work")
        self.wait_for(lambda: "its function is not there" in self.local.log_text())
        self.put("work")
        self.assertEqual(self.wait_for_runs(2)[1]["id"], request)

    def test_a_destination_that_cannot_be_written_loses_nothing(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        self.put("work", onSuccess=f"file:{pipe}")
        self.start("--max-processes", "1")
        sent = [self.send({"n": n}) for n in range(3)]      # nobody reads the pipe, and all run nevertheless
        self.wait_for_runs(3)
        self.wait_for(lambda: "event waits: cannot write" in self.local.log_text())
        self.put("work", onSuccess="file:below/done.ndjson")
        told = self.wait_for(lambda: (d := self.records(self.state / "below" / "done.ndjson")) and len(d) >= 3 and d)
        self.assertEqual(sorted(r["requestContext"]["requestId"] for r in told), sorted(sent))
        self.assertEqual(sorted(r["id"] for r in self.runs()), sorted(sent))    # only the telling was tried again
        self.assertEqual(self.kept(), [])

    @unittest.skipIf(os.geteuid() != 0, "skipped: only root can make a disk that is full")
    def test_a_full_disk_loses_nothing_and_runs_nothing_twice(self):
        self.put("work", onFailure="file:failed.ndjson")
        self.state.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(self.state)]
        if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("skipped: tmpfs cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.state)], check=False)
        self.addCleanup(self.stop)
        self.start()
        sent = [self.send({"n": n, "s": 1}) for n in range(3)] + [self.send({"fails": True, "s": 1})]
        fill = self.state / "fill"
        with contextlib.suppress(OSError), open(fill, "wb", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
        with self.assertRaises(ClientError) as refused:
            for n in range(100):
                self.send({"n": n, "fill": "x" * 20000})
        self.assertIn("The event cannot be kept: ", refused.exception.response["Error"]["Message"])
        self.wait_for(lambda: re.search("event waits: .*database or disk is full", self.local.log_text()))
        self.wait_for(lambda: len([r for r in self.runs() if r["id"] == sent[3]]) == 3)
        time.sleep(2.5)
        fill.unlink()
        self.records(self.state / "failed.ndjson")
        counts = collections.Counter(r["id"] for r in self.runs())
        self.assertEqual([counts[request] for request in sent], [1, 1, 1, 3])
        time.sleep(2.5)
        self.assertEqual(self.kept(), [])

    def test_two_locals_do_not_run_the_same_events(self):
        self.put("work")
        self.start()
        self.send({})
        self.wait_for_runs(1)
        with self.assertRaises(AssertionError) as refused:
            Local(self.functions, "--state", str(self.state))
        self.assertIn("another local Lambda has this state folder", str(refused.exception))
        one = component("local", "invoke", "work", "{}", "--functions", str(self.functions), "--state", str(self.state))
        self.assertEqual((one.returncode, one.stdout), (0, b'{"did": {}}\n'), one.stderr)

    def test_settings_and_waits_are_checked(self):
        for settings, sentence in ((dict(maximumRetryAttempts=3), "must be a whole number from 0 to 2"),
                                   (dict(maximumEventAgeInSeconds=59), "must be a whole number from 60 to 21600"),
                                   (dict(onFailure="file:"), "must be the name or ARN of a function here, or file:PATH"),
                                   (dict(onSuccess="arn:aws:sqs:us-east-1:1:q"), "\"onSuccess\" is \"arn:aws:sqs")):
            self.put("work", **settings)
            run = component("local", "--functions", str(self.functions), "--port", "0")
            self.assertEqual(run.returncode, 2)
            self.assertIn(sentence, run.stderr.decode())
        self.put("work")
        run = component("local", "--functions", str(self.functions), "--port", "0", "--state", str(self.functions / "work/s"))
        self.assertEqual(run.returncode, 2)
        self.assertIn("is in the folder of the function work", run.stderr.decode())
        run = component("local", "--functions", str(self.functions), "--retry-waits", "1")
        self.assertIn("give two numbers of seconds", run.stderr.decode())


if __name__ == "__main__":
    unittest.main()
