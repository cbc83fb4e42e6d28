"""What happens to the broker, and what it does to its clients."""
import time

from fault import runtimes
from fault.suite import fault

COUNT = 300


def under_load(world, count=COUNT, ms=20, **settings):
    world.publish(count, ms=ms)
    step = world.start(**settings)
    world.wait_settled(count // 10)
    return step


@fault("broker", "the broker restarted in good order", compare=True, own_broker=True)
def restart_broker(world):
    for _ in range(3 if world.is_long else 1):
        under_load(world) if not world.steps else world.publish(COUNT, ms=20)
        world.node.stop()
        world.crashes += 1      # what was acked and not yet read by the broker comes again
        world.node.start()
        world.wait_settled(1)


@fault("broker", "the broker killed with `kill -9` and started", compare=True, own_broker=True)
def kill_broker(world):
    for _ in range(5 if world.is_long else 1):
        under_load(world) if not world.steps else world.publish(COUNT, ms=20)
        world.node.kill()
        world.forgets_acks = True
        world.node.start()
        world.wait_settled(1)


@fault("broker", "the broker away for a while (60 s; short form 5 s)", compare=True, own_broker=True)
def broker_away(world):
    under_load(world)
    world.node.stop()
    world.crashes += 1
    time.sleep(60 if world.is_long else 5)
    world.node.start()
    world.wait_settled(1)


@fault("broker", "the broker stands still for longer than two heartbeats", own_broker=True)
def broker_frozen(world):
    uri = world.node.url(world.vhost, heartbeat=2)
    world.publish(COUNT, ms=20)
    world.start(uri=uri)
    world.wait_settled(COUNT // 10)
    world.node.freeze()
    world.crashes += 1
    time.sleep(20 if world.is_long else 6)
    world.node.thaw()


def _closed(world, name):
    under_load(world)
    for _ in range(20 if world.is_long else 3):
        world.close_by_broker(name)
        runtimes.pause(0, 0.3)
        if world.counts()[runtimes.QUEUE][0] < COUNT // 3:
            world.publish(COUNT, ms=20)


@fault("broker", "all connections closed by the broker, again and again", compare=True)
def all_connections_closed(world):
    _closed(world, "")


@fault("broker", "only the read connection closed by the broker", compare=True)
def read_connection_closed(world):
    _closed(world, "read")


@fault("broker", "only the write connection closed by the broker", compare=True)
def write_connection_closed(world):
    _closed(world, "write")


@fault("broker", "memory alarm: publishing is blocked, heartbeats go on", compare=True, own_broker=True)
def memory_alarm(world):
    # The driver's own connection must not have published on a blocked node: messages go in before.
    world.publish(100, ms=20)
    world.start(uri=world.node.url(world.vhost, heartbeat=2))
    world.wait_settled(10)
    world.node.block()
    try:
        time.sleep(30 if world.is_long else 7)
        world.must(not any(step.exits for step in world.steps), "no process ended in the alarm")
        closed = world.log_has("eartbeat")
    finally:
        world.node.unblock()
    world.must(not closed, "no connection was lost for want of heartbeats")


@fault("broker", "SIGTERM during a memory alarm: what cannot be published goes back", own_broker=True)
def memory_alarm_sigterm(world):
    world.publish(400, ms=20)
    step = world.start(ELASTICIO_SHUTDOWN_TIMEOUT=1000)
    world.wait_settled(10)
    world.node.block()
    try:
        time.sleep(1)
        status = step.terminate(10)
    finally:
        world.node.unblock()
    world.must(status == 0, f"SIGTERM ends with status 0, not {status}")
    world.crashes += 1          # what the function had done for those that went back is done again
    step.restart_at = 0
    step.start()


@fault("broker", "queue deleted: the process ends, with a clear last word", compare=True)
def queue_deleted(world):
    under_load(world)
    world.ask().queue_delete(runtimes.QUEUE)
    step = world.steps[0]
    # The messages went with the queue; what is not accounted for by then was in it.
    world.expected = dict.fromkeys(world.expected, "gone")
    try:
        world.wait_for(lambda: step.exits, "the process ends", 10)
    finally:
        world.declare_in()
    world.must(step.exits[0] not in (0, None), f"the status is not {step.exits[0]}")
    words = [w["err"]["message"] for w in step.last_words() if "err" in w]
    world.must(any(f'queue "{runtimes.QUEUE}"' in w for w in words), f"its last word names the queue: {words}")
    world.publish(50)


@fault("broker", "consumer cancelled: the queue deleted, and declared anew at once", compare=True)
def consumer_cancelled(world):
    step = under_load(world)
    channel = world.ask()
    channel.queue_delete(runtimes.QUEUE)
    world.expected = dict.fromkeys(world.expected, "gone")
    world.declare_in()
    world.publish(50)
    world.wait_for(lambda: step.exits, "the process ends, so that the platform restarts it", 10)
    world.must(step.exits[0] != 0, f"the status is not 0: {step.exits}")


@fault("broker", "the queue's process dies in the broker, and comes back", compare=True)
def queue_crash(world):
    under_load(world)
    world.node.evaluate(f"""{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{world.vhost}">>, queue,
        <<"{runtimes.QUEUE}">>)), exit(amqqueue:get_pid(Q), kill).""")
    world.forgets_acks = True


@fault("broker", "publications nacked: the next queue is full (x-max-length, reject-publish)", compare=True)
def nacked(world):
    channel = world.ask()
    channel.queue_unbind("data", runtimes.EXCHANGE, "data")
    channel.queue_declare("full", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.queue_bind("full", runtimes.EXCHANGE, "data")
    world.publish(60, ms=5)
    world.start(ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY=400)
    time.sleep(3)
    channel = world.ask()
    channel.queue_bind("data", runtimes.EXCHANGE, "data")
    channel.queue_unbind("full", runtimes.EXCHANGE, "data")
    move(world, "full", "data")


def move(world, source, target):
    """What has come out into `source` counts as if it were in `target`."""
    channel = world.ask()
    for properties, payload in list(world.each(source)):
        channel.basic_publish("", target, payload, properties)


@fault("broker", "results returned as unroutable until the binding is back", compare=True)
def unroutable(world):
    channel = world.ask()
    channel.queue_unbind("data", runtimes.EXCHANGE, "data")
    world.publish(60, ms=5)
    world.start(ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY=400)
    time.sleep(3)
    world.ask().queue_bind("data", runtimes.EXCHANGE, "data")


@fault("broker", "results unroutable for good, attempts limited: each is an error, once", compare=True)
def unroutable_for_good(world):
    world.ask().queue_unbind("data", runtimes.EXCHANGE, "data")
    world.publish(30, expect="error")
    world.start(ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS=3)


@fault("broker", "the exchange is missing for a while: publishing closes the channel", compare=True)
def exchange_missing(world):
    world.publish(60, ms=5)
    world.ask().exchange_delete(runtimes.EXCHANGE)
    world.start(ELASTICIO_AMQP_PUBLISH_MAX_RETRY_DELAY=400)
    time.sleep(2)
    world.bind()


@fault("broker", "the broker's delivery timeout closes the channel while a function runs", own_broker=True)
def delivery_timeout(world):
    world.node.evaluate("application:set_env(rabbit, consumer_timeout, 1000).")
    world.node.evaluate("application:set_env(rabbit, channel_tick_interval, 500).")
    try:
        world.publish(5, ms=2500)
        world.start()
        world.settle()
    finally:
        world.node.evaluate("application:set_env(rabbit, consumer_timeout, 1800000).")
        world.node.evaluate("application:set_env(rabbit, channel_tick_interval, 60000).")

