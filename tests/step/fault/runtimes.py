"""The two runtimes that the faults can be inflicted on, and the process of either as the platform would run it: started
with the step's environment, and again at once whenever it ends by itself."""
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time

import message_cipher
import processes
import scratch
from fault import endpoint

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXCHANGE, QUEUE = "step", "in"

REFERENCE_COMPONENT = {"title": "counter", "actions": {"publish": {"title": "counter", "main": "./count.js"}}}
REFERENCE_ACTION = """const fs = require('fs');
const count = fs.openSync(process.env.FAULT_COUNT, 'a');
exports.process = async function (message) {
    fs.writeSync(count, message.body.id + '\\n');
    await new Promise(done => setTimeout(done, message.body.ms || 0));
    return { body: message.body };
};
"""


class Ours:
    name = "ours"

    def __init__(self):
        self.command = [str(pathlib.Path(os.environ["ALC_BIN"]).resolve() / "aws-lambda-component")]
        self.folder = ROOT

    def environment(self, world):
        return {"AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{world.functions.port}"}

    def close(self):
        pass


class Reference:
    """elasticio-sailor-nodejs with a component of ten lines, which counts as our function does."""
    name = "reference"

    def __init__(self):
        modules = pathlib.Path(os.environ["ALC_REFERENCE"]).resolve()
        self.command = ["node", str(modules / "elasticio-sailor-nodejs" / "run.js")]
        self.folder = scratch.folder("reference")
        (self.folder / "component.json").write_text(json.dumps(REFERENCE_COMPONENT))
        (self.folder / "count.js").write_text(REFERENCE_ACTION)

    def environment(self, world):
        return {"FAULT_COUNT": str(world.functions.count), "ELASTICIO_COMPONENT_PATH": ""}

    def close(self):
        scratch.remove(self.folder)


def step_data(**more):
    return {"config": {"aws_access_key_id": endpoint.KEYS[0], "aws_secret_access_key": endpoint.KEYS[1],
                       "functionName": endpoint.NAME, "region": endpoint.REGION}, "snapshot": {}, **more}


def environment(world, amqp_uri, settings):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ELASTICIO_"))
           and not k.upper().endswith("_PROXY")}
    env.update({"HOME": "/nonexistent", "LOG_LEVEL": "info", "ELASTICIO_EXEC_ID": "execution",
                "ELASTICIO_CONTAINER_ID": "container", "ELASTICIO_WORKSPACE_ID": "workspace",
                "ELASTICIO_USER_ID": "user", "ELASTICIO_COMP_ID": "component", "ELASTICIO_FUNCTION": "publish",
                "ELASTICIO_AMQP_URI": amqp_uri, "ELASTICIO_LISTEN_MESSAGES_ON": QUEUE,
                "ELASTICIO_PUBLISH_MESSAGES_TO": EXCHANGE, "ELASTICIO_DATA_ROUTING_KEY": "data",
                "ELASTICIO_ERROR_ROUTING_KEY": "errors", "ELASTICIO_REBOUND_ROUTING_KEY": "rebounds",
                "ELASTICIO_SNAPSHOT_ROUTING_KEY": "snapshots", "ELASTICIO_MESSAGE_CRYPTO_IV": message_cipher.IV,
                "ELASTICIO_MESSAGE_CRYPTO_PASSWORD": message_cipher.PASSWORD,
                "ELASTICIO_RABBITMQ_PREFETCH_SAILOR": "10", "ELASTICIO_AMQP_PERSISTENT_MESSAGES": "true",
                # Errors leave as fast as data, so that a run of many need not be long.
                "ELASTICIO_DATA_RATE_LIMIT": "30", "ELASTICIO_ERROR_RATE_LIMIT": "30",
                **world.platform.environment(), **world.runtime.environment(world)})
    env.update({k: str(v) for k, v in settings.items()})
    return env


class Step:
    """A process of the runtime."""

    def __init__(self, world, env):
        self.world, self.env = world, env
        self.log_path = pathlib.Path(tempfile.mkstemp(prefix="alc-step-", dir=world.folder)[1])
        self.log = open(self.log_path, "ab")
        self.process = None
        self.starts = 0
        self.crashes = 0            # inflicted by kill()
        self.exits = []             # statuses of ends that nobody asked for
        self.restart_at = 0.0
        self.start()

    def start(self):
        self.starts += 1
        self.process = subprocess.Popen(self.world.runtime.command, cwd=self.world.runtime.folder, env=self.env,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        preexec_fn=processes.die_with_parent)

    def supervise(self):
        """As the platform does: whoever ended is started again."""
        if self.process and self.process.poll() is not None:
            self.exits.append(self.process.returncode)
            self.process = None
            self.restart_at = time.monotonic() + 0.2
        if not self.process and time.monotonic() >= self.restart_at:
            self.start()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.crashes += 1
            self.start()

    def terminate(self, timeout=20):
        """SIGTERM; the exit status, or None when it did not end.  It is not started again."""
        if not self.process:
            return self.exits[-1] if self.exits else 0
        process, self.process = self.process, None
        self.restart_at = float("inf")
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def lines(self):
        """Lines of the log; those that are no JSON as {"msg": line}."""
        for line in self.log_path.read_text(errors="replace").splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            yield value if isinstance(value, dict) else {"msg": line}

    def last_words(self):
        return [line for line in self.lines() if line.get("level", 0) >= 60]

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.log.close()


def pause(shortest, longest):
    """A random moment."""
    time.sleep(random.uniform(shortest, longest))
