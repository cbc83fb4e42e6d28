"""What must never be seen of a step: with the log at its most talkative, through success and failures of every kind,
no line on standard output or error, no command line, no header and no sentence of a published error has a password, a
key or a token in it; and what is in messages is in no log."""
import base64
import hashlib
import json
import pathlib
import ssl
import unittest
import urllib.parse

import broker
import message_cipher
import platform_api

broker.require()
import certificates  # noqa: E402
import scratch  # noqa: E402
from platform_api import answer  # noqa: E402
from publishing import PublishTest, support  # noqa: E402

USER, PASSWORD = "user-of-the-broker", "p@ss/w%rd:of the broker"
AWS_SECRET, SESSION = "secret+of/the+account/0123456789abcdefgh", "session+token/of=the+role"
CONTENT = "content-of-the-message"
LIGHTWEIGHT = {"EMIT_LIGHTWEIGHT_MESSAGE": "true", "OBJECT_STORAGE_SIZE_THRESHOLD": "16"}
EXPRESSION = '{"do": do, "message": text, "value": do = "cast" ? $number(text) : text}'


def basic(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


# Each in the forms in which somebody might write it.
SECRETS = {
    "the broker's password": (PASSWORD, urllib.parse.quote(PASSWORD, safe=""), urllib.parse.quote(PASSWORD)),
    "the API's key": (platform_api.KEY, basic(platform_api.USERNAME, platform_api.KEY)),
    "the storage's token": (platform_api.TOKEN,),
    "the AWS secret key": (AWS_SECRET, "AWS4" + AWS_SECRET, urllib.parse.quote(AWS_SECRET, safe="")),
    "the AWS session token": (SESSION, urllib.parse.quote(SESSION, safe="")),
    "the crypto password": (message_cipher.PASSWORD, hashlib.sha256(message_cipher.PASSWORD.encode()).hexdigest(),
                            base64.b64encode(hashlib.sha256(message_cipher.PASSWORD.encode()).digest()).decode()),
    "the crypto IV": (message_cipher.IV, message_cipher.IV.encode().hex()),
}


class Secrets(PublishTest):
    @classmethod
    def setUpClass(cls):
        cls.local = support.Local(env={"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": AWS_SECRET})
        cls.node = broker.shared()
        cls.node.ctl("add_user", USER, PASSWORD)
        cls.node.ctl("set_permissions", USER, ".*", ".*", ".*")

    @classmethod
    def tearDownClass(cls):
        cls.node.ctl("delete_user", USER)
        super().tearDownClass()

    def talkative(self, config=None, environment=None, **more):
        s = self.step({"expression": EXPRESSION, "aws_secret_access_key": AWS_SECRET, **(config or {})},
                      environment={"AMQP_URI": self.node.url(user=USER, password=PASSWORD), "LOG_LEVEL": "trace",
                                   "AMQP_PUBLISH_MAX_RETRY_DELAY": "100", **(environment or {})}, **more)
        s.environment["TRACE"] = "all"
        return s

    def must_not_be_in(self, where, text, content=False):
        for name, forms in {**SECRETS, **({"the content": (CONTENT,)} if content else {})}.items():
            for form in forms:
                if form in text:
                    at = text.index(form)
                    self.fail(f"{name} is in {where}: ...{text[max(0, at - 200):at + 100]}...")

    def check_process(self, s):
        """While it runs."""
        arguments = pathlib.Path(f"/proc/{s.process.pid}/cmdline").read_bytes().decode()
        self.must_not_be_in("the command line", arguments, content=True)
        limits = pathlib.Path(f"/proc/{s.process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +1 ", "a crash must leave no core file")

    def check(self, s):
        """What it has written and published; the errors' sentences."""
        log = "\n".join(json.dumps(line, ensure_ascii=False) for line in s.lines)
        self.assertIn("connection.tune-ok", log)        # so it does talk
        self.must_not_be_in("the log", log, content=True)
        sentences = []
        while error := s.errors.poll():
            self.must_not_be_in("an error's headers", json.dumps(error.headers), content=True)
            self.must_not_be_in("an error", json.dumps(error.error, ensure_ascii=False))
            sentences.append(error.error["message"])
        return sentences

    def end(self, s):
        self.check_process(s)
        self.assertEqual(s.stop(), 0)
        return self.check(s)

    def failed_start(self, words, s):
        s.spawn()
        self.assertEqual(s.wait(), 1)
        log = "\n".join(json.dumps(line, ensure_ascii=False) for line in s.lines)
        self.assertIn(words, log)
        self.must_not_be_in("the log", log, content=True)
        while error := s.errors.poll():
            self.must_not_be_in("an error", json.dumps([error.headers, error.error]))

    def test_through_success(self):
        s = self.talkative(environment=LIGHTWEIGHT).start()
        s.send({"body": {"text": CONTENT}})
        s.data.get()
        self.assertEqual(len(s.platform.asked("POST", "/objects")), 1)
        self.assertEqual(self.end(s), [])

    def test_with_temporary_keys(self):
        """The local Lambda knows none; it is told all the same."""
        s = self.talkative({"sessionToken": SESSION}).start()
        s.send({"body": {"text": CONTENT}})
        while not s.data.poll() and not (error := s.errors.poll()):
            self.assertIsNone(s.process.poll())
        if error:
            self.must_not_be_in("an error", json.dumps(error.error))
        self.end(s)

    def test_through_messages_that_fail(self):
        s = self.talkative().start()
        s.send({"body": {}}, payload=b"not encrypted " + CONTENT.encode())
        s.send({"body": {}}, payload=message_cipher.seal(CONTENT.encode() + b"{"))
        s.send({"body": {"do": "cast", "text": CONTENT}})
        s.send({"body": {"do": "fail", "text": CONTENT}})
        s.send({"body": {"do": "exit", "status": 3, "text": CONTENT}})
        s.send({"body": {}, "headers": {"x-ipaas-object-storage-id": "not-there"}})
        s.send({"body": {"text": CONTENT}}, headers={"x-eio-routing-key": "nowhere"})
        s.data.get()
        self.assertGreaterEqual(len(self.end(s)), 4)

    def test_through_a_storage_and_a_lambda_that_fail(self):
        s = self.talkative(environment=LIGHTWEIGHT).start()
        s.platform.script("POST", "/objects", answer(401, {"error": "no"}), answer(500))
        for _ in range(2):
            s.send({"body": {"text": CONTENT}})
        s.errors.take(2)
        self.end(s)
        s = self.talkative()
        s.environment["AWS_ENDPOINT_URL_LAMBDA"] = "http://127.0.0.1:1"
        s.start()
        s.send({"body": {"text": CONTENT}})
        self.assertIn("refused", s.errors.get().error["message"])
        self.end(s)

    def test_through_a_secret_that_is_wrong(self):
        s = self.talkative({"aws_secret_access_key": AWS_SECRET + "x"}).start()
        s.send({"body": {"text": CONTENT}})
        error = s.errors.get().error
        self.must_not_be_in("an error", json.dumps(error))
        self.end(s)

    def test_through_losses(self):
        s = self.talkative(environment={"AMQP_UNROUTABLE_TIMEOUT": "300"}).start()
        s.channel.queue_unbind(s.names["data"], s.exchange, s.prefix + ".data")
        s.send({"body": {"text": CONTENT}})
        self.assertIn("unroutable", s.errors.get().error["message"])
        begin = len(s.lines)
        self.node.ctl("close_all_user_connections", USER, "for a test")
        s.wait_for("consuming queue", begin)
        self.end(s)

    def test_through_starts_that_fail(self):
        uri = self.node.url(user=USER, password=PASSWORD)
        login = uri.split("//")[1].split("@")[0]
        port = str(self.node.port)
        for words, amqp_uri in (("ACCESS_REFUSED", uri.replace(login, login + "x")),
                                ("refused", uri.replace(port, "1")), ("AMQP URI", uri.replace(port, port + "x")),
                                ("AMQP URI", uri.replace("amqp://", "http://")), ("AMQP URI", uri + "?heartbeat=x")):
            with self.subTest(words, uri=amqp_uri):
                self.failed_start(words, self.talkative(environment={"AMQP_URI": amqp_uri}))
        for words, config in (("expression", {"expression": "text +"}), ("functionName", {"functionName": "a b"}),
                              ("region", {"region": ""})):
            with self.subTest(words):
                self.failed_start(words, self.talkative(config))
        for status in (401, 404):
            with self.subTest(status):
                platform = platform_api.Platform()
                self.addCleanup(platform.close)
                platform.script("GET", platform.step_path, answer(status, {"error": "no"}))
                self.failed_start("no", self.talkative(platform=platform))
        with self.subTest("a proxy"):
            s = self.talkative()
            s.environment["HTTP_PROXY"] = f"http://{USER}:{urllib.parse.quote(PASSWORD, safe='')}@127.0.0.1:1"
            self.failed_start("refused", s)


class Authorities(PublishTest):
    """NODE_EXTRA_CA_CERTS is trusted beside the system's authorities, for Lambda as for the platform."""

    def setUp(self):
        self.made = certificates.make(scratch.folder("certificates"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.made["server"], self.made["server_key"])
        self.server = support.RawServer(self.echo, lambda c: context.wrap_socket(c, server_side=True))
        self.addCleanup(self.server.close)
        self.invoked = 0

    def echo(self, connection):
        """In Lambda's place."""
        stream = connection.makefile("rb")
        while request := support.HttpRequest.read(stream):
            self.invoked += 1
            connection.sendall(support.http_answer(request.body))

    def secured(self, **more):
        s = self.step(**more)
        s.environment["AWS_ENDPOINT_URL_LAMBDA"] = f"https://localhost:{self.server.port}"
        return s

    def test_with_it_both_are_trusted(self):
        platform = platform_api.Platform(tls=(self.made["server"], self.made["server_key"]))
        self.addCleanup(platform.close)
        platform.step = {"config": self.config({})}
        s = self.secured(platform=platform)
        s.environment["NODE_EXTRA_CA_CERTS"] = self.made["ca"]
        s.start()
        s.send({"body": {"a": 1}})
        self.assertEqual(s.data.get().message["body"], {"a": 1})
        self.assertEqual((s.stop(), self.invoked), (0, 1))

    def test_without_it_the_message_is_an_error_that_says_so(self):
        s = self.secured().start()
        s.send({"body": {"a": 1}})
        message = s.errors.get().error["message"]
        self.assertIn("certificate", message)
        self.assertIn("localhost", message)
        self.assertEqual((s.stop(), self.invoked), (0, 0))

    def test_a_file_that_is_not_there_ends_the_start(self):
        s = self.secured()
        s.environment["NODE_EXTRA_CA_CERTS"] = "/nonexistent/ca.pem"
        s.spawn()
        self.assertEqual(s.wait(), 1)
        self.assertIn("/nonexistent/ca.pem", s.last_word())


if __name__ == "__main__":
    unittest.main()
