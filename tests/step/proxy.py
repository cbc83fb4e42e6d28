"""A TCP proxy that can be told to misbehave: to stand still, to cut after so many bytes, to reset."""
import selectors
import socket
import struct
import threading


class _Pair:
    def __init__(self, client, server):
        self.client, self.server = client, server

    def other(self, s):
        return self.server if s is self.client else self.client

    def close(self, reset=False):
        for s in (self.client, self.server):
            if reset:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()


class Proxy:
    """Forwards 127.0.0.1:self.port to 127.0.0.1:`target`, in a thread of its own."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.RLock()
        self.pairs = {}                 # socket -> _Pair
        self.stalled = False
        self.refusing = False
        self.bytes_left = None          # towards the client, until everything is cut; None: no limit
        self.closed = False
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stall(self):
        """Nothing passes, in either direction; connections stay open."""
        self.stalled = True

    def resume(self):
        self.stalled = False

    def refuse(self, refusing=True):
        """New connections are closed at once."""
        self.refusing = refusing

    def cut_after(self, count):
        """Resets all connections once `count` more bytes have gone to clients."""
        self.bytes_left = count

    def reset(self):
        """Resets all connections now."""
        with self.lock:
            self._drop_all(reset=True)

    def close(self):
        self.closed = True
        self.thread.join(10)
        with self.lock:
            self._drop_all()
        self.listener.close()

    def _drop_all(self, reset=False):
        for pair in set(self.pairs.values()):
            self._drop(pair, reset)

    def _drop(self, pair, reset=False):
        for s in (pair.client, pair.server):
            if self.pairs.pop(s, None):
                self.selector.unregister(s)
        pair.close(reset)

    def _accept(self):
        client, _ = self.listener.accept()
        if self.refusing:
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 10)
        except OSError:
            client.close()
            return
        pair = _Pair(client, server)
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs[s] = pair
            self.selector.register(s, selectors.EVENT_READ)

    def _forward(self, s):
        pair = self.pairs.get(s)
        if not pair:
            return
        try:
            data = s.recv(65536)
            if data and s is pair.server and self.bytes_left is not None:
                data = data[:self.bytes_left]
                self.bytes_left -= len(data)
            if data:
                pair.other(s).settimeout(10)
                pair.other(s).sendall(data)
            is_cut = self.bytes_left == 0
        except OSError:
            data, is_cut = b"", False
        if is_cut:
            self.bytes_left = None
            self._drop_all(reset=True)
        elif not data:
            self._drop(pair)

    def _run(self):
        while not self.closed:
            ready = [key.fileobj for key, _ in self.selector.select(0.02)]
            if self.stalled:
                self._nap()
                continue
            with self.lock:
                for s in ready:
                    if s is self.listener:
                        self._accept()
                    else:
                        self._forward(s)

    def _nap(self):
        threading.Event().wait(0.02)
