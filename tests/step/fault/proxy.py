"""A TCP proxy that misbehaves when told: stands still, resets, cuts in the middle of what it carries, refuses.

    proxy = Proxy(port);  proxy.port
    proxy.stall(); proxy.resume(); proxy.reset("read"); proxy.cut("write"); proxy.refuse(); proxy.accept()

It knows the runtime's two connections apart by the names that they give the broker."""
import socket
import struct
import threading


class Connection:
    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(("127.0.0.1", proxy.target))
        for s in (self.client, self.server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name = ""
        self.is_cut = self.is_reset = False
        self.threads = [threading.Thread(target=self.carry, args=pair, daemon=True)
                        for pair in ((self.client, self.server), (self.server, self.client))]
        for thread in self.threads:
            thread.start()

    def carry(self, source, target):
        try:
            while data := source.recv(65536):
                self.look(source, data)
                self.proxy.flowing.wait()
                if self.is_cut:
                    target.sendall(data[:len(data) // 2])
                    break
                target.sendall(data)
        except OSError:
            pass
        if not self.is_reset:
            self.close()

    def look(self, source, data):
        if source is self.client and not self.name:
            self.name = next((n for n in ("read", "write") if f"-{n}".encode() in data), "")

    def close(self):
        for s in (self.client, self.server):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.proxy.forget(self)

    def reset(self):
        """A socket that is closed with a linger time of 0 sends RST, but only once nobody reads from it."""
        self.is_reset = True
        for s in (self.client, self.server):
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.shutdown(socket.SHUT_RD)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(1)
        self.client.close()
        self.server.close()
        self.proxy.forget(self)


class Proxy:
    def __init__(self, target):
        self.target = target
        self.flowing = threading.Event()
        self.flowing.set()
        self.lock = threading.Lock()
        self.connections, self.accepted = [], 0
        self.port = 0
        self.accept()

    def accept(self):
        """Takes connections, at first and after refuse()."""
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                connection = Connection(self, client)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.connections.append(connection)
                self.accepted += 1

    def forget(self, connection):
        with self.lock:
            if connection in self.connections:
                self.connections.remove(connection)

    def _named(self, name):
        with self.lock:
            return [c for c in self.connections if name in ("", c.name)]

    def stall(self):
        self.flowing.clear()

    def resume(self):
        self.flowing.set()

    def reset(self, name=""):
        for connection in self._named(name):
            connection.reset()

    def cut(self, name=""):
        """Each connection ends in the middle of the next piece that it carries."""
        for connection in self._named(name):
            connection.is_cut = True

    def refuse(self):
        """Nobody listens any more, and what is connected is reset."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.reset()

    def close(self):
        self.resume()
        try:
            self.refuse()
        except OSError:
            pass
