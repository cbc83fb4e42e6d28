#!/usr/bin/python3
"""Messages in, messages out: platform-protocol.md, 11.2 (1 to 12), 11.4 and 11.5.  Each test names its rows."""
import json
import time
import unittest
import uuid

import platform_api
from scenarios import PROTOCOLS, ScenarioTest, script
from message_cipher import open_sealed, seal

SECRET = {"apiKey": "secret"}
SNAPSHOT = {"lastModifiedDate": 123456789}


class Integration(ScenarioTest):
    def test_1_and_2_what_the_action_is_given_and_what_it_emits(self):
        for incoming in PROTOCOLS:
            for protocol in PROTOCOLS:
                with self.subTest(row=f"11.2/{incoming}", protocol=protocol):
                    step = self.started(protocol=protocol, config=SECRET, step={"snapshot": SNAPSHOT,
                                                                                "variables": {"v": 1}})
                    message = script({"echo": True}, id=str(uuid.uuid4()), attachments={"a": {"url": "http://x"}})
                    sent = step.send(message, protocol=incoming)
                    data = step.data.get()
                    self.assert_h(data, sent, step)
                    self.assert_p(data)
                    self.assertEqual(data.message, {"headers": {}, "body": {
                        "message": {**message, "headers": {}}, "config": SECRET, "snapshot": SNAPSHOT,
                        "variables": {"v": 1}}})
                    self.assert_settled(step)

    def test_3_passthrough_of_the_step_itself(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/3", protocol=protocol):
                step = self.started(protocol=protocol, step={"is_passthrough": True})
                before = {"step_0": {"id": "34", "body": {}, "attachments": {}}}
                emitted = {"id": str(uuid.uuid4()), "headers": {"x-custom-component-header": "123_abc"},
                           "body": {"param": "x"}}
                sent = step.send(script({"data": emitted}, passthrough=before))
                data = step.data.get()
                self.assertEqual(data.message, {**emitted, "passthrough": {**before, "step_1": emitted}})
                self.assertEqual(data.headers["messageId"], emitted["id"])
                self.assert_h(data, sent, step)
                self.assert_p(data)

    def test_4_passthrough_of_the_step_before(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/4", protocol=protocol):
                step = self.started(protocol=protocol, step={"is_passthrough": True},
                                    environment={"NO_SELF_PASSTRHOUGH": "true"})
                before = {"step_x": {"body": {"x": 1}}}
                message = script({"data": {"body": {"y": 2}}}, passthrough=before, headers={"h": "1"})
                sent = step.send(message)
                data = step.data.get()
                own = {k: v for k, v in message.items() if k != "passthrough"}
                self.assertEqual(data.message["passthrough"], {**before, "step_0": own})
                self.assertEqual(data.message["body"], {"y": 2})
                self.assert_h(data, sent, step)
                self.assert_p(data)

    def test_without_passthrough_it_is_dropped_and_what_the_action_sets_is_sent(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="5.3", protocol=protocol):
                step = self.started(protocol=protocol)
                step.send(script({"data": {"body": {}}}, {"data": {"body": {}, "passthrough": {"a": {"body": 1}}}},
                                 passthrough={"step_0": {"body": {}}}))
                self.assertNotIn("passthrough", step.data.get().message)
                self.assertEqual(step.data.get().message["passthrough"], {"a": {"body": 1}})

    def test_5_many_emissions_in_order_and_in_their_turns(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/5", protocol=protocol):
                step = self.started(protocol=protocol, environment={"DATA_RATE_LIMIT": "1", "RATE_INTERVAL": "20"})
                sent = step.send(script({"burst": 11}))
                received = step.data.take(11)
                self.assertEqual([r.message["body"]["n"] for r in received], list(range(11)))
                self.assertEqual(len({r.headers["messageId"] for r in received}), 11)     # Q6
                for r in received:
                    self.assert_h(r, sent, step)
                    self.assert_p(r)
                self.assert_settled(step)

    def test_11_variables_as_headers(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/11", protocol=protocol):
                step = self.started(protocol=protocol, environment={
                    "ADDITIONAL_VARS_FOR_HEADERS":
                        "ELASTICIO_FIRST, ELASTICIO_SECOND_ELASTICIO_ENV ,ELASTICIO_NOT_PRESENT",
                    "FIRST": "first", "SECOND_ELASTICIO_ENV": "second"})
                sent = step.send(script({"data": {"body": {}}}))
                self.assert_h(step.data.get(), sent, step, more={"first": "first", "secondElasticioEnv": "second"})

    def test_12_http_reply(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/12", protocol=protocol):
                step = self.started(protocol=protocol)
                reply = {"statusCode": 200, "body": "Ok", "headers": {"content-type": "text/plain"}}
                sent = step.send(script({"httpReply": reply}, {"data": {"body": {}}}), {"reply_to": step.reply_to})
                received = step.replies.get()
                self.assertEqual(open_sealed(received.body), reply)
                self.assert_h(received, sent, step, protocol=1, more={"reply_to": step.reply_to}, without={"end"})
                self.assert_p(received)
                self.assertEqual(step.data.get().headers["reply_to"], step.reply_to)
                self.assert_settled(step)


class Routing(ScenarioTest):
    def test_a_message_header_routes(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.4, 3.8", protocol=protocol):
                step = self.started(protocol=protocol)
                step.send(script({"data": {"body": {}, "headers": {"X-EIO-Routing-Key": step.reply_to, "k": 1}}}))
                received = step.replies.get()
                self.assertEqual(open_sealed(received.body, protocol)["headers"], {"k": 1})

    def test_metadata_and_thread_travel(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="3.5, 3.6", protocol=protocol):
                step = self.started(protocol=protocol)
                step.send(script({"data": {"body": {}}}), {"X-EIO-Meta-Trace-Id": "trace", "threadId": None, "cid": 1,
                                                           "retry": 7})
                headers = step.data.get().headers
                self.assertEqual((headers["x-eio-meta-trace-id"], headers["threadId"]), ("trace", "trace"))
                self.assertNotIn("cid", headers)
                self.assertNotIn("retry", headers)

    def test_another_flows_message_is_processed(self):
        step = self.started()
        step.send(script({"data": {"body": {}}}), {"taskId": "another"})
        self.assertEqual(step.data.get().headers["taskId"], platform_api.FLOW_ID)

    def test_persistent_messages(self):
        step = self.started(environment={"AMQP_PERSISTENT_MESSAGES": "true"})
        step.send(script({"data": {"body": {}}}))
        self.assertEqual(step.data.get().properties.delivery_mode, 2)


class Errors(ScenarioTest):
    def test_an_error_with_its_input(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.4, 3.9", protocol=protocol):
                step = self.started(protocol=protocol)
                message = script({"error": {"name": "E", "message": "no", "stack": "at x"}})
                sent = step.send(message)
                received = step.errors.get()
                self.assertEqual(received.message["error"], {"name": "E", "message": "no", "stack": "at x"})
                self.assertEqual(received.message["errorInput"], message)
                self.assert_h(received, sent, step, without={"protocolVersion"})
                self.assert_p(received)
                self.assert_settled(step)

    def test_errors_answer_who_waits_for_a_reply(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="3.9", protocol=protocol):
                step = self.started(protocol=protocol)
                sent = step.send(script({"error": {"message": "no"}}), {"reply_to": step.reply_to})
                received, reply = step.errors.get(), step.replies.get()
                self.assertEqual(reply.body, json.loads(received.body)["error"].encode())
                self.assert_h(reply, sent, step, more={"reply_to": step.reply_to, "x-eio-error-response": True},
                              without={"protocolVersion"})

    def test_error_replies_can_be_off(self):
        step = self.started(environment={"NO_ERROR_REPLIES": "true"})
        step.send(script({"error": {"message": "no"}}), {"reply_to": step.reply_to})
        step.errors.get()
        self.assert_settled(step)
        self.assertEqual(step.replies.size(), 0)

    def test_data_and_errors_are_all_published_and_the_message_rejected(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.4, 11.5", protocol=protocol):
                step = self.started(protocol=protocol, environment={"ERROR_RATE_LIMIT": "10"})
                data = {"data": {"body": {}}}
                step.send(script(data, {"error": {"message": "1"}}, data, {"error": {"message": "2"}}, data))
                step.data.take(3)
                self.assertEqual([e.error["message"] for e in step.errors.take(2)], ["1", "2"])
                self.assert_settled(step)

    def test_too_large_data_is_an_error(self):
        for protocol, size in zip(PROTOCOLS, (2712, 2032)):
            with self.subTest(row="11.5", protocol=protocol):
                step = self.started(protocol=protocol, environment={"OUTGOING_MESSAGE_SIZE_LIMIT": "1000"})
                step.send(script({"data": {"body": "x" * 2000, "headers": {}}}))
                self.assertEqual(step.errors.get().error["message"],
                                 f"Outgoing message size {size} exceeds limit of 1000.")
                self.assert_settled(step)
                self.assertEqual(step.data.size(), 0)

    def test_http_reply_without_anybody_waiting(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.5", protocol=protocol):
                step = self.started(protocol=protocol)
                step.send(script({"httpReply": {"body": "x"}}))
                self.assertEqual(step.errors.get().error["message"], "Component emitted 'httpReply' event but "
                                 "'reply_to' was not found in AMQP headers")
                self.assert_settled(step)

    def test_update_keys(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="3.11, 11.4", protocol=protocol):
                step = self.started(protocol=protocol, config={"_account": "acc-1"})
                step.send(script({"updateKeys": {"oauth": "t"}}, {"data": {"body": {}}}))
                step.data.get()
                self.assertEqual(step.platform.accounts, {"acc-1": {"oauth": "t"}})
                step.platform.script("PUT", "/v1/accounts/acc-1", platform_api.answer(400, {"error": "bad keys"}))
                step.send(script({"updateKeys": {}}, {"data": {"body": {}}}))
                self.assertIn("bad keys", step.errors.get().error["message"])
                step.data.get()
                self.assert_settled(step)

    def test_update_keys_without_an_account(self):
        step = self.started()
        step.send(script({"updateKeys": {}}))
        self.assertEqual(step.errors.get().error["message"],
                         "Missing value for parameter '{id}'. Please provide argument: 0")

    def test_a_deadline_that_has_passed(self):
        step = self.started(environment={"ELASTICIO_PROCESSING_TIMEOUT": "100"})
        step.send(script({"never": True}))
        self.assertEqual(step.errors.get().error["name"], "TimeoutError")
        step.send(script({"data": {"body": {}}}))
        step.data.get()
        self.assert_settled(step)


class Rebounds(ScenarioTest):
    def test_the_original_goes_back_with_a_longer_delay(self):
        for n, expiration in ((None, "15000"), (2, "60000"), ("2", "15000"), (19, "7864320000")):
            for protocol in PROTOCOLS:
                with self.subTest(row=f"11.4, 11.5: iteration {n}", protocol=protocol):
                    step = self.started(protocol=protocol)
                    message = script({"rebound": "busy"})
                    sent = step.send(message, {"reboundIteration": n, "cid": "kept"}, delivery_mode=2, priority=3,
                                     correlation_id="c", type="t", app_id="a", user_id="guest")
                    received = step.rebounds.get()
                    number = n + 1 if isinstance(n, int) else 1
                    headers = dict(received.headers)
                    self.assertIsInstance(headers.pop("end"), int)
                    self.assertEqual(headers, {**sent, "reboundReason": "busy", "reboundIteration": number})
                    self.assertEqual(received.message, message)
                    self.assertEqual(received.set_properties(), {
                        "content_type": "application/json", "content_encoding": "utf8", "delivery_mode": 1,
                        "priority": 3,
                        "correlation_id": "c", "type": "t", "app_id": "a", "expiration": expiration})
                    self.assert_settled(step)

    def test_the_limit(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.5", protocol=protocol):
                step = self.started(protocol=protocol)
                sent = step.send(script({"rebound": "busy"}), {"reboundIteration": 20, "reply_to": step.reply_to})
                received = step.errors.get()
                self.assertEqual(received.error["message"], "Rebound limit exceeded")
                self.assert_h(received, sent, step, more={"reply_to": step.reply_to},
                              without={"protocolVersion", "end"})
                step.replies.get()
                self.assert_settled(step)


class Snapshots(ScenarioTest):
    def test_snapshots_are_published_and_seen_by_the_next_message(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="3.11", protocol=protocol):
                step = self.started(protocol=protocol, step={"snapshot": {"a": 1}})
                sent = step.send(script({"snapshot": {"a": 2, "b": [1]}}, {"updateSnapshot": {"b": 3, "c": None}}))
                first, second = step.snapshots.take(2)
                self.assertEqual((first.message, second.message), ({"a": 2, "b": [1]}, {"b": 3, "c": None}))
                self.assert_h(first, sent, step, more={"snapshotEvent": "snapshot"}, without={"protocolVersion", "end"})
                self.assert_h(second, sent, step, more={"snapshotEvent": "updateSnapshot"},
                              without={"protocolVersion", "end"})
                step.send(script({"echo": True}))
                self.assertEqual(step.data.get().message["body"]["snapshot"], {"a": 2, "b": 3, "c": None})

    def test_what_is_no_update_is_not_published(self):
        step = self.started(step={"snapshot": {"a": 1}})
        step.send(script({"updateSnapshot": {"$set": {"a": 2}}}, {"updateSnapshot": 7}, {"echo": True}))
        self.assertEqual(step.data.get().message["body"]["snapshot"], {"a": 1})
        self.assert_settled(step)
        self.assertEqual(step.snapshots.size() + step.errors.size(), 0)


class Objects(ScenarioTest):
    """Lightweight messages: platform-protocol.md, 6.3 and 6.4."""

    def stored(self, step, value):
        name = str(uuid.uuid4())
        step.platform.objects[name] = seal(value, 2)
        return {"x-ipaas-object-storage-id": name}

    def test_bodies_are_fetched_before_processing(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.4", protocol=protocol):
                step = self.started(protocol=protocol, step={"is_passthrough": True})
                headers = self.stored(step, {"script": [{"echo": True}], "big": 1})
                before = self.stored(step, {"of": "step_0"})
                step.send({"body": {}, "headers": headers, "passthrough": {"step_0": {"body": {}, "headers": before}}})
                message = step.data.get().message
                seen = message["body"]["message"]
                self.assertEqual((seen["body"]["big"], seen["headers"]), (1, headers))
                self.assertEqual(seen["passthrough"]["step_0"], {"body": {"of": "step_0"}, "headers": before})
                self.assertEqual(message["passthrough"]["step_0"]["body"], {"of": "step_0"})
                self.assert_settled(step)

    def test_a_body_that_cannot_be_fetched(self):
        for answer, attempts in ((platform_api.answer(404), 1), (platform_api.answer(500), 3),
                                 (platform_api.answer(200, b"garbage"), 1)):
            for protocol in PROTOCOLS:
                with self.subTest(row="11.5", protocol=protocol):
                    step = self.started(protocol=protocol, environment={})
                    step.platform.script("GET", "/objects/gone", answer)
                    step.send({"body": {}, "headers": {"x-ipaas-object-storage-id": "gone"}})
                    self.assertEqual(step.errors.get().error["message"], "Failed to get message body with id=gone")
                    self.assertEqual(len(step.platform.asked("GET", "/objects/gone")), attempts)
                    self.assert_settled(step)

    def test_resolution_can_be_off(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.4", protocol=protocol):
                step = self.started(protocol=protocol, function="unresolved", config={"script": [{"echo": True}]})
                headers = {"x-ipaas-object-storage-id": "x"}
                step.send({"body": {}, "headers": headers})
                self.assertEqual(step.data.get().message["body"]["message"], {"body": {}, "headers": headers})

    def test_large_bodies_are_left_in_the_storage(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="6.4", protocol=protocol):
                step = self.started(protocol=protocol, step={"is_passthrough": True}, environment={
                    "EMIT_LIGHTWEIGHT_MESSAGE": "true", "OBJECT_STORAGE_SIZE_THRESHOLD": "1000"})
                before = {"step_a": {"body": {"a": "x" * 900}}, "step_b": {"body": {}, "headers": {
                    "x-ipaas-object-storage-id": "there-already"}}}
                step.platform.objects["there-already"] = seal({"b": 1}, 2)
                step.send(script({"data": {"body": {"c": "y" * 900}, "headers": {"h": "1"}}}, passthrough=before))
                message = step.data.get().message
                self.assertEqual(message["body"], {})
                self.assertEqual(message["headers"]["h"], "1")
                stored = {}
                for name, entry in message["passthrough"].items():
                    self.assertEqual(entry["body"], {}, name)
                    stored[name] = entry["headers"]["x-ipaas-object-storage-id"]
                self.assertEqual(stored["step_b"], "there-already")
                self.assertEqual(stored["step_1"], message["headers"]["x-ipaas-object-storage-id"])
                self.assertEqual(open_sealed(step.platform.objects[stored["step_a"]], 2), {"a": "x" * 900})
                self.assertEqual(open_sealed(step.platform.objects[stored["step_1"]], 2), {"c": "y" * 900})
                self.assertEqual(len(step.platform.asked("POST", "/objects")), 2)
                self.assert_settled(step)

    def test_large_bodies_of_the_step_before_as_well(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="6.4, NO_SELF_PASSTRHOUGH", protocol=protocol):
                step = self.started(protocol=protocol, step={"is_passthrough": True}, environment={
                    "EMIT_LIGHTWEIGHT_MESSAGE": "true", "OBJECT_STORAGE_SIZE_THRESHOLD": "100",
                    "NO_SELF_PASSTRHOUGH": "true"})
                message = script({"data": {"body": {"c": "y" * 50}}}, passthrough={"step_0": {"body": "replaced"}})
                step.send(message)
                received = step.data.get().message
                entry = received["passthrough"]["step_0"]
                self.assertEqual((list(received["passthrough"]), entry["body"], received["body"]), (["step_0"], {}, {}))
                stored = step.platform.objects[entry["headers"]["x-ipaas-object-storage-id"]]
                self.assertEqual(open_sealed(stored, 2), message["body"])
                self.assert_settled(step)

    def test_empty_bodies_are_fetched_before_they_are_sent(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="6.4, last part", protocol=protocol):
                step = self.started(protocol=protocol, step={"is_passthrough": True}, function="unresolved")
                headers = self.stored(step, {"of": "step_0"})
                step.send(script({"data": {"body": {}}}, passthrough={"step_0": {"body": {}, "headers": headers}}))
                self.assertEqual(step.data.get().message["passthrough"]["step_0"],
                                 {"body": {"of": "step_0"}, "headers": headers})
                step.send(script({"data": {"body": {}}}, passthrough={"step_0": {"body": {}, "headers": {
                    "x-ipaas-object-storage-id": "gone"}}}))
                self.assertEqual(step.errors.get().error["message"], "Failed to get message body with id=gone")
                self.assert_settled(step)

    def test_small_bodies_stay(self):
        step = self.started(environment={"EMIT_LIGHTWEIGHT_MESSAGE": "true", "OBJECT_STORAGE_SIZE_THRESHOLD": "1000"})
        step.send(script({"data": {"body": {"c": "y" * 500}}}))
        self.assertEqual(step.data.get().message["body"], {"c": "y" * 500})
        self.assertEqual(step.platform.asked("POST", "/objects"), [])

    def test_a_body_that_cannot_be_stored(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.4", protocol=protocol):
                step = self.started(protocol=protocol, environment={"EMIT_LIGHTWEIGHT_MESSAGE": "true",
                                                                    "OBJECT_STORAGE_SIZE_THRESHOLD": "10"})
                step.platform.script("POST", "/objects", platform_api.answer(400))
                step.send(script({"data": {"body": {"c": "y" * 50}}}))
                self.assertEqual(step.errors.get().error["message"],
                                 "Lightweight message/passthrough body upload error")
                self.assert_settled(step)
                self.assertEqual(step.data.size(), 0)


class Unreadable(ScenarioTest):
    """11.5: rejected at once, no error message; what comes after is processed."""

    def test_poison(self):
        good = seal(script({"data": {"body": {}}}), 1)
        for protocol in PROTOCOLS:
            with self.subTest(row="11.5", protocol=protocol):
                step = self.started(protocol=protocol)
                cases = {
                    "null": seal(b"null", protocol), "text": seal(b'"text"', protocol),
                    "number": seal(b"1", protocol),
                    "array (Q5)": seal(b"[{}]", protocol), "empty": b"", "garbage": b"\xff\x00garbage" * 9,
                    "truncated": seal(b'{"body":{}}', protocol)[:-5], "no JSON": seal(b'{"body":', protocol),
                    "another key": seal({"body": {}}, protocol, password="another"),
                    "another IV": seal({"body": {}}, protocol, iv="another IV, of16"),
                }
                for name, payload in cases.items():
                    step.send(None, payload=payload, id=name)
                step.send(None, payload=good, protocol=2, id="base64 declared as protocol 2")
                step.channel.basic_publish("", step.names["listen"], good)
                step.send(script({"data": {"body": "at last"}}))
                self.assertEqual(step.data.get().message["body"], "at last")
                self.assert_settled(step)
                self.assertEqual((step.errors.size(), step.data.size()), (0, 0))
                self.assertEqual(len([line for line in step.lines if line["level"] == 50]), len(cases) + 2)

    def test_an_unknown_protocol_is_raw(self):
        step = self.started()
        for version in (3, "2"):
            step.send(None, payload=seal(script({"data": {"body": version}}), 2), protocol=version)
            self.assertEqual(step.data.get().message["body"], version)

    def test_a_message_without_id(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.5, Q3", protocol=protocol):
                step = self.started(protocol=protocol)
                sent = step.send(script({"data": {"body": {}}}), {"messageId": None})
                self.assertNotIn("messageId", sent)
                self.assertNotIn("parentMessageId", step.data.get().headers)
                self.assert_settled(step)
                self.assertEqual(step.errors.size(), 0)

    def test_equal_ids_are_distinct_messages(self):
        step = self.started(prefetch=10)
        for n in range(100):
            step.send(script({"wait": 1}, {"data": {"body": {}}}), id="same")
        step.data.take(100)
        self.assert_settled(step)
        self.assertEqual(step.executions(), {"same": 100})

    def test_error_handlers_get_clear_json(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="3.4", protocol=protocol):
                step = self.started(protocol=protocol, environment={"INPUT_FORMAT": "error"},
                                    config={"script": [{"echo": True}]})
                payload = json.dumps({"error": seal({"name": "E", "message": "m", "stack": "s"}).decode(),
                                      "errorInput": seal({"body": {"x": 1}}).decode(), "more": 1}).encode()
                step.send(None, payload=payload, id="e")
                seen = step.data.get().message["body"]["message"]
                self.assertEqual(seen["body"], {"error": {"name": "E", "message": "m", "stack": "s"},
                                                "errorInput": {"body": {"x": 1}}, "more": 1})
                self.assertEqual(seen["headers"]["messageId"], "e")


class Concurrency(ScenarioTest):
    def test_as_many_as_the_prefetch_at_a_time(self):
        step = self.started(prefetch=3)
        for _ in range(6):
            step.send(script({"wait": 300}, {"data": {"body": {}}}))
        begin = time.monotonic()
        step.data.take(6)
        self.assertGreaterEqual(time.monotonic() - begin, 0.5)      # two batches: never faster than that
        self.assert_settled(step)

    def test_a_full_queue_is_tried_again_with_a_count(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.5", protocol=protocol):
                step = self.started(protocol=protocol, queue_arguments={
                    "data": {"x-max-length": 1, "x-overflow": "reject-publish"}})
                step.send(script({"data": {"body": 1}}, {"data": {"body": 2}}))
                step.wait_for("message nacked")
                self.assertEqual(step.data.get().message["body"], 1)
                second = step.data.get()
                self.assertEqual(second.message["body"], 2)
                self.assertGreaterEqual(second.headers["retry"], 1)
                self.assert_settled(step)

    def test_what_cannot_be_routed_waits_for_its_queue(self):
        step = self.started()
        step.channel.queue_unbind(step.names["data"], step.exchange, step.prefix + ".data")
        step.send(script({"data": {"body": 1}}))
        step.wait_for("returned as unroutable")
        step.channel.queue_bind(step.names["data"], step.exchange, step.prefix + ".data")
        self.assertGreaterEqual(step.data.get().headers["retry"], 1)
        self.assert_settled(step)

    def test_what_no_queue_takes_is_an_error_in_the_end_or_counts_as_sent(self):
        for limit_ms, queue in (("300", "errors"), ("-1", None)):
            with self.subTest(limit_ms):
                step = self.started(environment={"AMQP_UNROUTABLE_TIMEOUT": limit_ms})
                step.channel.queue_unbind(step.names["data"], step.exchange, step.prefix + ".data")
                step.send(script({"data": {"body": 1}}))
                if queue:
                    self.assertIn("returned as unroutable", step.errors.get().error["message"])
                else:
                    step.wait_for("counts as sent, although no queue has it")
                self.assert_settled(step)
                self.assertEqual(step.errors.size(), 0)

    def test_attempts_that_are_used_up_make_an_error(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.4", protocol=protocol):
                step = self.started(protocol=protocol, environment={"AMQP_PUBLISH_RETRY_ATTEMPTS": "2"})
                step.channel.queue_unbind(step.names["data"], step.exchange, step.prefix + ".data")
                step.send(script({"data": {"body": 1}}))
                self.assertRegex(step.errors.get().error["message"], "^Failed on publishing .* message to MQ: ")
                self.assert_settled(step)

    def test_a_missing_exchange_holds_the_message_until_it_is_there(self):
        step = self.started(environment={"AMQP_PUBLISH_RETRY_ATTEMPTS": "2"})
        step.channel.exchange_delete(step.exchange)
        step.send(script({"data": {"body": 1}}))
        step.wait_for("giving up")
        step.declare()
        self.assertIn("NOT_FOUND", step.errors.get().error["message"])
        self.assert_settled(step)


if __name__ == "__main__":
    unittest.main()
