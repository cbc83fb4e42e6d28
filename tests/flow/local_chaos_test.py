"""200 overlapping calls over 20 processes that are killed at random: every caller gets one answer, of the right kind."""
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import tempfile
import threading
import time
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from support import REGION, Local, group_members, is_alive

CALLERS, PROCESSES, CALLS_EACH = 200, 20, 3

# Notes each run before it works, and answers with what it was asked for.
BOOTSTRAP = r"""#!/usr/bin/python3 -IS
import os, time, http.client
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/invocation/"
runs = os.open(os.environ["RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
while True:
    api.request("GET", base + "next")
    answer = api.getresponse()
    event, request = answer.read(), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    os.write(runs, request.encode() + b"\n")
    time.sleep(0.02 + event[-2] % 10 * 0.01)
    api.request("POST", base + request + "/response", event)
    api.getresponse().read()
"""


class Chaos(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-chaos-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        (self.folder / "work").mkdir()
        (self.folder / "work" / "bootstrap").write_text(BOOTSTRAP)
        (self.folder / "work" / "bootstrap").chmod(0o755)
        (self.folder / "work" / "function.json").write_text(
            json.dumps({"timeout": 20, "environment": {"RUNS": str(self.folder / "runs")}}))
        self.local = Local(self.folder, "--max-processes", str(PROCESSES))
        self.addCleanup(lambda: self.local.close())
        self.client = boto3.client("lambda", endpoint_url=self.local.endpoint, aws_access_key_id="local",
                                   aws_secret_access_key="local-secret",
                                   config=Config(region_name=REGION, retries={"total_max_attempts": 1}, read_timeout=60,
                                                 max_pool_connections=CALLERS))
        self.outcomes = collections.Counter()
        self.succeeded, self.failed, self.wrong = set(), set(), []
        self.kills, self.most, self.is_over = 0, 0, False

    def judge(self, token, answer):
        """What came to one caller."""
        request = answer["ResponseMetadata"]["RequestId"]
        body = answer["Payload"].read()
        if "FunctionError" not in answer:
            if body != token:
                self.wrong.append(("another's result", token, body))
            self.succeeded.add(request)
            return "result"
        document = json.loads(body)
        expected = {"errorType": "Runtime.ExitError",
                    "errorMessage": f"RequestId: {request} Error: Runtime exited with error: signal: killed"}
        if answer["FunctionError"] != "Unhandled" or document != expected:
            self.wrong.append(("another failure", token, document))
        self.failed.add(request)
        return "killed"

    def call(self, token):
        """One call until it was taken; being throttled is an answer, too."""
        while True:
            try:
                return self.judge(token, self.client.invoke(FunctionName="work", Payload=token))
            except ClientError as error:
                if error.response["Error"]["Code"] != "TooManyRequestsException":
                    raise
                self.outcomes["throttled"] += 1
                time.sleep(0.05 + random.random() * 0.2)

    def caller(self, number):
        try:
            for n in range(CALLS_EACH):
                self.outcomes[self.call(json.dumps(f"caller {number} call {n}").encode())] += 1
        except Exception as error:      # of any kind: no caller may see one
            self.wrong.append((type(error).__name__, number, str(error)))

    def killer(self, worker):
        while not self.is_over:
            children = [p for p in group_members(worker) if is_alive(p)]
            self.most = max(self.most, len(children))
            if children:
                try:
                    os.kill(random.choice(children), signal.SIGKILL)
                    self.kills += 1
                except ProcessLookupError:
                    pass
            time.sleep(0.03)

    def test_every_caller_gets_one_answer_of_the_right_kind(self):
        threads = [threading.Thread(target=self.caller, args=(n,)) for n in range(CALLERS)]
        killer = threading.Thread(target=self.killer, args=(self.local.worker(),))
        killer.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        self.is_over = True
        killer.join()
        story = f"{dict(self.outcomes)}, {self.kills} kills, {self.most} processes at most"
        self.assertFalse(any(thread.is_alive() for thread in threads), "a caller still waits: " + story)
        self.assertEqual(self.wrong, [], story)
        self.assertEqual(self.outcomes["result"] + self.outcomes["killed"], CALLERS * CALLS_EACH, story)
        self.assertGreater(self.outcomes["result"], CALLERS, story)
        self.assertGreater(self.outcomes["killed"], 5, story)

        # No call ran twice, and all that have a result have run.
        runs = collections.Counter((self.folder / "runs").read_text().split())
        self.assertEqual([r for r, count in runs.items() if count > 1], [])
        self.assertLessEqual(self.succeeded, set(runs))
        self.assertLessEqual(set(runs), self.succeeded | self.failed)

        # A process that dies is replaced while the dead one is still being reaped; those that work are never more.
        self.assertLessEqual(self.most, PROCESSES + 5, story)
        log = self.local.log_text()
        self.assertEqual(log.count("answered in "), len(self.succeeded))
        self.assertEqual(log.count("failed with Runtime.ExitError"), len(self.failed))
        self.assertEqual(self.call(b'"after all"'), "result")


if __name__ == "__main__":
    unittest.main()
