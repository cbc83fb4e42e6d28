#!/usr/bin/python3
"""local_bench.py - what the local Lambda costs: invocations per second of a C bootstrap and the CPU of `local` for each, at
1 and 16 in flight, beside the floor (floor.c), which does no more than hand a body to a bootstrap and its response back."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--bin", default="build/release/bin")
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--bytes", type=int, default=100)
args = parser.parse_args()
BIN = pathlib.Path(args.bin).resolve()


def cpu_seconds(pid):
    """User and system, all threads, by the scheduler's own count in nanoseconds."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def load(port, in_flight, seconds):
    out = subprocess.run([BIN / "local_load", str(port), str(in_flight), str(seconds), str(args.bytes)],
                         check=True, capture_output=True, text=True).stdout
    return [float(x) for x in out.split()]


def measure(port, pid, in_flight):
    load(port, in_flight, 0.5)          # warm: processes are there, buffers have their size
    before = cpu_seconds(pid)
    calls, seconds, median, last = load(port, in_flight, args.seconds)
    return calls / seconds, (cpu_seconds(pid) - before) / calls * 1e6, median, last


def floor(in_flight):
    server = subprocess.Popen([BIN / "local_floor", BIN / "local_bootstrap", str(in_flight)], stdout=subprocess.PIPE,
                              text=True)
    try:
        return measure(int(server.stdout.readline()), server.pid, in_flight)
    finally:
        server.kill()
        server.wait()


def local(in_flight, *options):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "functions" / "echo").mkdir(parents=True)
        shutil.copy(BIN / "local_bootstrap", folder / "functions" / "echo" / "bootstrap")
        (folder / "functions" / "echo" / "function.json").write_text(json.dumps({"timeout": 30}))
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen([BIN / "aws-lambda-component", "local", "--functions", folder / "functions", "--port",
                                       "0", "--port-file", folder / "port", *options], stderr=log,
                                      env={"PATH": os.environ["PATH"]})
        try:
            while not (folder / "port").exists() or not (folder / "port").read_text().endswith("\n"):
                time.sleep(0.01)
            worker, = children(server.pid)
            return measure(int((folder / "port").read_text()), worker, in_flight)
        finally:
            server.terminate()
            server.wait()


print("| in flight | | invocations/s | CPU per invocation | p50 | p99 |\n|---|---|---|---|---|---|")
for count in (1, 16):
    rows = {"local": local(count), "floor": floor(count)}
    for name, (rate, cpu, median, last) in rows.items():
        print(f"| {count} | {name} | {rate:,.0f} | {cpu:.1f} µs | {median:.3f} ms | {last:.3f} ms |")
    print(f"| {count} | *local adds* | | {rows['local'][1] - rows['floor'][1]:.1f} µs "
          f"({rows['local'][1] / rows['floor'][1]:.1f} x) | | |", flush=True)
