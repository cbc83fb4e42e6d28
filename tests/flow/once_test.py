"""No call is ever sent twice: a server that closes at every awkward moment counts what it was asked to execute."""
import ssl
import subprocess
import tempfile
import os
import time
import unittest

from support import HttpRequest, KEYS, RawServer, component, http_answer, lines, results


class Awkward:
    """Executes a request completely, or fails at a moment; `moment` is called with (connection, request number)."""

    def __init__(self, misbehave):
        self.executed, self.connections = 0, 0
        self.misbehave = misbehave
        self.server = RawServer(self.handle)

    def handle(self, connection):
        self.connections += 1
        stream = connection.makefile("rb")
        while (request := HttpRequest.read(stream)):
            self.executed += 1
            if self.misbehave(connection, self.executed, self.connections):
                return
            connection.sendall(http_answer(request.body))


class Once(unittest.TestCase):
    def run_against(self, server, count, *args):
        start = time.monotonic()
        run = component("invoke", "--function", "f", "--region", "eu-west-1", "--quiet", "--concurrency", "1",
                        "--endpoint", f"http://127.0.0.1:{server.server.port}", *args, stdin=lines(range(count)), env=KEYS)
        self.assertLess(time.monotonic() - start, 30, "a broken answer must be an error at once")
        return run

    def check(self, misbehave, succeeded, unknown):
        """Five calls, the third of which meets the misbehaviour on a connection that has been used twice."""
        server = Awkward(misbehave)
        run = self.run_against(server, 5)
        self.assertEqual(len(results(run)), succeeded, run.stderr)
        self.assertEqual(server.executed, 5, "executions")
        self.assertEqual("may have run all the same" in run.stderr.decode(), unknown, run.stderr)

    def test_close_after_the_request_was_read(self):
        self.check(lambda c, n, k: n == 3, 4, True)

    def test_close_after_the_status_line(self):
        self.check(lambda c, n, k: n == 3 and (c.sendall(b"HTTP/1.1 200 OK\r\n"), True), 4, True)

    def test_close_in_the_middle_of_the_headers(self):
        self.check(lambda c, n, k: n == 3 and (c.sendall(b"HTTP/1.1 200 OK\r\nContent-Le"), True), 4, True)

    def test_close_in_the_middle_of_the_body(self):
        self.check(lambda c, n, k: n == 3 and (c.sendall(http_answer(b'{"a":1}')[:-3]), True), 4, True)

    def test_close_in_the_middle_of_a_chunked_body(self):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n"
        self.check(lambda c, n, k: n == 3 and (c.sendall(head), True), 4, True)

    def test_every_connection_closes_after_its_answer_without_saying_so(self):
        server = Awkward(lambda c, n, k: (c.sendall(http_answer(b"1")), True))
        run = self.run_against(server, 20)
        done = len(results(run))
        self.assertLessEqual(server.executed, 20)
        self.assertGreaterEqual(server.executed, done)
        self.assertGreaterEqual(done, 1)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.cert = os.path.join(cls.folder.name, "cert.pem")
        key = os.path.join(cls.folder.name, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", cls.cert], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.cert, key)
        cls.executed = []

        def handle(connection):
            stream = connection.makefile("rb")
            while (request := HttpRequest.read(stream)):
                cls.executed.append(request)
                connection.sendall(http_answer(request.body))

        cls.server = RawServer(handle, lambda c: context.wrap_socket(c, server_side=True))

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.folder.cleanup()

    def run_tls(self, host, *args, env=None):
        return component("invoke", "--function", "f", "--region", "eu-west-1", "--quiet", "--endpoint",
                         f"https://{host}:{self.server.port}", *args, stdin="1", env={**KEYS, **(env or {})})

    def test_an_untrusted_certificate_is_refused(self):
        run = self.run_tls("localhost")
        self.assertEqual(run.returncode, 1)
        self.assertIn("localhost", run.stderr.decode())
        self.assertIn("certificate", run.stderr.decode())
        self.assertEqual(self.executed, [])

    def test_a_certificate_of_another_host_is_refused(self):
        run = self.run_tls("127.0.0.1", "--ca-bundle", self.cert)
        self.assertEqual(run.returncode, 1)

    def test_the_ca_bundle_makes_it_trusted(self):
        self.assertEqual(results(self.run_tls("localhost", "--ca-bundle", self.cert)), [1])
        self.assertEqual(results(self.run_tls("localhost", env={"AWS_CA_BUNDLE": self.cert})), [1])
        self.executed.clear()


if __name__ == "__main__":
    unittest.main(verbosity=0)
