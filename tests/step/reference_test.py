"""Compatibility, proven by the reference's own code: the same steps on the reference runtime and on ours.

Alone: one message, the same for both; everything they publish is compared, property by property, header by header,
member by member.  Mixed: flows of three steps, each step on either runtime, in all eight ways; what the last one publishes
must be the same.  The steps are tests/step/component/main.c and reference/script.js, which do the same by their scripts."""
import itertools
import json
import sys
import unittest
import uuid

import broker
import message_cipher
import platform_api
import reference
import scratch
import step as steps

CONFIG = {"apiKey": "secret", "nested": {"list": [1, 2.5, None, True, "ä\u2028"]}}
SNAPSHOT = {"lastModifiedDate": 123456789}
BODY = {"text": "Grüße, \"世界\" 🌍 \u2028 \\ / \b\f\n\r\t \u0001", "numbers": [0, -1, 1.5, 1e21, 123456789012, 1e-7],
        "nothing": None, "truth": [True, False], "empty": [{}, [], ""]}
MESSAGE = {"id": "f9e2b1f0-6b1a-4f52-9d7c-0d1c7b1b7a01", "body": BODY, "headers": {"x-own": "1"},
           "attachments": {"a.txt": {"url": "http://example.com/a", "content-type": "text/plain", "size": 3}},
           "metadata": {"m": 1}, "method": "GET", "passthrough": {
               "step_0": {"id": "one", "headers": {"h": "v"}, "body": {"was": "there"}, "attachments": {}}}}
HEADERS = {"x-eio-meta-Trace": "abc", "X-EIO-META-other": "7", "cid": "dropped", "start": 12, "retry": 3}

VOLATILE = {"start", "end", "messageId"}
SENT_ID, OWN_ID = "3b6ff3a0-47a5-4c46-9a3a-7f1d1f6d8a02", "0d8e1d24-30a5-4d6c-8f6a-4d8c6d9f8b11"
STACK = "at line 1"

# What each step of a script publishes is compared; every one with and without reply_to.
SCRIPTS = {
    "data": [{"data": {"body": {"a": 1}}}],
    "data, its own id": [{"data": {"id": OWN_ID, "body": {"a": [1, {}]}}}],
    "data, all members": [{"data": {"body": BODY, "headers": {"x": "y", "X-EIO-Routing-Key": "ROUTED"}, "attachments": {},
                                    "metadata": {"k": [1]}, "unknown": {"kept": True}}}],
    "data, its own passthrough": [{"data": {"body": {}, "passthrough": {"step_9": {"body": {"own": 1}}}}}],
    "echo": [{"echo": True}],
    "nothing": [],
    "error of text": [{"error": "it went wrong: Grüße"}],
    "error of an object": [{"error": {"name": "TypeError", "message": "no", "stack": STACK}}],
    "error without a name": [{"error": {"message": "no"}}],
    "data and errors": [{"data": {"body": {"n": 1}}}, {"error": "first"}, {"data": {"body": {"n": 2}}}, {"error": "second"}],
    "rebound": [{"rebound": "not now"}],
    "snapshot": [{"snapshot": {"at": 7, "list": [1, "ü"]}}, {"echo": True}],
    "updateSnapshot": [{"updateSnapshot": {"more": {"x": 1}}}],
    "httpReply": [{"httpReply": {"statusCode": 200, "body": "Ok", "headers": {"content-type": "text/plain"}}}],
}


def shape(name, value):
    """Of a header that differs from run to run: what kind of value it is."""
    if name == "messageId":
        return value if value in (SENT_ID, OWN_ID) else "a UUID" if str(uuid.UUID(value)) == value else "no UUID"
    return type(value).__name__ if name in VOLATILE else value


def parse(received, kind):
    """All that a message says, without what differs from run to run."""
    message = received.message if hasattr(received, "message") else message_cipher.open_sealed(received.body, received.protocol)
    for part in (message, message.get("error")) if isinstance(message, dict) else ():
        if isinstance(part, dict) and part.get("stack", STACK) != STACK:
            part["stack"] = "of another language"
    return {"kind": kind, "routing_key": received.routing_key.split(".", 1)[-1], "properties": received.set_properties(),
            "headers": {k: shape(k, v) for k, v in received.headers.items()}, "message": message}


class ReferenceCase(scratch.TestCase):
    def open(self, runtime, **options):
        data = {"config": options.pop("config", CONFIG), "snapshot": SNAPSHOT, "variables": {"v": "1"},
                "is_passthrough": options.pop("passthrough", False)}
        # Throttled errors of the reference overtake one another.
        environment = {"ERROR_RATE_LIMIT": "1000", "SNAPSHOT_RATE_LIMIT": "1000", **(options.pop("environment", None) or {})}
        s = steps.Step(step=data, environment=environment, **options)
        self.addCleanup(s.close)
        return reference.use(s) if runtime == "reference" else s


class Alone(ReferenceCase):
    """One step of each runtime, given the same."""

    def outcome(self, s, script, headers):
        """What a message makes the step publish, and what becomes of it."""
        more = {k: v.replace("REPLY", s.prefix + ".reply") if isinstance(v, str) else v for k, v in headers.items()}
        text = json.dumps({**MESSAGE, "body": {**BODY, "script": script}}).replace("ROUTED", s.prefix + ".reply")
        s.send(json.loads(text), id=SENT_ID, headers={"threadId": "t-1", **HEADERS, **more})
        marker = str(uuid.uuid4())
        s.send({"body": {"script": [{"data": {"body": {}}}, {"error": "marker"}]}}, headers={"threadId": marker})
        published = [("error", r) for r in self.before(s.errors, marker)]
        published += [("data", r) for r in self.before(s.data, marker)]
        for kind, queue in (("reply", s.replies), ("rebound", s.rebounds), ("snapshot", s.snapshots)):
            while received := queue.poll():
                published.append((kind, received))
        return json.loads(json.dumps([parse(r, kind) for kind, r in published], default=repr).replace(s.prefix, "PREFIX"))

    def before(self, queue, marker):
        """What came to a queue before the marker: a second message's data and error, which come last, since prefetch is 1
        and everything is published on one channel, errors through a throttle that keeps their order."""
        return list(itertools.takewhile(lambda r: r.headers["threadId"] != marker, iter(queue.get, None)))

    def compare(self, **options):
        pair = [self.open(runtime, **options).spawn() for runtime in ("reference", "ours")]
        for s in pair:
            s.wait_for("Fully initialized")
        for name, script in SCRIPTS.items():
            for headers in ({}, {"reply_to": "REPLY", "parentMessageId": None}):
                if name == "httpReply" and not headers:
                    continue
                with self.subTest(name, headers=headers, **options):
                    theirs, ours = (self.outcome(s, script, headers) for s in pair)
                    self.assertEqual(theirs, ours)
        for s in pair:
            self.assertEqual(s.stop(), 0)

    def test_protocol_1(self):
        self.compare(protocol=1)

    def test_protocol_2(self):
        self.compare(protocol=2)

    def test_passthrough(self):
        self.compare(passthrough=True, environment={"ADDITIONAL_VARS_FOR_HEADERS": "ELASTICIO_COMP_ID, OTHER_VAR",
                                                    "OTHER_VAR": "x"})

    def test_no_self_passthrough(self):
        self.compare(passthrough=True, protocol=2, persistent=True,
                     environment={"NO_SELF_PASSTRHOUGH": "true", "NO_ERROR_REPLIES": "true"})


class Mixed(ReferenceCase):
    """Flows of three steps, each on either runtime."""

    def open_at(self, place, runtime, protocol, environment, passthrough):
        s = self.open(runtime, protocol=protocol, passthrough=passthrough, config={"script": [{"echo": True}]},
                      environment={"STEP_ID": f"step_{place}", **environment})
        s.platform.step_path = f"/v1/tasks/{platform_api.FLOW_ID}/steps/step_{place}"
        return s.spawn()

    def run_flow(self, flow):
        """Sends a message through the steps and returns what the last one publishes."""
        links = [(b.listen.name, a.exchange, a.prefix + ".data") for a, b in zip(flow, flow[1:])]
        for queue, exchange, key in links:
            flow[0].channel.queue_bind(queue, exchange, key)
        for earlier in flow[:-1]:
            flow[0].channel.queue_unbind(earlier.data.name, earlier.exchange, earlier.prefix + ".data")
        flow[0].send(MESSAGE, headers={"threadId": "t-1", "reply_to": "r", **HEADERS})
        received = flow[-1].data.get()
        for queue, exchange, key in links:
            flow[0].channel.queue_unbind(queue, exchange, key)
        for earlier in flow[:-1]:
            flow[0].channel.queue_bind(earlier.data.name, earlier.exchange, earlier.prefix + ".data")
        parsed = parse(received, "data")
        parsed["headers"]["parentMessageId"] = len(parsed["headers"]["parentMessageId"])
        return parsed

    def compare(self, protocols, passthrough=False, environment=None):
        places = [[self.open_at(i + 1, runtime, protocol, environment or {}, passthrough)
                   for runtime in ("reference", "ours")] for i, protocol in enumerate(protocols)]
        for s in itertools.chain(*places):
            s.wait_for("Fully initialized")
        wanted = None
        for choice in itertools.product((0, 1), repeat=3):
            got = self.run_flow([pair[i] for pair, i in zip(places, choice)])
            wanted = wanted or got
            with self.subTest(flow=[("reference", "ours")[i] for i in choice], protocols=protocols):
                self.assertEqual(wanted, got)
        for s in itertools.chain(*places):
            self.assertEqual(s.errors.size(), 0)
            self.assertEqual(s.stop(), 0)

    def test_protocol_1(self):
        self.compare((1, 1, 1))

    def test_protocol_2_with_passthrough(self):
        self.compare((2, 2, 2), passthrough=True)

    def test_both_protocols_with_passthrough(self):
        self.compare((1, 2, 1), passthrough=True)

    def test_both_protocols_without_self_passthrough(self):
        self.compare((2, 1, 2), passthrough=True, environment={"NO_SELF_PASSTRHOUGH": "true"})


if __name__ == "__main__":
    broker.require()
    if why := reference.missing():
        print(f"skipped: {why}")
        sys.exit(broker.SKIPPED)
    unittest.main()
