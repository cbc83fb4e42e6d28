"""Streamed invocations: a server frames what functions return, and cuts it where it likes; botocore reads the same server
and must agree with us."""
import base64
import json
import os
import random
import socket
import struct
import subprocess
import threading
import unittest
import zlib

import botocore.session
from botocore.config import Config

from support import COMPONENT, HERE, HttpRequest, KEYS, REGION, RawServer, clean_env, component, http_answer

GOLDEN = HERE.parent / "golden" / "aws" / "eventstream.json"
ENDPOINT_ARGS = ("--region", REGION, "--quiet", "--stream", "--function", "f", "--endpoint")


# ---- the server ------------------------------------------------------------------------------------------------------

def message(headers, payload=b""):
    """A message of the event stream."""
    block = b"".join(struct.pack("!B", len(n)) + n.encode() + struct.pack("!BH", 7, len(v.encode())) + v.encode()
                     for n, v in headers.items())
    prelude = struct.pack("!II", 16 + len(block) + len(payload), len(block))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + block + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(kind, payload):
    content = "application/octet-stream" if kind == "PayloadChunk" else "application/json"
    return message({":message-type": "event", ":event-type": kind, ":content-type": content}, payload)


def chunk(payload):
    return event("PayloadChunk", payload)


def complete(**members):
    return event("InvokeComplete", json.dumps(members).encode())


HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nX-Amz-Executed-Version: 7\r\n"
        b"x-amzn-RequestId: 11111111-2222-4333-8444-555555555555\r\nTransfer-Encoding: chunked\r\n\r\n")


def transfer(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)


class Streams:
    """Answers every request with `data`, in pieces of the lengths that `cut` gives, each a chunk of the transfer and a
    packet."""

    def __init__(self, data, cut=lambda: 1 << 20, is_ended=True):
        self.data, self.cut, self.is_ended, self.requests = data, cut, is_ended, []
        self.server = RawServer(self.handle)
        self.endpoint = f"http://127.0.0.1:{self.server.port}"

    def handle(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        while (request := HttpRequest.read(stream)):
            self.requests.append(request)
            connection.sendall(HEAD)
            rest = self.data
            while rest:
                size = self.cut()
                connection.sendall(transfer(rest[:size]))
                rest = rest[size:]
            if not self.is_ended:
                return
            connection.sendall(b"0\r\n\r\n")


# ---- the two clients -------------------------------------------------------------------------------------------------

def ours(server, *args, stdin=b"{}"):
    return component("invoke", *ENDPOINT_ARGS, server.endpoint, *args, stdin=stdin, env=KEYS)


def with_streaming(model):
    """Debian's botocore is older than this operation: AWS's public description of it."""
    def text(location, name):
        return {"shape": "String", "location": location, "locationName": name}
    model["operations"]["InvokeWithResponseStream"] = {
        "name": "InvokeWithResponseStream", "input": {"shape": "StreamRequest"}, "output": {"shape": "StreamResponse"},
        "http": {"method": "POST",
                 "requestUri": "/2021-11-15/functions/{FunctionName}/response-streaming-invocations"}}
    model["shapes"].update({
        "StreamRequest": {"type": "structure", "required": ["FunctionName"], "payload": "Payload", "members": {
            "FunctionName": text("uri", "FunctionName"), "LogType": text("header", "X-Amz-Log-Type"),
            "Qualifier": text("querystring", "Qualifier"), "Payload": {"shape": "Blob"}}},
        "StreamResponse": {"type": "structure", "payload": "EventStream", "members": {
            "ExecutedVersion": text("header", "X-Amz-Executed-Version"), "EventStream": {"shape": "StreamEvents"}}},
        "StreamEvents": {"type": "structure", "eventstream": True, "members": {
            "PayloadChunk": {"shape": "StreamUpdate"}, "InvokeComplete": {"shape": "StreamComplete"}}},
        "StreamUpdate": {"type": "structure", "event": True, "members": {
            "Payload": {"shape": "Blob", "eventpayload": True}}},
        "StreamComplete": {"type": "structure", "event": True, "members": {
            "ErrorCode": {"shape": "String"}, "ErrorDetails": {"shape": "String"}, "LogResult": {"shape": "String"}}},
    })
    return model


SESSION = botocore.session.get_session()
with_streaming(SESSION.get_component("data_loader").load_service_model("lambda", "service-2"))


def their_client(endpoint):
    return SESSION.create_client(
        "lambda", REGION, endpoint_url=endpoint, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"], config=Config(retries={"total_max_attempts": 1}))


def theirs(server):
    """The bytes, and InvokeComplete."""
    answer = their_client(server.endpoint).invoke_with_response_stream(FunctionName="f", Payload=b"{}")
    data, end = b"", None
    for e in answer["EventStream"]:
        data += e.get("PayloadChunk", {}).get("Payload", b"")
        end = e.get("InvokeComplete", end)
    return data, end


# ---- the tests -------------------------------------------------------------------------------------------------------

DETAILS = json.dumps({"errorType": "TypeError", "errorMessage": "no such ü", "trace": ["TypeError: no", "  at f"]})
CUTS = {"whole": lambda: 1 << 20, "byte by byte": lambda: 1, "random": lambda: random.randint(1, 40)}


class Agreement(unittest.TestCase):
    """Whatever the pieces, both clients have the same bytes and the same end."""
    STREAMS = {
        "text": chunk(b"hello ") + chunk("w\u00f6rld".encode()) + complete(),
        "nothing": complete(),
        "all bytes, with empty chunks": chunk(b"") + chunk(bytes(range(256))) + chunk(b"") + complete(),
        "events of tomorrow": event("News", b"{}") + chunk(b"x") + complete(),
        "function error": chunk(b"half") + complete(ErrorCode="Unhandled", ErrorDetails=DETAILS),
    }

    def setUp(self):
        random.seed(5)

    def check(self, data):
        for name, cut in CUTS.items():
            with self.subTest(cut=name):
                server = Streams(data, cut)
                run = ours(server)
                wanted, end = theirs(server)
                self.assertEqual(run.stdout, wanted)
                self.assertEqual(run.returncode, 1 if "ErrorCode" in end else 0, run.stderr)

    def test_streams(self):
        for name, data in self.STREAMS.items():
            with self.subTest(stream=name):
                self.check(data)

    def test_the_recordings(self):
        for vector in json.loads(GOLDEN.read_text(encoding="utf-8"))["vectors"]:
            events = vector.get("expected", [])
            if events and events[-1].get("event") == "InvokeComplete":
                with self.subTest(vector=vector["name"]):
                    self.check(bytes.fromhex(vector["bytes_hex"]))

    def test_a_megabyte(self):
        data = bytes(range(256)) * 4096
        pieces = [data[i:i + 65536] for i in range(0, len(data), 65536)]
        server = Streams(b"".join(map(chunk, pieces)) + complete(), lambda: random.randint(1, 100000))
        self.assertEqual(ours(server).stdout, data)
        self.assertEqual(theirs(server), (data, {}))

    def test_both_have_asked_for_the_same(self):
        server = Streams(complete())
        ours(server)
        theirs(server)
        first, second = server.requests
        self.assertEqual((first.method, first.target, first.body), (second.method, second.target, second.body))
        self.assertEqual(first.target, "/2021-11-15/functions/f/response-streaming-invocations")


class Ends(unittest.TestCase):
    def check(self, data, written, *said, is_ended=True):
        server = Streams(data, is_ended=is_ended)
        run = ours(server)
        self.assertEqual((run.stdout, run.returncode), (written, 1), run.stderr)
        for text in said:
            self.assertIn(text, run.stderr.decode())
        self.assertEqual(len(server.requests), 1)

    def test_the_function_fails_in_the_middle(self):
        self.check(chunk(b"half") + complete(ErrorCode="Unhandled", ErrorDetails=DETAILS), b"half",
                   "the function failed: TypeError: no such ü", "  at f")

    def test_the_function_fails_and_says_nothing(self):
        self.check(complete(ErrorCode="Sandbox.Timedout"), b"", "the function failed", "Sandbox.Timedout")

    def test_the_service_fails_in_the_middle(self):
        self.check(chunk(b"half") + message({":message-type": "exception", ":exception-type": "ServiceException"},
                                            b'{"Message":"internal"}'), b"half",
                   "ServiceException: internal", "may have run all the same")

    def test_the_stream_ends_in_the_middle(self):
        self.check(chunk(b"half"), b"half", "without InvokeComplete", "may have run all the same")
        self.check(chunk(b"half"), b"half", "broke off after", "may have run all the same", is_ended=False)

    def test_a_flipped_bit(self):
        data = bytearray(chunk(b"right") + chunk(b"wrong") + complete())
        data[data.index(b"wrong")] ^= 1
        self.check(bytes(data), b"right", "checksum", "may have run all the same")

    def test_errors_before_the_stream_are_errors(self):
        server = RawServer(lambda c: HttpRequest.read(c.makefile("rb")) and c.sendall(http_answer(
            b'{"Message":"Function not found"}', "404 Not Found",
            ["x-amzn-ErrorType: ResourceNotFoundException", "Connection: close"])))
        server.endpoint = f"http://127.0.0.1:{server.port}"
        run = ours(server)
        self.assertEqual((run.stdout, run.returncode), (b"", 1))
        self.assertIn("ResourceNotFoundException: Function not found", run.stderr.decode())


class CommandLine(unittest.TestCase):
    def test_chunks_are_there_before_the_function_has_ended(self):
        read_one, finished = threading.Event(), []

        def serve(connection):
            HttpRequest.read(connection.makefile("rb"))
            connection.sendall(HEAD + transfer(chunk(b"first")))
            finished.append(read_one.wait(30))
            connection.sendall(transfer(chunk(b" second") + complete()) + b"0\r\n\r\n")

        server = RawServer(serve)
        with subprocess.Popen([COMPONENT, "invoke", *ENDPOINT_ARGS, f"http://127.0.0.1:{server.port}"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=clean_env(KEYS)) as process:
            process.stdin.write(b"{}")
            process.stdin.close()
            self.assertEqual(os.read(process.stdout.fileno(), 100), b"first")
            read_one.set()
            self.assertEqual(process.stdout.read(), b" second")
            self.assertEqual(process.wait(30), 0, process.stderr.read())
        self.assertEqual(finished, [True])

    def test_who_reads_no_further_ends_it(self):
        def serve(connection):
            HttpRequest.read(connection.makefile("rb"))
            connection.sendall(HEAD)
            while True:
                connection.sendall(transfer(chunk(b"x" * 10000)))

        server = RawServer(serve)
        with subprocess.Popen([COMPONENT, "invoke", *ENDPOINT_ARGS, f"http://127.0.0.1:{server.port}"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=clean_env(KEYS)) as process:
            process.stdin.write(b"{}")
            process.stdin.close()
            os.read(process.stdout.fileno(), 100)
            process.stdout.close()
            self.assertEqual(process.wait(30), 1)
            self.assertIn("standard output cannot be written", process.stderr.read().decode())

    def test_messages_come_one_after_the_other(self):
        server = Streams(chunk(b"answer\n") + complete())
        run = ours(server, "--expression", "{'n': n}", stdin=b'{"n":1} {"n":2}\n{"n":3}')
        self.assertEqual((run.stdout, run.returncode), (b"answer\n" * 3, 0))
        self.assertEqual([r.body for r in server.requests], [b'{"n":1}', b'{"n":2}', b'{"n":3}'])

    def test_the_log_tail_is_told(self):
        server = Streams(chunk(b"x") + complete(LogResult=base64.b64encode(b"START\nsaid\n").decode()))
        run = ours(server, "--log-type", "Tail")
        self.assertEqual(server.requests[0].header("x-amz-log-type"), "Tail")
        self.assertIn("said", run.stderr.decode())

    def test_settings_that_need_the_whole_are_refused(self):
        server = Streams(complete())
        for args in (("--invocation-type", "Event"), ("--result", "$")):
            run = ours(server, *args)
            self.assertEqual(run.returncode, 2)
            self.assertIn("stream", run.stderr.decode())
        self.assertEqual(server.requests, [])


if __name__ == "__main__":
    unittest.main(verbosity=0)
