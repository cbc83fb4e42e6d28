"""The command as a filter: input, output, variables, errors, exit status."""

import json
import os
import pty
import re
import shutil
import subprocess
import time
import unittest

from support import JSONATA, ROOT, SANITIZED, CommandTest, peak_megabytes, run


def on_terminal(command, **environment):
    """What the command prints to a terminal."""
    ours, theirs = pty.openpty()
    env = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
    with subprocess.Popen(command, stdout=theirs, stdin=subprocess.DEVNULL, env=env) as process:
        process.wait(timeout=60)
    os.close(theirs)
    text = os.read(ours, 65536).decode()
    os.close(ours)
    return text


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

    def test_raw_input_slurped(self):
        self.prints('"a\\nb\\n"\n', "-Rs", "$", text="a\nb\n")
        self.prints('"12"\n', "-Rs", "$", self.file("1", "1"), self.file("2", "2"))
        self.prints('""\n', "-Rs", "$", text="")

    def test_bytes_that_are_no_text(self):
        self.prints('"a\ufffdb\ufffd"\n"\\u0000"\n', "-R", "$", text=b"a\xffb\xc3\n\0\n")
        self.prints('"\ufffd"\n', "-n", "--arg", "x", b"\xff", "$x")
        self.fails(3, "UTF-8", "-n", b"'\xff'")

    def test_larger_than_any_buffer(self):
        big = '{"a":"' + "x" * 300000 + '","b":1}'
        self.prints("1\n1\n", "b", text=big + "\n" + big)

    def test_faulty_value_has_a_place(self):
        done = run("-c", "$", text='{"a":1}\n{"a":2}\n{"a" 3}\n{"a":4}\n')
        self.assertEqual((done.stdout, done.returncode), ('{"a":1}\n{"a":2}\n', 4))
        self.assertIn("standard input, line 3, column 6", done.stderr)

    def test_value_that_is_too_large_has_a_line(self):
        text = "[1]\n\n[" + "[]," * 100000 + "0]"
        self.fails(4, "standard input, line 3: the JSON text needs more memory", "--memory=1", "-c", "$", text=text,
                   stdout="[1]\n")

    def test_missing_file(self):
        self.fails(4, "No such file", "$", self.folder / "none")

    def test_answers_before_it_waits(self):
        with subprocess.Popen([JSONATA, "-c", "a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for i in range(3):
                process.stdin.write(b'{"a":%d}\n' % i)
                process.stdin.flush()
                self.assertEqual(process.stdout.readline(), b"%d\n" % i)
            process.stdin.close()

    def test_values_that_come_in_pieces(self):
        text = rb'{"a":"}]\"\\","b":[[],{"c":"{[\u0022"}]} "]" [] 12 {} "\\" [{"a":{}},[1]] null'
        expected = run("-c", "[$]", text=text).stdout
        self.assertEqual(len(expected.splitlines()), 8)
        with subprocess.Popen([JSONATA, "-c", "[$]"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for i in range(len(text)):
                process.stdin.write(text[i:i + 1])
                process.stdin.flush()
                time.sleep(0.001)
            process.stdin.close()
            self.assertEqual(process.stdout.read().decode(), expected)

    def test_mistakes_in_a_long_value_are_found_before_it_ends(self):
        pipe = subprocess.PIPE
        with subprocess.Popen([JSONATA, "$"], stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe) as process:
            try:
                process.stdin.write(b"[1" + b",[]" * 50000 + b"\n,2 3" + b",[]" * 200000)
                process.stdin.flush()
            except BrokenPipeError:
                pass
            self.assertIn(b"line 2, column 4", process.stderr.readline())

    def cpu_seconds(self, *arguments, pieces=()):
        with subprocess.Popen([JSONATA, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            for piece in pieces:
                process.stdin.write(piece)
            process.stdin.close()
            usage = os.wait4(process.pid, 0)[2]
            process.returncode = 0
        return usage.ru_utime + usage.ru_stime

    def test_a_pipe_takes_little_more_work_than_a_file(self):
        pieces = [b'{"items":['] + [b'{"id":1,"name":"some name"},' * 100] * 4000 + [b"null]}"]
        path = self.folder / "d.json"
        with open(path, "wb") as file:
            file.writelines(pieces)
        self.assertLess(self.cpu_seconds("$count(items)", pieces=pieces), 20 * self.cpu_seconds("$count(items)", path))

    @unittest.skipIf(SANITIZED, "memory is not the command's own under a sanitizer")
    def test_memory_of_many_small_values(self):
        path = self.folder / "n"
        with open(path, "wb") as file:
            file.writelines(b'{"a":%d}\n' % i for i in range(100000))
        self.assertLess(peak_megabytes(["-s", "$sum(a)", path], []), 40)
        self.assertLess(peak_megabytes(["-n", "--slurpfile", "n", path, "$sum($n.a)"], []), 40)

    @unittest.skipIf(SANITIZED, "memory is not the command's own under a sanitizer")
    def test_memory_stays_flat(self):
        values = (b'{"a":[%s]}\n' % b",".join(b'{"k%d":%d}' % (j, i) for j in range(i % 100)) for i in range(20000))
        self.assertLess(peak_megabytes(["$sum(a.k0)"], values), 20)


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

    def test_sorted_keys(self):
        self.prints('{"":0,"10":[{"x":1,"y":2}],"9":1,"a":{}}\n', "-cS", "$", text='{"9":1,"10":[{"y":2,"x":1}],"a":{},"":0}')
        self.prints('{\n  "a": [\n    1,\n    []\n  ],\n  "b": null\n}\n', "--sort-keys", "$",
                    text='{"b":null,"a":[1,[]]}')

    def test_ascii(self):
        self.prints('"\\u00e9\\ud83d\\ude00\\u007f\\ud800"\n'.replace("\\u007f", "\x7f"), "-an", '"é😀\x7f\\ud800"')
        self.prints('{"\\u00e9":"\\u65e5"}\n', "-acS", "$", text='{"é":"日"}')

    def test_raw_half_of_a_pair(self):
        self.prints("a\ufffdb\n", "-rn", '"a\\ud800b"')

    def test_colours(self):
        self.prints('\x1b[1;39m{\x1b[0m\x1b[34;1m"a"\x1b[0m\x1b[1;39m:\x1b[0m\x1b[0;32m"b"\x1b[0m\x1b[1;39m}\x1b[0m\n',
                    "-cC", "$", text='{"a":"b"}')
        self.assertNotIn("\x1b", on_terminal([JSONATA, "-n", "1"], NO_COLOR="1"))
        self.assertNotIn("\x1b", on_terminal([JSONATA, "-n", "1"], TERM="dumb"))
        self.assertNotIn("\x1b", on_terminal([JSONATA, "-nM", "1"]))
        self.assertIn("\x1b[0;39m1\x1b[0m", on_terminal([JSONATA, "-n", "1"]))

    def test_colours_and_sorting_print_the_same_text(self):
        text = '{"b":[1,2.5,-0,1e21,null,true,[],{}],"a":{"x\\"":"\\u0001é"},"1":[[{"q":"r"}]]}'
        for options in ([], ["-c"], ["--tab"], ["--indent", "5"]):
            plain = run(*options, "$", text=text).stdout
            coloured = run("-C", *options, "$", text=text).stdout
            self.assertEqual(re.sub("\x1b\\[[0-9;]*m", "", coloured), plain)
            self.assertEqual(json.loads(run("-S", *options, "$", text=text).stdout), json.loads(text))

    def test_deep_values(self):
        deep = "[" * 5000 + "]" * 5000
        self.prints(deep + "\n", "-cS", "$", text=deep)

    def test_function_has_no_text(self):
        self.assertEqual(run("-n", "$sum").returncode, 5)

    def test_closed_output(self):
        done = subprocess.run(["bash", "-c", f"yes 1 | '{JSONATA}' '$' | head -n 1"], capture_output=True, timeout=60)
        self.assertEqual((done.stdout, done.stderr), (b"1\n", b""))

    def test_full_disk(self):
        numbers = "1 " * 100000
        for arguments, text in (["$"], numbers), (["$"], "1"), (["-n", "1"], ""), (["--ast", "a"], ""), (["--help"], ""):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([JSONATA, *arguments], input=text.encode(), stdout=full, stderr=subprocess.PIPE)
            self.assertEqual((done.stderr, done.returncode), (b"jsonata: standard output cannot be written\n", 4))


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

    def test_man_page_and_completions_know_all_options(self):
        names = re.findall("--([a-z][a-z-]+)", run("--help").stdout.split("\n\n")[2])
        self.assertGreater(len(names), 25)
        for path, form in (("docs/man/jsonata.1", " -{}"), ("src/jsonata_cli/completion/jsonata.bash", "--{}"),
                           ("src/jsonata_cli/completion/_jsonata", "--{}")):
            text = (ROOT / path).read_text()
            self.assertEqual([n for n in names if not re.search(form.format(n) + "\\b", text)], [], path)

    def test_bash_completion(self):
        script = ROOT / "src/jsonata_cli/completion/jsonata.bash"
        command = f"source {script}; COMP_WORDS=(jsonata --sl); COMP_CWORD=1; _jsonata; echo ${{COMPREPLY[@]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout.split(), ["--slurp", "--slurpfile"], done.stderr)

    def test_zsh_completion(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        subprocess.run(["zsh", "-n", ROOT / "src/jsonata_cli/completion/_jsonata"], check=True, timeout=60)

    def test_help_and_version(self):
        self.assertIn("--from-file FILE", run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"^jsonata \d+\.\d+\.\d+ \(JSONata 2\.\d+")


class Tree(CommandTest):
    def test_ast(self):
        self.prints('{"value":1,"type":"number","position":1}\n', "--ast", "-c", "1")
        self.assertEqual(json.loads(run("--ast", "a.b").stdout)["type"], "path")
        self.fails(3, "S0207", "--ast", "a +")

    def test_recover(self):
        self.assertEqual(json.loads(run("--ast", "--recover", "a +").stdout)["errors"][0]["code"], "S0207")

    def test_dump(self):
        self.assertIn("a", run("--dump=tokens", "a.b").stdout)
        self.fails(2, "--dump takes", "--dump=nonsense", "1")
        self.fails(3, "S0203", "--dump", "tree", "(a")


class Failure(CommandTest):
    def shows(self, expression, *lines):
        self.assertEqual(run("-n", expression).stderr.split("\n")[1:-1], list(lines))

    def test_caret_under_the_place(self):
        self.shows('1 + "a"', '  1 + "a"', "    ^")
        self.shows("1e999", "  1e999", "  ^^^^^")
        self.shows("(1 +", "  (1 +", "      ^")
        self.shows("$foo(1)", "  $foo(1)", "   ^^^")
        self.shows("1 := 2", "  1 := 2", "  ^")

    def test_caret_under_tabs_wide_and_combined_characters(self):
        self.shows("\t\"日本\" - 1", "  \t\"日本\" - 1", "  \t       ^")
        self.shows('"e\u0301" - 1', '  "e\u0301" - 1', "      ^")
        self.shows('"😀" - 1', '  "😀" - 1', "       ^")

    def test_line_of_several(self):
        self.shows("(\n  1;\n  2 - 'x'\n)", "   3 |   2 - 'x'", "           ^")

    def test_long_line_is_cut(self):
        done = run("-n", "é" * 300 + " - 1 + 'x' + " + "é" * 300)
        line, caret = done.stderr.split("\n")[1:3]
        self.assertLess(len(line), 120)
        self.assertEqual(line[caret.index("^")], "+")

    def test_terminal_is_safe(self):
        done = run("-n", "$error('\x1b[31m\x07') & '\x1b]'")
        self.assertNotIn("\x1b", done.stderr)
        self.assertIn("D3137", done.stderr)

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

    def test_writing_has_the_limit_of_time_as_well(self):
        # 61 objects whose text would be 2^60 times as long, since each has the one below it twice.
        endless = "$reduce([1..60], function($v, $n) { {'a': $v, 'b': $v} }, 1)"
        for how in ("-c", "-S", "--tab"):
            done = subprocess.run([JSONATA, "-n", "--timelimit", "50", how, endless], check=False, text=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=100)
            self.assertEqual(done.returncode, 5, how)
            self.assertIn("longer than the time limit", done.stderr)


if __name__ == "__main__":
    unittest.main()
