"""How often a failed call is made: as often as boto3 makes it where the function cannot have run, and once where it may
have; with a wrong clock, through proxies, and with authorities of one's own."""
import calendar
import collections
import email.utils
import json
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import boto3
import botocore.retries.standard
from botocore.config import Config
from botocore.exceptions import ClientError

from support import HERE, KEYS, HttpRequest, RawServer, component, http_answer, lines, results

ANSWERS = [r for r in json.loads((HERE.parent / "golden/aws/responses.json").read_text())["responses"]
           if r["service"] == "lambda" and r["status"] >= 300]
AT_ONCE = 12        # calls of one process whose retries do not use up its quota


def on_the_wire(answer):
    """A recorded answer, without a hint to wait for."""
    headers = [f"{n}: {v}" for n, v in answer["headers"].items()
               if n.lower() not in ("content-length", "retry-after", "x-amz-retry-after")]
    body = answer["body"].encode()
    return "\r\n".join([f"HTTP/1.1 {answer['status']} X", *headers, f"Content-Length: {len(body)}"]).encode() \
        + b"\r\n\r\n" + body


class Recorded:
    """Answers each request with the recorded answer that its payload names by number, and keeps what came."""

    def __init__(self):
        self.attempts = collections.defaultdict(list)
        self.server = RawServer(self.handle)
        self.endpoint = f"http://127.0.0.1:{self.server.port}"

    def handle(self, connection):
        stream = connection.makefile("rb")
        while (request := HttpRequest.read(stream)):
            number = json.loads(request.body)
            self.attempts[number].append((request.header("amz-sdk-invocation-id"), request.header("amz-sdk-request")))
            connection.sendall(on_the_wire(ANSWERS[number]))


def attempts_of_boto3():
    recorded = Recorded()
    botocore.retries.standard.ExponentialBackoff.delay_amount = lambda self, context: 0
    for number in range(len(ANSWERS)):
        if number % AT_ONCE == 0:
            client = boto3.client("lambda", endpoint_url=recorded.endpoint, region_name="eu-west-1",
                                  aws_access_key_id="A", aws_secret_access_key="s",
                                  config=Config(retries={"mode": "standard", "total_max_attempts": 3}))
        try:
            client.invoke(FunctionName="f", Payload=json.dumps(number).encode())
        except ClientError:
            pass
    return recorded.attempts


def attempts_of_ours(*args):
    recorded = Recorded()
    for first in range(0, len(ANSWERS), AT_ONCE):
        component("invoke", "--function", "f", "--region", "eu-west-1", "--quiet", "--endpoint", recorded.endpoint, *args,
                  stdin=lines(range(first, min(first + AT_ONCE, len(ANSWERS)))), env={**KEYS, "AWS_MAX_ATTEMPTS": "3"})
    return recorded.attempts


class AsBoto3(unittest.TestCase):
    def test_attempts_at_each_recorded_answer(self):
        """Let go like boto3, which does not ask whether the function may have run, our client makes its attempts."""
        theirs = attempts_of_boto3()
        ours = attempts_of_ours("--error-codes", "429, 500, 502-504", "--retry-on-unknown-outcome")
        for number, answer in enumerate(ANSWERS):
            self.assertEqual(len(ours[number]), len(theirs[number]), answer["name"])
            self.assertEqual([r for _, r in ours[number]],
                             [f"attempt={n + 1}; max=3" for n in range(len(theirs[number]))], answer["name"])
            for n, (_, request) in enumerate(theirs[number]):
                self.assertRegex(request, rf"\battempt={n + 1}\b", "theirs mean the same")
            self.assertEqual(len({i for i, _ in ours[number]}), 1, "one invocation, one id")
        self.assertGreater(sum(len(a) == 3 for a in ours.values()), 20)
        self.assertGreater(sum(len(a) == 1 for a in ours.values()), 20)

    def test_what_may_have_run_is_not_repeated(self):
        ours = attempts_of_ours("--error-codes", "429, 500, 502-504")
        once = {a["name"] for n, a in enumerate(ANSWERS) if a["status"] >= 500 and len(ours[n]) == 1}
        self.assertEqual(once, {a["name"] for a in ANSWERS if a["status"] >= 500 and not a["expected"]["code"]})


class Tls:
    """A folder with a certificate for localhost."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.cert = os.path.join(self.folder.name, "cert.pem")
        key = os.path.join(self.folder.name, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", self.cert], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.cert, key)

    def wrap(self, connection):
        return self.context.wrap_socket(connection, server_side=True)


class Aws:
    """Over TLS, with a clock of its own: refuses requests that are dated more than five minutes off."""

    def __init__(self, wrap, seconds_ahead=0):
        self.dates, self.ahead = [], seconds_ahead
        self.server = RawServer(self.handle, wrap)
        self.endpoint = f"{'https' if wrap else 'http'}://localhost:{self.server.port}"

    def handle(self, connection):
        stream = connection.makefile("rb")
        while (request := HttpRequest.read(stream)):
            now = time.time() + self.ahead
            dated = calendar.timegm(time.strptime(request.header("x-amz-date"), "%Y%m%dT%H%M%SZ"))
            self.dates.append(dated - now)
            date = "Date: " + email.utils.formatdate(now, usegmt=True)
            if abs(dated - now) > 300:
                connection.sendall(http_answer(b'{"message":"Signature expired: it is now earlier"}', "403 Forbidden",
                                               [date, "x-amzn-ErrorType: InvalidSignatureException"]))
            else:
                connection.sendall(http_answer(request.body, headers=[date]))


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tls = Tls()

    @classmethod
    def tearDownClass(cls):
        cls.tls.folder.cleanup()

    def call(self, endpoint, count=1, *args, **env):
        return component("invoke", "--function", "f", "--region", "eu-west-1", "--quiet", "--endpoint", endpoint,
                         "--concurrency", "1", *args, stdin=lines(range(count)), env={**KEYS, **env})

    def trusted(self, endpoint, count=1, *args, **env):
        return self.call(endpoint, count, *args, AWS_CA_BUNDLE=self.tls.cert, **env)


class Clock(Network):
    def test_a_wrong_clock_is_corrected_once_for_all_calls(self):
        for ahead in (1200, -1200):
            aws = Aws(self.tls.wrap, ahead)
            run = self.trusted(aws.endpoint, 3)
            self.assertEqual(results(run), [0, 1, 2], run.stderr)
            self.assertEqual(len(aws.dates), 4, "the first call twice")
            self.assertTrue(all(abs(d) < 60 for d in aws.dates[1:]), aws.dates)
            self.assertRegex(run.stderr.decode(), "the clock of this machine is 1[12][0-9][0-9] s "
                             + ("behind" if ahead > 0 else "ahead of") + " that of AWS")

    def test_the_correction_can_be_switched_off(self):
        aws = Aws(self.tls.wrap, 1200)
        run = self.trusted(aws.endpoint, 1, AWS_DISABLE_CLOCK_SKEW_CORRECTION="true")
        self.assertEqual((run.returncode, len(aws.dates)), (1, 1))
        self.assertRegex(run.stderr.decode(), "the clock of this machine is (19|20) minutes [0-9]+ seconds behind")

    def test_a_time_that_anybody_can_forge_is_not_believed(self):
        aws = Aws(None, 1200)
        run = self.call(aws.endpoint)
        self.assertEqual((run.returncode, len(aws.dates)), (1, 1), run.stderr)


class Proxy:
    """Tunnels, or forwards to the only server it knows; counts both.  Or refuses."""

    def __init__(self, refuses=False, answer=lambda request: request.body):
        self.tunnels, self.forwarded, self.refuses, self.answer = [], [], refuses, answer
        self.server = RawServer(self.handle)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def handle(self, connection):
        stream = connection.makefile("rb", buffering=0)
        request = HttpRequest.read(stream)
        if request.method != "CONNECT":
            self.forwarded.append(request.target)
            connection.sendall(http_answer(self.answer(request)))
            return
        self.tunnels.append(request.target)
        if self.refuses:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", int(request.target.rsplit(":", 1)[1]))) as beyond:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=self.pump, args=(beyond, connection), daemon=True).start()
            self.pump(connection, beyond)

    @staticmethod
    def pump(a, b):
        try:
            while (data := a.recv(65536)):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Proxies(Network):
    def test_https_goes_through_a_tunnel(self):
        for variable in ("HTTPS_PROXY", "https_proxy"):
            aws, proxy = Aws(self.tls.wrap), Proxy()
            run = self.trusted(aws.endpoint, 2, **{variable: proxy.url})
            self.assertEqual(results(run), [0, 1], run.stderr)
            self.assertEqual((len(aws.dates), proxy.tunnels), (2, [f"localhost:{aws.server.port}"]))

    def test_hosts_that_are_asked_directly(self):
        for name in ("NO_PROXY", "no_proxy"):
            for value in ("localhost", "example.org,localhost", "*"):
                aws, proxy = Aws(self.tls.wrap), Proxy()
                run = self.trusted(aws.endpoint, 1, **{"HTTPS_PROXY": proxy.url, name: value})
                self.assertEqual((results(run), proxy.tunnels), ([0], []), run.stderr)

    def test_http_is_forwarded(self):
        for variables in (("http_proxy",), ("HTTP_PROXY",), ("HTTP_PROXY", "http_proxy")):
            proxy, other = Proxy(), "http://127.0.0.1:1"
            run = self.call("http://lambda.example:3002", 1,
                            **{n: proxy.url if n == variables[-1] else other for n in variables})
            self.assertEqual(results(run), [0], run.stderr)
            self.assertEqual(proxy.forwarded, ["http://lambda.example:3002/2015-03-31/functions/f/invocations"])

    def test_a_role_of_an_http_endpoint_is_asked_for_through_it_too(self):
        keys = b"<R><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>" \
               b"<Expiration>2099-01-01T00:00:00Z</Expiration></R>"
        proxy = Proxy(answer=lambda r: keys if b"AssumeRole" in r.body else r.body)
        run = self.call("http://lambda.example:3002", 1, "--role-arn", "arn:aws:iam::123456789012:role/r",
                        HTTP_PROXY=proxy.url, AWS_ENDPOINT_URL_STS="http://sts.example:3003")
        self.assertEqual(results(run), [0], run.stderr)
        self.assertEqual(proxy.forwarded[0], "http://sts.example:3003/")

    def test_a_proxy_that_refuses(self):
        aws, proxy = Aws(self.tls.wrap), Proxy(refuses=True)
        run = self.trusted(aws.endpoint, 1, HTTPS_PROXY=proxy.url)
        self.assertEqual((run.returncode, len(aws.dates)), (1, 0))
        self.assertEqual(len(proxy.tunnels), 3, "nothing ran, so it was tried again")
        self.assertIn("407", run.stderr.decode())
        self.assertNotIn("may have run", run.stderr.decode())

    def test_a_proxy_that_is_not_there(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        aws = Aws(self.tls.wrap)
        run = self.trusted(aws.endpoint, 1, HTTPS_PROXY=f"http://127.0.0.1:{port}")
        self.assertEqual((run.returncode, len(aws.dates)), (1, 0))
        self.assertIn("did not run", run.stderr.decode())
        self.assertIn("proxy", run.stderr.decode())


class Authorities(Network):
    def test_a_certificate_that_nobody_signed(self):
        aws = Aws(self.tls.wrap)
        run = self.call(aws.endpoint)
        self.assertEqual((run.returncode, len(aws.dates)), (1, 0))
        self.assertIn("the TLS certificate of host localhost is not trusted: self-signed certificate", run.stderr.decode())

    def test_a_bundle_from_each_place(self):
        aws = Aws(self.tls.wrap)
        config = os.path.join(self.tls.folder.name, "config")
        pathlib.Path(config).write_text(f"[default]\nca_bundle = {self.tls.cert}\n")
        for args, env in ((["--ca-bundle", self.tls.cert], {}), ([], {"AWS_CA_BUNDLE": self.tls.cert}),
                          ([], {"AWS_CONFIG_FILE": config})):
            run = self.call(aws.endpoint, 1, *args, **env)
            self.assertEqual(results(run), [0], run.stderr)

    def test_a_bundle_that_is_not_there(self):
        run = self.call("https://localhost:1", 1, AWS_CA_BUNDLE="/nonexistent/ca.pem")
        self.assertEqual(run.returncode, 2)
        self.assertIn("cannot read the CA bundle /nonexistent/ca.pem", run.stderr.decode())


if __name__ == "__main__":
    unittest.main()
