#!/usr/bin/python3
"""The fault suite: a real broker, real processes, a local Lambda with a function that counts; each fault is inflicted on
a step under load, and then everything is counted.

    faults.py [--long] [--quiet] [--reference] [--markdown FILE] [--keep FOLDER] [NAME|GROUP]...
    faults.py --list

  --long       as often and as long as it takes to be sure; else a short form of each
  --reference  also the reference runtime (ALC_REFERENCE is its node_modules), beside ours, where that is comparable
  --only-reference  the reference alone
  --markdown   the table goes there, too
  --quiet      no table: only what went wrong
  --keep       logs of runs that failed go there; else to a folder whose name is printed

ALC_BIN: folder of aws-lambda-component.  Status 0 when nothing was lost, nothing was stuck, and every run was as it
should; the reference's runs are shown, not judged."""
import argparse
import os
import pathlib
import sys
import tempfile
import time
import traceback

import broker
import scratch

broker.require()
os.environ.setdefault("ALC_BIN", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/bin"))

from fault import endpoint, runtimes, suite, world  # noqa: E402
from fault import broker_faults, input_faults, lambda_faults, network_faults, platform_faults, process_faults  # noqa: E402,F401


class Bench:
    """What the runs share."""

    def __init__(self, options):
        self.options = options
        self.functions = endpoint.Functions(runtimes.Ours().command[0])
        self.own = None
        self.vhosts = {}

    def place(self, fault):
        """A node and a virtual host.  The node that CTest keeps for all must not be broken; one of ours serves every
        fault, once there is one."""
        if fault.own_broker or self.own or not os.environ.get("ALC_BROKER"):
            self.own = self.own or broker.Broker()
        node = self.own or broker.shared()
        if node not in self.vhosts:
            self.vhosts[node] = node.vhost()
        return node, self.vhosts[node]

    def run(self, fault, runtime):
        begin = time.monotonic()
        w = world.World(runtime, *self.place(fault), self.functions, fault.name, self.options.long)
        row = world.Row(fault.name)
        try:
            self.inflict(fault, w)
            self.mend()
            row = w.count()
        except Exception:       # whatever goes wrong is this run's failure, not the suite's end
            row.complaints = w.complaints + [traceback.format_exc()]
        finally:
            if row.complaints:
                self.keep(w)
            w.close()
        if row.start_errors:
            w.notes.append(f"{row.start_errors} failed starts reported")
        if w.ends():
            w.notes.append(w.ends())
        row["notes"] = "; ".join(w.notes)
        row.seconds = time.monotonic() - begin
        return row

    def keep(self, w):
        """The logs of a run that failed."""
        self.options.keep = self.options.keep or tempfile.mkdtemp(prefix="alc-fault-logs-")
        w.keep_logs(self.options.keep)
        print(f"    {w.name}: its logs are in {self.options.keep}", file=sys.stderr, flush=True)

    def inflict(self, fault, w):
        try:
            fault.run(w, *fault.arguments)
            w.settle()
        except world.Fault as error:
            w.complaints.append(str(error))

    def mend(self):
        """The broker is there again, whatever was done to it."""
        if self.own:
            self.own.thaw()
            if self.own.process.poll() is not None:
                self.own.start()

    def close(self):
        self.functions.close()
        if self.own:
            self.own.close()


def chosen(names):
    unknown = [n for n in names if n not in suite.FAULTS and n not in suite.groups()]
    if unknown:
        sys.exit(f"faults.py: no such fault: {', '.join(unknown)}; see --list")
    return [f for f in suite.FAULTS.values() if not names or f.name in names or f.group in names]


HEAD = ("fault", "runtime") + world.TABLE + ("notes",)


def lament(fault, runtime, row):
    """What was wrong goes to standard error; of the reference it is a note."""
    if runtime.name != "ours" and not any("Traceback" in c for c in row.complaints):
        return False
    for complaint in row.complaints[:8]:
        print(f"    {fault.name}: {complaint}", file=sys.stderr, flush=True)
    return bool(row.complaints)


def line(fault, runtime, row):
    return "| " + " | ".join([fault.sentence, runtime.name, *(str(row[c]) for c in world.TABLE), row["notes"]]) + " |"


def parse():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    for flag in ("--long", "--reference", "--only-reference", "--list", "--quiet"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--markdown")
    parser.add_argument("--keep")
    parser.add_argument("names", nargs="*")
    return parser.parse_args()


def runs(options):
    """(fault, runtime), in the order in which they are to be inflicted."""
    ours = [] if options.only_reference else [runtimes.Ours()]
    reference = [runtimes.Reference()] if options.reference or options.only_reference else []
    return [(f, r) for f in chosen(options.names) for r in ours + (reference if f.compare else [])]


def main():
    options = parse()
    scratch.end_in_order()
    if options.list:
        for f in suite.FAULTS.values():
            print(f"{f.group:10} {f.name:32} {f.sentence}")
        return 0
    sinks = ([] if options.quiet else [sys.stdout]) + ([open(options.markdown, "w", encoding="utf-8")] if options.markdown else [])
    bench = Bench(options)
    failures = 0
    try:
        for sink in sinks:
            sink.write("| " + " | ".join(HEAD) + " |\n|---|---|" + "--:|" * len(world.TABLE) + "---|\n")
        for fault, runtime in runs(options):
            row = bench.run(fault, runtime)
            for sink in sinks:
                sink.write(line(fault, runtime, row) + "\n")
                sink.flush()
            failures += lament(fault, runtime, row)
    finally:
        bench.close()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
