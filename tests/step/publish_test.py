"""The component as a step: the action `publish` against the local Lambda, its figures and health, and the example of a
second component."""
import base64
import os
import subprocess
import unittest
import urllib.error
import urllib.request

import broker

broker.require()
import measures  # noqa: E402
import step as steps  # noqa: E402
from publishing import BIN, PublishTest  # noqa: E402


class Messages(PublishTest):
    def test_a_body_is_mapped_the_function_called_its_answer_emitted(self):
        for protocol in (1, 2):
            s = self.step({"expression": '{"do": "echo", "value": {"sku": body_sku}}'}, protocol=protocol).start()
            sent = s.send({"body": {"body_sku": "A-1"}})
            data = s.data.get()
            self.assertEqual(data.headers["parentMessageId"], sent["messageId"])
            self.assertIn("A-1", str(data.message["body"]))
            self.assertEqual(s.stop(), 0)

    def test_passthrough_and_flow_variables_are_at_hand(self):
        s = self.step({"expression": '{"a": $getPassthrough().step_0.body.a, "b": $getFlowVariables().b,'
                                     ' "c": elasticio.step_0.body.a}'},
                      step={"is_passthrough": True, "variables": {"b": 2}}).start()
        s.send({"body": {}, "passthrough": {"step_0": {"body": {"a": 1}}}})
        data = s.data.get()
        self.assertIn("step_1", data.message["passthrough"])
        self.assertIn("step_0", data.message["passthrough"])
        self.assertNotIn("elasticio", data.message["body"])
        self.assertEqual(s.stop(), 0)

    def test_an_expression_that_fails_is_an_error_and_sends_nothing(self):
        s = self.step({"expression": "nothing.here"}).start()
        s.send({"body": {}})
        error = s.errors.get()
        self.assertEqual(error.error["name"], "NothingToSend")
        self.assertIn("yields nothing", error.error["message"])
        self.assertIn("at mapping", error.error["stack"])
        self.assertEqual(error.message["errorInput"], {"body": {}})
        self.assertEqual(s.stop(), 0)

    def test_a_refusal_is_an_error_in_words(self):
        s = self.step({"functionName": "not-there"}).start()
        s.send({"body": {}})
        error = s.errors.get()
        self.assertEqual(error.error["name"], "ResourceNotFoundException")
        self.assertIn("not-there", error.error["message"])
        self.assertIn("at invoke (function not-there, request ", error.error["stack"])
        self.assertEqual(s.stop(), 0)


    @unittest.skipIf(os.environ.get("ALC_SANITIZED"), "the sanitizers' allocator keeps what was freed")
    def test_of_a_long_body_there_are_two_copies_beside_the_connections(self):
        s = self.step({"expression": '{"do": "echo", "value": {"text": text}}'}, protocol=2).start()
        size = 4_000_000
        s.send({"body": {"text": ""}})
        s.data.get()
        idle = measures.memory(s.process.pid, "VmHWM")
        for _ in range(3):
            s.send({"body": {"text": "a" * size}})
            self.assertIn("a" * size, str(s.data.get().message["body"]))
        # The delivery, the answer, the encrypted message, the connection's frames.
        self.assertLess(measures.memory(s.process.pid, "VmHWM") - idle, 4.5 * size)
        self.assertEqual(s.stop(), 0)

    def test_a_function_that_fails_is_an_error_with_its_trace_and_log(self):
        s = self.step({"logType": "Tail"}).start()
        sent = s.send({"body": {"do": "fail", "message": "no stock"}})
        error = s.errors.get()
        self.assertEqual((error.error["name"], error.error["message"]), ("ValueError", "no stock"))
        stack = error.error["stack"]
        self.assertRegex(stack, r"(?s)^ValueError: no stock\n  at probe, line 1\n.*START RequestId.*REPORT RequestId.*\n"
                         r"    at function \(function probe, version \$LATEST, request [0-9a-f-]{36}, 1 attempt\)$")
        [end] = [line for line in s.logged("END RequestId") if line["name"] == "component"]
        self.assertEqual(end["messageId"], sent["messageId"])
        self.assertEqual(end["function"], "probe")
        self.assertEqual(s.stop(), 0)


class Forms(PublishTest):
    """What the newer fields of the form do with a message; tests/flow/scenarios_test.py has each by every outcome."""

    def test_the_answers_headers_are_passed_on(self):
        s = self.step({"logType": "Tail"}).start()
        s.send({"body": {"do": "log", "lines": 1}})
        headers = s.data.get().message["headers"]
        self.assertRegex(headers["x-amzn-requestid"], "^[0-9a-f-]{36}$")
        self.assertEqual(headers["x-amz-executed-version"], "$LATEST")
        self.assertIn(b"line 0 of the log", base64.b64decode(headers["x-amz-log-result"]))
        self.assertEqual(s.stop(), 0)

    def test_a_message_that_is_not_wanted_passes_through(self):
        s = self.step({"invokeWhen": "amount > 100", "functionName": "not-there"}).start()
        s.send({"body": {"amount": 50, "ä": [1.5]}})
        data = s.data.get()
        self.assertEqual(data.message["body"], {"amount": 50, "ä": [1.5]})
        self.assertEqual(data.message["headers"], {"x-amz-invoked": "false"})
        self.assertEqual(s.stop(), 0)

    def test_a_result_expression_sees_answer_input_and_passthrough(self):
        s = self.step({"expression": '{"x": 1}', "resultExpression": '{"r": x, "in": $input, "s": $response.StatusCode,'
                       ' "p": $getPassthrough().step_0.body, "v": $getFlowVariables().v}'},
                      step={"is_passthrough": True, "variables": {"v": 7}}).start()
        s.send({"body": {"a": 1}, "passthrough": {"step_0": {"body": "p"}}})
        self.assertEqual(s.data.get().message["body"], {"r": 1, "in": {"a": 1}, "s": 200, "p": "p", "v": 7})
        self.assertEqual(s.stop(), 0)

    def test_failures_go_back_to_the_platform_where_the_form_says_so(self):
        for config, body, reason in (
                ({"functionErrorPolicy": "rebound"}, {"do": "fail", "message": "not yet"}, "ValueError: not yet"),
                ({"errorPolicy": "rebound", "errorCodes": "404", "functionName": "not-there"}, {},
                 "ResourceNotFoundException: ")):
            with self.subTest(config):
                s = self.step(config).start()
                sent = s.send({"body": body})
                back = s.rebounds.get()
                self.assertEqual(back.message["body"], body)
                self.assertEqual(back.headers["messageId"], sent["messageId"])
                self.assertIn(reason, back.headers["reboundReason"])
                self.assertEqual((s.data.size(), s.errors.size()), (0, 0))
                self.assertEqual(s.stop(), 0)

    def test_failures_are_data_where_the_form_says_so(self):
        s = self.step({"functionErrorPolicy": "emit", "errorPolicy": "emit", "errorCodes": "ResourceNotFoundException",
                       "functionName": "{% f %}"}).start()
        s.send({"body": {"f": "probe", "do": "fail", "message": "no"}})
        data = s.data.get().message
        self.assertEqual((data["body"]["errorType"], data["headers"]["x-amz-function-error"]),
                         ("ValueError", "Unhandled"))
        s.send({"body": {"f": "not-there"}})
        data = s.data.get().message
        self.assertEqual((data["body"]["error"]["name"], data["body"]["statusCode"], data["body"]["attempts"]),
                         ("ResourceNotFoundException", 404, 1))
        self.assertEqual(data["headers"]["x-amzn-requestid"], data["body"]["requestId"])
        self.assertEqual(s.errors.size(), 0)
        self.assertEqual(s.stop(), 0)


class Starts(PublishTest):
    def test_a_configuration_that_cannot_work_ends_the_start(self):
        for config, words in (({"region": ""}, "the AWS Region (region) is missing"),
                              ({"aws_secret_access_key": ""}, "the AWS Access Secret (aws_secret_access_key)"),
                              ({"invocationType": "DryRun"}, "DryRun\", which is not supported"),
                              ({"invocationType": "Event", "logType": "Tail"},
                               "Log Type (logType) is Tail, which works with"),
                              ({"expression": "a +"},
                               "JSONata Expression (expression) is faulty at line 1, column 4, near \"(end)\"")):
            with self.subTest(config):
                self.assertIn(words, self.failed_start(config))


class Operations(PublishTest):
    def ask(self, port, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def test_health_and_figures(self):
        [port] = broker.free_ports(1)
        s = self.step(environment={"HTTP_PORT": str(port), "HTTP_HOST": "127.0.0.1"}).start()
        self.assertEqual(self.ask(port, "/livez"), (200, "ok\n"))
        self.assertEqual(self.ask(port, "/readyz"), (200, "ok\n"))
        self.assertEqual(self.ask(port, "/else")[0], 404)
        s.send({"body": {}})
        s.data.get()
        status, text = self.ask(port, "/metrics")
        self.assertEqual(status, 200)
        self.assertIn('lambda_attempts_total{result="success"} 1\n', text)
        self.assertIn("lambda_invocation_seconds_count 1\n", text)
        self.assertIn("lambda_mapping_seconds_count 1\n", text)
        self.assertEqual(s.stop(), 0)


    def test_an_option_wins_over_its_variable(self):
        [port] = broker.free_ports(1)
        for options in (["--http-port", str(port), "--http-host", "127.0.0.1"], [f"--http-port={port}"]):
            with self.subTest(options):
                s = self.step(environment={"HTTP_PORT": "1", "HTTP_HOST": "127.0.0.1"})
                s.program += options
                s.start()
                self.assertEqual(self.ask(port, "/readyz"), (200, "ok\n"))
                self.assertEqual(s.stop(), 0)

    def test_options_that_cannot_work_are_told_before_anything_starts(self):
        for options, words, environment in (
                (["--http-port", "65536"], "--http-port needs a port, 1 to 65535, not 65536",
                 {"ELASTICIO_FLOW_ID": "x"}),
                (["--http-port", "x"], '--http-port needs a whole number, not "x"', {"ELASTICIO_FLOW_ID": "x"}),
                (["--http-host"], "--http-host needs a value", {"ELASTICIO_FLOW_ID": "x"}),
                (["--http-port", "9102", "more"], 'a step takes no argument, but there is "more"',
                 {"ELASTICIO_FLOW_ID": "x"}),
                (["--http-port", "9102"], "ELASTICIO_FLOW_ID is not set", {})):
            with self.subTest(options):
                run = subprocess.run([BIN / "aws-lambda-component", *options], env=environment, capture_output=True,
                                     stdin=subprocess.DEVNULL, text=True, timeout=steps.LIMIT_S)
                self.assertEqual(run.returncode, 2)
                self.assertIn(words, run.stderr)
                self.assertEqual(run.stdout, "")


class Example(PublishTest):
    def example(self, function, **config):
        s = steps.Step(function=function, config=config, environment={"COMPONENT_PATH": "../../../examples/component"},
                       program=[str(BIN.parent / "examples/component/example-component")])
        self.addCleanup(s.close)
        return s

    def test_a_second_component_stands_on_action_h_alone(self):
        s = self.example("echo").start()
        s.send({"body": {"a": [1, "ä"]}})
        self.assertEqual(s.data.get().message["body"], {"a": [1, "ä"]})
        self.assertEqual(s.stop(), 0)
        s = self.example("greet", greeting="Hello").start()
        s.send({"body": {"name": "World"}})
        self.assertEqual(s.data.get().message["body"], {"text": "Hello, World!"})
        s.send({"body": {}})
        self.assertEqual(s.errors.get().error["message"], "the message's body has no name in it")
        self.assertEqual(s.stop(), 0)
        s = self.example("greet").spawn()
        self.assertEqual(s.errors.get().error["message"], "no greeting is configured")
        self.assertEqual(s.wait(), 1)


if __name__ == "__main__":
    unittest.main()
