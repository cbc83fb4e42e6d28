"""One run of a fault: the queues of a step, messages with ids of their own, a step that works on
them, and the count of what became of each.

    world.publish(200, ms=20)           encrypted, persistent, confirmed; each is expected to become data
    step = world.start()                a process of the runtime that consumes
    ... the fault ...
    world.settle()                      until everything has been settled, or nothing has moved for long
    row = world.count()                 ends the step, and counts

The queue `in` dead-letters into `rejected`, so that a message which the runtime rejects is still seen: nothing that went
in can vanish unnoticed."""
import collections
import json
import pathlib
import shutil
import time
import uuid

import pika

import message_cipher
import platform_api
import scratch
from fault import runtimes

TABLE = ("in", "out", "errors", "rejected", "left", "executions max", "repeated", "duplicates", "lost", "stuck")


PREFETCH = 10
PUBLISHED = ("data", "errors", "rejected", "rebounds", "snapshots")
QUEUES = (runtimes.QUEUE, *PUBLISHED, "full")


class Fault(AssertionError):
    """What a run must not show."""


class Row(dict):
    """What was counted; `complaints` are sentences about what must not be."""

    def __init__(self, name):
        super().__init__({column: 0 for column in TABLE})
        self.name = name
        self.start_errors = self.nameless = 0
        self.complaints = []


class World:
    def __init__(self, runtime, node, vhost, functions, name, is_long=False, queue_arguments=None):
        self.runtime, self.node, self.functions, self.name, self.is_long = runtime, node, functions, name, is_long
        self.queue_arguments = queue_arguments or {}
        self.folder = scratch.folder("fault")
        self.vhost = vhost
        self.platform = platform_api.Platform(runtimes.step_data())
        self.expected = {}          # id -> "data", "error", "reject"
        self.steps, self.closers = [], []
        self.port = None            # of a proxy before the broker
        self.connection = self.channel = None
        self.copies = {}            # id -> how often it was published; once, otherwise
        self.crashes = 0            # beside those of steps: each may repeat what was in process
        self.forgets_acks = False   # a broker that is killed has not written its last acks: what they were for comes again
        self.notes, self.complaints = [], []
        functions.forget()
        self.declare()

    def must(self, claim, sentence):
        """Part of what the run is judged by."""
        if not claim:
            self.complaints.append(sentence)

    def sent(self):
        return len(self.expected) + sum(n - 1 for n in self.copies.values())

    # ---- the broker's side ---------------------------------------------------------------------------------------

    def ask(self):
        """A channel of our own."""
        if self.channel is None or not self.channel.is_open:
            if self.connection is None or not self.connection.is_open:
                self.connection = self.node.connect(self.vhost)
            self.channel = self.connection.channel()
            self.channel.confirm_delivery()
        return self.channel

    def declare_in(self):
        self.ask().queue_declare(runtimes.QUEUE, durable=True, arguments={
            "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "rejected", **self.queue_arguments})

    def declare(self):
        channel = self.ask()
        channel.exchange_delete(runtimes.EXCHANGE)
        for queue in QUEUES:
            channel.queue_delete(queue)
        self.declare_in()
        for queue in PUBLISHED:
            channel.queue_declare(queue, durable=True, arguments=self.queue_arguments)
        self.bind()

    def bind(self):
        channel = self.ask()
        channel.exchange_declare(runtimes.EXCHANGE, "direct", durable=True)
        for queue in PUBLISHED:
            channel.queue_bind(queue, runtimes.EXCHANGE, queue)

    def send(self, payload, headers, expect="data", key=None):
        """Publishes one message as it is given."""
        key = key or str(uuid.uuid4())
        if expect:
            self.expected[key] = expect
        self.ask().basic_publish("", runtimes.QUEUE, payload, pika.BasicProperties(
            delivery_mode=2, headers=headers, content_type="application/json", message_id=key), mandatory=True)
        return key

    def publish(self, count, ms=0, expect="data", protocol=1, **members):
        """Messages as a step before ours would send them; their ids."""
        keys = []
        for _ in range(count):
            key = str(uuid.uuid4())
            message = {"body": {"id": key, "ms": ms}, "headers": {}, **members}
            headers = {"messageId": key, "threadId": "thread", "execId": "execution", "taskId": "task",
                       "protocolVersion": protocol}
            keys.append(self.send(message_cipher.seal(message, protocol), headers, expect, key))
        return keys

    def counts(self):
        """{queue: (ready, consumers)}; None while the broker does not answer."""
        try:
            channel = self.ask()
            out = {}
            for queue in (runtimes.QUEUE, "data", "errors", "rejected"):
                m = channel.queue_declare(queue, passive=True).method
                out[queue] = (m.message_count, m.consumer_count)
            return out
        except (pika.exceptions.AMQPError, OSError):
            return None

    def each(self, queue):
        """Takes everything out of a queue: (headers, payload)."""
        channel = self.ask()
        while True:
            method, properties, payload = channel.basic_get(queue, auto_ack=True)
            if method is None:
                return
            yield properties, payload

    def close_by_broker(self, name=""):
        """The broker closes the runtime's connection whose name ends in `name` ("": both) in good order."""
        self.node.evaluate(f"""[rabbit_networking:close_connection(P, "closed by the operator") ||
            P <- rabbit_networking:connections(),
            case rabbit_reader:info(P, [vhost, client_properties]) of
                [{{vhost, <<"{self.vhost}">>}}, {{client_properties, Ps}}] ->
                    case lists:keyfind(<<"connection_name">>, 1, Ps) of
                        {{_, _, N}} -> binary:match(N, <<"-{name}">>) =/= nomatch;
                        false -> false
                    end;
                _ -> false
            end].""")

    # ---- the step ------------------------------------------------------------------------------------------------

    def uri(self):
        return self.node.url(self.vhost, port=self.port)

    def start(self, wait=True, uri=None, **settings):
        step = runtimes.Step(self, runtimes.environment(self, uri or self.uri(), settings))
        self.steps.append(step)
        if wait:
            self.wait_for(lambda: self.consumers() >= len(self.steps), "the step consumes")
        return step

    def consumers(self):
        counts = self.counts()
        return counts[runtimes.QUEUE][1] if counts else 0

    def settled(self):
        """How many messages of `in` have come to their end, duplicates counted as often as they came."""
        counts = self.counts()
        return counts["data"][0] + counts["rejected"][0] if counts else 0

    def supervise(self):
        for step in self.steps:
            step.supervise()

    def wait_for(self, condition, what, limit=30):
        """Waits while the platform does its part."""
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise Fault(f"not within {limit} s: {what}" + self.evidence())
            self.supervise()
            time.sleep(0.05)

    def evidence(self):
        """The end of each step's log."""
        out = ""
        for step in self.steps:
            lines = step.log_path.read_text(errors="replace").splitlines()[-6:]
            out += "\n  " + "\n  ".join(line[:1000] for line in lines)
        return out

    def wait_settled(self, count, limit=60):
        self.wait_for(lambda: self.settled() >= count, f"{count} messages are settled", limit)

    def settle(self, patience=45, limit=180):
        """Until everything has been settled; or nothing has moved for `patience` seconds, which are more than a step
        waits between attempts to connect."""
        begin = moved = time.monotonic()
        before = None
        while time.monotonic() - moved < patience and time.monotonic() - begin < limit:
            self.supervise()
            counts = self.counts()
            if counts and counts[runtimes.QUEUE][0] == 0 \
                    and counts["data"][0] + counts["rejected"][0] >= self.sent():
                return
            now = counts and {queue: c[0] for queue, c in counts.items()}
            if now != before:
                before, moved = now, time.monotonic()
            time.sleep(0.1)

    # ---- what became of it ---------------------------------------------------------------------------------------

    def end_steps(self):
        # A signal that comes before there are handlers ends a process as it always does.
        self.wait_for(lambda: self.consumers() >= len(self.steps), "every process consumes in the end")
        for step in self.steps:
            status = step.terminate()
            self.must(status == 0, "SIGTERM at the end did not end the step" if status is None else
                      f"SIGTERM at the end: status {status}")

    def count(self):
        """Ends the steps; a Row."""
        row = Row(self.name)
        self.end_steps()
        outcomes = {key: collections.Counter() for key in self.expected}
        outputs = collections.defaultdict(set)      # id -> messageIds of what came out for it
        for queue, outcome, column in (("data", "data", "out"), ("errors", "error", "errors"),
                                       ("rejected", "reject", "rejected"), (runtimes.QUEUE, "left", "left")):
            for properties, _ in self.each(queue):
                self.count_one(properties, outcome, column, row, outcomes, outputs)
        self.fill(row, outcomes)
        row["stuck"] = row["left"]      # unacknowledged ones came back when the step ended
        self.judge(row, outcomes, outputs)
        return row

    def count_one(self, properties, outcome, column, row, outcomes, outputs):
        headers = properties.headers or {}
        # What the runtime publishes names its cause; what the broker moved is the message itself.
        key = headers.get("parentMessageId") if outcome in ("data", "error") else properties.message_id
        if outcome == "error" and key is None and "start" not in headers:
            row.start_errors += 1
            return
        row[column] += 1
        if key in outcomes:
            outcomes[key][outcome] += 1
            if outcome in ("data", "error"):
                outputs[key].add(headers.get("messageId"))
        elif key is not None:
            self.must(False, f"a message in {column} that nobody sent: {headers}")
        else:
            row.nameless += 1

    def fill(self, row, outcomes):
        executions = {key: n - self.copies.get(key, 1) + 1 for key, n in self.functions.executions().items()
                      if key in self.expected}
        row["in"] = self.sent()
        row["executions max"] = max(executions.values(), default=0)
        row["repeated"] = sum(n - 1 for n in executions.values() if n > 1)
        row["duplicates"] = sum(max(0, o["data"] + o["error"] - self.copies.get(key, 1)) for key, o in outcomes.items())
        nameless = sum(1 for fate in self.expected.values() if fate == "nameless")
        row["lost"] = sum(1 for key, o in outcomes.items() if not self.is_accounted(key, o)) \
            + max(0, nameless - row.nameless)

    def is_accounted(self, key, outcome):
        fate = self.expected[key]
        if outcome["left"] or fate in ("gone", "nameless"):
            return True
        if fate == "reject" or (fate == "any" and outcome["reject"]):
            return outcome["reject"] > 0
        return outcome["data"] + outcome["error"] >= self.copies.get(key, 1)

    def judge(self, row, outcomes, outputs):
        for column in ("lost", "stuck"):
            self.must(not row[column], f"{row[column]} {column}")
        for key, outcome in outcomes.items():
            fate = self.expected[key]
            self.must(outcome["left"] or fate not in ("data", "error", "reject") or outcome[fate],
                      f"{fate} was to become of {key}, not {dict(outcome)}")
            self.must(outcome["error"] <= 1, f"{outcome['error']} errors for {key}")
        # What a crash may repeat is what was in process then; without one there is nothing to repeat.
        crashes = self.crashes + sum(step.crashes + len(step.exits) for step in self.steps)
        if self.forgets_acks:
            crashes = float("inf")
        self.must(row["repeated"] <= crashes * PREFETCH, f"{row['repeated']} executions too many, {crashes} crashes")
        # A publication whose confirm was lost is repeated with the same messageId: the next step can tell.
        distinct = sum(len(ids) - self.copies.get(key, 1) for key, ids in outputs.items())
        self.must(distinct <= crashes * PREFETCH, f"{distinct} results that no messageId shows to be copies")
        row.complaints = self.complaints

    def ends(self):
        """How often processes ended by themselves, in words."""
        statuses = collections.Counter(status for step in self.steps for status in step.exits)
        return "ended by itself: " + ", ".join(f"{n} times with status {s}" for s, n in statuses.items()) if statuses else ""

    def close(self):
        for step in self.steps:
            step.close()
        for closer in self.closers:
            closer.close()
        self.platform.close()
        try:
            if self.connection and self.connection.is_open:
                self.connection.close()
        except (pika.exceptions.AMQPError, OSError):
            pass
        scratch.remove(self.folder)

    def keep_logs(self, folder):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        for i, step in enumerate(self.steps):
            shutil.copy(step.log_path, pathlib.Path(folder) / f"{self.name}-{i}.log")

    def log_has(self, text):
        return any(text in json.dumps(line) for step in self.steps for line in step.lines())
