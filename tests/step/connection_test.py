"""One AMQP connection of ours against a real broker: logging in, consuming, publishing, and every way to end."""
import os
import pathlib
import re
import selectors
import socket
import subprocess
import time
import unittest

import broker
import processes
import proxy
import scratch

broker.require()
import pika  # noqa: E402

DRIVER = str(pathlib.Path(os.environ.get("ALC_TESTS", "build/w/tests")).resolve() / "amqp_driver")


class Driver:
    """amqp_driver: say() tells it what to do, expect() waits for what it tells."""

    def __init__(self, uri, prefetch=0, confirms=False):
        self.process = subprocess.Popen([DRIVER, str(prefetch), "confirms" if confirms else "plain"], text=True,
                                        env={**os.environ, "AMQP_URI": uri}, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=1,
                                        preexec_fn=processes.die_with_parent)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.raw = ""
        self.lines = []

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def line(self, limit=60):
        """The next line; None at the end."""
        deadline = time.monotonic() + limit
        while "\n" not in self.raw:
            if not self.selector.select(max(0, deadline - time.monotonic())):
                raise AssertionError("nothing came; so far: " + "\n".join(self.lines[-20:]))
            piece = os.read(self.process.stdout.fileno(), 65536).decode()
            if not piece:
                return None
            self.raw += piece
        line, self.raw = self.raw.split("\n", 1)
        self.lines.append(line)
        return line

    def expect(self, pattern, limit=60):
        """Skips to the line that matches; gives the match."""
        while True:
            line = self.line(limit)
            if line is None:
                raise AssertionError(f"the driver ended before {pattern!r}: " + "\n".join(self.lines[-20:]))
            match = re.fullmatch(pattern, line)
            if match:
                return match

    def end(self):
        """Waits for the end of the program, whose status must be 0."""
        self.process.stdin.close()
        while self.line() is not None:
            pass
        status = self.process.wait(60)
        if status:
            raise AssertionError(f"the driver ended with {status}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class WithBroker(scratch.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = broker.shared()
        cls.vhost = cls.node.vhost()

    def drive(self, uri=None, **options):
        d = Driver(uri or self.node.url(self.vhost), **options)
        self.addCleanup(d.kill)
        return d

    def channel(self):
        connection = self.node.connect(self.vhost)
        self.addCleanup(lambda: connection.is_open and connection.close())
        return connection.channel()


class LoggingIn(WithBroker):
    def closed(self, uri):
        d = self.drive(uri)
        text = d.expect(r"closed (.*)")[1]
        d.end()
        return text

    def test_a_wrong_password_is_refused_in_words_that_do_not_show_it(self):
        text = self.closed(self.node.url(self.vhost, password="S3CRET"))
        self.assertRegex(text, r"^.* 403: the broker at 127.0.0.1:\d+ refused the login; "
                               r"check user name and password: ACCESS_REFUSED - ")
        self.assertNotIn("S3CRET", text)

    def test_a_missing_virtual_host_is_named(self):
        self.assertRegex(self.closed(self.node.url("nowhere")),
                         r"530: the broker at .* refused the virtual host: NOT_ALLOWED - vhost nowhere not found")

    def test_a_port_where_nobody_listens_is_told(self):
        port = broker.free_ports(1)[0]
        self.assertIn(f"cannot connect to 127.0.0.1:{port}: connection refused",
                      self.closed(self.node.url(self.vhost, port=port)))

    def test_what_is_not_amqp_is_told_apart(self):
        for answer, says in ((b"AMQP\0\1\0\0", "does not speak AMQP 0-9-1: it offers protocol 0, version 1.0"),
                             (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP and not AMQP"),
                             (b"\x15\x03\x01\x00\x02\x02\x28", "wants TLS; use amqps://"),
                             (b"hello there", "no AMQP frame: type 104"),
                             (b"", "connection.start is due: .* closed the connection")):
            with socket.create_server(("127.0.0.1", 0)) as server:
                d = self.drive(self.node.url(self.vhost, port=server.getsockname()[1]))
                client, _ = server.accept()
                client.recv(8)
                client.sendall(answer)
                client.close()
                self.assertRegex(d.expect("closed (.*)")[1], says)

    def test_tls_to_a_plain_port_and_plain_to_a_tls_port(self):
        self.assertIn("wrong version number", self.closed(self.node.url(self.vhost, tls=True, port=self.node.port)))
        self.assertRegex(self.closed(self.node.url(self.vhost, port=self.node.tls_port)), "TLS|closed|reset")

    def test_tls_verifies_unless_told_not_to(self):
        for options, says in (({}, None),
                              ({"verify": "verify_none", "cacertfile": self.node.certificates["client"]}, None),
                              ({"cacertfile": self.node.certificates["client"]}, "is not trusted"),
                              ({"server_name_indication": "elsewhere"}, "is not trusted: hostname mismatch"),
                              ({"certfile": self.node.certificates["client"],
                                "keyfile": self.node.certificates["client_key"]}, None)):
            d = self.drive(self.node.url(self.vhost, tls=True, **options))
            if says:
                self.assertIn(says, d.expect("closed (.*)")[1])
            else:
                d.expect("ready .*")
                d.say("close")
                d.expect("closed ok.*")
            d.end()

    def test_the_broker_sees_our_name_and_what_we_can_do(self):
        d = self.drive(self.node.url(self.vhost, heartbeat=7, channelMax=3, frameMax=8192))
        d.expect("ready .*")
        lines = [line for line in self.node.ctl("list_connections", "vhost", "timeout", "channel_max", "frame_max",
                                                "client_properties").splitlines() if line.startswith(self.vhost)]
        self.assertEqual(len(lines), 1)
        self.assertEqual(lines[0].split("\t")[1:4], ["7", "3", "8192"])
        for text in ("aws-lambda-component", '"connection_name","driver"', '"connection.blocked",true',
                     '"consumer_cancel_notify",true', '"publisher_confirms",true'):
            self.assertIn(text, lines[0].replace("{", "").replace("}", ""))


class InUse(WithBroker):
    def test_deliveries_come_are_settled_and_end_with_the_consumer(self):
        channel = self.channel()
        channel.queue_declare("in")
        d = self.drive(prefetch=2)
        d.expect("ready .*")
        d.say("consume", "in")
        d.expect("consuming amq.ctag-.*")
        for body in (b"a", b"bb", b"ccc"):
            channel.basic_publish("", "in", body, pika.BasicProperties(message_id="m", headers={"n": len(body)}))
        first = d.expect(r"delivery tag=(\d+) redelivered=0 exchange= key=in id=m bytes=1 uniform=1 headers={\"n\":1}")
        second = d.expect(r"delivery tag=(\d+) .* bytes=2 .*")
        d.say("ack", first[1])
        third = d.expect(r"delivery tag=(\d+) .* bytes=3 .*")
        d.say("reject", second[1], 1)
        again = d.expect(r"delivery tag=(\d+) redelivered=1 .* bytes=2 .*")
        d.say("reject", again[1], 0)
        d.say("cancel")
        d.expect("cancelled by_broker=0")
        d.say("ack", third[1])
        d.say("close")
        d.expect("closed ok.*")
        d.end()
        self.assertEqual(self.node.queues(self.vhost)["in"], (0, 0))

    def test_bodies_of_every_length_arrive_whole(self):
        channel = self.channel()
        channel.queue_declare("sizes")
        sizes = [0, 1, 4088, 4089, 8176, 131064, 131065, 262128, 3000000]
        for uri in (self.node.url(self.vhost), self.node.url(self.vhost, frameMax=4096),
                    self.node.url(self.vhost, tls=True)):
            d = self.drive(uri, prefetch=1, confirms=True)
            d.expect("ready .*")
            d.say("consume", "sizes")
            for size in sizes:
                d.say("publish", "-", "sizes", 1, 1, size)
                tag = d.expect(rf"delivery tag=(\d+) .* id=1 bytes={size} uniform=1 headers={{\"number\":1}}")[1]
                d.say("ack", tag)
            d.say("close")
            d.expect("closed ok.*")
            d.end()

    def test_ten_thousand_publishes_in_a_row_are_all_confirmed(self):
        channel = self.channel()
        channel.queue_declare("many")
        d = self.drive(confirms=True)
        d.expect("ready .*")
        d.say("publish", "-", "many", 1, 10000, 100)
        confirmed = set()
        upto = 0
        while len(confirmed) < 10000:
            seq, multiple = map(int, d.expect(r"ack (\d+) multiple=(\d)").groups())
            confirmed.update(range(upto + 1, seq + 1) if multiple else [seq])
            while upto + 1 in confirmed:
                upto += 1
        d.say("close")
        d.expect("closed ok.*")
        d.end()
        self.assertEqual(self.node.queues(self.vhost)["many"][0], 10000)

    def test_what_finds_no_queue_comes_back_before_its_confirm(self):
        d = self.drive(confirms=True)
        d.expect("ready .*")
        d.say("publish", "-", "no-such-queue", 1, 1, 200000)
        d.expect(r"return 312 NO_ROUTE tag=0 .* key=no-such-queue id=1 bytes=200000 uniform=1 headers={\"number\":1}")
        d.expect(r"ack 1 multiple=0")

    def test_a_full_queue_refuses(self):
        self.channel().queue_declare("full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
        d = self.drive(confirms=True)
        d.expect("ready .*")
        d.say("publish", "-", "full", 1, 1, 10)
        d.expect("ack 1 .*")
        d.say("publish", "-", "full", 1, 1, 10)
        d.expect("nack 2 .*")

    def test_a_closed_channel_can_be_opened_again(self):
        self.channel().queue_declare("after")
        d = self.drive(prefetch=5, confirms=True)
        d.expect("ready .*")
        for _ in range(3):
            d.say("publish", "no-such-exchange", "k", 1, 2, 10)
            d.expect("channel_closed 404 NOT_FOUND - no exchange 'no-such-exchange' in vhost .*")
            d.say("publish", "-", "after", 1, 1, 10)
            d.expect("refused the channel to the broker is not open")
            d.say("reopen")
            d.expect("ready .*")
            d.say("publish", "-", "after", 1, 1, 10)
            d.expect("ack 1 .*")        # a new channel counts anew
        d.say("consume", "no-such-queue")
        d.expect("channel_closed 404 NOT_FOUND - no queue 'no-such-queue' .*")
        d.say("reopen")
        d.expect("ready .*")
        d.say("consume", "after")
        d.expect("consuming .*")

    def test_a_deleted_queue_cancels_its_consumer(self):
        channel = self.channel()
        channel.queue_declare("doomed")
        d = self.drive(prefetch=1)
        d.expect("ready .*")
        d.say("consume", "doomed")
        d.expect("consuming .*")
        channel.queue_delete("doomed")
        d.expect("cancelled by_broker=1")

    def test_cancelling_before_the_consumer_is_known_works_as_well(self):
        self.channel().queue_declare("early")
        d = self.drive(prefetch=1)
        d.expect("ready .*")
        d.say("consume early\ncancel")
        d.expect("consuming .*")
        d.expect("cancelled by_broker=0")

    def test_a_message_too_long_for_headers_is_refused_and_the_channel_lives(self):
        self.channel().queue_declare("tight")
        d = self.drive(self.node.url(self.vhost, frameMax=4096), confirms=True)
        d.expect("ready .*")
        d.say("publish", "-", "k" * 255, 1, 1, 1)
        d.expect("return 312 .*")
        d.say("publish", "-", "tight", 1, 1, 1)
        d.expect("ack 2 .*")

    def test_hostile_headers_make_a_message_without_headers(self):
        channel = self.channel()
        channel.queue_declare("hostile")
        nested = 1
        for _ in range(100):
            nested = {"n": nested}
        channel.basic_publish("", "hostile", b"deep", pika.BasicProperties(message_id="deep", headers=nested))
        channel.basic_publish("", "hostile", b"sane", pika.BasicProperties(message_id="sane", headers={"a": [1, None]}))
        d = self.drive(prefetch=5)
        d.expect("ready .*")
        d.say("consume", "hostile")
        d.expect("delivery tag=1 .* id= bytes=4 uniform=0 headers=")
        d.expect(r"delivery tag=2 .* id=sane bytes=4 uniform=0 headers={\"a\":\[1,null\]}")


class Ends(WithBroker):
    def test_the_operator_closes_the_connection(self):
        d = self.drive()
        d.expect("ready .*")
        self.node.ctl("close_all_connections", "--vhost", self.vhost, "maintenance tonight")
        d.expect(r"closed .* 320: the broker at .* closed the connection: CONNECTION_FORCED - maintenance tonight .*")
        d.end()

    def test_a_connection_may_be_closed_or_freed_at_any_state(self):
        for what, ends in (("close", "closed ok.*"), ("free", None)):
            d = self.drive()
            d.say(what)                 # while it connects
            if ends:
                d.expect(ends)
            d.end()
            d = self.drive()
            d.expect("ready .*")
            d.say(what)
            if ends:
                d.expect(ends)
            d.end()

    def test_a_stalled_network_ends_after_two_silent_intervals(self):
        way = proxy.Proxy(self.node.port)
        self.addCleanup(way.close)
        d = self.drive(self.node.url(self.vhost, port=way.port, heartbeat=1), confirms=True)
        d.expect("ready .*")
        way.stall()
        d.say("publish", "-", "nowhere", 0, 40, 1000000)    # more than the network holds: our output is stuck, too
        d.expect(r"closed .*: the broker at .* has been silent for 2 s, two heartbeat intervals")
        d.end()

    def test_heartbeats_keep_an_idle_connection(self):
        d = self.drive(self.node.url(self.vhost, heartbeat=1))
        d.expect("ready .*")
        time.sleep(3.5)                 # the broker's patience ends after two intervals
        d.say("close")
        d.expect("closed ok.*")
        d.end()

    def test_a_stalled_handshake_and_goodbye_end_in_time(self):
        way = proxy.Proxy(self.node.port)
        self.addCleanup(way.close)
        d = self.drive(self.node.url(self.vhost, port=way.port))
        d.expect("ready .*")
        way.stall()
        d.say("close")
        d.expect("closed ok.*")
        d.end()
        d = self.drive(self.node.url(self.vhost, port=way.port))
        d.expect(r"closed .*: the broker at .* did not answer within 10 s: connection.start is due")
        d.end()

    def test_a_cut_anywhere_is_an_end_with_a_reason(self):
        channel = self.channel()
        channel.queue_declare("cut")
        channel.basic_publish("", "cut", b"x" * 300000, pika.BasicProperties(headers={"a": "b"}))
        way = proxy.Proxy(self.node.port)
        self.addCleanup(way.close)
        for count in (1, 7, 8, 100, 600, 750, 800, 900, 1000, 5000, 131000, 132000, 250000):
            way.cut_after(count)
            d = self.drive(self.node.url(self.vhost, port=way.port), prefetch=1)
            while True:
                line = d.line()
                if line.startswith("ready"):
                    d.say("consume", "cut")
                if line.startswith("closed"):
                    break
                self.assertFalse(line.startswith("delivery"), line)
            self.assertRegex(line, "reset|broke|closed the connection")
            d.end()


class OwnNode(scratch.TestCase):
    """What a broker that others use must not be put through."""

    @classmethod
    def setUpClass(cls):
        cls.node = broker.Broker()

    @classmethod
    def tearDownClass(cls):
        cls.node.close()

    def drive(self, **options):
        d = Driver(self.node.url(heartbeat=options.pop("heartbeat", 60)), **options)
        self.addCleanup(d.kill)
        d.expect("ready .*")
        return d

    def test_a_memory_alarm_blocks_who_publishes_and_keeps_the_connection(self):
        d = self.drive(confirms=True, heartbeat=1)
        self.node.connect().channel().queue_declare("q")
        self.node.block()
        d.say("publish", "-", "q", 1, 1, 10)
        d.expect("blocked low on memory")
        time.sleep(3)                   # longer than two silent intervals
        self.node.unblock()
        d.expect("unblocked .*")
        d.expect("ack 1 .*")
        d.say("close")
        d.expect("closed ok.*")

    def test_while_blocked_a_connection_can_be_closed(self):
        d = self.drive(confirms=True)
        self.node.block()
        self.addCleanup(self.node.unblock)
        d.say("publish", "-", "q", 0, 1, 10)
        d.expect("blocked .*")
        d.say("close")
        d.expect("closed ok.*")
        d.end()

    def test_a_frozen_broker_is_noticed(self):
        d = self.drive(heartbeat=1)
        self.node.freeze()
        self.addCleanup(self.node.thaw)
        d.expect(r"closed .* has been silent for 2 s, .*")

    def test_a_stopped_and_a_killed_broker_are_told_apart(self):
        d = self.drive()
        self.node.stop()
        d.expect(r"closed .* 320: the broker at .* closed the connection: CONNECTION_FORCED - .* \(320\)")
        self.node.start()
        d = self.drive()
        self.node.kill()
        d.expect(r"closed .*(closed the connection|reset by peer)")
        self.node.start()


if __name__ == "__main__":
    unittest.main()
