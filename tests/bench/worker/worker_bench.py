#!/usr/bin/python3 -B
"""How fast a step is: our component beside the reference runtime (where it is installed) and beside the floor, in one run.

    worker_bench.py --bin BUILD/bin [--reference FOLDER] [--seconds S] [--prefetch 1,10,100] [--delay 0,20] [--tls no,yes]
                    [--https no,yes]

A real RabbitMQ, an endpoint that verifies signatures and echoes (echo_lambda.c, for https behind tls_front.c with a
certificate that the step is told to trust), encrypted messages of 1 kB in a closed loop (load.c): one at a time for
prefetch 1, else twice the prefetch.  Each message is mapped by the JSONata expression below and posted; the answer is
published.  The throttle is out of the way.  Tables come out as Markdown.

CPU per message is that of the process, all threads, user and system, from the kernel's own nanoseconds.  It is the figure
to trust: broker, endpoint, load and step share the machine's cores, so messages/s says as much of the others."""
import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]      # where component.json is
sys.path.insert(0, str(HERE.parent.parent / "step"))
import broker           # noqa: E402
import measures         # noqa: E402
import platform_api     # noqa: E402
import processes        # noqa: E402
import reference        # noqa: E402
import step as steps    # noqa: E402

EXPRESSION = ('{"order": order, "customer": customer.name & ", " & customer.city, "total": $sum(lines.(price * quantity)), '
              '"skus": lines[quantity > 2].sku, "note": note}')
CONFIG = {"aws_access_key_id": "AKIDOFTHEBENCHMARK", "aws_secret_access_key": "secret-key-of-the-benchmark",
          "functionName": "echo", "region": "eu-central-1", "expression": EXPRESSION}
BYTES = 1000
FLOOR_MESSAGES = 5000


def arguments():
    def words(text):
        return text.split(",")

    def numbers(text):
        return [int(n) for n in text.split(",")]

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", required=True, type=pathlib.Path, help="where our programs are")
    p.add_argument("--reference", default=os.environ.get("ALC_REFERENCE", ""), help="folder with the reference's packages")
    p.add_argument("--only", choices=("ours", "reference"), help="one of the two")
    p.add_argument("--seconds", type=float, default=3, help="of each measurement")
    p.add_argument("--prefetch", type=numbers, default=[1, 10, 100])
    p.add_argument("--delay", type=numbers, default=[0, 20], help="of the endpoint, in ms")
    p.add_argument("--tls", type=words, default=["no", "yes"], help="to the broker; with delay 0 only")
    p.add_argument("--https", type=words, default=["no", "yes"], help="to the endpoint; with delay 0 and amqp only")
    return p.parse_args()


class Endpoint:
    """A program that prints its port when it serves."""

    def __init__(self, uri, *command):
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True,
                                        stdin=subprocess.DEVNULL, preexec_fn=processes.die_with_parent)
        self.port = int(self.process.stdout.readline())
        self.uri = f"{uri}:{self.port}"

    def close(self):
        self.process.kill()
        self.process.wait()


class Bench:
    def __init__(self, options):
        self.options = options
        self.node = broker.Broker()
        self.platform = platform_api.Platform(step={"config": CONFIG, "snapshot": {}})
        self.endpoints = {delay: Endpoint("http://127.0.0.1", options.bin / "echo_lambda", delay)
                          for delay in sorted({0, *options.delay})}
        c = self.node.certificates
        self.endpoints["https"] = Endpoint("https://localhost", options.bin / "tls_front", c["server"], c["server_key"],
                                           self.endpoints[0].port)

    def close(self):
        for endpoint in self.endpoints.values():
            endpoint.close()
        self.platform.close()
        self.node.close()

    def open(self, runtime, prefetch, delay, tls, https=False):
        """A step that is not started yet."""
        s = steps.Step(self.node, prefetch=prefetch, function="publish", platform=self.platform, environment={
            "DATA_RATE_LIMIT": "10000000", "AMQP_URI": self.node.url(tls=tls), "LOG_LEVEL": "info"})
        s.environment["AWS_ENDPOINT_URL_LAMBDA"] = self.endpoints["https" if https else delay].uri
        if https:       # the first is what ours reads, the second what Node reads
            s.environment["AWS_CA_BUNDLE"] = s.environment["NODE_EXTRA_CA_CERTS"] = str(self.node.certificates["ca"])
        if runtime == "reference":
            return reference.use(s, HERE / "reference")
        s.program = [str(self.options.bin / "aws-lambda-component")]
        s.environment["ELASTICIO_COMPONENT_PATH"] = os.path.relpath(ROOT, steps.HERE / "component")
        return s

    def start_load(self, s, prefetch, seconds, messages=0):
        ms = int(seconds * 1000)
        return subprocess.Popen(
            [self.options.bin / "worker_load", "-p", str(self.node.port), "-k", s.listen.name, "-q", s.data.name,
             "-b", str(BYTES), "-w", str(1 if prefetch == 1 else 2 * prefetch), "-u", str(min(ms // 3, 2000)),
             "-m", str(ms), "-n", str(messages), str(s.process.pid), str(self.node.process.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=processes.die_with_parent)

    def finish_load(self, load, s):
        """What the load has measured."""
        out, err = load.communicate()
        if load.returncode:
            raise AssertionError(f"{err}queues: {self.node.queues()}\n{s.tail()}")
        return json.loads(out)

    def measure(self, runtime, prefetch, delay, tls, https):
        s = self.open(runtime, prefetch, delay, tls, https)
        try:
            start_s = start(s)
            time.sleep(0.5)
            idle = resident(s.process.pid)
            result = self.finish_load(self.start_load(s, prefetch, self.options.seconds), s)
            result.update(start=start_s, idle=idle, peak=measures.memory(s.process.pid, "VmHWM"))
            status, errors = s.stop(), s.errors.size()
            if status or errors:
                raise AssertionError(f"exit status {status}, {errors} errors\n{s.tail()}")
        finally:
            s.close()
        check_sample(result["sample"])
        return result

    def floor(self, https=False):
        """CPU in milliseconds per message of bare rabbitmq-c and bare libcurl."""
        done = subprocess.run(
            [self.options.bin / "worker_floor", "127.0.0.1", str(self.node.port), "/", "floor", str(FLOOR_MESSAGES),
             self.endpoints["https" if https else 0].uri + "/bare", str(BYTES), str(self.node.certificates["ca"])],
            capture_output=True, text=True, check=True)
        figures = json.loads(done.stdout)
        return figures["amqp_us"] / 1000, figures["post_us"] / 1000


def resident(pid):
    """Kilobytes in memory: all, the process's share of what is shared, its own."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        sizes = {words[0]: int(words[1]) for words in map(str.split, f) if len(words) == 3}
    return sizes["Rss:"], sizes["Pss:"], sizes["Private_Clean:"] + sizes["Private_Dirty:"]


def resident_bare(bench, program):
    with subprocess.Popen([bench.options.bin / program, bench.endpoints[0].uri + "/bare"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as bare:
        if bare.stdout.readline() != "ready\n":
            raise AssertionError(f"{program} failed")
        return resident(bare.pid)


def start(s):
    """Starts a step; seconds from spawn until it consumes, by the clock of its own log line."""
    begin = time.time()
    s.spawn()
    line = s.wait_for("Fully initialized")
    return datetime.datetime.fromisoformat(line["time"]).timestamp() - begin


def check_sample(message):
    """That the work was done: the text that the expression makes of load.c's order."""
    body = message["body"]
    if body["total"] != 420.7 or body["customer"] != "Zoë Müller, Köln" or len(body["skus"]) != 4:
        raise AssertionError(f"a wrong result: {message}")


def milliseconds(value):
    return f"{value:.3f} ms" if value < 1 else f"{value:.2f} ms" if value < 10 else f"{value:.0f} ms"


def place(case):
    """The columns that say what was measured."""
    prefetch, delay, tls, https = case
    return f"{prefetch} | {delay} ms{', https' if https else ''} | {'amqps' if tls else 'amqp'}"


def row(name, case, result):
    n = max(1, result["messages"])
    step_s, broker_s = result["cpu_s"]
    return (f"| {name} | {place(case)} | {n / result['seconds']:,.0f} "
            f"| {milliseconds(step_s * 1000 / n)} | {milliseconds(broker_s * 1000 / n)} "
            f"| {milliseconds(result['p50_us'] / 1000)} | {milliseconds(result['p99_us'] / 1000)} "
            f"| {result['peak'] / 2**20:.1f} MiB |")


def ratio_row(case, ours, other):
    def rate(r):
        return r["messages"] / r["seconds"]

    def cpu(r):
        return r["cpu_s"][0] / max(1, r["messages"])
    return (f"| *ratio* | {place(case)} | {rate(ours) / rate(other):.1f} x "
            f"| 1/{cpu(other) / cpu(ours):.1f} | | 1/{other['p50_us'] / ours['p50_us']:.1f} "
            f"| 1/{other['p99_us'] / ours['p99_us']:.1f} | 1/{other['peak'] / ours['peak']:.1f} |")


def print_start(results, names):
    print("\n| runtime | spawn to consuming (median, with the platform's answer) |\n|---|---|")
    for name in names:
        mine = [r for (runtime, _), r in results.items() if runtime == name]
        print(f"| {name} | {statistics.median(r['start'] for r in mine) * 1000:.0f} ms |")


def print_idle(bench, results, names):
    """Without TLS to the broker: its library's pages are counted where they are used."""
    print("\n| idle memory | resident (RSS) | its share (PSS) | its own |\n|---|---|---|---|")
    rows = [(name, max(r["idle"] for (runtime, (_, _, tls, _)), r in results.items() if runtime == name and not tls))
            for name in names]
    rows += [("bare libcurl, one GET", resident_bare(bench, "worker_bare_curl")),
             ("the component's libraries, one GET", resident_bare(bench, "worker_bare_all"))]
    for name, sizes in rows:
        print(f"| {name} | " + " | ".join(f"{kb / 1024:.1f} MiB" for kb in sizes) + " |")


def print_floor(bench, results, https):
    amqp, post = bench.floor(https)
    print(f"\nThe floor: bare rabbitmq-c consume, publish, ack {milliseconds(amqp)} of CPU, bare libcurl POST"
          f"{' over TLS' if https else ''} {milliseconds(post)}; together {milliseconds(amqp + post)} per message.")
    case = (max(bench.options.prefetch), 0, False, https)
    ours = results.get(("ours", case))
    if ours:
        cpu = ours["cpu_s"][0] * 1000 / max(1, ours["messages"])
        print(f"The component at prefetch {case[0]}: {milliseconds(cpu)}, that is {cpu / (amqp + post):.2f} times the floor.")


def cases_of(options):
    """(prefetch, delay, TLS to the broker, https); TLS of either kind only without delay, and not both."""
    kinds = [(delay, tls == "yes", https == "yes") for delay in options.delay for https in options.https
             for tls in options.tls if (delay == 0 or (tls, https) == ("no", "no")) and (tls, https) != ("yes", "yes")]
    return [(prefetch, *kind) for kind in kinds for prefetch in options.prefetch]


def main():
    options = arguments()
    options.bin = options.bin.resolve()
    os.environ["ALC_REFERENCE"] = options.reference
    missing = reference.missing()
    names = [name for name in ("ours", "reference") if options.only in (None, name)]
    if missing and "reference" in names:
        print(f"Without the reference: {missing}.", file=sys.stderr)
        names.remove("reference")
    cases = cases_of(options)
    bench = Bench(options)
    results = {}
    try:
        print("| runtime | prefetch | endpoint | broker | messages/s | CPU per message | broker's CPU | p50 | p99 "
              "| peak memory |\n|---|---|---|---|---|---|---|---|---|---|")
        for case in cases:
            for name in names:
                results[name, case] = bench.measure(name, *case)
                print(row(name, case, results[name, case]), flush=True)
            if len(names) == 2:
                print(ratio_row(case, results["ours", case], results["reference", case]), flush=True)
        print_start(results, names)
        print_idle(bench, results, names)
        for https in options.https:
            print_floor(bench, results, https == "yes")
    finally:
        bench.close()


if __name__ == "__main__":
    main()
