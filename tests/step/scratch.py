"""Temporary folders of tests: removed when all went well; else kept, and their place printed.  Those that no test owns
live as long as the program.

    folder = scratch.folder("step")             # alc-step-...
    class SomeTest(scratch.TestCase): ...       # what a test of it made goes, or stays, when the test is over
    scratch.end_in_order()                      # a program that is told to end cleans up, too
"""
import atexit
import pathlib
import shutil
import signal
import sys
import tempfile
import unittest

_made = []


def folder(name):
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"alc-{name}-"))
    _made.append(path)
    return path


def remove(path):
    shutil.rmtree(path, ignore_errors=True)


@atexit.register
def _remove_all():
    for path in _made:
        remove(path)


def _bad(result):
    return len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)


class TestCase(unittest.TestCase):
    maxDiff = None

    def run(self, result=None):
        begin = len(_made)
        bad = _bad(result)
        outcome = super().run(result)
        mine = _made[begin:]
        del _made[begin:]
        if _bad(result) == bad:
            for path in mine:
                remove(path)
        elif mine:
            print(f"{self.id()}: what it left is in {', '.join(map(str, mine))}", file=sys.stderr)
        return outcome


def end_in_order():
    """SIGTERM ends the program as an exception does, so that nothing is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
