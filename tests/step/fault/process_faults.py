"""What happens to the component's own process."""
import random
import time

from fault import runtimes
from fault.suite import fault

LOAD = 30       # messages per blow, so that there is always work when it falls


@fault("processes", "`kill -9` of the component at random moments", compare=True)
def kill_component(world):
    times = 200 if world.is_long else 5
    world.publish(times * LOAD, ms=20)
    step = world.start()
    for _ in range(times):
        runtimes.pause(0, 0.5)
        world.supervise()
        step.kill()
        runtimes.pause(0, 0.2)
        if random.random() < 0.8:       # the others fall while it starts
            world.wait_for(lambda: world.consumers() > 0, "it consumes again")
        refill(world)
    world.notes.append(f"{times} times")


def refill(world):
    if world.counts() and world.counts()[runtimes.QUEUE][0] < LOAD:
        world.publish(2 * LOAD, ms=20)


@fault("processes", "SIGTERM under load at random moments", compare=True)
def terminate_component(world):
    times = 50 if world.is_long else 3
    world.publish(times * LOAD, ms=50)
    statuses, unacked = [], 0
    step = world.start()
    for _ in range(times):
        runtimes.pause(0, 0.4)
        statuses.append(step.terminate())
        refill(world)
        step.restart_at = 0
        step.start()
        world.wait_for(lambda: world.consumers() > 0, "it consumes again")
    world.notes.append(f"{times} times, status 0: {statuses.count(0)}")
    world.must(statuses.count(0) == times, f"each SIGTERM ends with status 0, not {set(statuses)}")


@fault("processes", "SIGTERM while it starts")
def terminate_starting(world):
    world.publish(20)
    step = world.start(wait=False)
    statuses = []
    for delay_ms in (0, 1, 3, 5, 10, 20, 30, 50, 100, 200) * (5 if world.is_long else 1):
        time.sleep(delay_ms / 1000)
        statuses.append(step.terminate())
        step.restart_at = 0
        step.start()
    world.notes.append(f"statuses {sorted(set(map(str, statuses)))}")
    # Before its handlers exist, a signal ends a process as it always does.
    world.must(set(statuses) <= {0, -15}, f"status 0, or none yet: {statuses}")


@fault("processes", "two processes, one killed with `kill -9` again and again")
def kill_one_of_two(world):
    times = 50 if world.is_long else 3
    world.publish(times * 2 * LOAD, ms=20)
    world.start()
    victim = world.start()
    for _ in range(times):
        runtimes.pause(0, 0.6)
        victim.kill()
    world.notes.append(f"{times} times")


@fault("processes", "the component stands still (SIGSTOP) under load, and goes on", compare=True)
def freeze_component(world):
    world.publish(200, ms=20)
    step = world.start()
    world.wait_settled(20)
    step.freeze()
    time.sleep(20 if world.is_long else 3)
    step.thaw()
