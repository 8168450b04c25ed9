"""A rolling restart under many clients: two servers on PostgreSQL and Redis, each started anew while the other serves.

    .venv/bin/python bench/rolling_restart.py [--clients 1000] [--nginx]

The clients follow a scan that runs meanwhile, wait before they come back as our own client does, and know both servers;
with `--nginx` they come through it, as it stands in `deploy/nginx`, with TLS. Printed is how long they were away, what
came late, and what was lost. Clients, servers, worker and both services share this machine: look at the load.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.server import raise_file_limit  # noqa: E402 - the repository is not on the path before
from tests.fault.distributed.scene import open_scene, order  # noqa: E402
from tests.support.postgres import running_cluster  # noqa: E402
from tests.system.test_two_servers import front_of  # noqa: E402

DRAIN_S: Final = 10.0
LONGEST_WAIT_S: Final = 15.0
PAGES: Final = 300  # of the scanned site: the scan must outlive both restarts
SLOW_S, FAST_S = 3.0, 0.02  # until the site answers, during the restarts and after them


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--nginx", action="store_true")
    options = parser.parse_args()
    raise_file_limit()
    with tempfile.TemporaryDirectory() as folder, running_cluster() as postgres:
        return measure(Path(folder), postgres, clients=options.clients, through_nginx=options.nginx)


def measure(folder: Path, postgres: object, *, clients: int, through_nginx: bool) -> int:
    room = ("ws_max_connections_per_user", "ws_max_connections_per_address", "http_max_connections_per_address")
    lifted = dict.fromkeys((*room, "ws_handshakes_per_s_per_address"), 3 * clients)
    settings = {"ws_drain_s": DRAIN_S, "trusted_proxies": "127.0.0.1", "worker_lost_after_s": 120, **lifted}
    with ExitStack() as stack:
        scene = stack.enter_context(open_scene(folder, postgres, **settings))  # type: ignore[arg-type]
        addresses, trust = [url for _, url in scene.servers], None
        if through_nginx:
            front = front_of(folder / "nginx", *addresses)
            stack.enter_context(front.running())
            scene.background.run(front.answers())
            addresses, trust = [f"https://127.0.0.1:{front.port}"], front.trust
        person = scene.person()
        scene.world.add_pages(PAGES)
        task = order(person)
        scene.follow(person, task, clients, addresses=addresses, trust=trust)
        scene.work()
        scene.world.delay_s = SLOW_S
        scene.until(lambda: len(scene.world.requests) > 1)
        times = [scene.restart(number) for number in range(2)]
        assert scene.row(task)["status"] == "running"
        scene.world.delay_s = FAST_S
        scene.finish(task)
        away = sorted(watcher.away_s for watcher in scene.watchers)
        refusals = sum((watcher.refusals for watcher in scene.watchers), Counter[int]())
        say(f"{clients} clients {'through nginx' if through_nginx else 'that know both servers'}")
        say("server ended and was back after: " + ", ".join(f"{end:.1f} s and {back:.1f} s" for end, back in times))
        say(f"a client was away for {away[len(away) // 2]:.2f} s (half of them), {away[-1]:.2f} s (all)")
        say(f"answers instead of a connection: {dict(refusals) or 'none'}")
        for name, value in scene.results().items():
            say(f"{name}: {value}")
        say("load of the machine: " + ", ".join(f"{load:.1f}" for load in os.getloadavg()))
        scene.stop_following()
        return 0 if away[-1] <= LONGEST_WAIT_S else 1


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
