#!/usr/bin/python3
"""What a step survives: messages flow while something breaks, and afterwards it is counted what went in, what came out,
what is left and how often the action ran.  Lost and stuck are 0 each time; nothing is run twice unless the process or
the broker died.

ALC_FAULTS=n multiplies the rounds (make test-faults); as part of the whole suite each fault happens a few times."""
import os
import random
import time
import unittest

import broker
import scratch
from scenarios import script
from step import LIMIT_S, Step

ROUNDS = int(os.environ.get("ALC_FAULTS", "1"))
DRAIN_S = LIMIT_S * 4       # a guard: how long all messages may take to come through


class Load:
    """A step, and `count` messages in its queue, each of which shall come out once."""

    def __init__(self, node, count, wait_ms=20, prefetch=10, **options):
        environment = {"DATA_RATE_LIMIT": "100000", "AMQP_PUBLISH_RETRY_DELAY": "50", **options.pop("environment", {})}
        self.step = Step(node, prefetch=prefetch, persistent=True, environment=environment, **options)
        self.count, self.wait_ms, self.sent, self.out = count, wait_ms, 0, {}

    def fill(self):
        while self.sent < self.count:
            self.step.send(script({"wait": self.wait_ms}, {"data": {"body": {"n": self.sent}}}), id=f"m{self.sent}")
            self.sent += 1
        return self

    def collect(self):
        """Takes what there is in the data queue."""
        while received := self.step.data.poll():
            n = received.message["body"]["n"]
            self.out[n] = self.out.get(n, 0) + 1

    def drain(self):
        """Until everything came out; what has not come by the limit is for check() to tell."""
        deadline = time.monotonic() + DRAIN_S
        while len(self.out) < self.count and time.monotonic() < deadline and self.step.process.poll() is None:
            self.collect()
            time.sleep(0.02)

    def end(self):
        self.drain()
        status = self.step.stop(DRAIN_S)
        self.collect()
        return status

    def figures(self):
        runs = self.step.executions()
        return {"in": self.count, "out": sum(self.out.values()), "lost": self.count - len(self.out),
                "stuck": self.step.listen.size(), "errors": self.step.errors.size(),
                "run": sum(runs.values()), "run most": max(runs.values(), default=0)}


_node = None


def setUpModule():
    global _node
    _node = broker.Broker()


def tearDownModule():
    _node.close()


class FaultTest(scratch.TestCase):
    def setUp(self):
        self.node = _node
        self.random = random.Random(4711)

    def load(self, count, **options):
        load = Load(self.node, count, **options)
        self.addCleanup(load.step.close)
        return load.fill()

    def check(self, load, most=1):
        """`most`: how often a message may have been run."""
        figures = load.figures()
        if os.environ.get("ALC_FAULTS"):
            print(self.id().split(".")[-1], figures)
        self.assertEqual((figures["lost"], figures["stuck"], figures["errors"]), (0, 0, 0), figures)
        self.assertLessEqual(figures["run most"], most, figures)
        if most == 1:
            self.assertEqual(figures["run"], figures["in"], figures)
        return figures

    def pause(self, least=0.1, most=0.5):
        time.sleep(self.random.uniform(least, most))


class Process(FaultTest):
    def test_killed_at_random_moments(self):
        kills = 10 * ROUNDS
        load = self.load(100 * kills)
        for _ in range(kills):
            load.step.spawn()
            self.pause(0.03, 0.4)
            load.step.kill()
        load.step.start()
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load, most=kills)

    def test_one_of_two_replicas_is_killed(self):
        load = self.load(1000)
        other = Step(self.node, platform=load.step.platform)
        self.addCleanup(other.close)
        other.environment = load.step.environment
        for step in (load.step, other):
            step.start()
        self.pause()
        other.kill()
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load, most=2)

    def test_told_to_stop_at_random_moments(self):
        rounds = 5 * ROUNDS
        load = self.load(150 * rounds)
        for _ in range(rounds):
            load.step.start()
            self.pause(0.0, 0.3)
            self.assertEqual(load.step.stop(), 0, load.step.tail())
        load.step.start()
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load)


class Connections(FaultTest):
    def close_connections(self, name=""):
        lines = self.node.ctl("list_connections", "--no-table-headers", "pid", "client_properties").splitlines()
        for line in lines:
            pid, properties = line.split("\t")
            if f'{name}"' in properties and "connection_name" in properties:
                try:
                    self.node.ctl("close_connection", pid, "for a test")
                except AssertionError:      # it went by itself
                    pass

    def test_closed_by_the_broker(self):
        for name in ("-read", "-write", ""):
            with self.subTest(which=name or "both"):
                load = self.load(400 * ROUNDS)
                load.step.start()
                for _ in range(2 * ROUNDS):
                    self.close_connections(name)
                self.assertEqual(load.end(), 0, load.step.tail())
                self.check(load)
                self.assertTrue(load.step.logged("connecting again"))

    def test_an_alarm_stops_publishing_and_nothing_else(self):
        load = self.load(4000)
        load.step.start()
        self.node.block()
        try:
            load.step.wait_for("takes no messages for now")
            time.sleep(1)
        finally:
            self.node.unblock()
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load)

    def test_an_alarm_does_not_stop_the_shutdown(self):
        for timeout in ("500", ""):
            with self.subTest(timeout=timeout or "none"):
                load = self.load(4000, environment={"ELASTICIO_SHUTDOWN_TIMEOUT": timeout})
                load.step.start()
                self.node.block()
                try:
                    load.step.wait_for("takes no messages for now")
                    self.assertEqual(load.step.stop(), 0, load.step.tail())
                finally:
                    self.node.unblock()
                load.step.start()
                self.assertEqual(load.end(), 0, load.step.tail())
                self.check(load, most=2)


class Queues(FaultTest):
    def test_a_full_queue(self):
        load = self.load(300, queue_arguments={"data": {"x-max-length": 20, "x-overflow": "reject-publish"}})
        load.step.start()
        load.step.wait_for("message nacked")
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load)

    def test_no_route_for_a_while(self):
        load = self.load(200)
        step = load.step
        step.channel.queue_unbind(step.names["data"], step.exchange, step.prefix + ".data")
        step.start()
        step.wait_for("returned as unroutable")
        step.channel.queue_bind(step.names["data"], step.exchange, step.prefix + ".data")
        self.assertEqual(load.end(), 0, step.tail())
        self.check(load)


class Brokers(FaultTest):
    """The broker itself goes down and comes back: everything is durable, and messages are persistent."""

    def restart(self, load, take_down):
        load.step.start()
        self.pause()
        take_down()
        self.pause(0.0, 1.0)
        self.assertIsNone(load.step.process.poll(), load.step.tail())
        self.node.start()
        load.step.connect()

    def test_restarted_in_good_order(self):
        load = self.load(1000)
        for _ in range(ROUNDS):
            self.restart(load, self.node.stop)
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load, most=1 + ROUNDS)

    def test_away_while_told_to_stop(self):
        load = self.load(1000)
        load.step.start()
        self.pause()
        self.node.stop()
        status = load.step.stop()
        self.node.start()
        load.step.connect()
        self.assertEqual(status, 0, load.step.tail())
        load.step.start()
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load, most=2)

    def test_standing_still(self):
        load = self.load(1000, environment={"AMQP_URI": self.node.url("/", heartbeat=1)})
        load.step.start()
        self.pause()
        self.node.freeze()
        try:
            load.step.wait_for("connecting again")
        finally:
            self.node.thaw()
        load.step.connect()
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load)

    def test_killed(self):
        load = self.load(1000)
        for _ in range(ROUNDS):
            self.restart(load, self.node.kill)
        self.assertEqual(load.end(), 0, load.step.tail())
        self.check(load, most=1 + ROUNDS)


if __name__ == "__main__":
    unittest.main()
