"""`invoke` against `local`: what a person at a terminal or in a script sees."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

from support import COMPONENT, HERE, KEYS, REGION, FlowTest, clean_env, component, lines, results


class Results(FlowTest):
    def test_results_come_in_the_order_of_the_input_although_calls_overlap(self):
        events = [{"do": "sleep", "ms": 120 - 10 * (i % 12), "i": i} for i in range(36)]
        run = self.invoke(lines(events), "--concurrency", "12")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual([r["i"] for r in results(run)], list(range(36)))

    def test_the_expression_makes_the_payload(self):
        run = self.invoke('{"a": [1, 2, 3]}', "--expression", '{"sum": $sum(a)}')
        self.assertEqual(results(run), [{"sum": 6}])

    def test_the_expression_may_come_from_a_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonata") as f:
            f.write('/* a comment */\n{ "name": $uppercase(name) }\n')
            f.flush()
            run = self.invoke('{"name": "ada"}', "--expression-file", f.name)
        self.assertEqual(results(run), [{"name": "ADA"}])

    def test_without_an_expression_the_message_is_the_payload(self):
        self.assertEqual(results(self.invoke('{"x":1.50}\n"text"\n[1,\n 2]\n7 8')), [{"x": 1.5}, "text", [1, 2], 7, 8])

    def test_a_result_is_one_line_whatever_white_space_the_function_wrote(self):
        run = self.invoke('{"a":{"b":[1,{"c":2}]}}')
        self.assertEqual(run.stdout, b'{"a":{"b":[1,{"c":2}]}}\n')

    def test_null_is_a_result(self):
        self.assertEqual(self.invoke('{"do":"null"}').stdout, b"null\n")

    def test_text_that_is_no_json_comes_as_the_aws_response_object(self):
        self.assertEqual(results(self.invoke('{"do":"text"}')),
                         [{"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": "this is no JSON"}])

    def test_an_empty_answer_comes_as_the_aws_response_object(self):
        self.assertEqual(results(self.invoke('{"do":"nothing"}'))[0]["Payload"], "")

    def test_bytes_that_are_no_text_do_not_break_the_output(self):
        self.assertEqual(results(self.invoke('{"do":"bytes"}'))[0]["Payload"], "\ufffd\ufffd{")

    def test_event_answers_at_once_with_the_aws_response_object(self):
        run = self.invoke('{"do":"sleep","ms":2000}', "--invocation-type", "Event")
        self.assertEqual(results(run), [{"StatusCode": 202, "Payload": ""}])

    def test_a_result_of_almost_six_megabytes_arrives_whole(self):
        run = self.invoke('{"do":"size","bytes":6291000}')
        self.assertEqual(len(results(run)[0]), 6291000)

    def test_several_files_are_read_one_after_the_other(self):
        with tempfile.TemporaryDirectory() as d:
            for name in "ab":
                with open(os.path.join(d, name), "w") as f:
                    f.write(lines([{"from": name, "i": i} for i in range(3)]).rstrip("\n"))
            run = self.invoke(b"", os.path.join(d, "a"), os.path.join(d, "b"))
        self.assertEqual([r["from"] for r in results(run)], list("aaabbb"))

    def test_no_input_is_no_work_and_no_error(self):
        run = self.invoke(b"")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, b"", b""))

    def test_the_log_tail_appears_on_standard_error(self):
        run = self.invoke('{"do":"log","lines":3}', "--log-type", "Tail")
        text = run.stderr.decode()
        self.assertIn("line 2 of the log", text)
        self.assertIn("REPORT RequestId: ", text)
        self.assertIn("function=probe", text)

    def test_a_qualifier_is_honoured(self):
        self.assertEqual(self.invoke("1", "--qualifier", "$LATEST").returncode, 0)
        run = self.invoke("1", "--qualifier", "PROD")
        self.assertEqual(run.returncode, 1)
        self.assertIn("ResourceNotFoundException", run.stderr.decode())

    def test_a_full_arn_names_the_function(self):
        arn = f"arn:aws:lambda:{REGION}:123456789012:function:probe"
        self.assertEqual(results(self.invoke("1", function=arn)), [1])


class Fields(FlowTest):
    """The options that stand for newer fields of the form; scenarios_test.py has the fields by every outcome."""

    def test_the_function_and_its_version_come_from_the_message(self):
        run = self.invoke(lines([{"f": "probe"}, {"f": "a b"}, {"f": "nobody"}]), "--qualifier", '{% "$LATEST" %}',
                          function="{% f %}")
        self.assertEqual(results(run), [{"f": "probe"}])
        self.assertIn("message 2 (standard input, line 2): not sent: --function: ", run.stderr.decode())
        self.assertIn("message 3 (standard input, line 3): the call failed: ResourceNotFoundException",
                      run.stderr.decode())

    def test_the_result_is_made_by_an_expression(self):
        run = self.invoke(lines([{"a": 1}]), "--expression", "a", "--result",
                          '{"got": $, "of": $input, "status": $response.StatusCode,'
                          ' "log": $contains($response.LogResult, "REPORT")}',
                          "--log-type", "Tail")
        self.assertEqual(results(run), [{"got": 1, "of": {"a": 1}, "status": 200, "log": True}])

    def test_a_result_expression_that_fails_says_that_the_function_ran(self):
        run = self.invoke("1", "--result", "nothing.here")
        self.assertEqual((run.returncode, run.stdout), (1, b""))
        self.assertIn("the function ran: NothingToSend: --result yields nothing", run.stderr.decode())

    def test_messages_pass_through_in_their_place(self):
        run = self.invoke('{"n": 1,\n "do": "fail"}\n{"n":2}\n', "--invoke-when", "n > 1")
        self.assertEqual(run.stdout, b'{"n":1,"do":"fail"}\n{"n": 2}\n'.replace(b": 2", b":2"))
        self.assertEqual(run.returncode, 0)

    def test_failures_are_results_where_that_is_wanted(self):
        run = self.invoke(lines([{"f": "probe", "do": "fail"}, {"f": "nobody"}]), "--function-error-policy", "emit",
                          "--error-policy", "emit", "--error-codes", "404", function="{% f %}")
        first, second = results(run)
        self.assertEqual(first["errorType"], "ValueError")
        self.assertEqual((second["error"]["name"], second["statusCode"]), ("ResourceNotFoundException", 404))
        self.assertEqual(run.returncode, 0)

    def test_client_context_arrives(self):
        run = self.invoke(lines([{"do": "context", "tenant": "ü"}]), "--client-context", '{"tenant": tenant}')
        self.assertEqual(results(run), [{"custom": {"tenant": "ü"}}])


class Failures(FlowTest):
    def failing(self, stdin, *args, **kwargs):
        """Runs with --errors; the run and the records."""
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "errors")
            run = self.invoke(stdin, "--errors", path, *args, **kwargs)
            with open(path, encoding="utf-8") as f:
                return run, [json.loads(line) for line in f]

    def test_a_function_that_throws_fails_its_message_and_no_other(self):
        run, errors = self.failing(lines([{"i": 1}, {"do": "fail", "message": "no stock"}, {"i": 3}]))
        self.assertEqual(run.returncode, 1)
        self.assertEqual([r["i"] for r in results(run)], [1, 3])
        record = errors[0]
        self.assertEqual((record["index"], record["line"], record["stage"]), (2, 2, "function"))
        self.assertEqual((record["code"], record["message"]), ("ValueError", "no stock"))
        self.assertEqual(record["input"], {"do": "fail", "message": "no stock"})
        self.assertIn("message 2 (standard input, line 2): the function failed: ValueError: no stock",
                      run.stderr.decode())
        self.assertIn("at probe, line 1", run.stderr.decode())

    def test_failed_messages_can_be_sent_again(self):
        _, errors = self.failing(lines([{"do": "fail", "message": str(i)} for i in range(3)]))
        run, again = self.failing(lines([e["input"] for e in errors]))
        self.assertEqual([e["message"] for e in again], ["0", "1", "2"])

    def test_a_process_that_exits_is_a_function_error(self):
        _, errors = self.failing('{"do":"exit","status":3}')
        self.assertEqual(errors[0]["code"], "Runtime.ExitError")
        self.assertIn("exit status 3", errors[0]["message"])

    def test_a_process_that_crashes_is_a_function_error(self):
        _, errors = self.failing('{"do":"kill"}')
        self.assertIn("segmentation fault", errors[0]["message"])

    def test_a_timeout_is_a_function_error(self):
        _, errors = self.failing('{"do":"sleep","ms":60000}')
        self.assertIn("Task timed out after 5.00 seconds", errors[0]["message"])

    def test_an_answer_over_the_limit_is_a_function_error(self):
        _, errors = self.failing('{"do":"size","bytes":6400000}')
        self.assertEqual(errors[0]["code"], "Function.ResponseSizeTooLarge")

    def test_invalid_json_in_the_middle_is_told_by_line_and_the_rest_runs(self):
        run, errors = self.failing('{"i":1}\n{"i":2,}\n{"i":3}\n{"i":\n  4\n  oops\n}\n{"i":5}\n')
        self.assertEqual([r["i"] for r in results(run)], [1, 3, 5])
        self.assertEqual([(e["line"], e["inputText"]) for e in errors],
                         [(2, '{"i":2,}'), (4, '{"i":\n  4\n  oops\n}')])
        self.assertIn("line 2", run.stderr.decode())

    def test_a_string_that_is_not_closed_does_not_swallow_the_rest(self):
        run, errors = self.failing('{"i":"one}\n{"i":2}\n[1,2\n{"i":3}\n')
        self.assertEqual([r["i"] for r in results(run)], [2, 3])
        self.assertEqual([e["line"] for e in errors], [1, 3])

    def test_an_expression_that_fails_names_code_and_message(self):
        run, errors = self.failing('{"a":"x"}\n{"a":2}', "--expression", "a * 2")
        self.assertEqual(results(run), [4])
        self.assertEqual((errors[0]["code"], errors[0]["stage"]), ("T2001", "mapping"))

    def test_an_expression_that_yields_nothing_sends_nothing(self):
        for expression in ("missing", "function($x) { $x }", "1 / 0", '{"a": [1 / 0]}', '{"f": $sum}'):
            with self.subTest(expression=expression):
                run, errors = self.failing('{"a":1}', "--expression", expression)
                self.assertEqual((run.returncode, run.stdout, errors[0]["stage"]), (1, b"", "mapping"))
                self.assertNotIn("requestId", errors[0])

    def test_a_payload_over_six_megabytes_is_refused_with_both_numbers(self):
        _, errors = self.failing(json.dumps("x" * 6291500))
        self.assertIn("6291502", errors[0]["message"])
        self.assertIn("6291456", errors[0]["message"])

    def test_a_ten_megabyte_message_works_when_its_payload_is_small(self):
        run = self.invoke(json.dumps({"items": ["0123456789"] * 800000}), "--expression", '{"n": $count(items)}')
        self.assertEqual(results(run), [{"n": 800000}])

    def test_an_unknown_function(self):
        _, errors = self.failing("1", function="nobody")
        self.assertEqual(errors[0]["code"], "ResourceNotFoundException")
        self.assertIn("nobody", errors[0]["message"])

    def test_a_wrong_secret(self):
        run, errors = self.failing("1", env={"AWS_SECRET_ACCESS_KEY": "not-the-secret-key"})
        self.assertEqual(errors[0]["code"], "InvalidSignatureException")
        self.assertNotIn("not-the-secret-key", run.stderr.decode())

    def test_an_unknown_access_key(self):
        _, errors = self.failing("1", env={"AWS_ACCESS_KEY_ID": "AKIDUNKNOWN"})
        self.assertEqual(errors[0]["code"], "UnrecognizedClientException")

    def test_a_refused_connection(self):
        run, errors = self.failing("1", "--endpoint", "http://127.0.0.1:9")
        self.assertIn("127.0.0.1:9", errors[0]["message"])
        self.assertNotIn("outcomeUnknown", errors[0])


class Settings(unittest.TestCase):
    """Faulty settings end with status 2 before anything is sent."""

    def refused(self, expected, *args, env=None):
        run = component("invoke", *args, stdin="1", env={**KEYS, **(env or {})})
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn(expected, run.stderr.decode())
        self.assertEqual(run.stdout, b"")

    def test_each_is_told_in_words(self):
        f = ("--function", "f", "--region", "eu-west-1")
        self.refused("no function is named", "--region", "eu-west-1")
        self.refused("region", "--function", "f")
        self.refused("line 2, column", *f, "--expression", '{"a": 1,\n  b c }')
        self.refused("Event", *f, "--invocation-type", "Event", "--log-type", "Tail")
        self.refused("which is not supported", *f, "--invocation-type", "DryRun")
        self.refused("choose RequestResponse or Event", *f, "--invocation-type", "Sometimes")
        self.refused("eu-west-1", "--function", "arn:aws:lambda:us-east-1:123456789012:function:f", "--region", "eu-west-1")
        self.refused("qualifier", "--function", "f:A", "--region", "eu-west-1", "--qualifier", "B")
        self.refused("64", "--function", "f" * 65, "--region", "eu-west-1")
        self.refused("endpoint", *f, "--endpoint", "ftp://x")
        self.refused("unknown option --functoin", "--functoin", "f")
        self.refused("--concurrency", *f, "--concurrency", "0")
        self.refused("not both", *f, "--expression", "1", "--expression-file", "x")
        self.refused("--error-policy is rebound, which is for steps", *f, "--error-policy", "rebound")
        self.refused("--max-retries is \"11\"; it takes", *f, "--max-retries", "11")
        self.refused("--error-codes: \"4xx\" is neither", *f, "--error-codes", "4xx")
        self.refused("    a b\n", *f, "--result", "a b")
        self.refused("--external-id is given, but there is no role", *f, "--external-id", "x")
        self.refused("--role-arn: ", *f, "--role-arn", "x")
        self.refused("/no/such", *f, "/no/such")
        self.refused("/no/such", *f, "--expression-file", "/no/such")
        self.refused("AWS_SECRET_ACCESS_KEY", *f, env={"AWS_SECRET_ACCESS_KEY": ""})

    def test_a_profile_that_does_not_exist(self):
        run = component("invoke", "--function", "f", "--region", "eu-west-1", "--profile", "nobody", stdin="1")
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("nobody", run.stderr.decode())

    def test_the_errors_file_may_not_be_an_input(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("1")
            f.flush()
            self.refused("also an input", "--function", "f", "--region", "eu-west-1", "--errors", f.name, f.name)
            self.assertEqual(open(f.name).read(), "1")

    def test_help_and_version(self):
        for args in (("--help",), ("invoke", "--help"), ("local", "--help"), ("--version",)):
            run = component(*args)
            self.assertEqual((run.returncode, run.stderr), (0, b""))
            self.assertTrue(run.stdout)
        self.assertEqual(component("dance").returncode, 2)

    def test_the_manual_knows_all_options(self):
        docs = HERE.parents[1] / "docs"
        manual, page = ((docs / name).read_text() for name in ("man/aws-lambda-component.1", "cli.md"))
        for command in ("invoke", "local"):
            names = re.findall(r"^  --([a-z-]+)", component(command, "--help").stdout.decode(), re.MULTILINE)
            self.assertGreater(len(names), 5)
            self.assertEqual([n for n in names if f"Fl -{n}" not in manual and n != "help"], [], command)
            if command == "invoke":
                self.assertEqual([n for n in names if f"`--{n}" not in page and n != "help"], [])


class Interruption(FlowTest):
    def start(self, *args, **kwargs):
        return subprocess.Popen(
            [COMPONENT, "invoke", "--function", "probe", "--region", REGION, "--endpoint", self.local.endpoint, *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_env(KEYS), **kwargs)

    def test_sigint_finishes_what_is_in_flight_and_tells_the_rest(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(lines([{"do": "sleep", "ms": 400, "i": i} for i in range(100)]))
            f.flush()
            process = self.start("--concurrency", "2", f.name)
            process.stdin.close()
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            out, err = process.stdout.read(), process.stderr.read().decode()
            status = process.wait(20)
        process.stdout.close(), process.stderr.close()
        done = [json.loads(line)["i"] for line in out.splitlines()]
        self.assertEqual(status, 130, err)
        self.assertGreater(len(done), 0)
        self.assertLess(len(done), 100)
        self.assertEqual(done, list(range(len(done))))
        self.assertIn(f"not sent: what follows message {len(done)}, from {f.name} line {len(done) + 1} on", err)

    def test_results_are_written_as_they_come(self):
        process = self.start()
        process.stdin.write(b'{"first":1}\n')
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b'{"first":1}\n')
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)
        process.stdout.close(), process.stderr.close()

    def test_a_terminal_sees_progress_and_an_end_in_sight(self):
        terminal, theirs = os.openpty()
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(lines([{"do": "sleep", "ms": 250} for _ in range(4)]))
            f.flush()
            process = subprocess.Popen(
                [COMPONENT, "invoke", "--function", "probe", "--region", REGION, "--endpoint", self.local.endpoint,
                 "--concurrency", "1", f.name], stdout=subprocess.DEVNULL, stderr=theirs, env=clean_env(KEYS))
            self.assertEqual(process.wait(20), 0)
        os.close(theirs)
        seen = os.read(terminal, 65536).decode()
        os.close(terminal)
        self.assertIn("1 in flight", seen)
        self.assertRegex(seen, r"4 messages in .* 4 succeeded")

    def test_nothing_of_the_progress_line_without_a_terminal(self):
        process = self.start()
        _, err = process.communicate(lines([{"do": "sleep", "ms": 300}]).encode())
        self.assertNotIn(b"\x1b", err)
        self.assertIn(b"1 message in", err)

    def test_a_reader_that_goes_away_ends_the_run_with_an_error(self):
        process = self.start()
        process.stdout.close()
        _, err = process.stdin.write(lines([{"i": i} for i in range(50)]).encode()), None
        process.stdin.close()
        err = process.stderr.read().decode()
        self.assertEqual(process.wait(20), 1)
        self.assertIn("standard output cannot be written", err)
        process.stderr.close()


class Memory(FlowTest):
    def peak(self, count):
        """Peak resident memory in KB of a run over `count` messages."""
        with tempfile.NamedTemporaryFile("w") as f, tempfile.TemporaryFile() as out:
            f.write(lines({"i": i, "text": "x" * 2000} for i in range(count)))
            f.flush()
            process = subprocess.Popen(
                [COMPONENT, "invoke", "--function", "probe", "--region", REGION, "--endpoint", self.local.endpoint,
                 "--quiet", "--concurrency", "4", f.name], stdin=subprocess.DEVNULL, stdout=out, env=clean_env(KEYS))
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            return usage.ru_maxrss

    @unittest.skipIf(os.environ.get("ALC_SANITIZED"), "sanitizers keep freed memory")
    def test_memory_does_not_grow_with_the_input(self):
        small, large = self.peak(200), self.peak(4000)
        self.assertLess(large, small + 6000, f"{small} KB for 200 messages, {large} KB for 4000")


if __name__ == "__main__":
    unittest.main(verbosity=0)
