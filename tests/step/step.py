"""A step of a flow for tests: a process with the platform's environment between queues of a real broker, a fake
platform beside it.  Peers are pika and message_cipher.py, so that nothing here shares code with what is tested.

    step = Step(node, protocol=2, prefetch=3, function="plain", config={...}, environment={...})
    step.start()                                    # and wait until it consumes
    step.send({"body": {"script": [{"echo": True}]}})
    data = step.data.get()                          # Received: .message .headers .properties
    step.stop()                                     # SIGTERM; its exit status

Queues: step.listen, step.data, step.errors, step.replies, step.rebounds, step.snapshots."""
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import uuid

import broker
import message_cipher
import platform_api
import processes
import scratch

HERE = pathlib.Path(__file__).resolve().parent
TESTS = pathlib.Path(os.environ.get("ALC_TESTS", ""))
LIMIT_S = 60 if os.environ.get("ALC_SANITIZED") else 30      # a guard, not a measure


# ---- queues ---------------------------------------------------------------------------------------------------

class Received:
    """A message that the step has published."""

    def __init__(self, method, properties, body, kind):
        self.properties, self.body = properties, body
        self.headers = properties.headers or {}
        self.routing_key, self.redelivered = method.routing_key, method.redelivered
        self.protocol = int(self.headers.get("protocolVersion", 1))
        if kind == "data":
            self.message = message_cipher.open_sealed(body, self.protocol)
        elif kind == "error":
            self.message = {name: message_cipher.open_sealed(text) for name, text in json.loads(body).items()}
            self.error = self.message["error"]
        elif kind == "snapshot":
            self.message = json.loads(body)

    def set_properties(self):
        """The properties that are set, headers apart."""
        return {k: v for k, v in vars(self.properties).items() if v is not None and k != "headers"}


class Queue:
    def __init__(self, step, name, kind):
        self.step, self.name, self.kind = step, name, kind

    def poll(self):
        method, properties, body = self.step.channel.basic_get(self.name, auto_ack=True)
        return Received(method, properties, body, self.kind) if method else None

    def get(self, limit_s=LIMIT_S):
        """The next message; fails when none comes."""
        deadline = time.monotonic() + limit_s
        while not (received := self.poll()):
            if time.monotonic() > deadline or (self.step.process and self.step.process.poll() is not None):
                received = self.poll()
                if received:
                    return received
                raise AssertionError(f"nothing came to the {self.kind} queue; the step says:\n{self.step.tail()}")
            time.sleep(0.01)
        return received

    def take(self, count):
        return [self.get() for _ in range(count)]

    def size(self):
        """Messages that are ready."""
        return self.step.channel.queue_declare(self.name, passive=True).method.message_count


# ---- the step -------------------------------------------------------------------------------------------------

class Step:
    def __init__(self, node=None, protocol=1, prefetch=1, function="script", config=None, step=None, environment=None,
                 vhost="/", program=None, platform=None, persistent=False, queue_arguments=None):
        self.node = node or broker.shared()
        self.vhost, self.protocol, self.program = vhost, protocol, program
        data = {"config": config or {}, "snapshot": {}, **(step or {})}
        self.platform = platform or platform_api.Platform(step=data)
        self.owns_platform = platform is None
        self.folder = scratch.folder("step")
        self.prefix = "t" + uuid.uuid4().hex[:8]
        self.exchange = self.prefix + ":exchange"
        self.persistent, self.queue_arguments = persistent, queue_arguments or {}
        self.process, self.lines, self._reader = None, [], None
        self.executions_path = self.folder / "executions"
        names = ("listen", "data", "error", "reply", "rebound", "snapshot")
        self.names = {name: f"{self.prefix}:{name}" for name in names}
        self.listen = Queue(self, self.names["listen"], "data")
        self.data = Queue(self, self.names["data"], "data")
        self.errors = Queue(self, self.names["error"], "error")
        self.replies = Queue(self, self.names["reply"], "reply")
        self.rebounds = Queue(self, self.names["rebound"], "data")
        self.snapshots = Queue(self, self.names["snapshot"], "snapshot")
        self.reply_to = self.prefix + ".reply"
        self.environment = self._environment(prefetch, function, environment or {})
        self.connection = self.channel = None
        self.connect()
        self.declare()

    def _environment(self, prefetch, function, more):
        values = {
            "EXEC_ID": "exec-1", "CONTAINER_ID": "container-1", "WORKSPACE_ID": "workspace-1", "USER_ID": "user-1",
            "COMP_ID": "component-1", "FUNCTION": function, "AMQP_URI": self.node.url(self.vhost),
            "LISTEN_MESSAGES_ON": self.names["listen"], "PUBLISH_MESSAGES_TO": self.exchange,
            "DATA_ROUTING_KEY": self.prefix + ".data", "ERROR_ROUTING_KEY": self.prefix + ".error",
            "REBOUND_ROUTING_KEY": self.prefix + ".rebound", "SNAPSHOT_ROUTING_KEY": self.prefix + ".snapshot",
            "MESSAGE_CRYPTO_IV": message_cipher.IV, "MESSAGE_CRYPTO_PASSWORD": message_cipher.PASSWORD,
            "RABBITMQ_PREFETCH_SAILOR": str(prefetch), "PROTOCOL_VERSION": str(self.protocol),
            "AMQP_PUBLISH_RETRY_DELAY": "100", "AMQP_PUBLISH_MAX_RETRY_DELAY": "1000",
        }
        if self.persistent:
            values["AMQP_PERSISTENT_MESSAGES"] = "true"
        environment = {"ELASTICIO_" + k: v for k, v in values.items()}
        environment.update({"PATH": os.environ["PATH"], "ALC_EXECUTIONS": str(self.executions_path)})
        environment.update({k: os.environ[k] for k in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "TRACE")
                            if k in os.environ})
        environment.update(self.platform.environment())
        environment.update({k if "_" in k and k.isupper() and k.startswith(("ELASTICIO_", "LOG_", "OTHER_"))
                            else "ELASTICIO_" + k: v for k, v in more.items()})
        return environment

    # ---- the broker's side --------------------------------------------------------------------------------------

    def connect(self):
        self.connection = self.node.connect(self.vhost)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def declare(self):
        self.channel.exchange_declare(self.exchange, "direct", durable=True)
        for name, queue_name in self.names.items():
            arguments = self.queue_arguments.get(name)
            self.channel.queue_declare(queue_name, durable=True, arguments=arguments)
            self.channel.queue_bind(queue_name, self.exchange, f"{self.prefix}.{name}")

    def send(self, message, headers=None, protocol=None, payload=None, id=None, **properties):
        """Publishes a message to the step; returns the headers it was sent with."""
        import pika
        protocol = self.protocol if protocol is None else protocol
        sent = {"execId": "exec-0", "taskId": platform_api.FLOW_ID, "workspaceId": "workspace-0", "userId": "user-0",
                "threadId": "thread-" + uuid.uuid4().hex[:6], "stepId": "step_0", "messageId": id or str(uuid.uuid4()),
                "parentMessageId": "parent-0", "protocolVersion": protocol, **(headers or {})}
        sent = {k: v for k, v in sent.items() if v is not None}
        values = {"content_type": "application/json", "content_encoding": "utf8",
                  "delivery_mode": 2 if self.persistent else 1, "headers": sent, **properties}
        body = message_cipher.seal(message, protocol) if payload is None else payload
        self.channel.basic_publish("", self.names["listen"], body, pika.BasicProperties(**values))
        return sent

    # ---- the process's side -------------------------------------------------------------------------------------

    def spawn(self):
        """Starts the process; does not wait."""
        program = self.program or [str(TESTS / "step_component")]
        self._collect()
        self.process = subprocess.Popen(program, env=self.environment, cwd=HERE / "component",
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        preexec_fn=processes.die_with_parent)
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()
        return self

    def start(self):
        begin = len(self.lines)
        self.spawn()
        self.wait_for("Fully initialized", begin)
        return self

    def _read(self, stream):
        for raw in stream:
            try:
                self.lines.append(json.loads(raw))
            except ValueError:
                self.lines.append({"level": 0, "msg": raw.decode(errors="replace").rstrip()})

    def _collect(self):
        if self._reader:
            self._reader.join(LIMIT_S)
            self.process.stdout.close()
            self._reader = None

    def logged(self, text, begin=0):
        """Log lines from the `begin`th on with `text` in their message."""
        return [line for line in self.lines[begin:] if text in line.get("msg", "")]

    def wait_for(self, text, begin=0, limit_s=LIMIT_S):
        deadline = time.monotonic() + limit_s
        while not (lines := self.logged(text, begin)):
            if time.monotonic() > deadline or self.process.poll() is not None:
                self._reader.join(1)
                if lines := self.logged(text, begin):
                    return lines[0]
                raise AssertionError(f"the step did not log {text!r} (status {self.process.poll()}):\n{self.tail()}")
            time.sleep(0.005)
        return lines[0]

    def tail(self, count=40):
        """The last lines, without what is the same in all."""
        kept = ("level", "msg", "messageId", "err", "time")
        return "\n".join(json.dumps({k: line[k] for k in kept if k in line}) for line in self.lines[-count:])

    def wait(self, limit_s=LIMIT_S):
        """The exit status; negative for a signal."""
        try:
            status = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the step does not end:\n{self.tail()}") from None
        self._collect()
        return status

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def stop(self, limit_s=LIMIT_S):
        self.signal()
        return self.wait(limit_s)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self._collect()

    def last_word(self):
        """The sentence of the line of level 60, and its error's."""
        fatal = [line for line in self.lines if line.get("level") == 60]
        return fatal[-1]["msg"] + ": " + fatal[-1].get("err", {}).get("message", "") if fatal else None

    def executions(self):
        """How often each messageId was begun."""
        counts = {}
        if self.executions_path.exists():
            for line in self.executions_path.read_text().split():
                counts[line] = counts.get(line, 0) + 1
        return counts

    def close(self):
        self.kill()
        (self.folder / "log").write_text("".join(json.dumps(line) + "\n" for line in self.lines))
        try:
            for queue_name in self.names.values():
                self.channel.queue_delete(queue_name)
            self.channel.exchange_delete(self.exchange)
            self.connection.close()
        except Exception:       # a broker that the test has broken
            pass
        if self.owns_platform:
            self.platform.close()
