"""A real RabbitMQ node for the tests: Debian's rabbitmq-server, run from a folder of its own, by any user, on loopback
ports of its own, next to whatever broker the machine itself may run.

    node = broker.shared()              a running node: CTest's, else one that lives as long as this program
    vhost = node.vhost()                a fresh virtual host, so that tests do not meet
    node.url(vhost), node.url(vhost, tls=True), node.connect(vhost)     for our programs; for pika

    node = broker.Broker()              a node for this test alone: to be killed, restarted, starved
    node.kill(); node.start(); node.stop(); node.close()
    node.ctl("close_all_connections", "bye"); node.evaluate("erlang code.")

Its clean-up does not depend on this program's health: a node dies with the thread that started it (so start nodes
from the main thread).  Without rabbitmq-server or pika, require() ends the program with status 77, which CTest counts
as skipped."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

import certificates
import processes
import scratch

SCRIPTS = pathlib.Path("/usr/lib/rabbitmq/bin")
START_LIMIT_S = 120     # a guard against a node that never comes up; two to six seconds are usual
SKIPPED = 77


def require():
    """Ends the program as skipped when there is no broker to test against."""
    missing = [name for name, there in (("rabbitmq-server", (SCRIPTS / "rabbitmq-server").exists()),
                                        ("python3-pika", has_pika()), ("openssl", shutil.which("openssl")))
               if not there]
    if missing:
        print("skipped: not installed: " + ", ".join(missing))
        sys.exit(SKIPPED)


def has_pika():
    try:
        import pika  # noqa: F401
    except ImportError:
        return False
    return True


def free_ports(count):
    """Ports that nobody listens on now.  They may be taken until we use them, which the caller then sees as a node
    that does not start."""
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_for_port(port):
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Node:
    """How to reach a running node, whoever started it.  `facts` is plain data, so that it can be handed to another
    process."""

    def __init__(self, facts):
        self.facts = facts
        self.port, self.tls_port = facts["port"], facts["tls_port"]
        self.certificates = facts["certificates"]       # name -> path: ca, server, server_key, client, client_key
        self.vhosts = 0

    def url(self, vhost="/", user="guest", password="guest", tls=False, port=None, **query):
        """An AMQP URI; `query` as in cacertfile=..., heartbeat=5.  TLS trusts our authority."""
        if tls:
            query.setdefault("cacertfile", self.certificates["ca"])
        login = ":".join(urllib.parse.quote(t, safe="") for t in (user, password))
        scheme, host = ("amqps", "localhost") if tls else ("amqp", "127.0.0.1")
        text = f"{scheme}://{login}@{host}:{port or (self.tls_port if tls else self.port)}/" \
               + urllib.parse.quote(vhost, safe="")
        return text + ("?" + urllib.parse.urlencode(query) if query else "")

    def connect(self, vhost="/"):
        """A pika.BlockingConnection."""
        import pika
        return pika.BlockingConnection(pika.ConnectionParameters(
            "127.0.0.1", self.port, vhost, pika.PlainCredentials("guest", "guest"), heartbeat=0))

    def ctl(self, *arguments, timeout=60):
        """rabbitmqctl; its standard output.  Fails the test when it fails."""
        done = subprocess.run([SCRIPTS / "rabbitmqctl", "-q", *arguments], env=self.facts["env"], timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"rabbitmqctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def evaluate(self, erlang):
        return self.ctl("eval", erlang).strip()

    def vhost(self):
        """The name of a new virtual host that guest may use."""
        self.vhosts += 1
        name = f"test-{os.getpid()}-{self.vhosts}"
        self.evaluate(f"""rabbit_vhost:add(<<"{name}">>, <<"test">>),
            rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>,
                                                         <<"test">>).""")
        return name

    def queues(self, vhost="/"):
        """{queue: (ready, unacknowledged)}"""
        lines = self.ctl("list_queues", "-p", vhost, "--no-table-headers", "name", "messages_ready",
                         "messages_unacknowledged").splitlines()
        return {name: (int(ready), int(unacked)) for name, ready, unacked in (line.split("\t") for line in lines)}

    def block(self):
        """Raises the memory alarm: who publishes is blocked until unblock()."""
        self.ctl("set_vm_memory_high_watermark", "absolute", "1")

    def unblock(self):
        self.ctl("set_vm_memory_high_watermark", "absolute", self.facts["memory"])


class Broker(Node):
    """A node of our own.  `cluster`: another Broker, whose cluster it joins."""

    memory = "1GiB"

    def __init__(self, cluster=None, extra_config=""):
        require()
        self.folder = scratch.folder("broker")
        self.process = self.epmd = None
        self.log = open(self.folder / "console", "wb")
        self.extra_config = extra_config
        port, tls_port, distribution, epmd = free_ports(4)
        (self.folder / "plugins").write_text("[].\n")
        name = f"alc{port}@localhost"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
        environment.update({
            "HOME": str(cluster.folder if cluster else self.folder),      # where Erlang keeps its cookie
            "RABBITMQ_NODENAME": name, "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"), "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.folder / "config"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "ERL_EPMD_PORT": cluster.facts["env"]["ERL_EPMD_PORT"] if cluster else str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # With it the script becomes the node, instead of being its parent: one process to kill.
            "NOTIFY_SOCKET": str(self.folder / "nobody-listens"),
            "LC_ALL": "C.UTF-8",
        })
        super().__init__({"name": name, "port": port, "tls_port": tls_port, "env": environment, "memory": self.memory,
                          "certificates": certificates.make(self.folder)})
        self._write_config()
        try:
            if not cluster:
                self.epmd = subprocess.Popen(["epmd", "-port", str(epmd), "-address", "127.0.0.1"], env=environment,
                                             stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                             preexec_fn=processes.die_with_parent)
                wait_for_port(epmd)     # else the node would start one of its own, which would outlive it
            self.start()
            if cluster:
                for command in (("stop_app",), ("join_cluster", cluster.facts["name"]), ("start_app",)):
                    self.ctl(*command)
        except BaseException:
            self.close()
            raise

    def _write_config(self):
        c = self.certificates
        (self.folder / "rabbitmq.conf").write_text(f"""loopback_users = none
listeners.tcp.1 = 127.0.0.1:{self.port}
listeners.ssl.1 = 127.0.0.1:{self.tls_port}
ssl_options.cacertfile = {c["ca"]}
ssl_options.certfile = {c["server"]}
ssl_options.keyfile = {c["server_key"]}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
vm_memory_high_watermark.absolute = {self.memory}
disk_free_limit.absolute = 1MB
{self.extra_config}
""")

    def start(self):
        """Starts the node, with the data of an earlier run, and waits until it serves."""
        console = self.folder / "console"
        begin = console.stat().st_size
        self.process = subprocess.Popen([SCRIPTS / "rabbitmq-server"], env=self.facts["env"], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        preexec_fn=processes.die_with_parent)
        deadline = time.monotonic() + START_LIMIT_S
        while b"Starting broker... completed" not in console.read_bytes()[begin:]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the broker did not start:\n" + self.console()[-4000:])
            time.sleep(0.05)

    def console(self):
        return (self.folder / "console").read_text(encoding="utf-8", errors="replace")

    def stop(self):
        """In good order: clients are told, queues are written."""
        self._end(signal.SIGTERM)

    def kill(self):
        """As a machine dies."""
        self._end(signal.SIGKILL)

    def freeze(self):
        """The node stands still; its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def _end(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.kill()
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait()
        self.log.close()
        scratch.remove(self.folder)


_shared = None


def shared():
    """The node that CTest started for all tests (ALC_BROKER names its file); without CTest one that lives as long as
    this program."""
    global _shared
    if _shared is None:
        require()
        path = os.environ.get("ALC_BROKER", "")
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                _shared = Node(json.load(f))
        else:
            import atexit
            _shared = Broker()
            atexit.register(_shared.close)
    return _shared


def serve(path, owner):
    """Keeps a node running for others, until its file is gone or the process `owner` is."""
    scratch.end_in_order()
    node = Broker()
    try:
        with open(path + ".new", "w", encoding="utf-8") as f:
            json.dump(node.facts, f)
        os.rename(path + ".new", path)
        while os.path.exists(path) and processes.is_alive(owner) and node.process.poll() is None:
            time.sleep(0.2)
    finally:
        node.close()


def setup(path):
    """CTest's fixture: starts serve() in a process of its own and waits for it."""
    require()
    if os.path.exists(path):
        os.unlink(path)
    server = subprocess.Popen([sys.executable, "-B", __file__, "serve", path, str(os.getppid())],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True)
    while not os.path.exists(path):
        if server.poll() is not None:
            print("the broker did not start; see: broker.py serve FILE 1")
            return 1
        time.sleep(0.05)
    return 0


def stop(path, limit_s=30):
    """CTest's fixture: ends serve(), and waits until nothing is left of it."""
    if not os.path.exists(path):
        return 0
    with open(path, encoding="utf-8") as f:
        folder = pathlib.Path(json.load(f)["certificates"]["ca"]).parent
    os.unlink(path)
    deadline = time.monotonic() + limit_s
    while folder.exists():
        if time.monotonic() > deadline:
            print(f"the broker does not end: {folder}")
            return 1
        time.sleep(0.05)
    return 0


def main(command, path, *owner):
    if command == "setup":
        return setup(path)
    if command == "serve":
        return serve(path, int(owner[0]))
    return stop(path)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
