"""`explain` against botocore, which prepares the same request, and against the message's ways to fail."""
import base64
import json
import os
import tempfile
import unittest

import boto3
from botocore.config import Config

from support import REGION, RawServer, component

SECRETS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLEEXAMPLE12", "AWS_SECRET_ACCESS_KEY": "very/secret+key",
           "AWS_SESSION_TOKEN": "token-of-the-session"}


class Captured(Exception):
    """Carries the request that botocore was about to send."""


def prepared_by_botocore(**given):
    client = boto3.client("lambda", aws_access_key_id=SECRETS["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=SECRETS["AWS_SECRET_ACCESS_KEY"],
                          aws_session_token=SECRETS["AWS_SESSION_TOKEN"], config=Config(region_name=REGION))

    def capture(request, **_):
        raise Captured(request)

    client.meta.events.register("before-send.lambda.Invoke", capture)
    try:
        client.invoke(**given)
    except Captured as captured:
        return captured.args[0]
    raise AssertionError("botocore sent nothing")


class ExplainTest(unittest.TestCase):
    def explain(self, *args, stdin='{"id": 7}', env=None, status=0):
        run = component("explain", *args, stdin=stdin, env=SECRETS if env is None else env)
        self.assertEqual(run.returncode, status, run.stderr)
        for secret in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"):
            self.assertNotIn(SECRETS[secret].encode(), run.stdout + run.stderr)
        return run

    def json(self, *args, **options):
        return json.loads(self.explain("--region", REGION, "--json", *args, **options).stdout)

    def config(self, value):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "step.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(value, f)
        return path


class BesideBotocore(ExplainTest):
    CASES = (
        ((), {}),
        (("--qualifier", "PROD"), {"Qualifier": "PROD"}),
        (("--qualifier", "$LATEST", "--log-type", "Tail"), {"Qualifier": "$LATEST", "LogType": "Tail"}),
        (("--invocation-type", "Event"), {"InvocationType": "Event"}),
        (("--function", f"arn:aws:lambda:{REGION}:123456789012:function:probe:7"),
         {"FunctionName": f"arn:aws:lambda:{REGION}:123456789012:function:probe:7"}),
        (("--function", '{% "pro" & "be" %}', "--expression", '{"é": [id, "a/b+c"]}'),
         {"Payload": '{"é":[7,"a/b+c"]}'.encode()}),
        (("--client-context", '{"tenant": "ü", "n": [1, 2.5, null]}'),
         {"ClientContext": base64.b64encode('{"custom":{"tenant":"ü","n":[1,2.5,null]}}'.encode()).decode()}),
    )

    def test_method_url_headers_and_body(self):
        for args, given in self.CASES:
            with self.subTest(args):
                ours = self.json("--function", "probe", *args)
                theirs = prepared_by_botocore(**{"FunctionName": "probe", "Payload": b'{"id": 7}', **given})
                self.assertEqual((ours["method"], ours["url"]), (theirs.method, theirs.url))
                self.assertEqual(ours["payload"].encode(), theirs.body)
                self.same_headers({k.lower(): v for k, v in ours["headers"].items()},
                                  {k.lower(): v.decode() if isinstance(v, bytes) else v
                                   for k, v in theirs.headers.items()})

    def same_headers(self, ours, theirs):
        theirs.setdefault("x-amz-invocation-type", "RequestResponse")      # what not sending it means
        for name in ("x-amz-invocation-type", "x-amz-log-type", "x-amz-client-context"):
            self.assertEqual(ours.get(name), theirs.get(name), name)
        self.assertEqual(ours["host"], f"lambda.{REGION}.amazonaws.com")
        self.assertEqual((ours["x-amz-security-token"], theirs["x-amz-security-token"]),
                         ("(hidden)", SECRETS["AWS_SESSION_TOKEN"]))
        scope = theirs["authorization"].split(",")[0].split("/", 1)[1].split("/", 1)[1]
        self.assertIn(f"/{scope}, ", ours["authorization"])
        self.assertTrue(ours["authorization"].endswith("Signature=(hidden)"))


class WhatIsSaid(ExplainTest):
    def test_the_client_context_decoded_and_the_limits(self):
        said = self.json("--function", "f", "--client-context", '{"a": id}')
        self.assertEqual(said["clientContext"], {"custom": {"a": 7}})
        self.assertEqual(said["limits"], {"payload": {"used": 9, "limit": 6291456},
                                          "clientContext": {"used": 24, "limit": 3583}})

    def test_a_message_that_passes_through(self):
        said = self.json("--function", "f", "--invoke-when", "id = 8")
        self.assertFalse(said["invoked"])
        self.assertNotIn("url", said)
        self.assertIn(b"passes through", self.explain("--region", REGION, "--function", "f", "--invoke-when", "id = 8").stdout)

    def test_keys_are_masked_and_named_by_their_source(self):
        self.assertEqual(self.json("--function", "f", "--role-arn", "arn:aws:iam::123456789012:role/r")["credentials"],
                         {"source": "role arn:aws:iam::123456789012:role/r with the keys of the environment",
                          "accessKeyId": None, "sessionToken": None, "role": "arn:aws:iam::123456789012:role/r"})
        self.assertEqual(self.json("--function", "f")["credentials"], {
            "source": "the environment", "accessKeyId": "****LE12", "sessionToken": True, "role": None})

    def test_nobody_is_asked(self):
        asked = []
        server = RawServer(lambda connection: asked.append(connection.recv(1)))
        url = f"http://127.0.0.1:{server.port}"
        said = self.json("--function", "f", "--endpoint", url, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/keys"})
        server.close()
        self.assertEqual(asked, [])
        self.assertTrue(said["url"].startswith(url))
        self.assertIsNone(said["credentials"]["accessKeyId"])

    def test_a_long_payload_is_cut_for_people_only(self):
        text = json.dumps("ü" * 5000, ensure_ascii=False)
        args = ("--function", "f", "--region", REGION)
        self.assertIn(b"bytes more", self.explain(*args, stdin=text).stdout)
        self.assertIn(text.encode(), self.explain(*args, "--max-payload", "0", stdin=text).stdout)
        self.assertEqual(self.json("--function", "f", stdin=text)["payload"], text)

    def test_pretty(self):
        out = self.explain("--function", "f", "--region", REGION, "--pretty").stdout
        self.assertIn(b'{\n  "id": 7\n}', out)

    def test_the_policy(self):
        policy = self.json("--function", "f", "--max-retries", "4", "--error-codes", "429, ServiceException", "--timeout", "30",
                           "--retry-on-unknown-outcome")["policy"]
        self.assertEqual((policy["maxAttempts"], policy["errorCodes"], policy["requestTimeoutMs"]),
                         (5, "429, ServiceException", 30000))
        self.assertTrue(policy["retryOnUnknownOutcome"])
        self.assertEqual(self.json("--function", "f", "--error-policy", "throwError")["policy"]["maxAttempts"], 1)


class Configuration(ExplainTest):
    STEP = {"functionName": "orders", "region": "eu-west-1", "qualifier": "PROD", "expression": '{"n": id}',
            "aws_access_key_id": SECRETS["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": SECRETS["AWS_SECRET_ACCESS_KEY"],
            "sessionToken": SECRETS["AWS_SESSION_TOKEN"], "errorPolicy": "rebound"}

    def test_a_step_s_own(self):
        said = json.loads(self.explain("--config", self.config(self.STEP), "--json", env={}).stdout)
        self.assertEqual((said["function"], said["qualifier"], said["region"]), ("orders", "PROD", "eu-west-1"))
        self.assertEqual((said["payload"], said["policy"]["errorPolicy"]), ('{"n":7}', "rebound"))
        self.assertEqual(said["credentials"]["accessKeyId"], "****LE12")

    def test_options_count_more(self):
        said = json.loads(self.explain("--config", self.config(self.STEP), "--json", "--function", "other", "--expression", "id",
                                       env={}).stdout)
        self.assertEqual((said["function"], said["payload"]), ("other", "7"))

    def test_fields_are_called_as_in_the_form(self):
        run = self.explain("--config", self.config({**self.STEP, "expression": "a ="}), status=2, env={})
        self.assertIn(b"JSONata Expression (expression) is faulty at line 1", run.stderr)
        self.assertNotIn(SECRETS["AWS_SECRET_ACCESS_KEY"].encode(), run.stderr)

    def test_invoke_reads_it_too_but_rebounds_nothing(self):
        run = component("invoke", "--config", self.config(self.STEP), stdin="{}")
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"--error-policy is rebound", run.stderr)


class Failures(ExplainTest):
    def test_an_expression_that_fails(self):
        run = self.explain("--function", "f", "--region", REGION, "--json", "--expression", '$error("no")', status=1)
        self.assertEqual(json.loads(run.stdout)["error"]["code"], "D3137")
        self.assertIn(b"not sent: D3137", run.stderr)

    def test_a_payload_over_the_limit(self):
        run = self.explain("--function", "f", "--region", REGION, "--invocation-type", "Event", status=1,
                           stdin=json.dumps("x" * 1048576))
        self.assertIn(b"1048578 bytes; AWS Lambda takes 1048576", run.stderr)

    def test_settings_and_input_that_are_faulty(self):
        for args, stdin, words in (
                (("--region", REGION), "{}", b"no function is named"),
                (("--region", REGION, "--function", "f", "--expression", "a."), "{}", b"--expression is faulty at line 1"),
                (("--region", REGION, "--function", "f"), "", b"standard input holds no message"),
                (("--region", REGION, "--function", "f", "/nonexistent/file"), "", b"No such file"),
                (("--region", REGION, "--function", "f", "a", "b"), "", b"2 files are named"),
                (("--function", "f"), "{}", b"no AWS region")):
            with self.subTest(args):
                self.assertIn(words, self.explain(*args, stdin=stdin, status=2).stderr)

    def test_a_message_that_is_no_json(self):
        self.assertIn(b"not JSON", self.explain("--function", "f", "--region", REGION, stdin="{oops}", status=1).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=0)
