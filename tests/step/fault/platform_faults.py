"""What the platform's REST API and its object storage do.  A step that cannot start ends, and the platform starts it
again: its messages stay in the queue.  A body that cannot be fetched is an error, published once."""
import json
import uuid

import message_cipher
from fault import proxy
from fault.suite import cases, fault
from platform_api import answer, cut, drop, hang, invalid_json, reset

LIMITS = {"REQUEST_TIMEOUT": 500, "REQUEST_MAX_RETRY": 2}


# ---- step data: the start ----------------------------------------------------------------------------------------

STARTS = {
    "slow": ("slow", [answer(200, None, delay=2)]),
    "500": ("500 twice", [answer(500), answer(503), None]),
    "reset": ("a connection reset, then one that ends", [reset(), drop(), None]),
}
FAILED_STARTS = {
    "500": ("500 for a while", answer(500)),
    "401": ("401", answer(401, "Unauthorized")),
    "404": ("404", answer(404, {"error": "not found"})),
    "invalid_json": ("not JSON", invalid_json()),
    "cut": ("cut off", cut()),
    "array": ("an array", answer(200, [])),
}


@cases("platform", "step data: {}; the step starts", STARTS)
def start(world, answers):
    path = world.platform.step_path
    usual = world.platform.step
    world.platform.script("GET", path, *[a and answer(a.status, usual if a.status == 200 and a.action == "answer" else a.body,
                                                      delay=a.delay, action=a.action) for a in answers])
    world.publish(20)
    world.start()
    world.must(not world.steps[0].exits, "the first start is the last")


@cases("platform", "step data: {}; starts fail until that ends", FAILED_STARTS)
def failed_start(world, wrong):
    world.platform.script("GET", world.platform.step_path, wrong)
    world.publish(20)
    step = world.start(wait=False, ELASTICIO_API_REQUEST_RETRY_DELAY=50)
    world.wait_for(lambda: len(step.exits) >= 2, "starts fail")
    world.must(set(step.exits) == {1}, f"status 1, not {step.exits}")
    world.must(step.last_words(), "a last word says why")
    world.platform.script("GET", world.platform.step_path, None)


@fault("platform", "the API cannot be reached; starts fail until it can")
def api_gone(world):
    p = proxy.Proxy(world.platform.port)
    world.closers.append(p)
    p.refuse()
    world.publish(20)
    step = world.start(wait=False, ELASTICIO_API_URI=f"http://127.0.0.1:{p.port}", ELASTICIO_API_REQUEST_RETRY_DELAY=50)
    world.wait_for(lambda: len(step.exits) >= 2, "starts fail")
    p.accept()


@fault("platform", "the API hangs; SIGTERM, and a start when it answers")
def api_hangs(world):
    world.platform.script("GET", world.platform.step_path, hang(), None)
    world.publish(20)
    step = world.start(wait=False)
    world.wait_for(lambda: world.platform.asked("GET", world.platform.step_path), "it asks")
    status = step.terminate(50)
    world.must(status in (0, 1), f"SIGTERM ends it, not {status}")
    step.restart_at = 0
    step.start()


@fault("platform", "the API vanishes under load: nothing needs it any more")
def api_vanishes(world):
    world.publish(100, ms=20)
    world.start()
    world.wait_settled(10)
    world.platform.script("GET", world.platform.step_path, reset())


# ---- object storage ----------------------------------------------------------------------------------------------

STORAGE = {
    "slow": ("slow", [answer(200, delay=0.3), None], "data"),
    "500_twice": ("500 twice", [answer(500), answer(502), None], "data"),
    "reset_once": ("reset once", [reset(), None], "data"),
    "500": ("500 each time", [answer(500)], "error"),
    "401": ("401", [answer(401)], "error"),
    "gone": ("the object is gone (404)", [answer(404)], "error"),
    "garbage": ("an object that cannot be decrypted", [answer(200, b"no ciphertext at all")], "error"),
    "clear": ("an object in clear text", [answer(200, b'{"id":1}')], "error"),
    "no_json": ("an object that decrypts to what is no JSON", [answer(200, message_cipher.encrypt(b'{"id":'))], "error"),
    "cut": ("each answer cut off", [cut(b"x" * 64)], "error"),
    "drop": ("each connection ends", [drop()], "error"),
    "hang": ("no answer", [hang()], "error"),
}


@cases("storage", "a body in the storage: {}", STORAGE)
def storage(world, answers, fate):
    for _ in range(10):
        key, name = str(uuid.uuid4()), str(uuid.uuid4())
        body = message_cipher.encrypt(json.dumps({"id": key}).encode())
        world.platform.objects[name] = body
        # What is to succeed in the end gives the body itself, however late.
        world.platform.script("GET", "/objects/" + name, *[
            answer(a.status, body, delay=a.delay) if a and a.delay else a for a in answers])
        world.send(message_cipher.seal({"body": {}, "headers": {"x-ipaas-object-storage-id": name}}),
                   {"messageId": key, "protocolVersion": 1}, fate, key)
    world.start(**LIMITS)


@fault("storage", "the storage cannot be reached")
def storage_refused(world):
    p = proxy.Proxy(world.platform.port)
    world.closers.append(p)
    p.refuse()
    world.publish(10, expect="error", headers={"x-ipaas-object-storage-id": "some-object"})
    world.start(ELASTICIO_OBJECT_STORAGE_URI=f"http://127.0.0.1:{p.port}", **LIMITS)


UPLOADS = {
    "works": ("works", None, "data"),
    "slow": ("slow", "slow", "data"),
    "500_twice": ("500 twice", [answer(500), answer(503), None], "data"),
    "500": ("500 each time", [answer(500)], "error"),
    "401": ("401", [answer(401)], "error"),
    "no_json": ("an answer that is no JSON", [invalid_json(201)], "error"),
    "no_id": ("an answer without objectId", [answer(201, {})], "error"),
    "drop": ("each connection ends", [drop()], "error"),
    "hang": ("no answer", [hang()], "error"),
}


@cases("storage", "a result goes to the storage: {}", UPLOADS)
def upload(world, answers, fate):
    if answers == "slow":
        answers = [answer(201, {"objectId": "some-object"}, delay=0.3)]
    if answers:
        world.platform.script("POST", "/objects", *answers)
    world.publish(5, expect=fate)
    world.start(ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE="true", ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD=1, **LIMITS)
