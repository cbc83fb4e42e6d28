"""--bench: the shape of its report.  Times are not judged."""

import json
import os
import unittest

from support import CommandTest, run

FIGURES = ("compile_ns", "parse_ns", "eval_ns", "serialize_ns", "e2e_ns")


class Bench(CommandTest):
    def report(self, *arguments, text=""):
        done = run("--bench=0.01", *arguments, text=text)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return json.loads(done.stdout)

    def test_report(self):
        document = json.dumps({"items": [{"n": i} for i in range(100)]})
        report = self.report("-f", self.file("e.jsonata", "$sum(items.n)"), self.file("d.json", document))
        for name in FIGURES:
            self.assertGreater(report[name]["best"], 0)
            self.assertGreaterEqual(report[name]["median"], report[name]["best"])
        self.assertEqual((report["bytes_in"], report["bytes_out"]), (len(document), len("4950")))
        self.assertGreater(report["iterations"], 0)
        self.assertGreater(report["peak_bytes"], len(document))

    def test_passing_on_takes_at_most_three_times_the_input(self):
        items = [{"id": i, "about": "some words " * 40, "tags": ["a", "b"], "place": {"x": i / 8}} for i in range(2000)]
        document = json.dumps({"source": "erp", "items": items}, separators=(",", ":"))
        file = self.file("d.json", document)
        for expression in ("$", "items", "{'n': $count(items), 'source': source, 'items': items}"):
            report = self.report(expression, file)
            self.assertLess(report["peak_bytes"], 3 * len(document), expression)

    def test_steady_state_asks_the_system_for_nothing(self):
        self.assertEqual(self.report("-n", "[1..100].{'a': $, 'b': $string($)}")["system_allocations_per_eval"], 0)

    def test_the_count_is_real(self):
        # A pattern in a text that is evaluated is compiled each time, when there are more texts than are kept.
        if "address" not in os.environ.get("ALC_SANITIZED", ""):
            self.assertGreater(self.report("-n", "[1..40].$eval('$match(\"a\", /a' & $ & '/)')")["system_allocations_per_eval"], 0)

    def test_without_input(self):
        report = self.report("-n", "1+1")
        self.assertEqual((report["bytes_in"], report["bytes_out"]), (0, 1))

    def test_standard_input(self):
        self.assertEqual(self.report("a", text='{"a":"xyz"}')["bytes_out"], 5)

    def test_evaluation_that_fails(self):
        done = run("--bench=0.01", "-n", "1 + 'a'")
        self.assertEqual(done.returncode, 5)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "T2002")

    def test_faulty_input(self):
        self.fails(4, "expected", "--bench=0.01", "a", text="nonsense")


if __name__ == "__main__":
    unittest.main()
