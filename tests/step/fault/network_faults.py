"""What happens on the way between the component and the broker: a proxy of our own."""
import time

from fault import proxy, runtimes
from fault.suite import cases, fault

COUNT = 300
WAYS = {"both": ("both connections", ""), "read": ("the read connection", "read"), "write": ("the write connection", "write")}


def begin(world, settings=None, **query):
    p = proxy.Proxy(world.node.port)
    world.closers.append(p)
    world.publish(COUNT, ms=20)
    world.start(uri=world.node.url(world.vhost, port=p.port, **query), **(settings or {}))
    world.wait_settled(COUNT // 10)
    return p


def refill(world):
    counts = world.counts()
    if counts and counts[runtimes.QUEUE][0] < COUNT // 3:
        world.publish(COUNT // 2, ms=20)


@cases("network", "TCP reset of {}, again and again", WAYS, compare=True)
def reset(world, name):
    p = begin(world)
    for _ in range(50 if world.is_long else 5):
        p.reset(name)
        runtimes.pause(0, 0.4)
        refill(world)
    world.must(p.accepted > 2, "it has connected again")


@cases("network", "{} cut in the middle of a frame, again and again", WAYS, compare=True)
def cut(world, name):
    p = begin(world)
    for _ in range(50 if world.is_long else 5):
        p.cut(name)
        runtimes.pause(0, 0.4)
        refill(world)
    world.must(p.accepted > 2, "it has connected again")


@fault("network", "the network stands still for a while, and goes on", compare=True)
def stall_short(world):
    p = begin(world)
    p.stall()
    time.sleep(20 if world.is_long else 2)
    p.resume()


@fault("network", "the network stands still for longer than two heartbeats", compare=True)
def stall_long(world):
    p = begin(world, heartbeat=1)
    p.stall()
    time.sleep(30 if world.is_long else 5)
    p.resume()
    world.must(p.accepted > 2, "it has given up the connections and made others")


@fault("network", "the broker's port refuses connections for a while (60 s; short form 5 s)", compare=True)
def refused(world):
    p = begin(world)
    p.refuse()
    time.sleep(60 if world.is_long else 5)
    p.accept()


@fault("network", "SIGTERM while the broker cannot be reached: what it has goes back to the queue")
def sigterm_while_away(world):
    p = begin(world, {"ELASTICIO_SHUTDOWN_TIMEOUT": 1000})
    p.refuse()
    time.sleep(1)
    status = world.steps[0].terminate()
    world.notes.append(f"status {status}")
    world.must(status is not None, "it ends")
    p.accept()
    world.crashes += 1
    world.steps[0].restart_at = 0
    world.steps[0].start()
