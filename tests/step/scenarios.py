"""What the scenario tests share: a test case with steps that are closed, both protocols, and the two checks "H" and "P"
of platform-protocol.md, 11.1."""
import time

import broker
import platform_api
import scratch
from step import LIMIT_S, Step

PROTOCOLS = (1, 2)


class ScenarioTest(scratch.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = broker.shared()

    def step(self, **options):
        step = Step(options.pop("node", self.node), **options)
        self.addCleanup(step.close)
        return step

    def started(self, **options):
        return self.step(**options).start()

    def assert_h(self, received, sent, step, protocol=None, more=(), without=()):
        """H: outgoing headers are exactly these."""
        h = dict(received.headers)
        expected = {
            "execId": "exec-1", "taskId": platform_api.FLOW_ID, "workspaceId": "workspace-1",
            "containerId": "container-1", "userId": "user-1", "stepId": platform_api.STEP_ID, "compId": "component-1",
            "function": step.environment["ELASTICIO_FUNCTION"], "threadId": sent["threadId"],
            "parentMessageId": sent["messageId"], "protocolVersion": step.protocol if protocol is None else protocol,
            **dict(more)}
        for name in without:
            expected.pop(name, None)
        for name in {"messageId", "start", "end"} - set(without):
            self.assertIn(name, h)
            self.assertIsInstance(h.pop(name), str if name == "messageId" else int)
        self.assertEqual(h, expected)

    def assert_p(self, received):
        """P: properties are exactly these."""
        self.assertEqual(received.set_properties(),
                         {"content_type": "application/json", "content_encoding": "utf8", "delivery_mode": 1})

    def assert_settled(self, *steps):
        """Nothing is left in the step's queue, acked or not."""
        for step in steps:
            self.assertEqual(step.stop(), 0, step.tail())
            self.assertEqual(step.listen.size(), 0)

    def assert_left(self, step, count):
        """So many messages are in the queue of a step that has ended, as soon as the broker has taken them back."""
        deadline = time.monotonic() + LIMIT_S
        while step.listen.size() < count and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(step.listen.size(), count)


def script(*steps, **more):
    """A message whose body makes the component do that."""
    return {"body": {"script": list(steps)}, **more}
