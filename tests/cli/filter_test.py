"""The command as a filter: input, output, variables, errors, exit status."""

import subprocess
import unittest

from support import JSONATA, CommandTest, run


class Input(CommandTest):
    def test_values_one_after_the_other(self):
        self.prints("1\n2\n3\n", "a", text='{"a":1}\n{"a":2} {"a":3}')

    def test_files_in_order_and_dash_is_standard_input(self):
        one, two = self.file("1.json", "1"), self.file("2.json", "2 3")
        self.prints("1\n9\n2\n3\n", "$", one, "-", two, text="9")

    def test_null_input(self):
        self.prints("[\n  1,\n  4,\n  9\n]\n", "-n", "[1..3].($*$)", text="not read")

    def test_slurp(self):
        self.prints("6\n", "-s", "$sum($)", text="1 2\n3")
        self.prints("6\n", "--slurp", "$sum($)", self.file("a", "1"), self.file("b", "2 3"))
        self.prints("[]\n", "-sc", "$", text="")

    def test_raw_input(self):
        self.prints('"a b"\n""\n"c\\r"\n', "-R", "$", text="a b\n\nc\r\n")

    def test_larger_than_any_buffer(self):
        big = '{"a":"' + "x" * 300000 + '","b":1}'
        self.prints("1\n1\n", "b", text=big + "\n" + big)

    def test_faulty_value_has_a_place(self):
        done = run("-c", "$", text='{"a":1}\n{"a":2}\n{"a" 3}\n{"a":4}\n')
        self.assertEqual((done.stdout, done.returncode), ('{"a":1}\n{"a":2}\n', 4))
        self.assertIn("standard input, line 3, column 6", done.stderr)

    def test_missing_file(self):
        self.fails(4, "No such file", "$", self.folder / "none")

    def test_answers_before_it_waits(self):
        with subprocess.Popen([JSONATA, "-c", "a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for i in range(3):
                process.stdin.write(b'{"a":%d}\n' % i)
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), b"%d\n" % i)
            process.stdin.close()

    def test_memory_stays_flat(self):
        line = b'{"a":[' + b",".join(b'{"k%d":%d}' % (i, i) for i in range(100)) + b"]}\n"
        command = f"ulimit -v 4000000; yes '{line.decode().strip()}' | head -n 30000 | '{JSONATA}' '$count(a)' | sort -u"
        done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=100)
        if b"AddressSanitizer" not in done.stderr and b"ThreadSanitizer" not in done.stderr:
            self.assertEqual((done.stdout, done.stderr), (b"100\n", b""))


class Output(CommandTest):
    def test_nothing_prints_nothing(self):
        self.prints("", "a", text="{}")

    def test_compact_and_indented(self):
        self.prints('{"a":[1,{}]}\n', "-c", "$", text='{"a":[1, {}]}')
        self.prints('{\n\t"a": 1\n}\n', "--tab", "$", text='{"a":1}')
        self.prints('{\n   "a": 1\n}\n', "--indent=3", "$", text='{"a":1}')
        self.prints('{"a":1}\n', "--indent", "0", "$", text='{"a":1}')

    def test_raw_and_join(self):
        self.prints("a\tb\n1\n", "-r", "$", text='"a\\tb" 1')
        self.prints("ab1", "-j", "$", text='"a" "b" 1')
        self.prints("ab", "--join-output", "$", text='"a" "b"')

    def test_function_has_no_text(self):
        self.assertEqual(run("-n", "$sum").returncode, 5)

    def test_closed_output(self):
        done = subprocess.run(["bash", "-c", f"yes 1 | '{JSONATA}' '$' | head -n 1"], capture_output=True, timeout=60)
        self.assertEqual((done.stdout, done.stderr), (b"1\n", b""))

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([JSONATA, "-n", "[1..10000]"], stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 4)
        self.assertIn(b"cannot be written", done.stderr)


class Variables(CommandTest):
    def test_arg_argjson_rawfile_slurpfile(self):
        raw, values = self.file("raw", "x\ny\n"), self.file("values", '1 {"a":2}')
        self.prints('["t",[1],"x\\ny\\n",[1,{"a":2}]]\n', "-nc", "--arg", "a", "t", "--argjson", "$b", "[1]",
                    "[$a, [$b], $c, [$d]]", "--rawfile", "c", raw, "--slurpfile", "d", values)

    def test_faulty_values(self):
        self.fails(2, "--argjson x", "-n", "--argjson", "x", "{", "1")
        self.fails(2, "--slurpfile x", "-n", "--slurpfile", "x", self.folder / "none", "1")
        self.fails(2, "needs NAME TEXT", "-n", "1", "--arg", "x")


class CommandLine(CommandTest):
    def test_options_behind_the_expression(self):
        self.prints("[1]\n", "[1]", "-nc")

    def test_letters_share_a_dash(self):
        self.prints("x", "-nrj", '"x"')
        self.prints('["a"]\n', "-cnf", self.file("e.jsonata", "/* why */ ['a']\n"))

    def test_long_names(self):
        self.prints("a\n", "--null-input", "--raw-output", "--compact-output", "--from-file", self.file("e", "'a'"))

    def test_after_two_dashes_nothing_is_an_option(self):
        self.prints("-1\n", "-n", "--", "-1")

    def test_wrong_usage(self):
        self.fails(2, "unknown option --nonsense", "--nonsense", "1")
        self.fails(2, "unknown option -nx", "-nx", "1")
        self.fails(2, "unknown option --slurp=1", "--slurp=1", "1")
        self.fails(2, "no expression", "-n")
        self.fails(2, "--indent takes", "--indent", "x", "1")
        self.fails(2, "No such file", "-f", self.folder / "none")

    def test_help_and_version(self):
        self.assertIn("--from-file FILE", run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"^jsonata \d+\.\d+\.\d+ \(JSONata 2\.\d+")


class Failure(CommandTest):
    def test_caret_under_the_place(self):
        self.assertEqual(run("-n", '1 + "a"').stderr.split("\n")[1:3], ['  1 + "a"', "    ^"])

    def test_syntax_error(self):
        self.fails(3, "S0203", "-n", "(1")

    def test_evaluation_goes_on_with_the_next_value(self):
        self.fails(5, "T2001", "a - 1", text='{"a":1} {"a":"x"} {"a":3}', stdout="0\n2\n")

    def test_exit_status(self):
        for value, status in (("1", 0), ("false", 1), ("null", 1), ("[]", 0), ("true", 0)):
            self.assertEqual(run("-e", "$", text=value).returncode, status, value)
        self.assertEqual(run("-e", "a", text="{}").returncode, 1)

    def test_limits(self):
        self.fails(5, "D1012", "-n", "--timelimit", "50", "($f := function(){$f()}; $f())")
        self.fails(5, "D1011", "-n", "--depth", "100", "($f := function($n){1 + $f($n)}; $f(1))")
        self.fails(5, "limit", "-n", "--memory=8", "[1..5000000]")


if __name__ == "__main__":
    unittest.main()
