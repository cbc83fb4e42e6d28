"""`doctor` before a service that is well, over TLS, and before each way in which it is not."""
import email.utils
import json
import os
import ssl
import subprocess
import tempfile
import time
import unittest

from support import HttpRequest, KEYS, Local, REGION, RawServer, component, http_answer

SECRETS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLEEXAMPLE12", "AWS_SECRET_ACCESS_KEY": "very/secret+key",
           "AWS_SESSION_TOKEN": "token-of-the-session"}
CHECKS = ["configuration", "environment", "dns", "connection", "clock", "credentials", "permission", "function"]
ARN = "arn:aws:iam::123456789012:user/tester"
IDENTITY = (f"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{ARN}</Arn><UserId>AIDA</UserId>"
            "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>").encode()
REFUSED = (b"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
           b"<Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>")


def certificate(folder):
    """A server's side of TLS, and the file that makes clients trust it."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "100", "-subj", "/O=Test Authority/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


class Service:
    """Lambda and STS behind one port.  What it says can be changed; what it was asked is noted."""

    def __init__(self, wrap=None, skew_s=0):
        self.skew_s, self.asked = skew_s, []
        self.identity, self.dry_run = (IDENTITY, "200 OK"), (b"", "204 No Content")
        self.function = {"Configuration": {"FunctionName": "f", "State": "Active", "Timeout": 30}}
        self.server = RawServer(self.handle, wrap)
        self.port, self.close = self.server.port, self.server.close

    def answer(self, request):
        if request.target == "/":
            return self.identity if request.method == "POST" else (b"{}", "403 Forbidden")
        if request.method == "POST":
            return self.dry_run
        return json.dumps(self.function).encode(), "200 OK"

    def handle(self, connection):
        stream = connection.makefile("rb")
        while (request := HttpRequest.read(stream)):
            self.asked.append((request.method, request.target, request.header("x-amz-invocation-type") or ""))
            body, status = self.answer(request)
            date = email.utils.formatdate(time.time() + self.skew_s, usegmt=True)
            connection.sendall(http_answer(body, status, [f"Date: {date}"]))


class DoctorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.context, cls.cert = certificate(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def service(self, **options):
        s = Service(lambda c: self.context.wrap_socket(c, server_side=True), **options)
        self.addCleanup(s.close)
        return s

    def run_doctor(self, *args, env=SECRETS, status=0):
        run = component("doctor", *args, env=env)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            self.assertNotIn(SECRETS[name].encode(), run.stdout + run.stderr)
        return run.stdout.decode()

    def examine(self, *args, **options):
        """What was found, by check; every check is there, once, in its order."""
        said = json.loads(self.run_doctor("--region", REGION, "--json", *args, **options))
        self.assertEqual([c["check"] for c in said["checks"]], CHECKS)
        self.assertEqual(said["ok"], options.get("status", 0) == 0)
        return {c["check"]: c for c in said["checks"]}

    def at(self, service, *args, function="f", env=None, trusts=True, **options):
        url = f"https://localhost:{service.port}"
        trust = ("--ca-bundle", self.cert) if trusts else ()
        return self.examine("--function", function, "--endpoint", url, *trust, *args,
                            env={**SECRETS, "AWS_ENDPOINT_URL_STS": url, **(env or {})}, **options)

    def assert_check(self, check, status, *found):
        self.assertEqual(check["status"], status, check)
        for text in found:
            self.assertIn(text, check["found"])
        if status == "failed":
            self.assertTrue(check["advice"])


class AServiceThatIsWell(DoctorTest):
    def test_all_is_well_and_nothing_was_run(self):
        service = self.service()
        found = self.at(service, "--qualifier", "PROD", "--client-context", "{}")
        self.assertEqual({c["status"] for c in found.values()}, {"ok"}, found)
        self.assert_check(found["connection"], "ok", "127.0.0.1", "TLSv1.3", "localhost", "Test Authority", "until 20")
        self.assert_check(found["credentials"], "ok", "****LE12 with a session token", "the environment", "123456789012",
                          ARN)
        self.assert_check(found["function"], "ok", "Active", "30 s")
        self.assertEqual([a for a in service.asked if "invocations" in a[1]],
                         [("POST", "/2015-03-31/functions/f/invocations?Qualifier=PROD", "DryRun")])

    def test_for_people_it_is_a_line_each_and_a_sum(self):
        service = self.service(skew_s=120)
        url = f"https://localhost:{service.port}"
        said = self.run_doctor("--region", REGION, "--function", "f", "--endpoint", url, "--ca-bundle", self.cert,
                               env={**SECRETS, "AWS_ENDPOINT_URL_STS": url})
        lines = said.splitlines()
        self.assertEqual([line.split()[1] for line in lines if line[:1].isalpha()], CHECKS)
        self.assertIn("-> set the clock right", said)
        self.assertEqual(lines[-1], "7 ok, 1 warnings, 0 failed, 0 skipped")

    def test_a_proxys_password_is_hidden(self):
        proxy = {"HTTPS_PROXY": "http://user:very/secret+key@127.0.0.1:9", "NO_PROXY": "localhost"}
        found = self.at(self.service(), env=proxy)
        self.assert_check(found["environment"], "ok", "HTTPS_PROXY=(hidden)@127.0.0.1:9", "NO_PROXY=localhost")


class TheWayThere(DoctorTest):
    def test_a_certificate_that_nobody_trusts(self):
        found = self.at(self.service(), trusts=False, status=1)
        self.assert_check(found["connection"], "failed", "certificate")
        self.assertIn("--ca-bundle", found["connection"]["advice"])
        self.assertEqual({found[c]["status"] for c in ("clock", "permission", "function")}, {"skipped"})

    def test_a_port_that_is_closed(self):
        found = self.examine("--function", "f", "--endpoint", "http://127.0.0.1:1",
                             env={**SECRETS, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}, status=1)
        self.assert_check(found["environment"], "warning", "unencrypted")
        self.assert_check(found["connection"], "failed", "refused")
        self.assert_check(found["credentials"], "warning", "cannot be asked")

    def test_a_host_that_is_not_there(self):
        found = self.examine("--function", "f", "--endpoint", "https://no-such-host.invalid",
                             env={**SECRETS, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}, status=1)
        self.assert_check(found["dns"], "failed", "no-such-host.invalid")

    def test_a_clock_that_is_wrong(self):
        for skew_s, word in ((-900, "ahead of"), (900, "behind")):
            found = self.at(self.service(skew_s=skew_s), status=1)
            self.assert_check(found["clock"], "failed", word)
            self.assertIn("NTP", found["clock"]["advice"])


class KeysAndFunction(DoctorTest):
    def test_keys_that_aws_does_not_know(self):
        service = self.service()
        service.identity = (REFUSED, "403 Forbidden")
        found = self.at(service, status=1)
        self.assert_check(found["credentials"], "failed", "****LE12", "InvalidClientTokenId")

    def test_no_keys_anywhere(self):
        service = self.service()
        url = f"https://localhost:{service.port}"
        found = self.examine("--function", "f", "--endpoint", url, "--ca-bundle", self.cert, env={}, status=1)
        self.assertEqual(found["credentials"]["status"], "failed")
        self.assert_check(found["permission"], "skipped", "no keys")

    def test_a_function_that_may_run_longer_than_a_call_waits(self):
        service = self.service()
        service.function["Configuration"]["Timeout"] = 900
        found = self.at(service, "--timeout", "60")
        self.assert_check(found["function"], "warning", "900 s", "60 s")

    def test_a_function_that_cannot_be_looked_at_can_still_be_invoked(self):
        service = self.service()
        service.function = None
        self.assert_check(self.at(service)["function"], "warning")

    def test_a_function_in_a_bad_state(self):
        service = self.service()
        service.function["Configuration"].update(State="Failed", StateReason="no such subnet")
        self.assert_check(self.at(service, status=1)["function"], "failed", "no such subnet")

    def test_a_function_that_each_message_names(self):
        found = self.at(self.service(), function="{% name %}")
        self.assert_check(found["permission"], "skipped", "each message")

    def test_the_local_lambda(self):
        local = Local()
        self.addCleanup(local.close)
        args = ("--endpoint", local.endpoint)
        env = {**KEYS, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}
        self.assert_check(self.examine("--function", "probe", *args, env=env)["permission"], "ok", "204")
        found = self.examine("--function", "not-there", *args, env=env, status=1)
        self.assert_check(found["permission"], "failed", "ResourceNotFoundException", "not-there")
        found = self.examine("--function", "probe", *args, env={**env, "AWS_SECRET_ACCESS_KEY": "wrong"}, status=1)
        self.assert_check(found["permission"], "failed", "InvalidSignatureException")


class Configuration(DoctorTest):
    def test_an_expression_that_is_faulty_stops_nothing_else(self):
        found = self.at(self.service(), "--expression", "1 +", status=1)
        self.assert_check(found["configuration"], "failed", "--expression", "line 1, column 4")
        self.assertEqual(found["credentials"]["status"], "ok")
        self.assert_check(found["permission"], "skipped", "configuration")

    def test_without_a_region_nothing_can_be_asked(self):
        said = json.loads(self.run_doctor("--function", "f", "--json", status=1))
        self.assertIn("region", said["checks"][0]["found"])
        self.assertEqual([c["status"] for c in said["checks"]], ["failed"] + ["skipped"] * 7)

    def test_a_steps_configuration_names_fields_as_the_form_does(self):
        path = os.path.join(self.folder.name, "step.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"functionName": "f", "maxRetries": "11", "aws_access_key_id": SECRETS["AWS_ACCESS_KEY_ID"],
                       "aws_secret_access_key": SECRETS["AWS_SECRET_ACCESS_KEY"]}, f)
        found = self.examine("--config", path, "--endpoint", "http://127.0.0.1:1",
                             env={"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}, status=1)
        self.assert_check(found["configuration"], "failed", "Maximum Retries (maxRetries)")

    def test_an_argument_is_a_mistake(self):
        self.assertEqual(component("doctor", "--function", "f", "more").returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=0)
