"""Poisonous input.  What cannot be read is rejected at once, without an error message (platform-protocol.md, 3.4); and
the healthy messages before, between and after it come out."""
import base64
import decimal
import os
import uuid

import pika

import message_cipher
from fault import runtimes
from fault.suite import cases, fault

BODY = {"body": {"id": "x"}, "headers": {}}


def payloads():
    """name: (words, payload, headers, fate)"""
    whole = message_cipher.seal(BODY)
    return {
        "wrong_key": ("wrong key", message_cipher.seal(BODY, password="another"), {}, "reject"),
        # CBC with another IV garbles the first 16 bytes, which hold the beginning of the JSON.
        "wrong_iv": ("wrong IV", message_cipher.seal(BODY, iv="another-iv-of-16"), {}, "reject"),
        "truncated_base64": ("truncated base64", whole[:len(whole) - 7], {}, "reject"),
        "half_block": ("half a block", message_cipher.seal(BODY, 2)[:-8], {"protocolVersion": 2}, "reject"),
        "no_base64": ("no base64 at all", b"\x00\xff\xfe{}[]", {}, "reject"),
        "invalid_json": ("invalid JSON", base64.b64encode(message_cipher.encrypt(b'{"body": {')), {}, "reject"),
        "invalid_utf8": ("invalid UTF-8", base64.b64encode(message_cipher.encrypt(b'{"body": "\xff\xfe"}')), {}, "any"),
        "deep_json": ("JSON 100,000 levels deep", base64.b64encode(message_cipher.encrypt(
            b'{"body":' + b"[" * 100000 + b"]" * 100000 + b"}")), {}, "any"),
        "clear": ("clear text", b'{"body":{"id":"x"}}', {}, "reject"),
        "null": ("null", message_cipher.seal(None), {}, "reject"),
        "text": ("a string", message_cipher.seal("text"), {}, "reject"),
        "array": ("an array", message_cipher.seal([1]), {}, "reject"),
        "empty": ("no bytes", b"", {}, "reject"),
        "random": ("1 MB of random bytes", os.urandom(1 << 20), {"protocolVersion": 2}, "reject"),
    }


def with_healthy(world, send):
    world.publish(10)
    send()
    world.publish(10)
    world.start()
    world.must(not world.steps[0].exits, "the process goes on")


@cases("input", "payload: {}", payloads(), compare=True)
def payload(world, payload, headers, fate):
    def send():
        for _ in range(5):
            key = str(uuid.uuid4())
            world.send(payload, {"protocolVersion": 1, **headers, "messageId": key}, fate, key)
    with_healthy(world, send)


@fault("input", "a body of 20 MB", compare=True)
def big(world):
    # More than Lambda takes (6 MB): an error of its own, and the process is not troubled.
    with_healthy(world, lambda: world.publish(2, expect="any", padding="x" * (20 << 20)))


@cases("input", "protocol version {}", {"3": ("3, raw", 3, 2), "text": ('"2" as a text', "2", 2), "0": ("0", 0, 1),
                                        "minus": ("-1", -1, 1), "huge": ("2^62", 1 << 62, 2)}, compare=True)
def protocol_version(world, version, encoding):
    def send():
        for _ in range(5):
            key = str(uuid.uuid4())
            world.send(message_cipher.seal({"body": {"id": key}}, encoding), {"protocolVersion": version, "messageId": key},
                       "data", key)
    with_healthy(world, send)


@fault("input", "no header table", compare=True)
def no_headers(world):
    with_healthy(world, lambda: [world.send(message_cipher.seal(BODY), None, "reject") for _ in range(5)])


@fault("input", "no messageId", compare=True)
def no_message_id(world):
    def send():
        for _ in range(5):
            key = str(uuid.uuid4())
            world.send(message_cipher.seal({"body": {"id": key}}), {"protocolVersion": 1}, "nameless", key)
    with_healthy(world, send)


@fault("input", "1,000 duplicates of one message", compare=True)
def duplicates(world):
    """The same id again and again is not the broker's redelivery: each copy is a message, and is settled."""
    key = str(uuid.uuid4())
    payload = message_cipher.seal({"body": {"id": key}})
    channel = world.ask()
    for _ in range(1000):
        channel.basic_publish("", runtimes.QUEUE, payload, pika.BasicProperties(
            delivery_mode=2, headers={"messageId": key, "protocolVersion": 1}, message_id=key))
    world.copies[key] = 1000
    world.expected[key] = "data"
    world.publish(10)
    world.start()


def tables():
    deep = {"x": 1}
    for _ in range(100):
        deep = {"x": deep}
    return {
        "many": ("3,000 entries", {f"x-eio-meta-{i}": "v" for i in range(3000)}),
        "long": ("a value of 100 kB", {"x-eio-meta-long": "v" * 100000}),
        "deep": ("100 tables in each other", {"deep": deep}),
        "kinds": ("every kind of value in each place", {
            "threadId": 5, "stepId": [1, {"a": None}], "parentMessageId": True, "reply_to": None, "reboundIteration": "x",
            "x-eio-meta-a": {"b": [1, 2]}, "x-eio-meta-b": None, "retry": True, "taskId": decimal.Decimal("1.5")}),
        "names": ("odd names", {"": "empty", "x-eio-meta-": "bare", "X-EIO-META-Ä": "ü", "a\nb": "line"}),
        "wrong_version": ("protocolVersion as a table", {"protocolVersion": {"a": 1}}),
    }


@cases("input", "header table: {}", tables(), compare=True)
def headers(world, more):
    def send():
        for _ in range(5):
            key = str(uuid.uuid4())
            world.send(message_cipher.seal({"body": {"id": key}}, 2 if "protocolVersion" in more else 1),
                       {"protocolVersion": 1, "messageId": key, **more}, "any", key)
    with_healthy(world, send)
