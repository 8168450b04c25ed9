"""`make demo-distributed`: PostgreSQL, Redis, two servers, two workers and a browser worker on this machine, and one
scan watched through both servers.

The two services get free ports and folders of their own, which are thrown away, and need no root. Stays until Ctrl-C;
with `--once` it ends after the scan, with 0 when both servers showed all of it.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import connect

from tests.support.cluster import PASSWORD, Deployment, Person, running_deployment
from tests.support.frames import Subscriber, read_frame
from tests.support.postgres import running_cluster

TARGET: Final = "corp.test"
SERVERS: Final = 2
WORKERS: Final = 2
PATIENCE_S: Final = 900


async def follow(number: int, person: Person, task: str) -> Subscriber:
    """What one server shows of the task, from the first frame to its end; stages are printed."""
    subscriber = Subscriber()
    address = f"{person.url.replace('http', 'ws')}/api/v1/monitor/ws?token={person.token}"
    async with asyncio.timeout(PATIENCE_S), connect(address, proxy=None) as socket:
        await socket.send(f'{{"type": "subscribe_task", "task_id": "{task}"}}')
        async for message in socket:
            frame = read_frame(message)
            subscriber.take(frame)
            if frame["type"] in ("task_started", "task_stage", "task_completed"):
                say(f"  server {number}  {frame['type']:<15} {frame.get('stage_key') or frame.get('worker_id') or ''}")
            if frame["type"] == "task_completed":
                return subscriber
    raise ConnectionError("the server closed the connection")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def findings_of(person: Person, task: str) -> list[dict[str, Any]]:
    answer = person.client.get(f"/api/v1/tasks/{task}/findings", params={"page_size": 100, "lang": "en"})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def demonstrate(deployment: Deployment) -> bool:
    """Run one scan; whether both servers showed the same whole."""
    servers = [deployment.serve("--testnet") for _ in range(SERVERS)]
    for _ in range(WORKERS):
        deployment.work("--testnet")
    deployment.work("--testnet", "--queues", "browser")
    people = [deployment.person(url) for _, url in servers]
    for number, (_, url) in enumerate(servers, start=1):
        say(f"server {number}: {url}   (admin, password {PASSWORD})")
    task = people[0].create(TARGET, screenshots=True, use_passive_sources=True)
    say(f"a scan of {TARGET}, ordered at server 1:")
    seen = await asyncio.gather(*(follow(number, person, task) for number, person in enumerate(people, start=1)))
    shown = [findings_of(person, task) for person in people]
    for finding in shown[0]:
        say(f"  {finding['risk']['level']:<9} {finding['domain']}")
    last = people[1].task(task)["last_seq"]
    same = shown[0] == shown[1] and all(watcher.last == last for watcher in seen)
    say(f"{len(shown[0])} findings, {last} events, {'the same' if same else 'NOT THE SAME'} through both servers")
    return same and people[0].task(task)["status"] == "completed"


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--once", action="store_true", help="end after the scan")
    once = words.parse_args().once
    try:
        with (
            tempfile.TemporaryDirectory(prefix="compliance-demo-") as folder,
            running_cluster() as postgres,
            running_deployment(Path(folder), postgres) as deployment,
        ):
            good = asyncio.run(demonstrate(deployment))
            if not once:
                say("The pages stay until Ctrl-C.")
                asyncio.run(asyncio.Event().wait())  # type: ignore[arg-type] # any coroutine
            return 0 if good else 1
    except FileNotFoundError as error:
        say(f"{error}: on Debian and Ubuntu: apt-get install postgresql redis-server")
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
