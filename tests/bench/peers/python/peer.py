"""Times jsonata-python; see ../README.md."""

import json
import sys
import time

from jsonata import Jsonata


def run_batch(operation, size):
    start = time.perf_counter_ns()
    for _ in range(size):
        operation()
    return time.perf_counter_ns() - start


def measure(operation, seconds):
    operation()
    size = 1
    while (ns := run_batch(operation, size)) < 2e6 and size <= 1000000:
        size = max(size * 2, int(size * 2.5e6 / max(ns, 1)))
    per = [ns / size]
    end = time.perf_counter() + seconds
    while len(per) < 3 or time.perf_counter() < end:
        per.append(run_batch(operation, size) / size)
    per.sort()
    return {"best": per[0], "median": per[len(per) // 2]}


def write(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main(expression_file, data_file, seconds, output_file):
    sys.setrecursionlimit(100000)
    seconds = float(seconds)
    with open(expression_file, encoding="utf-8") as f:
        source = f.read()
    text = None
    if data_file != "-":
        with open(data_file, encoding="utf-8") as f:
            text = f.read()

    def parse():
        return None if text is None else json.loads(text)

    report = {}
    expression = Jsonata(source)
    if "compile-" not in expression_file:
        data = parse()
        result = expression.evaluate(data)
        with open(output_file, "w", encoding="utf-8") as f:
            f.write(write(result))
        if seconds > 0:
            report["parse_ns"] = measure(parse, seconds)
            report["eval_ns"] = measure(lambda: expression.evaluate(data), seconds)
            report["serialize_ns"] = measure(lambda: write(result), seconds)
            report["e2e_ns"] = measure(lambda: write(expression.evaluate(parse())), seconds)
    if seconds > 0:
        report["compile_ns"] = measure(lambda: Jsonata(source), seconds)
    print(json.dumps(report))


main(*sys.argv[1:])
