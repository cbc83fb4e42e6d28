"""--batch: every line gets a line, in order, and none can hurt the next."""

import json
import subprocess
import unittest

from support import JSONATA, SANITIZED, SHARED, CommandTest, answers, peak_megabytes, run


class Answers(CommandTest):
    def test_result(self):
        self.assertEqual(answers([{"id": 1, "expr": "a + 1", "data": {"a": 2}}]), [{"id": 1, "result": 3}])

    def test_undefined_and_function(self):
        self.assertEqual(answers([{"id": "u", "expr": "a"}, {"id": "f", "expr": "$sum"}, {"id": "n", "expr": "null"}]),
                         [{"id": "u", "undefined": True}, {"id": "f", "function": True}, {"id": "n", "result": None}])

    def test_absent_data_is_nothing_and_null_is_null(self):
        self.assertEqual(answers([{"id": 1, "expr": "$exists($)"}, {"id": 2, "expr": "$exists($)", "data": None}]),
                         [{"id": 1, "result": False}, {"id": 2, "result": True}])

    def test_error_has_code_position_token_value_and_message(self):
        (answer,) = answers([{"id": 4, "expr": '"a" - 1'}])
        self.assertLessEqual({"code": "T2001", "position": 5, "token": "-", "value": "a"}.items(),
                             answer["error"].items())
        self.assertTrue(answer["error"]["message"])

    def test_syntax_error(self):
        (answer,) = answers([{"id": 4, "expr": "1 +"}])
        self.assertEqual((answer["error"]["code"], answer["error"]["position"]), ("S0207", 3))

    def test_any_id_comes_back_and_a_missing_one_is_null(self):
        ids = [None, "", 1.5, [1], {"a": []}]
        got = answers([{"id": i, "expr": "1"} for i in ids] + [{"expr": "1"}])
        self.assertEqual([a["id"] for a in got], ids + [None])

    def test_bindings(self):
        self.assertEqual(answers([{"id": 1, "expr": "$x + $y", "bindings": {"x": 1, "y": 2}}]), [{"id": 1, "result": 3}])

    def test_result_is_the_text_of_json_stringify(self):
        out = run("--batch", text='{"id":1,"expr":"[1e21, 0.1, -0, \\"\\ud800\\u0007é\\u2028\\", {\\"b\\":1,\\"1\\":2}]"}\n').stdout
        self.assertEqual(out, '{"id":1,"result":[1e+21,0.1,0,"\\ud800\\u0007é\u2028",{"1":2,"b":1}]}\n')


class Lines(CommandTest):
    def test_lines_end_at_lf_only(self):
        got = answers('{"id":1,"expr":"\\"a\u2028b\u0085c\\""}\r\n{"id":2,\r"expr":"2"}\n')
        self.assertEqual([a["result"] for a in got], ["a\u2028b\u0085c", 2])

    def test_last_line_needs_no_lf(self):
        self.assertEqual(answers('{"id":1,"expr":"1"}'), [{"id": 1, "result": 1}])

    def test_no_input_no_output(self):
        self.assertEqual(answers(""), [])

    def test_faulty_lines_get_an_error_line_with_id_null(self):
        faulty = [b"", b"   ", b"nonsense", b"[1]", b"3", b'{"id":1,"expr":"1"} x', b'{"id":1', b"\0", b'{"id":"\0"}',
                  b'"\xff"', b'{"expr":"\xc3"}', b"[" * 100000, b'{"a":' * 100000, b"1e999999", b'"' + b"x" * 3000000]
        text = b"".join(line + b"\n" + b'{"id":7,"expr":"7"}\n' for line in faulty)
        got = answers(text)
        self.assertEqual(len(got), 2 * len(faulty))
        for line, answer in zip(faulty, got[::2]):
            self.assertEqual((answer["id"], answer["error"]["code"]), (None, "REQUEST"), line[:40])
            self.assertTrue(answer["error"]["message"])
        self.assertEqual(got[1::2], [{"id": 7, "result": 7}] * len(faulty))

    def test_faulty_members_keep_the_id(self):
        faulty = [{}, {"expr": 1}, {"expr": None}, {"expr": "1", "bindings": 1}, {"expr": "1", "bindings": []},
                  {"expr": "1", "timelimit": "x"}, {"expr": "1", "depth": -1}]
        got = answers([{"id": i, **request} for i, request in enumerate(faulty)])
        self.assertEqual([(a["id"], a["error"]["code"]) for a in got], [(i, "REQUEST") for i in range(len(faulty))])

    def test_file(self):
        self.prints('{"id":1,"result":1}\n', "--batch", self.file("in", '{"id":1,"expr":"1"}\n'))

    def test_missing_file(self):
        self.fails(4, "No such file", "--batch", self.folder / "none")

    def test_each_answer_comes_before_the_next_request(self):
        with subprocess.Popen([JSONATA, "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for i in range(20):
                process.stdin.write(b'{"id":%d,"expr":"%d*2"}\n' % (i, i))
                process.stdin.flush()
                self.assertEqual(json.loads(process.stdout.readline()), {"id": i, "result": i * 2})
            process.stdin.close()
            self.assertEqual(process.wait(), 0)


class State(CommandTest):
    @unittest.skipIf(SANITIZED, "memory is not the command's own under a sanitizer")
    def test_memory_stays_flat(self):
        requests = (json.dumps({"id": i, "expr": f"$map([1..50], function($v){{ $v & 'a{i}' & /x{i}/('yx{i}').match }})",
                                "data": {f"k{i}": i}}).encode() + b"\n" for i in range(5000))
        self.assertLess(peak_megabytes(["--batch"], requests), 40)

    def test_nothing_lasts(self):
        got = answers([{"id": 1, "expr": "$x := 5"}, {"id": 2, "expr": "$x"},
                       {"id": 3, "expr": "$y", "bindings": {"y": 1}}, {"id": 4, "expr": "$y"},
                       {"id": 5, "expr": "a", "data": {"a": 1}}, {"id": 6, "expr": "a"}])
        self.assertEqual([a.get("result") for a in got], [5, None, 1, None, 1, None])
        self.assertTrue(got[1]["undefined"] and got[3]["undefined"] and got[5]["undefined"])

    def test_limits_are_of_one_line(self):
        deep = "($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(%d))"
        got = answers([{"id": 1, "expr": deep % 1000, "depth": 100, "timelimit": 5000}, {"id": 2, "expr": deep % 1000},
                       {"id": 3, "expr": "($f := function(){$f()}; $f())", "timelimit": 50, "depth": 1000},
                       {"id": 4, "expr": "1 + 1"}])
        self.assertEqual([a.get("result") or a["error"]["code"] for a in got], ["U1001", 1000, "U1001", 2])

    def test_long_expressions_have_the_limit_of_memory(self):
        done = run("--batch", "--memory=1", text=json.dumps({"id": 1, "expr": "1+" * 100000 + "1"}) + "\n")
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "LIMIT")

    def test_hostile_expressions(self):
        hostile = ["($f := function($n){ 1 + $f($n + 1) }; $f(0))", "[1..10000001]", "[1..1e7].[1..1e7]", "(" * 100000,
                   "[" * 5000 + "]" * 5000, "$eval('$eval(\"' & $join([1..100].'(') & '\")')", "$match('" + "a" * 30 + "b', /(a+)+$/)",
                   "$pad('', 2e9)", "($s := function($t){ $s($t & $t) }; $s('x'))", "{" * 2000, "\0", "'\0'", "'\ud800'",
                   "a" * 100000, ".".join(["a"] * 20000), "$" * 1000, "/(/", "`", "/*", "1e999", "$formatNumber(1, '" + "#" * 10000 + "')"]
        got = answers([{"id": i, "expr": e, "timelimit": 3000, "depth": 1000000} for i, e in enumerate(hostile)])
        self.assertEqual([a["id"] for a in got], list(range(len(hostile))))


class SharedMembers(CommandTest):
    """A value of 41 objects whose text would be 2^40 times as long, since each has the one below it twice."""

    BOMB = "$d := function($v, $n){ $n = 0 ? $v : $d({'a': $v, 'b': $v}, $n - 1) }"

    def code(self, expression, timelimit=500):
        (answer,) = answers([{"id": 1, "expr": f"({self.BOMB}; {expression})", "timelimit": timelimit, "depth": 1000}])
        return answer["error"]

    def test_text_of_it(self):
        self.assertEqual(self.code("$string($d(1, 40))")["code"], "U1001")

    def test_writing_it_has_the_limit_of_time_as_well(self):
        self.assertEqual(self.code("$d(1, 40)", 50)["code"], "U1001")

    def test_error_about_it(self):
        error = self.code("$d(1, 40) - 1")
        self.assertEqual(error["code"], "T2001")
        self.assertNotIn("value", error)


class Conformance(CommandTest):
    """The cases of the official suite once more, through the batch."""

    def cases(self):
        root = SHARED / "jsonata-test-suite"
        for path in sorted((root / "groups").glob("*/*.json")):
            content = json.loads(path.read_text())
            for i, case in enumerate(content if isinstance(content, list) else [content]):
                request = {"id": f"{path.parent.name}/{path.stem}#{i}"}
                request["expr"] = case["expr"] if "expr" in case else (path.parent / case["expr-file"]).read_text()
                if "data" in case:
                    request["data"] = case["data"]
                elif case.get("dataset"):
                    request["data"] = json.loads((root / "datasets" / (case["dataset"] + ".json")).read_text())
                for name in ("bindings", "timelimit", "depth"):
                    if name in case:
                        request[name] = case[name]
                yield case, request

    def test_suite(self):
        if not (SHARED / "jsonata-test-suite").exists():
            self.skipTest("the JSONata test suite is not there: 1686 cases skipped")
        cases = list(self.cases())
        differing = []
        for (case, request), answer in zip(cases, answers([request for _, request in cases]), strict=True):
            if case.get("undefinedResult"):
                fine = "undefined" in answer
            elif "result" in case:
                fine = "result" in answer and answer["result"] == case["result"]
            else:
                expected = case["error"]["code"] if "error" in case else case["code"]
                fine = answer.get("error", {}).get("code") == expected
            if not fine or answer["id"] != request["id"]:
                differing.append((request["id"], str(answer)[:200]))
        self.assertEqual(differing, [])


if __name__ == "__main__":
    unittest.main()
