"""Every field of the form by every way in which a call can go: the action, in a process of its own, against a server
that does what a script says and counts what it was asked to execute.  The scenarios are data: tests/golden/component.

Prints "N passed, 0 failed"."""
import concurrent.futures
import json
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

from support import HttpRequest, RawServer, clean_env

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden"
DRIVER = str(pathlib.Path(os.environ["ALC_TESTS"]).resolve() / "action_driver")
BASE = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "s3cret", "region": "eu-west-1",
        "functionName": "fn", "expression": ""}
REQUEST_ID = "11111111-2222-4333-8444-555555555555"


class Script:
    """A Lambda that does with its n-th request what the n-th line of a script says; the last one is repeated."""

    def __init__(self, lines, context=None):
        self.lines, self.context = lines, context
        self.requests, self.lock = [], threading.Lock()
        self.server = RawServer(self.serve, context and (lambda c: context.wrap_socket(c, server_side=True)))

    def serve(self, connection):
        stream = connection.makefile("rb")
        while (request := HttpRequest.read(stream)):
            with self.lock:
                line = self.lines[min(len(self.requests), len(self.lines) - 1)]
                self.requests.append(request)
            if not self.answer(connection, line):
                return

    def answer(self, connection, line):
        """Answers; False when the connection is at its end."""
        if isinstance(line, str):
            return self.break_it(connection, line)
        time.sleep(line.get("wait_ms", 0) / 1000)
        connection.sendall(self.text(line))
        return True

    @staticmethod
    def text(line):
        headers = {"x-amzn-RequestId": REQUEST_ID, "Content-Type": "application/json", **line.get("headers", {})}
        body = line.get("body", "")
        if "code" in line:
            headers["x-amzn-ErrorType"] = line["code"]
            body = json.dumps({"Type": "User", "message": "words of the service"})
        body = body.encode()
        headers["Content-Length"] = str(len(body) + line.get("longer", 0))
        head = f"HTTP/1.1 {line.get('status', 200)} X\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
        return head.encode() + b"\r\n" + body

    def break_it(self, connection, how):
        whole = self.text({"body": '{"a":1}'})
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "half headers":
            connection.sendall(whole[:40])
        elif how == "half a body":
            connection.sendall(whole[:-3])
        elif how == "garbage":
            connection.sendall(b"\x00\x01 this is not HTTP\r\n\r\n")
        elif how == "longer":
            connection.sendall(self.text({"body": "1", "longer": 10}))
        else:
            assert how in ("close", "tls"), how
        connection.shutdown(socket.SHUT_RDWR) if how != "reset" else connection.close()
        return False


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificate(folder):
    """The context of a server whose certificate nobody knows."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


class Run:
    """The driver's run over messages against a script, or against a server that goes on."""

    def __init__(self, config, messages, script=None, tls=None, variables=None, server=None):
        is_ours = server is None
        server = server or Script(script, tls if script == ["tls"] else None)
        port = free_port() if script == ["refuse"] else server.server.port
        scheme = "https" if script == ["tls"] else "http"
        text = {"config": {**BASE, **config}, "messages": messages, **({"variables": variables} if variables else {})}
        process = subprocess.run([DRIVER], input=json.dumps(text).encode(), capture_output=True, timeout=120,
                                 env=clean_env({"AWS_ENDPOINT_URL": f"{scheme}://127.0.0.1:{port}"}))
        if is_ours:
            server.server.close()
        self.requests, self.log = server.requests, process.stderr.decode()
        self.results = [json.loads(line) for line in process.stdout.decode().splitlines()]
        if process.returncode:
            raise AssertionError(f"the driver ended with {process.returncode}: {self.log[-2000:]}")
        if "s3cret" in self.log + process.stdout.decode():
            raise AssertionError("a secret got out")


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")


def check_result(result, wanted):
    for key, value in wanted.items():
        if key == "message":
            if value not in result["message"]:
                raise AssertionError(f"message: got {result['message']!r}, expected {value!r} in it")
        elif key == "headers":
            expect("headers", json.loads(result["headers"]), value)
        elif key == "body_has":
            body = json.loads(result["body"])
            expect("body", {k: body[k] for k in value}, value)
        else:
            expect(key, result.get(key), value)


def check_request(request, wanted):
    if "path" in wanted:
        expect("path", request.target, wanted["path"])
    if "body" in wanted:
        expect("payload", request.body.decode(), wanted["body"])
    if wanted.get("body_has", "") not in request.body.decode():
        raise AssertionError(f"body: {request.body!r} has no {wanted['body_has']!r}")
    for name, value in wanted.get("headers", {}).items():
        expect(name, request.header(name), value)
    for name, value in wanted.get("has", {}).items():
        if value not in (request.header(name) or ""):
            raise AssertionError(f"{name}: got {request.header(name)!r}, expected {value!r} in it")


def check_field(s):
    run = Run(s["config"], s.get("messages", [{"body": {}}]), s.get("answers", [{"body": "1"}]),
              variables=s.get("variables"))
    for line in s.get("log", []):
        if line not in run.log:
            raise AssertionError(f"the log does not have {line!r}: {run.log}")
    if "start" in s:
        [result] = run.results
        if "start" not in result or s["start"] not in result["start"]["message"]:
            raise AssertionError(f"got {result!r}, expected {s['start']!r}")
        return
    expect("results", len(run.results), len(s["results"]))
    for result, wanted in zip(run.results, s["results"]):
        check_result(result, wanted)
    expect("requests", len(run.requests), len(s["requests"]))
    for request, wanted in zip(run.requests, s["requests"]):
        check_request(request, wanted)


def check_cell(table, row, column, cell, tls):
    script = table["scripts"][row]
    run = Run({**table["columns"][column], **table["more"].get(row, {})}, [{"body": {"in": 1}}], script, tls)
    [result] = run.results
    verdict = {"emit": "E", "throw": "T", "rebound": "R"}[result["verdict"]]
    if f"{verdict}{len(run.requests)}" != cell:
        raise AssertionError(f"got {verdict}{len(run.requests)}, expected {cell}: {result}")
    expect("payloads", {r.body for r in run.requests}, {b'{"in":1}'} if run.requests else set())


def check_answer(r):
    """A recorded answer of AWS: as an error in its name, or as the function's result."""
    headers = {k: v for k, v in r["headers"].items() if k.lower() != "content-length"}
    run = Run({"errorPolicy": "throwError"}, [{"body": {}}],
              [{"status": r["status"], "headers": headers, "body": r["body"]}])
    [result], wanted = run.results, r["expected"]
    if r["status"] not in (200, 202, 204):
        expect("verdict", result["verdict"], "throw")
        expect("requests", len(run.requests), 1)
        if wanted.get("code"):
            expect("name", result["name"], wanted["code"])
    elif wanted.get("function_error"):
        expect("verdict", result["verdict"], "throw")
        expect("name", result["name"], wanted.get("error_type") or wanted["function_error"])
        if wanted.get("error_message"):
            expect("message", result["message"], wanted["error_message"])
        if "stack_lines" in wanted:
            expect("stack", len(result["stack"]), wanted["stack_lines"] if isinstance(wanted["stack_lines"], int)
                   else len(wanted["stack_lines"]))
    else:
        expect("verdict", result["verdict"], "emit")


def scenarios(tls):
    for s in json.loads((GOLDEN / "component/fields.json").read_text()):
        yield s["name"], check_field, (s,)
    table = json.loads((GOLDEN / "component/outcomes.json").read_text())
    for row, cells in table["rows"].items():
        for column, cell in zip(table["columns"], cells.split(), strict=True):
            yield f"{row} / {column}", check_cell, (table, row, column, cell, tls)
    for r in json.loads((GOLDEN / "aws/responses.json").read_text())["responses"]:
        if r["service"] == "lambda":
            yield "answer " + r["name"], check_answer, (r,)


def attempt(scenario):
    name, check, args = scenario
    try:
        check(*args)
    except AssertionError as failed:
        return f"{name}: {failed}"
    return None


def main():
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(8) as pool:
        chosen = [s for s in scenarios(certificate(folder)) if only in s[0]]
        failures = [f for f in pool.map(attempt, chosen) if f]
    for failure in failures:
        print(f"{failure}\n    {sys.argv[0]} '{failure.split(':')[0]}'")
    print(f"{len(chosen) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
