#!/usr/bin/python3 -B
"""Ten minutes of load, without growth: the component at prefetch 100, its memory and descriptors every 30 s.

    soak.py --bin BUILD/bin [--seconds 600] [--messages N]

It ends after that time, or when N messages have come, whichever is first.
Fails when the highest reading of the last third is above that of the first by more than a tenth.  The first third is for
buffers and pools to find their size; the number of connections follows the load.  The messages are those of
worker_bench.py."""
import argparse
import pathlib
import sys
import time

import worker_bench
import measures

PREFETCH = 100


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", required=True, type=pathlib.Path, help="where our programs are")
    p.add_argument("--seconds", type=float, default=600)
    p.add_argument("--messages", type=int, default=0)
    options = p.parse_args()
    options.bin, options.delay = options.bin.resolve(), [0]
    return options


def watch(load, pid, seconds):
    """Readings (memory, descriptors) until the load ends, about twenty at least."""
    interval = min(30.0, seconds / 20)
    begin, readings = time.monotonic(), []
    while load.poll() is None:
        time.sleep(interval)
        reading = (measures.memory(pid, "VmRSS"), measures.descriptors(pid))
        readings.append(reading)
        print(f"{time.monotonic() - begin:6.0f} s  {reading[0] / 2**20:6.1f} MiB  {reading[1]} descriptors", flush=True)
    return readings[:-1]        # the last may be of an idle step


def judge(readings):
    """What grew, as sentences."""
    third = max(1, len(readings) // 3)
    (memory, descriptors), (memory_now, descriptors_now) = (
        [max(values) for values in zip(*part)] for part in (readings[:third], readings[-third:]))
    if memory_now > memory * 1.1:
        yield f"memory grew from {memory / 2**20:.1f} to {memory_now / 2**20:.1f} MiB"
    if descriptors_now > descriptors * 1.1:
        yield f"descriptors grew from {descriptors} to {descriptors_now}"


def soak(bench, seconds, messages):
    s = bench.open("ours", PREFETCH, 0, False)
    try:
        worker_bench.start(s)
        load = bench.start_load(s, PREFETCH, seconds, messages)
        readings = watch(load, s.process.pid, seconds)
        result = bench.finish_load(load, s)
        status, errors = s.stop(), s.errors.size()
    finally:
        s.close()
    print(f"{result['messages']:,} messages, {result['messages'] / result['seconds']:,.0f} a second; exit status {status}, "
          f"{errors} errors, p99 {result['p99_us'] / 1000:.1f} ms")
    return [*judge(readings), *([f"exit status {status}, {errors} errors"] if status or errors else [])]


def main():
    options = arguments()
    bench = worker_bench.Bench(options)
    try:
        faults = soak(bench, options.seconds, options.messages)
    finally:
        bench.close()
    for fault in faults:
        print("soak: " + fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
