"""What Lambda does.  A call that fails is an error, published once: whether and when to call again is not decided here."""
import time

from fault import endpoint, proxy
from fault.suite import cases, fault


def scripted(world, answer):
    """A server in Lambda's place that answers as told."""
    server = endpoint.Scripted()
    server.answer = answer
    world.functions = server
    world.closers.append(server)
    return server


@fault("lambda", "429 for a while (10 s; short form 2 s)")
def lambda_throttled(world):
    seconds = 10 if world.is_long else 2
    until = time.monotonic() + seconds + 1
    server = scripted(world, lambda event: endpoint.THROTTLED if time.monotonic() < until else None)
    world.publish(100, expect="any")
    world.start()
    time.sleep(seconds + 1)
    world.publish(50)
    world.wait_for(lambda: server.executions(), "the function runs again")


@cases("lambda", "each call answered by {}", {
    f"{status}_{kind or 'plain'}": (f"{status} {kind or 'without a type'}", (status, kind, body))
    for status, kind, body in endpoint.SERVER_ERRORS})
def lambda_error(world, refusal):
    scripted(world, lambda event: refusal)
    world.publish(10, expect="error")
    world.start()


@fault("lambda", "connections refused for a while (10 s; short form 2 s)")
def lambda_refused(world):
    server = scripted(world, lambda event: None)
    p = proxy.Proxy(server.port)
    world.closers.append(p)
    p.refuse()
    world.publish(40, expect="any")
    world.start(AWS_ENDPOINT_URL_LAMBDA=f"http://127.0.0.1:{p.port}")
    time.sleep(10 if world.is_long else 2)
    p.accept()
    world.publish(50, expect="any")
    world.wait_for(lambda: server.executions(), "the function runs")


@fault("lambda", "each connection reset after the request was sent")
def lambda_reset(world):
    scripted(world, lambda event: "reset")
    world.publish(20, expect="error")
    world.start()


@fault("lambda", "slow answers, longer than the broker's heartbeat")
def lambda_slow(world):
    scripted(world, lambda event: 4)
    world.publish(20)
    world.start(uri=world.node.url(world.vhost, heartbeat=1))


@fault("lambda", "no answer; the processing deadline makes it an error")
def lambda_stalled(world):
    scripted(world, lambda event: "hang")
    world.publish(20, expect="error")
    world.start(ELASTICIO_PROCESSING_TIMEOUT=1500)


@fault("lambda", "no answer; SIGTERM with a limit of time: the messages go back")
def lambda_stalled_sigterm(world):
    server = scripted(world, lambda event: "hang")
    world.publish(20)
    step = world.start(ELASTICIO_SHUTDOWN_TIMEOUT=1000)
    time.sleep(1)
    status = step.terminate()
    world.must(status == 0, f"SIGTERM ends with status 0, not {status}")
    server.answer = lambda event: None
    step.restart_at = 0
    step.start()
