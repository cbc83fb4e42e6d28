"""Runs the jsonata command: found in $ALC_BIN, else in build/release/bin."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
JSONATA = os.path.join(os.environ.get("ALC_BIN", ROOT / "build/release/bin"), "jsonata")
SANITIZED = bool(os.environ.get("ALC_SANITIZED"))
SHARED = pathlib.Path(os.environ.get("ALC_SHARED", ROOT / "../shared"))


def run(*arguments, text="", **more):
    """The finished process, with stdout and stderr as text; `text` is its standard input (str or bytes)."""
    given = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    done = subprocess.run([JSONATA, *(a if isinstance(a, bytes) else str(a) for a in arguments)], input=given, capture_output=True, timeout=100, **more)
    done.stdout = done.stdout.decode("utf-8", "surrogateescape")
    done.stderr = done.stderr.decode("utf-8", "surrogateescape")
    return done


def peak_megabytes(arguments, lines):
    """The most memory that the command held while it read the lines, which are made as it reads."""
    with subprocess.Popen([JSONATA, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        for line in lines:
            process.stdin.write(line)
        process.stdin.close()
        usage = os.wait4(process.pid, 0)[2]
        process.returncode = 0
    return usage.ru_maxrss / 1024


class CommandTest(unittest.TestCase):
    """A folder for files, and short forms of what is expected."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, text):
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def prints(self, expected, *arguments, text="", status=0):
        done = run(*arguments, text=text)
        self.assertEqual((done.stderr, done.stdout, done.returncode), ("", expected, status))

    def fails(self, status, message, *arguments, text="", stdout=""):
        done = run(*arguments, text=text)
        self.assertIn(message, done.stderr)
        self.assertEqual((done.stdout, done.returncode), (stdout, status), done.stderr)


def answers(text):
    """The answers of --batch to the lines of `text`, which may be a list of requests."""
    if isinstance(text, list):
        text = "".join(json.dumps(request) + "\n" for request in text)
    done = run("--batch", text=text)
    if done.returncode or done.stderr:
        raise AssertionError(f"--batch ended with {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]
