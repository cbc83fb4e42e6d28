"""The processes of `local`: their memory has a limit, and nothing of them is left, however they and `local` end."""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import time
import unittest

import boto3
from botocore.config import Config

from support import REGION, Local, group_members, is_alive

# {"mb": N}: uses memory; {"child": true}: in a child; {"daemon": "setsid"}: leaves a process that leaves its session
# and parent; {"hang": true}: never answers; {"exit": N}.
BOOTSTRAP = r"""#!/usr/bin/python3
import http.client, json, os, subprocess, sys, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/invocation/"
def use(mb):
    blocks = []
    for _ in range(mb):
        blocks.append(bytearray(os.urandom(1024)) * 1024)
    time.sleep(0.3)
while True:
    api.request("GET", base + "next")
    answer = api.getresponse()
    event = json.loads(answer.read())
    if "daemon" in event:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for fd in range(256):
                    try:
                        os.close(fd)
                    except OSError:
                        pass
                os.execv("/usr/bin/python3", ["python3", "-c", "import time; time.sleep(600)", event["daemon"]])
            os._exit(0)
        os.wait()
    if event.get("child") and os.fork() == 0:
        use(event["mb"])
        os._exit(0)
    elif event.get("child"):
        os.wait()
    elif "mb" in event:
        use(event["mb"])
    if event.get("hang"):
        time.sleep(600)
    if "exit" in event:
        sys.exit(event["exit"])
    api.request("POST", base + answer.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", json.dumps(os.getpid()))
    api.getresponse().read()
"""


def processes_with(word):
    """Processes that have `word` as an argument."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if word.encode() in arguments and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return found


class Processes(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-processes-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.word = self.folder.name + "-daemon"
        self.addCleanup(self.end_daemons)
        self.put("work", timeout=10)
        self.put("hasty", timeout=1)
        self.local = Local(self.folder)
        self.addCleanup(lambda: self.local.close())
        self.client = boto3.client("lambda", endpoint_url=self.local.endpoint, aws_access_key_id="local",
                                   aws_secret_access_key="local-secret",
                                   config=Config(region_name=REGION, retries={"total_max_attempts": 1}))

    def put(self, name, **settings):
        (self.folder / name).mkdir()
        (self.folder / name / "function.json").write_text(json.dumps(settings))
        (self.folder / name / "bootstrap").write_text(BOOTSTRAP)
        (self.folder / name / "bootstrap").chmod(0o755)

    def end_daemons(self):
        for pid in processes_with(self.word):
            os.kill(pid, signal.SIGKILL)

    def call(self, event, name="work"):
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        return (answer.get("FunctionError"), json.loads(answer["Payload"].read()),
                base64.b64decode(answer["LogResult"]).decode())

    def wait_until_gone(self, find, timeout=10):
        deadline = time.monotonic() + timeout
        while (left := find()):
            if time.monotonic() > deadline:
                self.fail(f"still there: {left}\n" + self.local.log_text())
            time.sleep(0.02)

    def daemon(self, name="work", **event):
        """Has a function leave a daemon behind; the outcome of the call."""
        return self.call({"daemon": self.word, **event}, name)

    # ---- memory

    def test_what_is_used_is_reported(self):
        error, _, log = self.call({"mb": 60})
        self.assertIsNone(error)
        size, used = map(int, re.search(r"Memory Size: (\d+) MB\tMax Memory Used: (\d+) MB", log).groups())
        self.assertEqual(size, 128)
        self.assertTrue(60 <= used <= 128, used)

    def test_more_than_the_limit_is_the_functions_end(self):
        _, pid, _ = self.call({})
        for event in ({"mb": 400}, {"mb": 400, "child": True}):
            error, document, log = self.call(event)
            self.assertEqual(error, "Unhandled", document)
            self.assertEqual(document["errorType"], "Runtime.OutOfMemory", document)
            self.assertRegex(document["errorMessage"], r"^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: "
                                                       r"signal: killed$")
            self.assertIn("Status: error\tError Type: Runtime.OutOfMemory", log)
            error, next_pid, _ = self.call({})
            self.assertIsNone(error)
            self.assertNotEqual(next_pid, pid)
            pid = next_pid

    def test_memory_that_was_given_back_does_not_count(self):
        for _ in range(4):
            error, document, _ = self.call({"mb": 60})
            self.assertIsNone(error, document)

    # ---- nothing is left

    def test_daemons_end_with_their_process(self):
        for event, name in (({"exit": 3}, "work"), ({"hang": True}, "hasty")):
            error, _, _ = self.daemon(name, **event)
            self.assertEqual(error, "Unhandled")
            self.wait_until_gone(lambda: processes_with(self.word))

    def test_a_daemon_lives_as_long_as_its_process(self):
        error, pid, _ = self.daemon()
        self.assertIsNone(error)
        time.sleep(1.2)         # more than one look of the guard
        self.assertEqual(len(processes_with(self.word)), 1)
        self.assertEqual(self.call({})[1], pid)

    def test_stopping_ends_all(self):
        for signum in (signal.SIGINT, signal.SIGTERM):
            if self.local.process.poll() is not None:
                self.local = Local(self.folder)
                self.client = boto3.client("lambda", endpoint_url=self.local.endpoint, aws_access_key_id="local",
                                           aws_secret_access_key="local-secret", region_name=REGION)
            _, pid, _ = self.daemon()
            self.local.process.send_signal(signum)
            self.assertEqual(self.local.process.wait(20), 0)
            self.assertFalse(is_alive(pid))
            self.assertEqual(processes_with(self.word), [])

    def test_a_changed_function_leaves_nothing_of_the_old_one(self):
        _, pid, _ = self.daemon()
        (self.folder / "work" / "function.json").write_text(json.dumps({"timeout": 11}))
        error, new_pid, _ = self.call({})
        self.assertIsNone(error)
        self.assertNotEqual(new_pid, pid)
        self.wait_until_gone(lambda: is_alive(pid) or processes_with(self.word))

    def test_a_killed_worker_leaves_nothing(self):
        _, pid, _ = self.daemon()
        worker = self.local.worker()
        os.kill(worker, signal.SIGKILL)
        self.assertEqual(self.local.process.wait(20), -signal.SIGKILL)
        self.assertFalse(is_alive(pid))
        self.assertEqual(processes_with(self.word), [])

    def test_a_killed_guard_leaves_nothing(self):
        _, pid, _ = self.daemon()
        worker = self.local.worker()
        self.assertIn(pid, group_members(worker))
        os.kill(self.local.process.pid, signal.SIGKILL)
        self.local.process.wait()
        self.wait_until_gone(lambda: is_alive(worker) or is_alive(pid) or processes_with(self.word))

    def test_both_killed_at_once_leave_no_function(self):
        _, pid, _ = self.call({})
        worker = self.local.worker()
        os.kill(worker, signal.SIGSTOP)     # so that it cannot do anything about its guard's end
        os.kill(self.local.process.pid, signal.SIGKILL)
        os.kill(worker, signal.SIGKILL)
        self.local.process.wait()
        self.wait_until_gone(lambda: is_alive(worker) or is_alive(pid))


if __name__ == "__main__":
    unittest.main()
