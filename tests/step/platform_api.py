"""A platform for tests: its REST API and its object storage on a free port, which remember what they were asked and can
be told to misbehave.

    platform = platform_api.Platform(step={"config": {"region": "eu-west-1"}})
    platform.script("GET", platform.step_path, answer(503), drop(), answer(200, {"config": {}}))
    ... the component runs, with platform.environment() ...
    platform.check()                            # every request was one that the real platform would take
    platform.asked("GET", platform.step_path)   # [Request, ...]

Without a script it does what the platform does: step data, startup data (409 when there is some already), credentials,
results of service mode, objects.  A script's last answer stays.  (platform-protocol.md, 2.3 to 2.8 and 6.)
The module is not called platform, since Python has one of that name, which pika needs.
"""
import base64
import http.server
import json
import socket
import ssl
import struct
import threading
import time
import urllib.parse
import uuid

FLOW_ID, STEP_ID = "5559edd38968ec0736000003", "step_1"
USERNAME, KEY, TOKEN = "user@example.com", "api-key-of-the-test", "storage-token-of-the-test"


class Answer:
    """What to answer with: `body` bytes as they are, text, or a value as JSON."""

    def __init__(self, status=200, body=None, headers=(), delay=0.0, action="answer"):
        self.status, self.headers, self.delay, self.action = status, dict(headers), delay, action
        if body is None or isinstance(body, bytes):
            self.body = body or b""
        else:
            self.body = (body if isinstance(body, str) else json.dumps(body)).encode()

    def __eq__(self, other):
        return self.__dict__ == other.__dict__


answer = Answer


def invalid_json(status=200):
    return Answer(status, '{"config": {')


def drop():
    """The connection ends without an answer."""
    return Answer(action="drop")


def reset():
    """The same, by a TCP reset."""
    return Answer(action="reset")


def cut(body=b'{"config":{}}'):
    """The connection ends in the middle of the answer."""
    return Answer(200, body, action="cut")


def hang():
    """No answer, and the connection stays, until the platform is closed."""
    return Answer(action="hang")


class Request:
    def __init__(self, handler, body):
        self.method = handler.command
        self.target = handler.path
        self.path, _, self.query = handler.path.partition("?")
        self.headers = handler.headers      # case does not matter: request.headers["X"]
        self.body = body
        self.at = time.monotonic()

    def json(self):
        return json.loads(self.body)

    def basic(self):
        """(user, password), or None."""
        kind, _, value = (self.headers["Authorization"] or "").partition(" ")
        return tuple(base64.b64decode(value).decode().split(":", 1)) if kind == "Basic" else None

    def __repr__(self):
        return f"{self.method} {self.target}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def read_chunked(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def serve(self):
        if (self.headers["Transfer-Encoding"] or "").lower() == "chunked":
            body = self.read_chunked()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        platform = self.server.platform
        reply = platform.take(Request(self, body))
        if reply.delay:
            platform.closing.wait(reply.delay)
        getattr(self, "do_" + reply.action)(reply)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_HEAD = serve

    def do_answer(self, reply, size=None):
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.status != 204 and self.command != "HEAD":
            self.wfile.write(reply.body[:size])
        self.wfile.flush()

    def do_cut(self, reply):
        self.do_answer(reply, len(reply.body) // 2)
        self.close_connection = True

    def do_drop(self, _):
        self.close_connection = True

    def do_reset(self, _):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def do_hang(self, _):
        self.server.platform.closing.wait()
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass        # a client that went away is an ordinary thing here


class Platform:
    def __init__(self, step=None, port=0, tls=None):
        """`tls`: (certificate, key) for a platform at https://."""
        self.step = {"config": {}, "snapshot": {}} if step is None else step
        self.step_path = f"/v1/tasks/{FLOW_ID}/steps/{STEP_ID}"
        self.startup_path = f"/sailor-support/hooks/task/{FLOW_ID}/startup/data"
        self.result_path = "/result"
        self.startup = None         # the stored state, as bytes
        self.accounts = {}          # id -> keys
        self.objects = {}           # id -> bytes
        self.requests, self.complaints = [], []
        self._scripts, self._lock = {}, threading.Lock()
        self.closing = threading.Event()
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.platform = self
        self.port = self.server.server_address[1]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # Each connection shakes hands in its own thread, when it is first read from.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.uri = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.result_url = self.uri + self.result_path
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def environment(self):
        """What of a component's environment leads here."""
        return {"ELASTICIO_FLOW_ID": FLOW_ID, "ELASTICIO_STEP_ID": STEP_ID, "ELASTICIO_API_URI": self.uri,
                "ELASTICIO_API_USERNAME": USERNAME, "ELASTICIO_API_KEY": KEY,
                "ELASTICIO_OBJECT_STORAGE_URI": self.uri, "ELASTICIO_OBJECT_STORAGE_TOKEN": TOKEN}

    def script(self, method, path, *answers):
        """From now on `method path` is answered by these, one after the other; the last one stays.  None: as usual."""
        with self._lock:
            self._scripts[method, path] = list(answers)

    def asked(self, method=None, path=None):
        with self._lock:
            return [r for r in self.requests if method in (None, r.method) and path in (None, r.path)]

    def results(self):
        """What service mode has posted."""
        return [r.json() for r in self.asked("POST", self.result_path)]

    def check(self):
        """Fails when a request was not as the platform wants it."""
        if self.complaints:
            raise AssertionError("\n".join(self.complaints))

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    # ---- what it answers ---------------------------------------------------------------------------------------

    def take(self, request):
        with self._lock:
            self.requests.append(request)
            complaint = self._complaint(request)
            if complaint:
                self.complaints.append(f"{request}: {complaint}")
            script = self._scripts.get((request.method, request.path))
            if script:
                scripted = script.pop(0) if len(script) > 1 else script[0]
                if scripted:
                    return scripted
            return self._usual(request)

    def _complaint(self, request):
        if request.path.startswith("/objects"):
            if request.headers["Authorization"] != f"Bearer {TOKEN}":
                return "no bearer token, or a wrong one"
            return None
        if request.headers["Connection"] != "Keep-Alive":
            return f"Connection is {request.headers['Connection']!r}, not Keep-Alive"
        if request.body and request.headers["Content-Type"] != "application/json":
            return f"Content-Type is {request.headers['Content-Type']!r}"
        if request.path != self.result_path and request.basic() != (USERNAME, KEY):
            return "no credentials, or wrong ones"
        return None

    def _usual(self, request):
        if request.path.startswith("/objects"):
            return self._object(request)
        if request.path == self.result_path:
            return Answer(200, {})
        if request.basic() != (USERNAME, KEY):
            return Answer(401, "Unauthorized")
        if (request.method, request.path) == ("GET", self.step_path):
            return Answer(200, self.step)
        if request.path == self.startup_path:
            return self._startup(request)
        if request.method == "PUT" and request.path.startswith("/v1/accounts/"):
            self.accounts[urllib.parse.unquote(request.path.rsplit("/", 1)[1])] = request.json()["keys"]
            return Answer(200, {})
        return Answer(404, {"error": "Not found"})

    def _startup(self, request):
        if request.method == "POST":
            if self.startup is not None:
                return Answer(409, {"error": "Startup data already exists"})
            self.startup = request.body
            return Answer(201, {})
        if self.startup is None:
            return Answer(404, {"error": "Hook data not found"})
        state = self.startup
        if request.method == "DELETE":
            self.startup = None
            return Answer(204)
        return Answer(200, state)

    def _object(self, request):
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return Answer(401, {"error": "Unauthorized"})
        if request.method == "POST":
            name = str(uuid.uuid4())
            self.objects[name] = request.body
            return Answer(201, {"objectId": name})
        name = request.path.rsplit("/", 1)[1]
        if name not in self.objects:
            return Answer(404, {"error": "Not found"})
        if request.method == "DELETE":
            del self.objects[name]
            return Answer(204)
        return Answer(200, self.objects[name], {"Content-Type": "application/octet-stream"})
