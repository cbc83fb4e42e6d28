"""The local Lambda streams: a function sends pieces when a gate lets it, so that what was heard before the gate opened
was heard before the end.  Peers: frames taken apart here, botocore, `aws-lambda-component invoke --stream` and, when
ALC_NODE_MODULES names a folder that has it, @aws-sdk/client-lambda."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import unittest
import zlib

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from stream_test import their_client
from support import HERE, KEYS, REGION, COMPONENT, FlowTest, clean_env, component

PIECES = "/2021-11-15/functions/{}/response-streaming-invocations"
WHOLE = "/2015-03-31/functions/{}/invocations"
COUNTING = bytes(i % 251 for i in range(251 * 256))


def counting(size):
    return (COUNTING * (size // len(COUNTING) + 1))[:size]


def functions_folder():
    """A folder with the function twice: one has time, the other has not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-streamers-"))
    for name, timeout in (("streamer", 60), ("hasty", 1)):
        (folder / name).mkdir()
        shutil.copy(HERE / "streamer.py", folder / name / "bootstrap")
        (folder / name / "bootstrap").chmod(0o755)
        (folder / name / "function.json").write_text(json.dumps({"timeout": timeout}))
    return folder


def read_event(stream):
    """The next message: its headers and its payload.  None at the end of the answer."""
    prelude = stream.read(12)
    if not prelude:
        return None
    total, size, check = struct.unpack("!III", prelude)
    assert zlib.crc32(prelude[:8]) == check, "prelude"
    rest = stream.read(total - 12)
    assert zlib.crc32(prelude + rest[:-4]) == struct.unpack("!I", rest[-4:])[0], "message"
    block, headers = rest[:size], {}
    while block:
        name_end = 1 + block[0]
        kind, length = struct.unpack("!BH", block[name_end:name_end + 3])
        assert kind == 7, kind
        headers[block[1:name_end].decode()] = block[name_end + 3:name_end + 3 + length].decode()
        block = block[name_end + 3 + length:]
    return headers, rest[size:-4]


class Caller:
    """A signed request on a connection of its own, and its answer as it comes."""

    def __init__(self, port, event, path=PIECES, function="streamer", headers=None, receive_buffer=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        if receive_buffer:
            self.connection.sock = socket.socket()
            self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.connection.sock.settimeout(30)
            self.connection.sock.connect(("127.0.0.1", port))
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        url = f"http://127.0.0.1:{port}" + path.format(function)
        request = AWSRequest("POST", url, data=body, headers=headers or {})
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
        SigV4Auth(Credentials(*KEYS.values()), "lambda", REGION).add_auth(request)
        self.connection.request("POST", path.format(function), body, dict(request.headers.items()))
        self.answer = None

    def head(self):
        self.answer = self.answer or self.connection.getresponse()
        return self.answer

    def event(self):
        return read_event(self.head())

    def chunk(self):
        headers, payload = self.event()
        assert headers == {":message-type": "event", ":event-type": "PayloadChunk",
                           ":content-type": "application/octet-stream"}, headers
        return payload

    def rest(self):
        """The bytes that are left, and the document of InvokeComplete."""
        pieces = []
        while (event := self.event())[0][":event-type"] == "PayloadChunk":
            pieces.append(event[1])
        assert event[0] == {":message-type": "event", ":event-type": "InvokeComplete",
                            ":content-type": "application/json"}, event[0]
        assert self.event() is None
        return b"".join(pieces), json.loads(event[1])

    def close(self):
        self.connection.close()


class StreamTest(FlowTest):
    @classmethod
    def setUpClass(cls):
        cls.functions = functions_folder()
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.functions)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-gate-"))
        self.gate = str(self.folder / "gate")
        os.mkfifo(self.gate)
        self.gate_end = os.open(self.gate, os.O_RDWR)
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.close, self.gate_end)

    def open_gate(self):
        os.write(self.gate_end, b".")

    def steps(self, *steps):
        return {"gate": self.gate, "steps": steps}

    def call(self, *steps, **options):
        caller = Caller(self.local.port, self.steps(*steps), **options)
        self.addCleanup(caller.close)
        return caller

    def ends(self, data, complete, *steps, **options):
        caller = self.call(*steps, **options)
        got, end = caller.rest()
        self.assertEqual(got, data)
        details = end.pop("ErrorDetails", None)
        self.assertEqual(end, complete)
        return json.loads(details) if details else None

    def whole(self, *steps, **options):
        """The same through Invoke: X-Amz-Function-Error and the body."""
        answer = self.call(*steps, path=WHOLE, **options).head()
        self.assertEqual(answer.status, 200)
        return answer.headers["X-Amz-Function-Error"], answer.read()


class Pieces(StreamTest):
    def test_each_arrives_before_the_next_is_sent(self):
        caller = self.call(["say", "one"], ["wait"], ["say", "two"], ["wait"], ["say", "three"])
        self.assertEqual(caller.chunk(), b"one")
        self.open_gate()
        self.assertEqual(caller.chunk(), b"two")
        self.open_gate()
        self.assertEqual(caller.rest(), (b"three", {}))

    def test_the_head(self):
        answer = self.call(["say", "x"]).head()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/vnd.amazon.eventstream")
        self.assertEqual(answer.headers["X-Amz-Executed-Version"], "$LATEST")
        self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
        self.assertEqual(len(answer.headers["x-amzn-RequestId"]), 36)
        self.assertIsNone(answer.headers["X-Amz-Function-Error"])

    def test_nothing_at_all(self):
        self.ends(b"", {})

    def test_a_buffered_response_is_chunks(self):
        self.ends(b"whole", {}, ["post", "whole"])
        caller = self.call(["post", "x" * 1000000])
        while (event := caller.event())[0][":event-type"] == "PayloadChunk":
            self.assertLessEqual(len(event[1]), 1 << 20)

    def test_many_bytes(self):
        self.ends(counting(30000000), {}, ["bytes", 30000000])

    def test_the_log(self):
        caller = self.call(["log", "a line"], ["say", "x"], headers={"X-Amz-Log-Type": "Tail"})
        data, end = caller.rest()
        self.assertEqual((data, list(end)), (b"x", ["LogResult"]))
        log = base64.b64decode(end["LogResult"]).decode()
        self.assertRegex(log, r"(?s)^START .*\na line\nstatus 202 .*\nEND .*\nREPORT ")

    def test_the_process_serves_one_call_after_the_other(self):
        for _ in range(3):
            self.ends(b"ab", {}, ["say", "a"], ["say", "b"])
            self.assertEqual(self.whole(["post", "whole"]), (None, b"whole"))


DOCUMENT = json.dumps({"errorType": "TypeError", "errorMessage": "no such \u00fc", "trace": ["TypeError", "  at f"]})


class Failures(StreamTest):
    def test_in_the_trailers(self):
        details = self.ends(b"some", {"ErrorCode": "Unhandled"}, ["say", "some"], ["fail", "Function.X", DOCUMENT])
        self.assertEqual(details, json.loads(DOCUMENT))

    def test_in_the_trailers_before_any_byte(self):
        details = self.ends(b"", {"ErrorCode": "Unhandled"}, ["fail", "Function.X", DOCUMENT])
        self.assertEqual(details, json.loads(DOCUMENT))

    def test_in_the_trailers_by_type_alone(self):
        details = self.ends(b"x", {"ErrorCode": "Unhandled"}, ["say", "x"], ["fail", "Function.X", ""])
        self.assertEqual(details, {"errorType": "Function.X", "errorMessage": ""})

    def test_posted_before_any_byte(self):
        details = self.ends(b"", {"ErrorCode": "Unhandled"}, ["error", DOCUMENT])
        self.assertEqual(details, json.loads(DOCUMENT))

    def test_out_of_time(self):
        for data, steps in ((b"", [["hang"]]), (b"some", [["say", "some"], ["hang"]])):
            details = self.ends(data, {"ErrorCode": "Sandbox.Timedout"}, *steps, function="hasty")
            self.assertEqual(details["errorType"], "Sandbox.Timedout")
            self.assertIn("Task timed out after 1.00 seconds", details["errorMessage"])

    def test_its_process_ends(self):
        for data, steps, words in ((b"", [["exit", 3]], "exit status 3"),
                                   (b"some", [["say", "some"], ["wait"], ["exit", 3]], "exit status 3"),
                                   (b"some", [["say", "some"], ["wait"], ["kill", 9]], "signal: killed")):
            caller = self.call(*steps)
            self.assertEqual(caller.chunk() if data else b"", data)
            self.open_gate() if data else None
            rest, end = caller.rest()
            self.assertEqual((rest, end["ErrorCode"]), (b"", "Runtime.ExitError"))
            self.assertIn("Runtime exited with error: " + words, end["ErrorDetails"])

    def test_a_connection_that_is_cut_may_be_followed_by_an_error(self):
        caller = self.call(["say", "some"], ["wait"], ["cut"], ["again"], ["error", DOCUMENT],
                           headers={"X-Amz-Log-Type": "Tail"})
        self.assertEqual(caller.chunk(), b"some")
        self.open_gate()
        rest, end = caller.rest()
        self.assertEqual((rest, end["ErrorCode"], end["ErrorDetails"]), (b"", "Unhandled", DOCUMENT))
        self.assertIn("second response 403", base64.b64decode(end["LogResult"]).decode())

    def test_a_second_response_beside_a_stream_is_refused(self):
        caller = self.call(["say", "a"], ["again"], ["say", "b"], headers={"X-Amz-Log-Type": "Tail"})
        data, end = caller.rest()
        self.assertEqual((data, list(end)), (b"ab", ["LogResult"]))
        self.assertIn("second response 403", base64.b64decode(end["LogResult"]).decode())


class Limits(StreamTest):
    LIMIT = 209715200

    def stream(self, size):
        """How many bytes come, and the end."""
        caller, count = self.call(["bytes", size], headers={"X-Amz-Log-Type": "Tail"}), 0
        while (event := caller.event())[0][":event-type"] == "PayloadChunk":
            count += len(event[1])
        return count, json.loads(event[1])

    def test_two_hundred_megabytes(self):
        count, end = self.stream(self.LIMIT)
        self.assertEqual((count, list(end)), (self.LIMIT, ["LogResult"]))
        count, end = self.stream(self.LIMIT + 1)
        self.assertLessEqual(count, self.LIMIT)
        self.assertEqual(end["ErrorCode"], "Function.ResponseSizeTooLarge")
        self.assertIn("(209715200 bytes)", end["ErrorDetails"])
        self.assertIn("status 413", base64.b64decode(end["LogResult"]).decode())


class Callers(StreamTest):
    def test_a_slow_one_holds_the_function_back(self):
        mark = str(self.folder / "mark")
        caller = self.call(["say", "x"], ["bytes", 60000000], ["mark", mark], receive_buffer=65536)
        self.assertEqual(caller.chunk(), b"x")
        self.pass_time()
        self.assertFalse(os.path.exists(mark))
        data, end = caller.rest()
        self.assertEqual(end, {})
        self.assertTrue(data == counting(60000000))
        self.assertTrue(os.path.exists(mark))

    def test_who_hangs_up_does_not_stop_the_function(self):
        for size in (10, 30000000):
            mark = self.folder / f"mark-{size}"
            caller = self.call(["say", "x"], ["wait"], ["bytes", size], ["mark", str(mark)], ["post", "ignored"])
            self.assertEqual(caller.chunk(), b"x")
            caller.answer.close()
            caller.close()
            self.open_gate()
            self.wait_for(mark)

    def test_who_hangs_up_while_the_function_is_held_back_lets_it_go_on(self):
        mark = self.folder / "mark"
        caller = self.call(["say", "x"], ["bytes", 60000000], ["mark", str(mark)], receive_buffer=65536)
        self.assertEqual(caller.chunk(), b"x")
        self.pass_time()
        self.assertFalse(mark.exists())
        caller.answer.close()
        caller.close()
        self.wait_for(mark)

    def pass_time(self):
        """More than the function takes when nobody holds it back: other calls with as many bytes as it has."""
        for _ in range(2):
            self.ends(counting(60000000), {}, ["bytes", 60000000])

    def wait_for(self, path):
        """Other calls make the time pass."""
        for _ in range(2000):
            if path.exists():
                return
            self.whole(["post", "x"])
        self.fail(f"{path} was not reached")


class Collected(StreamTest):
    """A streamed response to Invoke."""

    def test_it_is_put_together(self):
        self.assertEqual(self.whole(["say", "one "], ["say", "two"]), (None, b"one two"))
        self.assertEqual(self.whole(), (None, b""))

    def test_an_error_in_the_trailers_is_all(self):
        self.assertEqual(self.whole(["say", "some"], ["fail", "Function.X", DOCUMENT]),
                         ("Unhandled", DOCUMENT.encode()))

    def test_the_limit_is_that_of_a_response(self):
        limit = 6291556
        self.assertEqual(self.whole(["bytes", limit]), (None, counting(limit)))
        error, body = self.whole(["bytes", limit + 1])
        self.assertEqual((error, json.loads(body)["errorType"]), ("Unhandled", "Function.ResponseSizeTooLarge"))
        self.assertIn(b"(6291556 bytes)", body)

    def test_its_process_ends(self):
        error, body = self.whole(["say", "some"], ["exit", 3])
        self.assertEqual((error, json.loads(body)["errorType"]), ("Unhandled", "Runtime.ExitError"))


class Refusals(StreamTest):
    def refused(self, status, code, event=None, **options):
        caller = Caller(self.local.port, {"steps": []} if event is None else event, **options)
        self.addCleanup(caller.close)
        answer = caller.head()
        self.assertEqual((answer.status, answer.headers["x-amzn-ErrorType"]), (status, code))
        self.assertEqual(answer.headers["Content-Type"], "application/json")

    def test_are_ordinary_answers(self):
        self.refused(404, "ResourceNotFoundException", function="nobody")
        self.refused(400, "InvalidRequestContentException", b"no JSON")
        self.refused(400, "ValidationException", headers={"X-Amz-Invocation-Type": "Event"})
        self.refused(413, "RequestEntityTooLargeException", b'"' + b"x" * 6291456 + b'"')

    def test_a_dry_run(self):
        caller = self.call(["exit", 1], headers={"X-Amz-Invocation-Type": "DryRun"})
        self.assertEqual((caller.head().status, caller.head().read()), (204, b""))


class Peers(StreamTest):
    def test_botocore(self):
        client = their_client(self.local.endpoint)
        answer = client.invoke_with_response_stream(
            FunctionName="streamer", LogType="Tail",
            Payload=json.dumps(self.steps(["say", "one"], ["wait"], ["say", "two"], ["fail", "X", DOCUMENT])))
        events = iter(answer["EventStream"])
        self.assertEqual(next(events)["PayloadChunk"]["Payload"], b"one")
        self.open_gate()
        self.assertEqual(next(events)["PayloadChunk"]["Payload"], b"two")
        end = next(events)["InvokeComplete"]
        self.assertEqual((end["ErrorCode"], end["ErrorDetails"]), ("Unhandled", DOCUMENT))
        self.assertTrue(base64.b64decode(end["LogResult"]).startswith(b"START"))
        self.assertEqual(list(events), [])

    def ours(self):
        return ["invoke", "--stream", "--quiet", "--function", "streamer", "--region", REGION, "--endpoint",
                self.local.endpoint]

    def test_our_command(self):
        event = json.dumps(self.steps(["say", "one"], ["wait"], ["say", "two"]))
        with subprocess.Popen([COMPONENT, *self.ours()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=clean_env(KEYS)) as process:
            process.stdin.write(event.encode())
            process.stdin.close()
            self.assertEqual(process.stdout.read(3), b"one")
            self.open_gate()
            self.assertEqual(process.stdout.read(3), b"two")
        self.assertEqual(process.returncode, 0)

    def test_our_command_tells_a_failure_in_the_middle(self):
        run = component(*self.ours(), stdin=json.dumps(self.steps(["say", "one"], ["fail", "X", DOCUMENT])), env=KEYS)
        self.assertNotEqual(run.returncode, 0)
        self.assertTrue(run.stdout.startswith(b"one"))
        self.assertIn("no such \u00fc", run.stderr.decode() + run.stdout.decode())

    def test_the_sdk_for_node(self):
        modules, node = os.environ.get("ALC_NODE_MODULES"), shutil.which("node") or shutil.which("nodejs")
        if not node:
            self.skipTest("there is no node here")
        if not modules or not pathlib.Path(modules, "@aws-sdk", "client-lambda").is_dir():
            self.skipTest("ALC_NODE_MODULES names no folder with @aws-sdk/client-lambda")
        event = json.dumps(self.steps(["say", "one"], ["wait"], ["say", "two"], ["fail", "X", DOCUMENT]))
        with subprocess.Popen([node, str(HERE / "stream_peer.js"), modules, self.local.endpoint, REGION, event],
                              stdout=subprocess.PIPE, env=clean_env(KEYS)) as process:
            self.assertEqual(json.loads(process.stdout.readline()), {"chunk": "one"})
            self.open_gate()
            self.assertEqual(json.loads(process.stdout.readline()), {"chunk": "two"})
            self.assertEqual(json.loads(process.stdout.readline()),
                             {"complete": {"ErrorCode": "Unhandled", "ErrorDetails": DOCUMENT}})
        self.assertEqual(process.returncode, 0)


class Stop(unittest.TestCase):
    def test_a_stream_that_is_open_ends_with_an_exception(self):
        StreamTest.setUpClass()
        caller = Caller(StreamTest.local.port, {"steps": [["say", "x"], ["hang"]]})
        try:
            self.assertEqual(caller.chunk(), b"x")
            StreamTest.local.process.send_signal(2)
            headers, payload = caller.event()
            self.assertEqual((headers[":message-type"], headers[":exception-type"]), ("exception", "ServiceException"))
            self.assertIn("stopping", json.loads(payload)["Message"])
            self.assertIsNone(caller.event())
            self.assertEqual(StreamTest.local.process.wait(20), 0)
        finally:
            caller.close()
            StreamTest.tearDownClass()


if __name__ == "__main__":
    unittest.main()
