"""Functions that count.  `Functions`: the local Lambda with a function that appends its event's id to a file, sleeps as
long as the event says, and returns the event.  `Scripted`: a server in Lambda's place that answers as told."""
import collections
import http.server
import json
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

import processes
import scratch

NAME, REGION = "counter", "us-east-1"
KEYS = ("local", "local-secret")

BOOTSTRAP = '''#!{python}
import http.client, json, os, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
count = os.open({count!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    text = answer.read()
    event = json.loads(text)
    os.write(count, event["id"].encode() + b"\\n")
    time.sleep(event.get("ms", 0) / 1000)
    api.request("POST", "/2018-06-01/runtime/invocation/" + answer.headers["Lambda-Runtime-Aws-Request-Id"] +
                "/response", text)
    api.getresponse().read()
'''


class Functions:
    def __init__(self, component):
        self.folder = scratch.folder("functions")
        self.count = self.folder / "count"
        self.count.touch()
        function = self.folder / "functions" / NAME
        function.mkdir(parents=True)
        (function / "bootstrap").write_text(BOOTSTRAP.format(python=sys.executable, count=str(self.count)))
        (function / "bootstrap").chmod(0o755)
        self.log = open(self.folder / "log", "wb")
        port_file = self.folder / "port"
        self.process = subprocess.Popen(
            [component, "local", "--functions", function.parent, "--port", "0", "--port-file", port_file],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=processes.die_with_parent)
        while not (port_file.exists() and port_file.read_text().endswith("\n")):
            if self.process.poll() is not None:
                raise AssertionError("local did not start: " + (self.folder / "log").read_text())
            time.sleep(0.02)
        self.port = int(port_file.read_text())

    def forget(self):
        """Executions are counted anew."""
        self.count.write_bytes(b"")

    def executions(self):
        return collections.Counter(self.count.read_text().split())

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        scratch.remove(self.folder)


def refusal(status, kind, message, **more):
    """How AWS refuses a call."""
    return status, kind, {"message": message, "Type": "User" if status < 500 else "Service", **more}


THROTTLED = refusal(429, "TooManyRequestsException", "Rate Exceeded.", Reason="CallerRateLimitExceeded")
SERVER_ERRORS = (
    refusal(500, "ServiceException", "An error occurred"),
    refusal(502, "EC2UnexpectedException", "An unexpected EC2 exception"),
    refusal(502, "ENILimitReachedException", "The limit of network interfaces is reached"),
    refusal(502, "SubnetIPAddressLimitReachedException", "No address is left in the subnet"),
    refusal(502, "EFSMountTimeoutException", "The file system did not answer"),
    refusal(502, "KMSAccessDeniedException", "Lambda was denied access to KMS"),
    refusal(503, None, "Service Unavailable"),
    refusal(504, None, "Gateway Timeout"),
)


class Scripted:
    """`answer(event)` gives None (the function runs), a refusal, "reset", "hang", or seconds to wait before it runs."""

    def __init__(self):
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        self.answer = lambda event: None
        self.closing = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                try:
                    outer.serve(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def serve(self, handler, event):
        answer = self.answer(event)
        if answer == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
        elif answer == "hang":
            self.closing.wait()
            handler.close_connection = True
        elif isinstance(answer, tuple):
            status, kind, body = answer
            self.send(handler, status, body, {"x-amzn-ErrorType": kind} if kind else {})
        else:
            with self.lock:
                self.counts[event["id"]] += 1
            if answer:
                self.closing.wait(answer)
            self.send(handler, 200, event, {"X-Amz-Executed-Version": "$LATEST"})

    def send(self, handler, status, body, headers):
        text = json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)),
                            "x-amzn-RequestId": "11111111-2222-4333-8444-555555555555", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    def executions(self):
        with self.lock:
            return collections.Counter(self.counts)

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
