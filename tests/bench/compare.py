#!/usr/bin/env python3
"""compare.py - libjsonata and other engines of JSONata on the workloads of this folder, in one run, as a table.

    tests/bench/compare.py [--bin FOLDER] [--peers FOLDER] [--only NAME,...] [--engines NAME,...]
                           [--seconds S] [--rounds N] [--data FOLDER] [--plain]

Each round visits the workloads one by one, and on each all engines one after the other, so that what else the machine
does meets all of them; the figures are the best of the rounds.  An engine's result must be the reference's
(expected.json), or it has none.  Peers are what scripts/install-peers.sh has installed.
"""

import argparse
import hashlib
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE = "jsonata-js"
COMPILE_ONLY = "compile-200"
SLOWEST = 100       # seconds that one engine may take for one workload


def arguments():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--bin", type=pathlib.Path, default=HERE / "../../build/release/bin")
    p.add_argument("--peers", type=pathlib.Path,
                   default=pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / "jsonata-peers")
    p.add_argument("--data", type=pathlib.Path, default=HERE / "../../build/bench-data")
    p.add_argument("--plain", action="store_true", help="also libjsonata without its fast paths")
    p.add_argument("--only", default="")
    p.add_argument("--engines", default="")
    p.add_argument("--seconds", type=float, default=0.5)
    p.add_argument("--rounds", type=int, default=2)
    return p.parse_args()


class Ours:
    def __init__(self, binary, name, *options):
        self.binary = binary
        self.name = name
        self.options = options

    def run(self, workload, data, seconds, output):
        source = [self.binary, *self.options, "-f", workload]
        given = ["-n"] if data == "-" else [data]
        if seconds == 0:
            with open(output, "wb") as f:
                return subprocess.run([*source, "-c", *given], stdout=f, stderr=subprocess.PIPE, timeout=SLOWEST)
        return subprocess.run([*source, f"--bench={seconds}", *given], capture_output=True, timeout=SLOWEST)


class Peer:
    def __init__(self, program):
        self.name = program.parent.name
        self.program = program

    def run(self, workload, data, seconds, output):
        return subprocess.run([self.program, workload, data, str(seconds), output], capture_output=True, timeout=SLOWEST)


def say(text):
    print(text, file=sys.stderr, flush=True)


def make_data(folder, expected):
    """The documents, checked against the recorded hashes."""
    missing = [n for n, e in expected.items() if e.get("input_sha256") and not (folder / f"{n}.json").exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["node", HERE / "gen.js", "--out", folder], check=True, stdout=subprocess.DEVNULL)
    for name, e in expected.items():
        if e.get("input_sha256"):
            found = hashlib.sha256((folder / f"{name}.json").read_bytes()).hexdigest()[:16]
            assert found == e["input_sha256"], f"{folder}/{name}.json is not what gen.js makes"


def canonical(path):
    return subprocess.run(["node", HERE / "canon.js", path], capture_output=True, text=True, check=True).stdout.strip()


class Comparison:
    def __init__(self, options):
        self.options = options
        self.expected = json.loads((HERE / "expected.json").read_text())
        self.best = {}          # (workload, engine) -> figure name -> nanoseconds
        self.faults = {}        # (workload, engine) -> why there is none
        make_data(options.data, self.expected)

    def data_of(self, workload):
        path = self.options.data / f"{workload.stem}.json"
        return str(path) if path.exists() else "-"

    def check(self, engine, workload):
        """One evaluation, whose result is compared; gives what is wrong."""
        wanted = self.expected.get(workload.stem, {}).get("canonical_sha256")
        if workload.stem == COMPILE_ONLY or not wanted:
            return None
        with tempfile.NamedTemporaryFile(suffix=".json") as output:
            try:
                done = engine.run(workload, self.data_of(workload), 0, output.name)
            except subprocess.TimeoutExpired:
                return "slow"
            if done.returncode:
                return "fails"
            return None if canonical(output.name) == wanted else "wrong"

    def measure(self, engine, workload):
        try:
            done = engine.run(workload, self.data_of(workload), self.options.seconds, os.devnull)
        except subprocess.TimeoutExpired:
            return "slow"
        if done.returncode:
            return "fails"
        best = self.best.setdefault((workload.stem, engine.name), {})
        for name, value in json.loads(done.stdout).items():
            if isinstance(value, dict):
                best[name] = min(best.get(name, math.inf), value["best"])
        return None

    def visit(self, engine, workload, is_first):
        key = (workload.stem, engine.name)
        if is_first:
            self.faults[key] = self.check(engine, workload)
        self.faults[key] = self.faults[key] or self.measure(engine, workload)
        say(f"  {workload.stem} {engine.name} {self.faults[key] or ''}")

    def time(self, workload, engine):
        """End to end; for compile-200, compiling."""
        figures = {} if self.faults.get((workload, engine)) else self.best.get((workload, engine), {})
        return figures.get("compile_ns" if workload == COMPILE_ONLY else "e2e_ns")


def as_time(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def as_ratio(r):
    return f"{r:.0f}×" if r >= 10 else f"{r:.1f}×"


def print_table(comparison, workloads, engines):
    ours, peers = engines[0].name, [e.name for e in engines[1:]]
    print("| workload | " + " | ".join([ours, *peers]) + " |")
    print("|---|" + "---|" * len(engines))
    ratios = {name: [] for name in peers}
    for workload in workloads:
        mine = comparison.time(workload, ours)
        cells = [as_time(mine) if mine else comparison.faults[workload, ours] or "—"]
        for name in peers:
            theirs = comparison.time(workload, name)
            if mine and theirs:
                ratios[name].append(theirs / mine)
                cells.append(f"{as_time(theirs)}, {as_ratio(theirs / mine)}")
            else:
                cells.append(comparison.faults[workload, name] or "—")
        print(f"| {workload} | " + " | ".join(cells) + " |")
    means = [as_ratio(math.exp(sum(map(math.log, r)) / len(r))) + f" of {len(r)}" if r else "—"
             for r in ratios.values()]
    print("| geometric mean | | " + " | ".join(means) + " |")


def print_stages(comparison, workloads, ours):
    names = ("compile_ns", "parse_ns", "eval_ns", "serialize_ns", "e2e_ns")
    print("\n| workload | compile | parse | eval | serialize | end to end |\n|---|---|---|---|---|---|")
    for workload in workloads:
        figures = comparison.best.get((workload, ours), {})
        print(f"| {workload} | " + " | ".join(as_time(figures[n]) if n in figures else "—" for n in names) + " |")


def print_cold(options, workload, data):
    """From the start of a process to its end, for one small document."""
    expression = workload.read_text()
    commands = {"jsonata": [options.bin / "jsonata", "-f", workload, data],
                "true": ["true"]}
    if shutil.which("jq"):
        commands["jq (identity)"] = ["jq", ".", data]
    script = options.peers / REFERENCE / "measure.js"
    if script.exists():
        commands["node with jsonata-js"] = ["node", script, workload, data, "0", os.devnull]
    print(f"\nCold, `{' '.join(expression.split())}`, process start to end:\n\n| command | best | median |\n|---|---|---|")
    for name, command in commands.items():
        runs = "10" if name.startswith("node") else "300"
        done = subprocess.run([options.bin / "cold_bench", runs, *command], capture_output=True, text=True, check=True)
        report = json.loads(done.stdout)
        print(f"| {name} | {as_time(report['best_ns'])} | {as_time(report['median_ns'])} |")


def main():
    options = arguments()
    if not shutil.which("node"):
        sys.exit("compare.py: needs node, which makes the documents and runs the reference")
    comparison = Comparison(options)
    wanted = set(options.only.split(",")) if options.only else None
    workloads = sorted(w for w in (HERE / "workloads").glob("*.jsonata") if not wanted or w.stem in wanted)
    programs = sorted(options.peers.glob("*/run"), key=lambda p: (p.parent.name != REFERENCE, p.parent.name))
    engines = [Ours(options.bin / "jsonata", "libjsonata"), *map(Peer, programs)]
    if options.engines:
        engines = [e for e in engines if e.name in {"libjsonata", *options.engines.split(",")}]
    if options.plain:
        engines.insert(1, Ours(options.bin / "jsonata", "without fast paths", "--plain"))
    if len(engines) == 1:
        say("no peers: scripts/install-peers.sh installs some")
    for i in range(options.rounds):
        say(f"round {i + 1} of {options.rounds}")
        for workload in workloads:
            for engine in engines:
                comparison.visit(engine, workload, i == 0)
    names = [w.stem for w in workloads]
    print_table(comparison, names, engines)
    print_stages(comparison, names, engines[0].name)
    small = HERE / "workloads/simple-path.jsonata"
    print_cold(options, small, comparison.data_of(small))


main()
