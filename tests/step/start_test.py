#!/usr/bin/python3
"""How a step starts, fails to start, and stops: platform-protocol.md, 2.2 to 2.9, 11.2 (7 to 19) and 11.3."""
import json
import signal
import time
import unittest

import certificates
import platform_api
import proxy
import scratch
from scenarios import PROTOCOLS, ScenarioTest, script
from step import LIMIT_S

READY = {"data": {"body": "ready"}}


class Hooks(ScenarioTest):
    def posted(self, step):
        return [r.body for r in step.platform.asked("POST", step.platform.startup_path)]

    def works(self, step):
        step.send(script(READY))
        self.assertEqual(step.data.get().message["body"], "ready")

    def test_7_what_the_startup_hook_gives_is_stored(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/7", protocol=protocol):
                step = self.started(protocol=protocol, config={"startup": {"value": {"subscription": 7}}},
                                    environment={"STARTUP_REQUIRED": "1"})
                self.assertEqual([json.loads(b) for b in self.posted(step)], [{"subscription": 7}])
                self.works(step)
                step.platform.check()

    def test_8_startup_data_of_an_earlier_run_is_replaced(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/8", protocol=protocol):
                step = self.step(protocol=protocol, config={"startup": {"value": {"n": 2}}},
                                 environment={"STARTUP_REQUIRED": "1"})
                step.platform.startup = b'{"n":1}'
                step.start()
                self.assertEqual([json.loads(b) for b in self.posted(step)], [{"n": 2}, {"n": 2}])
                self.assertEqual(len(step.platform.asked("DELETE", step.platform.startup_path)), 1)
                self.works(step)

    def test_9_and_10_nothing_is_stored_as_an_empty_object(self):
        for value in (None, {}, [], "", 7, True, "absent"):
            for protocol in PROTOCOLS:
                with self.subTest(row=f"11.2/9, 11.2/10: {value!r}", protocol=protocol):
                    config = {} if value == "absent" else {"startup": {"value": value}}
                    step = self.started(protocol=protocol, config=config, environment={"STARTUP_REQUIRED": "1"},
                                        function="plain" if value == "absent" else "script")
                    self.assertEqual(self.posted(step), [b"{}"])
                    self.assertEqual(step.platform.asked("DELETE"), [])
                    self.works(step)

    def test_19_the_shutdown_hook(self):
        step = self.step(config={"k": 1}, environment={"HOOK_SHUTDOWN": "true"})
        for name in ("AMQP_URI", "MESSAGE_CRYPTO_IV", "MESSAGE_CRYPTO_PASSWORD", "LISTEN_MESSAGES_ON"):
            del step.environment["ELASTICIO_" + name]
        step.platform.startup = b'{"subscription":7}'
        step.spawn()
        self.assertEqual(step.wait(), 0, step.tail())
        self.assertEqual(len(step.logged('shutdown with state {"subscription":7}')), 1)
        self.assertEqual([r.method for r in step.platform.asked()], ["GET", "GET", "DELETE"])
        self.assertIsNone(step.platform.startup)
        step.platform.check()

    def test_a_shutdown_hook_that_fails(self):
        for row, startup, config in (("no startup data", None, {}),
                                     ("exception", b"{}", {"shutdown": {"error": "no"}})):
            with self.subTest(row=row):
                step = self.step(config=config, environment={"HOOK_SHUTDOWN": "true"})
                step.platform.startup = startup
                step.spawn()
                self.assertEqual(step.wait(), 1)
                self.assertIsNotNone(step.last_word())
                self.assertEqual(step.errors.size(), 0)


class FailedStart(ScenarioTest):
    def fails(self, step, sentence, reported=True):
        step.spawn()
        self.assertEqual(step.wait(), 1, step.tail())
        self.assertRegex(step.last_word() or "", sentence)
        if not reported:
            self.assertEqual(step.errors.size(), 0)
            return
        received = step.errors.get()
        self.assertRegex(received.error["message"], sentence)
        self.assertNotIn("errorInput", received.message)
        self.assertEqual({k: v for k, v in received.headers.items() if k != "messageId"}, {
            "execId": "exec-1", "taskId": platform_api.FLOW_ID, "workspaceId": "workspace-1",
            "containerId": "container-1", "userId": "user-1", "stepId": platform_api.STEP_ID, "compId": "component-1",
            "function": step.environment["ELASTICIO_FUNCTION"]})
        self.assertIsInstance(received.headers["messageId"], str)
        self.assertEqual(step.errors.size(), 0)

    def test_13_the_init_hook_fails(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/13", protocol=protocol):
                self.fails(self.step(protocol=protocol, config={"init": {"error": "OMG"}}), "OMG")

    def test_the_startup_hook_fails(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="2.7", protocol=protocol):
                self.fails(self.step(protocol=protocol, config={"startup": {"error": "OMG"}},
                                     environment={"STARTUP_REQUIRED": "1"}), "OMG")

    def test_startup_data_cannot_be_stored(self):
        step = self.step(environment={"STARTUP_REQUIRED": "1"})
        step.platform.script("POST", step.platform.startup_path, platform_api.answer(400, {"error": "not today"}))
        self.fails(step, "not today")

    def test_15_no_queue(self):
        step = self.step()
        step.channel.queue_delete(step.names["listen"])
        self.fails(step, "BasicConsume.*404")

    def test_18_no_broker(self):
        step = self.step()
        step.environment["ELASTICIO_AMQP_URI"] = "amqp://guest:secret-word@127.0.0.1:1/"
        self.fails(step, "no broker after 4 attempts", reported=False)
        self.assertNotIn("secret-word", step.tail())

    def test_refused_credentials(self):
        step = self.step()
        step.environment["ELASTICIO_AMQP_URI"] = self.node.url("/", password="wrong-word")
        self.fails(step, "no broker after 4 attempts", reported=False)
        self.assertNotIn("wrong-word", step.tail())

    def test_a_scheme_that_is_none(self):
        step = self.step()
        step.environment["ELASTICIO_AMQP_URI"] = "http://127.0.0.1/"
        self.fails(step, "amqp", reported=False)

    def test_a_variable_is_missing(self):
        for name in ("ELASTICIO_FLOW_ID", "ELASTICIO_AMQP_URI", "ELASTICIO_MESSAGE_CRYPTO_PASSWORD"):
            step = self.step()
            step.environment[name] = ""
            self.fails(step, f"process.uncaughtException.*{name} is missing", reported=False)

    def test_the_step_data_cannot_be_had(self):
        for row, answer, sentence in (("4xx", platform_api.answer(404, {"message": "gone"}), "gone"),
                                      ("empty", platform_api.answer(200, ""), ".")):
            with self.subTest(row=row):
                step = self.step()
                step.platform.script("GET", step.platform.step_path, answer)
                self.fails(step, sentence)

    def test_a_function_that_is_none(self):
        self.fails(self.step(function="nonesuch"),
                   'Trigger or action "nonesuch" is not found in component.json!')

    def test_a_function_without_code(self):
        self.fails(self.step(function="absent"), '"absent"')

    def test_no_descriptor(self):
        self.fails(self.step(environment={"ELASTICIO_COMPONENT_PATH": "/nowhere"}),
                   "Failed to load component.json from")

    def test_a_report_that_cannot_be_published_does_not_hold_up_the_end(self):
        step = self.step(function="nonesuch", environment={"ELASTICIO_START_REPORT_TIMEOUT": "300"})
        step.channel.exchange_delete(step.exchange)
        step.spawn()
        self.assertEqual(step.wait(), 1)
        self.assertIn("nonesuch", step.last_word())


class Shutdown(ScenarioTest):
    """11.3"""

    def test_idle(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            step = self.started()
            step.signal(number)
            self.assertEqual(step.wait(), 0, step.tail())

    def test_while_it_starts(self):
        step = self.step()
        step.platform.script("GET", step.platform.step_path, platform_api.answer(200, {}, delay=0.3))
        step.spawn()
        while not step.platform.asked("GET"):
            time.sleep(0.005)
        self.assertEqual(step.stop(), 0, step.tail())

    def test_a_message_after_the_signal_stays(self):
        step = self.started()
        self.assertEqual(step.stop(), 0)
        step.send(script(READY))
        self.assertEqual((step.listen.size(), step.data.size()), (1, 0))

    def test_fast_messages_before_the_signal(self):
        for count in (1, 2):
            step = self.started()
            for _ in range(count):
                step.send(script(READY))
            step.data.take(count)
            self.assertEqual(step.stop(), 0)
            self.assertEqual(step.listen.size(), 0)

    def test_a_slow_message_is_finished(self):
        for signals in (1, 2):
            step = self.started()
            step.send(script({"wait": 700}, READY))
            step.wait_for("processing")
            for _ in range(signals):
                step.signal()
                time.sleep(0.05)
            self.assertEqual(step.wait(), 0, step.tail())
            self.assertEqual((step.data.size(), step.listen.size()), (1, 0))

    def test_two_slow_messages_and_the_signal_during_the_first(self):
        step = self.started()
        for _ in range(2):
            step.send(script({"wait": 700}, READY))
        step.wait_for("processing")
        self.assertEqual(step.stop(), 0, step.tail())
        self.assertEqual((step.data.size(), step.listen.size()), (1, 1))

    def test_a_message_that_never_ends_goes_back_when_the_time_is_over(self):
        step = self.started(environment={"ELASTICIO_SHUTDOWN_TIMEOUT": "200"})
        step.send(script({"never": True}))
        step.wait_for("processing")
        self.assertEqual(step.stop(), 0, step.tail())
        self.assertEqual((step.data.size(), step.listen.size()), (0, 1))


class Losses(ScenarioTest):
    def close_connections(self, step, name):
        """As the broker's operator does it; `name` is the end of the connection's name."""
        pids = [line.split("\t") for line in step.node.ctl("list_connections", "--no-table-headers", "pid",
                                                           "client_properties").splitlines()]
        mine = [pid for pid, properties in pids if f'-{name}"' in properties]
        self.assertTrue(mine)
        for pid in mine:
            step.node.ctl("close_connection", pid, "for a test")

    def test_6_and_16_the_read_connection_is_closed(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/6, 11.2/16", protocol=protocol):
                step = self.started(protocol=protocol)
                step.send(script({"data": {"body": 1}}))
                self.assertEqual(step.data.get().message["body"], 1)
                begin = len(step.lines)
                self.close_connections(step, "read")
                step.wait_for("consuming queue", begin)
                step.send(script({"data": {"body": 2}}))
                self.assertEqual(step.data.get().message["body"], 2)
                self.assert_settled(step)

    def test_17_nothing_is_processed_twice(self):
        for protocol in PROTOCOLS:
            with self.subTest(row="11.2/17", protocol=protocol):
                step = self.started(protocol=protocol, prefetch=2)
                for n in range(2):
                    step.send(script({"wait": 3000}, {"data": {"body": n}}), id=f"m{n}")
                step.wait_for("processing")
                for _ in range(2):
                    begin = len(step.lines)
                    self.close_connections(step, "read")
                    step.wait_for("consuming queue", begin)
                self.assertEqual(sorted(r.message["body"] for r in step.data.take(2)), [0, 1])
                self.assert_settled(step)
                self.assertEqual(step.data.size(), 0)
                self.assertEqual(step.executions(), {"m0": 1, "m1": 1})

    def test_the_write_connection_is_closed(self):
        step = self.started()
        step.send(script({"data": {"body": 1}}))
        step.data.get()
        begin = len(step.lines)
        self.close_connections(step, "write")
        step.wait_for("connected to", begin)
        step.send(script({"data": {"body": 2}}))
        self.assertEqual(step.data.get().message["body"], 2)
        self.assert_settled(step)

    def test_attempts_to_connect_that_are_used_up_end_the_process(self):
        for row, messages in (("12, Q4: idle", ()), ("12, Q4: busy", (script({"wait": 600000}, READY),))):
            with self.subTest(row=row):
                way = proxy.Proxy(self.node.port)
                self.addCleanup(way.close)
                step = self.step(environment={"AMQP_RECONNECT_ATTEMPTS": "2", "AMQP_RECONNECT_TIMEOUT": "10"})
                step.environment["ELASTICIO_AMQP_URI"] = self.node.url(port=way.port)
                step.start()
                for message in messages:
                    step.send(message)
                    step.wait_for("processing")
                way.refuse()
                way.reset()
                self.assertEqual(step.wait(), 1, step.tail())
                self.assertRegex(step.last_word(), r"no broker after 3 attempts")
                self.assert_left(step, len(messages))

    def test_the_first_node_that_answers_is_taken(self):
        step = self.step()
        step.environment["ELASTICIO_AMQP_URI"] = "amqp://127.0.0.1:1/,amqp://127.0.0.1:2/," + self.node.url("/")
        step.start()
        step.send(script(READY))
        self.assertEqual(step.data.get().message["body"], "ready")

    def test_tls(self):
        step = self.step()
        step.environment["ELASTICIO_AMQP_URI"] = self.node.url("/", tls=True)
        step.start()
        step.send(script(READY))
        self.assertEqual(step.data.get().message["body"], "ready")
        self.assert_settled(step)

    def test_an_authority_of_our_own_for_the_platforms_api(self):
        made = certificates.make(scratch.folder("certificates"))
        for trusted in (True, False):
            with self.subTest(trusted=trusted):
                platform = platform_api.Platform(tls=(made["server"], made["server_key"]))
                self.addCleanup(platform.close)
                step = self.step(platform=platform)
                if trusted:
                    step.environment["NODE_EXTRA_CA_CERTS"] = made["ca"]
                    step.start()
                    step.send(script(READY))
                    self.assertEqual(step.data.get().message["body"], "ready")
                    self.assert_settled(step)
                    platform.check()
                else:
                    step.spawn()
                    self.assertEqual(step.wait(), 1)
                    self.assertIn("certificate", step.last_word())
                    self.assertEqual(platform.asked(), [])

    def test_a_certificate_that_nobody_vouches_for(self):
        step = self.step()
        step.environment["ELASTICIO_AMQP_URI"] = self.node.url(
            "/", tls=True, cacertfile="/etc/ssl/certs/ca-certificates.crt")
        step.spawn()
        self.assertEqual(step.wait(), 1)
        self.assertIn("certificate", step.last_word())

    def test_a_queue_that_is_deleted_ends_the_process(self):
        step = self.started()
        step.send(script({"wait": 300}, READY))
        step.wait_for("processing")
        step.channel.queue_delete(step.names["listen"])
        self.assertEqual(step.wait(), 1, step.tail())
        self.assertIn("cancelled the consumer", step.last_word())
        self.assertEqual(step.data.get().message["body"], "ready")


if __name__ == "__main__":
    unittest.main()
