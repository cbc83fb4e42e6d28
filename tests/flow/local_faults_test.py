"""Faults on demand of `local`: what they do to boto3 and to our own client, and how rules come and go."""
import collections
import http.client
import json
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

import boto3
import botocore.exceptions
from botocore.config import Config
from botocore.exceptions import ClientError

from support import HERE, KEYS, REGION, FlowTest, Local, component, results


class Faults(FlowTest):
    """The functions count their runs, so that what ran can be told from what was only asked for."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="alc-faults-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        shutil.copytree(HERE / "functions" / "probe", cls.folder / "functions" / "probe")
        shutil.copytree(HERE / "functions" / "probe", cls.folder / "functions" / "other")
        for name in ("probe", "other"):
            (cls.folder / "functions" / name / "function.json").write_text(
                json.dumps({"environment": {"PROBE_COUNT": str(cls.folder / "count")}, "timeout": 10}))
        cls.functions = cls.folder / "functions"
        super().setUpClass()
        cls.client = cls.boto3(1)

    @classmethod
    def boto3(cls, attempts, **config):
        return boto3.client("lambda", endpoint_url=cls.local.endpoint, aws_access_key_id="local",
                            aws_secret_access_key="local-secret",
                            config=Config(region_name=REGION, retries={"total_max_attempts": attempts, "mode": "standard"},
                                          **{"read_timeout": 20, **config}))

    def setUp(self):
        self.faults("DELETE")
        (self.folder / "count").write_text("")

    def faults(self, method, rules=None, status=200):
        connection = http.client.HTTPConnection("127.0.0.1", self.local.port)
        connection.request(method, "/_faults", None if rules is None else json.dumps(rules))
        answer = connection.getresponse()
        body = json.loads(answer.read())
        self.assertEqual(answer.status, status, body)
        return body

    def rule(self, fault, **members):
        return self.faults("PUT", [{"fault": fault, **members}])

    def runs(self):
        return len((self.folder / "count").read_text().splitlines())

    def call(self, payload=b'{"n": 1}', function="probe", client=None, **more):
        answer = (client or self.client).invoke(FunctionName=function, Payload=payload, **more)
        return answer["StatusCode"], answer["Payload"].read()

    def refused(self, code, status, **more):
        with self.assertRaises(ClientError) as caught:
            self.call(**more)
        answer = caught.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
        return answer

    # ---- refusals

    def test_throttled_as_often_as_asked(self):
        self.rule("throttle", times=2, retryAfter=7, reason="CallerRateLimitExceeded")
        answer = self.refused("TooManyRequestsException", 429)
        self.assertEqual((answer["Reason"], answer["message"]), ("CallerRateLimitExceeded", "Rate Exceeded."))
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"], "7")
        self.refused("TooManyRequestsException", 429)
        self.assertEqual(self.call()[0], 200)
        self.assertEqual(self.runs(), 1)
        self.assertEqual(self.faults("GET")[0]["hits"], 2)

    def test_boto3_gets_over_what_its_attempts_allow(self):
        self.rule("throttle", times=2)
        self.assertEqual(self.call(client=self.boto3(3))[0], 200)
        self.rule("throttle", times=3)
        with self.assertRaises(ClientError):
            self.call(client=self.boto3(3))
        self.assertEqual(self.runs(), 1)

    def test_our_client_gets_over_it_too(self):
        self.rule("throttle", times=2, retryAfter=0)
        run = self.invoke('{"n": 1}', "--max-retries", "2")
        self.assertEqual((run.returncode, results(run)), (0, [{"n": 1}]), run.stderr)
        self.rule("throttle", times=3, retryAfter=0)
        run = self.invoke('{"n": 1}', "--max-retries", "2")
        self.assertEqual(run.returncode, 1)
        self.assertIn("TooManyRequestsException", run.stderr.decode())

    def test_errors_of_the_service(self):
        for status, code in ((500, "ServiceException"), (502, "EC2UnexpectedException"),
                             (503, "ServiceUnavailableException")):
            self.rule("error", status=status, message="as asked", times=1)
            answer = self.refused(code, status)
            self.assertEqual(answer["Error"]["Message"], "as asked")
            self.assertEqual(self.call()[0], 200)
        self.rule("error", status=502, code="ENILimitReachedException")
        self.refused("ENILimitReachedException", 502)
        self.rule("error", status=400, code="InvalidRuntimeException")
        self.refused("InvalidRuntimeException", 400)
        self.assertEqual(self.runs(), 3)

    def test_a_page_of_a_proxy(self):
        """A 5xx that AWS has not named: the function may have run, so it is not called again unless that is allowed."""
        self.rule("error", status=504, times=1)
        run = self.invoke('{"n": 1}')
        self.assertEqual(run.returncode, 1)
        self.assertIn("may have run", run.stderr.decode())
        self.rule("error", status=504, times=1)
        run = self.invoke('{"n": 1}', "--retry-on-unknown-outcome")
        self.assertEqual((run.returncode, results(run)), (0, [{"n": 1}]), run.stderr)

    def test_an_expired_token(self):
        self.rule("expired-token")
        answer = self.refused("ExpiredTokenException", 403)
        self.assertEqual(answer["Error"]["Message"], "The security token included in the request is expired")
        run = self.invoke('{"n": 1}')
        self.assertEqual(run.returncode, 1)
        self.assertIn("ExpiredTokenException", run.stderr.decode())
        self.assertEqual(self.runs(), 0)

    def test_events_and_streams_are_refused_too(self):
        self.rule("throttle")
        self.refused("TooManyRequestsException", 429, InvocationType="Event")
        self.refused("TooManyRequestsException", 429, InvocationType="DryRun")
        self.refused("TooManyRequestsException", 429, function="probe:$LATEST")
        run = self.invoke('{"n": 1}', "--stream", "--max-retries", "0")
        self.assertIn("TooManyRequestsException", run.stderr.decode())

    # ---- connections that break

    def test_cut_before_the_function_runs(self):
        self.rule("cut", times=1)
        with self.assertRaises((botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)):
            self.call()
        self.assertEqual(self.runs(), 0)
        self.assertEqual(self.call()[0], 200)

    def test_cut_after_the_function_ran(self):
        self.rule("cut", when="after", times=1)
        with self.assertRaises(botocore.exceptions.ConnectionClosedError):
            self.call()
        self.assertEqual(self.runs(), 1)
        self.rule("cut", when="after", times=1)
        run = self.invoke('{"n": 1}')
        self.assertEqual(run.returncode, 1)
        self.assertIn("may have run", run.stderr.decode())
        self.assertEqual(self.runs(), 2)
        self.rule("cut", when="after", times=1)
        self.assertEqual(results(self.invoke('{"n": 1}', "--retry-on-unknown-outcome")), [{"n": 1}])
        self.assertEqual(self.runs(), 4)

    def test_an_event_whose_202_is_lost_runs_nevertheless(self):
        self.rule("cut", when="after", times=1)
        with self.assertRaises(botocore.exceptions.ConnectionClosedError):
            self.call(InvocationType="Event")
        deadline = time.monotonic() + 10
        while self.runs() == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.runs(), 1)

    def test_a_stream_that_breaks_off(self):
        self.rule("cut", when="after")
        run = self.invoke('{"do": "size", "bytes": 200000}', "--stream")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(len(run.stdout.rstrip(b"\n")), 200002)
        self.assertEqual(self.runs(), 1)

    # ---- time

    def test_a_call_that_takes_longer(self):
        self.rule("delay", seconds=0.5)
        started = time.monotonic()
        self.assertEqual(self.call()[0], 200)
        self.assertGreaterEqual(time.monotonic() - started, 0.5)

    def test_who_hangs_up_while_he_is_held_has_not_called(self):
        self.rule("delay", seconds=1.2)
        with self.assertRaises(botocore.exceptions.ReadTimeoutError):
            self.call(client=self.boto3(1, read_timeout=0.3))
        time.sleep(1.3)
        self.assertEqual(self.runs(), 0)

    def test_an_answer_that_comes_too_late(self):
        self.rule("delay", seconds=1.2, when="after", times=1)
        with self.assertRaises(botocore.exceptions.ReadTimeoutError):
            self.call(client=self.boto3(1, read_timeout=0.6))
        self.assertEqual(self.runs(), 1)
        self.rule("delay", seconds=0.4, when="after")
        for more in ({}, {"InvocationType": "Event"}, {"InvocationType": "DryRun"}):
            started = time.monotonic()
            self.assertIn(self.call(**more)[0], (200, 202, 204))
            self.assertGreaterEqual(time.monotonic() - started, 0.4)

    def test_an_answer_that_comes_slowly(self):
        self.rule("slow", bytesPerSecond=2000)
        started = time.monotonic()
        status, body = self.call(b'{"do": "size", "bytes": 1000}')
        self.assertEqual((status, len(body)), (200, 1002))
        self.assertGreaterEqual(time.monotonic() - started, 0.4)

    def test_a_stream_that_comes_slowly(self):
        self.rule("slow", bytesPerSecond=4000)
        started = time.monotonic()
        run = self.invoke('{"do": "size", "bytes": 2000}', "--stream")
        self.assertEqual((run.returncode, len(run.stdout.rstrip(b"\n"))), (0, 2002), run.stderr)
        self.assertGreaterEqual(time.monotonic() - started, 0.45)

    def test_stopping_does_not_wait_for_what_is_held(self):
        local = Local(self.functions)
        client = boto3.client("lambda", endpoint_url=local.endpoint, aws_access_key_id="local",
                              aws_secret_access_key="local-secret",
                              config=Config(region_name=REGION, retries={"total_max_attempts": 1}))
        codes = collections.Counter()

        def call():
            try:
                client.invoke(FunctionName="probe", Payload=b"{}")
            except ClientError as error:
                codes[error.response["Error"]["Code"]] += 1
            except botocore.exceptions.BotoCoreError as error:
                codes[type(error).__name__] += 1
        connection = http.client.HTTPConnection("127.0.0.1", local.port)
        connection.request("PUT", "/_faults", json.dumps([{"fault": "delay", "seconds": 60, "times": 1},
                                                          {"fault": "delay", "seconds": 60, "when": "after"}]))
        connection.getresponse().read()
        threads = [threading.Thread(target=call) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        started = time.monotonic()
        self.assertEqual(local.stop(), 0)
        self.assertLess(time.monotonic() - started, 10)
        for thread in threads:
            thread.join()
        self.assertEqual(codes, {"ServiceUnavailableException": 1, "ConnectionClosedError": 1})
        local.close()

    # ---- which calls

    def test_rules_are_for_functions_and_qualifiers(self):
        self.faults("PUT", [{"fault": "throttle", "function": "other"},
                            {"fault": "expired-token", "qualifier": "$LATEST", "function": "probe", "times": 1}])
        self.refused("TooManyRequestsException", 429, function="other")
        self.refused("ExpiredTokenException", 403, Qualifier="$LATEST")
        self.assertEqual(self.call()[0], 200)

    def test_a_rule_may_come_later_and_by_chance(self):
        self.rule("throttle", after=2, times=1)
        self.assertEqual([self.call()[0] for _ in range(2)], [200, 200])
        self.refused("TooManyRequestsException", 429)
        self.rule("throttle", probability=0.5)
        outcomes = collections.Counter()
        for _ in range(60):
            try:
                outcomes[self.call(InvocationType="DryRun")[0]] += 1
            except ClientError:
                outcomes[429] += 1
        self.assertTrue(10 <= outcomes[204] <= 50, outcomes)

    def test_a_call_may_bring_its_own(self):
        client = self.boto3(1)

        def add(request, **_):
            request.headers["X-Local-Fault"] = header
        client.meta.events.register("before-send.lambda.Invoke", add)
        header = '{"fault": "error", "status": 503}'
        self.refused("ServiceUnavailableException", 503, client=client)
        header = '[{"fault": "delay", "seconds": 0.2}, {"fault": "throttle"}]'
        started = time.monotonic()
        self.refused("TooManyRequestsException", 429, client=client)
        self.assertGreaterEqual(time.monotonic() - started, 0.2)
        header = '{"fault": "flood"}'
        answer = self.refused("ValidationException", 400, client=client)
        self.assertIn("X-Local-Fault: \"flood\" is not a fault", answer["Error"]["Message"])
        self.assertEqual(self.call()[0], 200)

    def test_rules_are_added_replaced_and_taken_away(self):
        self.assertEqual(self.faults("GET"), [])
        self.rule("cut")
        added = self.faults("POST", {"fault": "delay", "seconds": 1})
        self.assertEqual([r["fault"] for r in added], ["cut", "delay"])
        self.assertEqual(self.faults("GET"), added)
        answer = self.faults("PUT", [{"fault": "cut"}, {"fault": "cut", "tims": 1}], status=400)
        self.assertIn("rule 2: \"tims\" is not a member of a rule", answer["message"])
        self.assertEqual(self.faults("GET"), added)
        self.assertEqual(self.faults("DELETE"), [])
        self.assertEqual(self.call()[0], 200)

    def test_rules_from_a_file(self):
        file = self.folder / "faults.json"
        file.write_text('[{"fault": "throttle", "times": 1}]')
        local = Local(self.functions, "--faults", str(file))
        try:
            run = component("invoke", "--function", "probe", "--region", REGION, "--endpoint", local.endpoint, "--quiet",
                            "--max-retries", "0", stdin=b'{"n": 1}\n{"n": 2}\n', env=KEYS)
            self.assertEqual((run.returncode, results(run)), (1, [{"n": 2}]), run.stderr)
            self.assertIn("fault: throttle", local.log_text())
        finally:
            local.close()
        file.write_text('[{"fault": "throttle",\n "time": 1}]')
        run = component("local", "--functions", str(self.functions), "--port", "0", "--faults", str(file))
        self.assertEqual(run.returncode, 2)
        self.assertIn(f"{file}: rule 1: \"time\" is not a member of a rule", run.stderr.decode())
        file.write_text('[{"fault": \n}]')
        run = component("local", "--functions", str(self.functions), "--port", "0", "--faults", str(file))
        self.assertIn(f"{file}, line 2, column 1: ", run.stderr.decode())
        run = component("local", "--functions", str(self.functions), "--port", "0", "--faults", "/nonexistent/f")
        self.assertIn("cannot open /nonexistent/f: No such file or directory", run.stderr.decode())


if __name__ == "__main__":
    unittest.main()
