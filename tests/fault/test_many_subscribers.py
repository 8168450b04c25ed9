"""Subscribing, resuming and leaving while a task says five hundred things a second."""

import asyncio
from itertools import pairwise

from tests.support.frames import Subscriber
from tests.support.realtime import Stack, open_client, warning

EVENTS, AT_ONCE, PER_S = 2_500, 5, 500
CLIENTS = 12
ROOM = {
    "ws_command_burst": 10_000,
    "ws_handshakes_per_s_per_address": 10_000,  # they come again as fast as the machine is
    "ws_max_connections_per_user": 100,
    "replay_max_events": 10_000,
}


async def speak(stack, task):
    """The last seq."""
    last = 0
    for number in range(EVENTS // AT_ONCE):
        last = await stack.say(task, *[warning(f"{number}.{part}") for part in range(AT_ONCE)])
        await asyncio.sleep(AT_ONCE / PER_S)
    return last


async def come_and_go(stack, user, task, number, over):
    """One client's subscriber, with all that it has seen over many commands on several connections."""
    subscriber, rounds = Subscriber(), 0
    while not over.is_set():
        async with open_client(stack, user) as client:
            client.tasks[task] = subscriber
            for step in range(4):
                position = (
                    {} if subscriber.last is None or (number + rounds) % 3 == 0 else {"last_seq": subscriber.last}
                )
                await client.follow(task, **position)
                for _ in range(20 + 7 * number):
                    await client.receive(30)
                if step == 2 and number % 2:
                    await client.send(type="resume", task_id=task, last_seq=subscriber.last)
                    await client.until("subscription_result", 30, action="resume")
                rounds += 1
    return subscriber, rounds


async def test_whoever_subscribes_in_a_flood_of_events_misses_and_doubles_none(tmp_path):
    async with Stack(tmp_path, **ROOM).serve() as stack:
        user = stack.add_user("a")
        task = await stack.add_task(user)
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(speak(stack, task))
            clients = [group.create_task(come_and_go(stack, user, task, n, over)) for n in range(CLIENTS)]
            last = await speaking
            over.set()
            # Those that wait for frames get some.
            while not all(client.done() for client in clients):
                last = await stack.say(task, warning("more"))
                await asyncio.sleep(0.01)
        for client in clients:
            subscriber, rounds = client.result()
            assert rounds >= 4
            async with open_client(stack, user) as again:
                again.tasks[task] = subscriber
                await again.follow(task, last_seq=subscriber.last)
                await again.until_seq(task, last, 30)
            assert subscriber.gaps == 0
            covered = {snapshot["seq"] for snapshot in subscriber.snapshots}
            seen = sorted(subscriber.events)
            holes = [seq for before, seq in pairwise(seen) if seq != before + 1]
            assert all(any(snapshot >= seq - 1 for snapshot in covered) for seq in holes)
            assert seen[-1] == last
