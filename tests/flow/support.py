"""What the flow tests share: our programs, a local Lambda, and servers that misbehave on purpose."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ["ALC_BIN"]).resolve()
COMPONENT = str(BIN / "aws-lambda-component")
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local-secret"}
REGION = "us-east-1"


def clean_env(extra=None):
    """An environment in which nothing of AWS is set but what a test sets."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and not k.upper().endswith("_PROXY")}
    env.update({"HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"})
    env.update(extra or {})
    return env


def read_port(path):
    """The port in a port file; 0 while it is not whole."""
    try:
        with open(path, encoding="ascii") as f:
            text = f.read()
    except OSError:
        return 0
    return int(text) if text.endswith("\n") else 0


class Local:
    """`aws-lambda-component local` on a free port."""

    def __init__(self, functions=HERE / "functions", *options, env=None):
        self.folder = tempfile.mkdtemp(prefix="alc-local-")
        port_file = os.path.join(self.folder, "port")
        self.log_path = os.path.join(self.folder, "log")
        self.log = open(self.log_path, "wb")
        if "--state" not in options:
            options = (*options, "--state", os.path.join(self.folder, "state"))
        self.process = subprocess.Popen(
            [COMPONENT, "local", "--functions", str(functions), "--port", "0", "--port-file", port_file, *options],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=clean_env(env))
        deadline = time.monotonic() + 20
        self.port = 0
        while not self.port:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("local did not start: " + self.log_text())
            time.sleep(0.01)
            self.port = read_port(port_file)
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def worker(self):
        """The process that serves and has the functions' processes; ours only guards it."""
        return group_members(self.process.pid)[0]

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self, timeout=20):
        """SIGINT; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(2)
        status = self.process.wait(timeout)
        self.log.close()
        return status

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def group_members(parent):
    """Processes below `parent`, from /proc."""
    children = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                children.append(int(entry.name))
    return children


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def component(*args, stdin=b"", env=None, timeout=60):
    """Runs our program to its end."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    return subprocess.run([COMPONENT, *args], input=stdin, capture_output=True, env=clean_env(env), timeout=timeout)


def lines(values):
    return "".join(json.dumps(v) + "\n" for v in values)


def results(run):
    return [json.loads(line) for line in run.stdout.decode().splitlines()]


class RawServer:
    """A TCP server whose connections are handled by a function, each in a thread."""

    def __init__(self, handler, wrap=None):
        self.handler, self.wrap = handler, wrap
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                self.handler(self.wrap(connection) if self.wrap else connection)
            except OSError:
                pass

    def close(self):
        self.socket.close()


class HttpRequest:
    """A request read from a socket: method, target, headers (in order, as they came), body.  None at end of stream."""

    @staticmethod
    def read(stream):
        first = stream.readline()
        if not first.strip():
            return None
        request = HttpRequest()
        request.method, request.target, _ = first.decode().split(" ", 2)
        request.headers = []
        while (line := stream.readline().decode("latin-1").rstrip("\r\n")):
            name, value = line.split(":", 1)
            request.headers.append((name, value.strip()))
        size = int(request.header("content-length") or 0)
        request.body = stream.read(size)
        return request if len(request.body) == size else None

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name), None)


def http_answer(body=b"{}", status="200 OK", headers=()):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json",
            "x-amzn-RequestId: 11111111-2222-4333-8444-555555555555", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class FlowTest(unittest.TestCase):
    """A test with one local Lambda for all its cases."""
    functions = HERE / "functions"
    local_options = ()
    local = None

    @classmethod
    def setUpClass(cls):
        cls.local = Local(cls.functions, *cls.local_options)

    @classmethod
    def tearDownClass(cls):
        cls.local.close()

    def invoke(self, stdin=b"", *args, function="probe", env=None, timeout=60):
        return component("invoke", "--function", function, "--region", REGION, "--endpoint", self.local.endpoint,
                         "--quiet", *args, stdin=stdin, env={**KEYS, **(env or {})}, timeout=timeout)
