"""The command in a conversation: --repl on a terminal, and with lines from a pipe."""

import ctypes.util
import os
import pty
import re
import select
import signal
import time
import unittest

from support import JSONATA, CommandTest, run

# The memory sanitizer's build has no editor: see src/jsonata_cli/CMakeLists.txt.
HAS_EDITOR = ctypes.util.find_library("edit") is not None and "memory" not in os.environ.get("ALC_SANITIZED", "")


class Terminal:
    """A session on a pseudo terminal: send() types, expect() waits for text and gives what came before it."""

    def __init__(self, *arguments, **environment):
        self.process, self.screen = pty.fork()
        if self.process == 0:
            # libedit 3.1 never frees the names of functions that are added to it.
            env = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1",
                   "ASAN_OPTIONS": "detect_leaks=0", **environment}
            os.execve(JSONATA, [JSONATA, *map(str, arguments)], env)
        self.seen = ""

    def send(self, text):
        os.write(self.screen, text.encode())

    def expect(self, pattern, seconds=30):
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, self.seen)):
            ready = select.select([self.screen], [], [], max(0, deadline - time.monotonic()))[0]
            try:
                more = os.read(self.screen, 65536) if ready else b""
            except OSError:         # the other side is gone
                more = b""
            if not more:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            self.seen += re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", more.decode(errors="replace"))
        before, self.seen = self.seen[:match.start()], self.seen[match.end():]
        return before

    def ask(self, line):
        """Types the line, and another one that prints a mark; gives the lines between that are no echo.  (What is typed
        before the editor has the terminal shows twice: by the terminal's own echo, and the editor's.)"""
        mark = "'mark' & '.'"
        self.send(line + "\r" + mark + "\r")
        shown = self.expect('"mark\\."\r?\n').replace("\r", "").split("\n")
        self.expect("jsonata> ")
        echoes = (line, mark, "jsonata> ", "... ")
        return "\n".join(x for x in shown if x not in echoes and not x.startswith("jsonata> ")).strip("\n")

    def end(self):
        status = os.waitpid(self.process, 0)[1]
        os.close(self.screen)
        return os.waitstatus_to_exitcode(status)


class SessionTest(CommandTest):
    def open(self, *arguments, **environment):
        session = Terminal(*arguments, XDG_STATE_HOME=str(self.folder / "state"), **environment)
        session.expect("jsonata> ")
        return session

    def leave(self, session):
        session.send(":quit\r")
        self.assertEqual(session.end(), 0)


class Conversation(SessionTest):
    def test_starts_without_an_expression(self):
        session = self.open()
        self.assertEqual(session.ask("1 + 1"), "2")
        session.send("\x04")
        self.assertEqual(session.end(), 0)

    def test_document_and_variables_that_last(self):
        session = self.open("--repl", self.file("d.json", '{"a":{"b":20}}'))
        self.assertEqual(session.ask("a.b"), "20")
        self.assertEqual(session.ask("$x := a.b + 1"), "21")
        self.assertEqual(session.ask("$x * 2"), "42")
        self.leave(session)

    def test_functions_that_last_and_see_later_values(self):
        session = self.open("--repl")
        session.ask("$add := function($n){ $n + $x }")
        session.ask("$x := 1")
        self.assertEqual(session.ask("$add(1)"), "2")
        session.ask("$x := 10")
        self.assertEqual(session.ask("$map([1, 2], $add)"), "[\n  11,\n  12\n]")
        session.ask("$add := 5")
        self.assertEqual(session.ask("$add"), "5")
        self.leave(session)

    def test_several_lines(self):
        session = self.open("--repl")
        for line in ("(", "  $a := 1; /* why", "not */"):
            session.send(line + "\r")
            session.expect(r"\.\.\. ")
        self.assertEqual(session.ask("  $a + 1)"), "2")
        self.leave(session)

    def test_empty_line_ends_an_open_expression(self):
        session = self.open("--repl")
        session.send("1 +\r")
        session.expect(r"\.\.\. ")
        self.assertIn("S0207", session.ask(""))
        self.leave(session)

    # The thread sanitizer keeps a signal back until the program calls the C library: this one never does.
    @unittest.skipIf("thread" in os.environ.get("ALC_SANITIZED", ""), "its signals wait for a system call")
    def test_interrupts(self):
        session = self.open("--repl")
        session.send("($f := function(){$f()}; $f())\r")
        session.expect("\n")
        time.sleep(0.5)
        os.kill(session.process, signal.SIGINT)
        session.expect("cancelled")
        self.assertEqual(session.ask("2 + 3"), "5")
        self.leave(session)

    def test_commands(self):
        session = self.open("--repl")
        path = self.file("d.json", "[1,2]")
        self.assertEqual(session.ask(f":load {path}"), f"{path}: array")
        self.assertEqual(session.ask("$sum($)"), "3")
        self.assertIn("line 1, column 2", session.ask(f":load {self.file('bad', '{')}"))
        self.assertIn('"type": "number"', session.ask(":ast 1"))
        self.assertEqual(session.ask(":functions $pad"), "$pad  <s-ns?:s>")
        session.ask("$x := [1]")
        self.assertEqual(session.ask(":names").split(), ["$x", ":=", "[", "1", "]"])
        self.assertIn(":load FILE", session.ask(":help"))
        self.assertIn("no such command", session.ask(":nonsense"))
        self.assertIn("needs an argument", session.ask(":load"))
        self.leave(session)

    def test_errors_have_a_place(self):
        session = self.open("--repl")
        session.ask("$f := function($n){ $n }")
        self.assertEqual(session.ask("$f(1) - 'x'").split("\n")[1:], ["  $f(1) - 'x'", "        ^"])
        self.leave(session)


@unittest.skipUnless(HAS_EDITOR, "libedit is not installed: completion and history skipped")
class Editing(SessionTest):
    def test_completes_functions_and_variables(self):
        session = self.open("--repl")
        self.assertEqual(session.ask('$upperc\t"a")').split("\n")[-1], '"A"')
        session.ask("$longVariable := 7")
        self.assertEqual(session.ask("$longV\t + 1").split("\n")[-1], "8")
        self.leave(session)

    def test_completes_fields_of_the_document(self):
        session = self.open("--repl", self.file("d.json", '{"orders":[{"total":5,"to pay":3}],"other":{"tax":1}}'))
        for keys, answer in (("ord\t.tot\t", "5"), ("other.t\t", "1"), ("orders.`to\t", "3")):
            self.assertEqual(session.ask(keys).split("\n")[-1], answer)     # a line drawn anew may come before it
        self.leave(session)

    def test_lists_what_there_is(self):
        session = self.open("--repl", self.file("d.json", '{"abc":1,"abd":2}'))
        session.send("ab\t")
        session.expect("abc  abd")
        session.send("c\r")
        session.expect("1\r?\n")
        self.leave(session)

    def test_control_c_drops_the_line(self):
        session = self.open("--repl")
        session.send("nonsense(")
        session.expect(r"nonsense\(")
        time.sleep(0.3)
        session.send("\x03")
        session.expect("jsonata> ")
        self.assertEqual(session.ask("2 + 3"), "5")
        self.leave(session)

    def test_history_lasts(self):
        session = self.open("--repl")
        session.ask("40 + 2")
        self.leave(session)
        session = self.open("--repl")
        session.send("\x1b[A" * 3 + "\r")        # up, over ":quit" and the mark
        session.expect("42\r?\n")
        self.leave(session)


class Pipe(CommandTest):
    def test_lines_without_prompts(self):
        self.prints('2\n"ab"\n', "--repl", text='1 + 1\n\n"a" &\n"b"\n')

    def test_goes_on_after_an_error(self):
        self.fails(0, "T2001", "--repl", text="'a' - 1\n1\n", stdout="1\n")

    def test_missing_document(self):
        self.fails(4, "No such file", "--repl", self.folder / "none", text="1\n")

    def test_no_expression_and_no_terminal(self):
        self.assertEqual(run().returncode, 2)


if __name__ == "__main__":
    unittest.main()
