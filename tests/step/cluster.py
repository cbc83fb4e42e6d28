#!/usr/bin/python3
"""A measured run on a cluster: three RabbitMQ nodes on this machine, quorum queues, two processes of the component, one
node killed under load and started again.

    cluster.py [--messages N] [--ms N] [--kill leader|follower]

Each process knows all three nodes (ELASTICIO_AMQP_URI, separated by commas).  `leader` kills the node that leads the
queue being consumed, `follower` one that does not, but that a process is connected to.  Prints a table; status 0 when
nothing was lost or stuck.  ALC_BIN: folder of aws-lambda-component."""
import argparse
import os
import pathlib
import sys
import time

import broker

broker.require()
os.environ.setdefault("ALC_BIN", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/bin"))

from fault import endpoint, runtimes, world  # noqa: E402


class Cluster:
    """Three nodes, as a World wants one."""

    def __init__(self):
        self.nodes = []
        try:
            for _ in range(3):
                self.nodes.append(broker.Broker(cluster=self.nodes[0] if self.nodes else None))
        except BaseException:
            self.close()
            raise

    def living(self):
        return [n for n in self.nodes if n.process.poll() is None]

    def vhost(self):
        return self.nodes[0].vhost()

    def connect(self, vhost):
        return self.living()[-1].connect(vhost)

    def uris(self, vhost, first):
        """All nodes, beginning with node `first`."""
        return ",".join(n.url(vhost, heartbeat=5) for n in self.nodes[first:] + self.nodes[:first])

    def leader_of(self, vhost, queue):
        lines = self.living()[0].ctl("list_queues", "-p", vhost, "--no-table-headers", "name", "leader").splitlines()
        name = next(leader for q, leader in (line.split("\t") for line in lines) if q == queue)
        return next(n for n in self.nodes if n.facts["name"] == name)

    def close(self):
        for node in reversed(self.nodes):
            node.close()


class Pace:
    """How fast results come, in the phases of a run."""

    def __init__(self, w):
        self.w = w
        self.begin = self.last = time.monotonic()
        self.count = self.before = w.settled()
        self.longest = 0.0

    def look(self):
        now, count = time.monotonic(), self.w.settled()
        if count > self.count:
            self.count, self.last = count, now
        self.longest = max(self.longest, now - self.last)

    def rate(self):
        return (self.count - self.before) / max(self.last - self.begin, 0.001)


def watch(w, seconds=None, until=None):
    pace = Pace(w)
    while (seconds is None or time.monotonic() - pace.begin < seconds) and (until is None or pace.count < until):
        w.supervise()
        pace.look()
        if time.monotonic() - pace.last > 60:
            break
        time.sleep(0.05)
    return pace


def run(options, cluster, functions):
    vhost = cluster.vhost()
    w = world.World(runtimes.Ours(), cluster, vhost, functions, "cluster", queue_arguments={"x-queue-type": "quorum"})
    try:
        w.publish(options.messages, ms=options.ms)
        for first in (0, 1):
            w.start(uri=cluster.uris(vhost, first), ELASTICIO_DATA_RATE_LIMIT=-1, ELASTICIO_RABBITMQ_PREFETCH_SAILOR=10)
        before = watch(w, seconds=5)
        leader = cluster.leader_of(vhost, runtimes.QUEUE)
        victim = leader if options.kill == "leader" else next(n for n in cluster.nodes[:2] if n is not leader)
        victim.kill()
        w.crashes += 1
        during = watch(w, seconds=10)
        victim.start()
        after = watch(w, until=options.messages)
        w.settle()
        row = w.count()
        return before, during, after, row, sum(len(s.exits) for s in w.steps)
    finally:
        w.close()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--ms", type=int, default=5)
    parser.add_argument("--kill", choices=("leader", "follower"), default="leader")
    options = parser.parse_args()
    functions = endpoint.Functions(runtimes.Ours().command[0])
    cluster = None
    try:
        cluster = Cluster()
        before, during, after, row, exits = run(options, cluster, functions)
    finally:
        functions.close()
        if cluster:
            cluster.close()
    print("| killed | messages | results/s before | without the node | longest pause, s | with it again | executions max "
          "| repeated | duplicates | lost | stuck | processes ended |\n|---|" + "--:|" * 11)
    print(f"| {options.kill} | {row['in']} | {before.rate():.0f} | {during.rate():.0f} | {during.longest:.2f} | "
          f"{after.rate():.0f} | {row['executions max']} | {row['repeated']} | {row['duplicates']} | {row['lost']} | "
          f"{row['stuck']} | {exits} |")
    for complaint in row.complaints:
        print(f"    {complaint}", file=sys.stderr)
    return 1 if row.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
