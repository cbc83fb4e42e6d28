"""botocore's own signer judges what our client sends: a server recomputes every signature with it."""
import io
import json
import tempfile
import unittest

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support import HttpRequest, RawServer, component, http_answer, lines

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class TimelessAuth(SigV4Auth):
    """Signs at the time that the request names, not now."""

    def __init__(self, credentials, service, region, timestamp):
        super().__init__(credentials, service, region)
        self.timestamp = timestamp

    def expected(self, request, signed):
        request.context["timestamp"] = self.timestamp
        canonical = self.canonical_request(request)
        return self.signature(self.string_to_sign(request, canonical), request)

    def headers_to_sign(self, request):
        from http.client import HTTPMessage
        headers = HTTPMessage()
        for name in self.signed:
            headers[name] = request.headers[name]
        return headers


class Judge:
    """Answers every request, and keeps what is wrong with each signature."""

    def __init__(self, token=None):
        self.requests, self.complaints = [], []
        self.token = token
        self.server = RawServer(self.handle)

    def handle(self, connection):
        stream = connection.makefile("rb")
        while (request := HttpRequest.read(stream)):
            self.requests.append(request)
            complaint = self.check(request)
            if complaint:
                self.complaints.append(complaint)
            connection.sendall(http_answer(b'{"ok":true}'))

    def check(self, request):
        authorization = request.header("authorization") or ""
        if not authorization.startswith("AWS4-HMAC-SHA256 "):
            return "no signature"
        parts = dict(p.split("=", 1) for p in authorization[len("AWS4-HMAC-SHA256 "):].split(", "))
        access, _, region, service, _ = parts["Credential"].split("/")
        auth = TimelessAuth(Credentials(access, SECRET, self.token), service, region, request.header("x-amz-date"))
        auth.signed = parts["SignedHeaders"].split(";")
        for name, _ in request.headers:
            if name.lower().startswith("x-amz-") and name.lower() not in auth.signed:
                return f"{name} is not signed"
        if "host" not in auth.signed or service != "lambda":
            return "host is not signed"
        if self.token and request.header("x-amz-security-token") != self.token:
            return "the session token is not sent"
        host = request.header("host")
        aws = AWSRequest(method=request.method, url=f"http://{host}{request.target}", data=io.BytesIO(request.body),
                         headers={n: v for n, v in request.headers})
        if auth.expected(aws, auth.signed) != parts["Signature"]:
            return "the signature differs:\n" + auth.canonical_request(aws)
        return None


class Signatures(unittest.TestCase):
    def run_against(self, judge, function, *args, stdin="{}", env=None, base=""):
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
        run = component("invoke", "--function", function, "--region", "eu-central-1", "--quiet", "--endpoint",
                        f"http://127.0.0.1:{judge.server.port}{base}", *args, stdin=stdin, env={**keys, **(env or {})})
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(judge.complaints, [])

    def test_names_qualifiers_and_bodies(self):
        judge = Judge()
        for function in ("my-function", "my-function:PROD", "my-function:$LATEST", "123456789012:function:f",
                         "arn:aws:lambda:eu-central-1:123456789012:function:my_function.x"):
            self.run_against(judge, function)
        self.run_against(judge, "f", "--qualifier", "$LATEST")
        self.run_against(judge, "f", "--qualifier", "v_1-2")
        self.run_against(judge, "f", "--log-type", "Tail")
        self.run_against(judge, "f", "--invocation-type", "Event")
        self.run_against(judge, "f", stdin=json.dumps({"ü": "€ 😀", "big": "x" * 100000}))
        self.run_against(judge, "f", base="/some/base%20path/")
        self.assertEqual(len(judge.requests), 11)
        self.assertEqual(judge.requests[1].target, "/2015-03-31/functions/my-function%3APROD/invocations")
        self.assertEqual(judge.requests[5].target, "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST")
        self.assertEqual(judge.requests[7].header("x-amz-log-type"), "Tail")
        self.assertEqual(judge.requests[10].target, "/some/base%20path/2015-03-31/functions/f/invocations")

    def test_a_session_token_is_sent_and_signed(self):
        judge = Judge(token="FQoGZXIvYXdzEJr//token==")
        self.run_against(judge, "f", env={"AWS_SESSION_TOKEN": judge.token})

    def test_keys_from_a_profile(self):
        judge = Judge()
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(f"[shop]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {SECRET}\n")
            f.flush()
            self.run_against(judge, "f", "--profile", "shop",
                             env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
                                  "AWS_SHARED_CREDENTIALS_FILE": f.name, "AWS_CONFIG_FILE": "/nonexistent/config"})
        self.assertIn("Credential=AKIDPROFILE/", judge.requests[0].header("authorization"))

    def test_connections_are_reused(self):
        connections = []
        judge = Judge()
        handle = judge.handle
        judge.server.handler = lambda c: (connections.append(1), handle(c))
        self.run_against(judge, "f", "--concurrency", "2", stdin=lines(range(40)))
        self.assertEqual(len(judge.requests), 40)
        self.assertLessEqual(len(connections), 2)

    def test_nothing_secret_leaves_the_process(self):
        judge = Judge()
        self.run_against(judge, "f", env={"TRACE": "all"})
        sent = repr(judge.requests[0].headers) + judge.requests[0].target
        self.assertNotIn(SECRET, sent)

    def test_a_crash_leaves_no_core_file(self):
        """A program that it starts shows the limit, which is of a byte: none fits, and nothing is piped either."""
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("[profile shop]\ncredential_process = grep core /proc/self/limits >&2; false\n")
            f.flush()
            run = component("invoke", "--function", "f", "--region", "eu-central-1", "--profile", "shop", stdin="{}",
                            env={"AWS_CONFIG_FILE": f.name})
        self.assertRegex(run.stderr.decode(), "Max core file size +1 ")


if __name__ == "__main__":
    unittest.main(verbosity=0)
