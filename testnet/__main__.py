"""`python -m testnet`: holds the test internet until stdin ends, and says in one JSON line how it is reached.

`python -m testnet expected corp.test` prints what a scan has to find, `python -m testnet hosts` who lives where.
"""

import argparse
import json
import os
import select
import signal
import sys
from types import FrameType

from testnet.client import Testnet, TestnetError, connect
from testnet.expected import expect
from testnet.ground import Ground
from testnet.worlds import DEMO, WORLDS, WorldPlan

READ_BYTES = 65_536


class Stopped(Exception):
    """SIGTERM or SIGINT came."""


def main() -> int:
    arguments = parse_arguments()
    plan = WORLDS[arguments.world]
    ground = plan.ground(arguments.net)
    match arguments.command:
        case "expected":
            return show_expected(ground, plan, arguments.target or plan.target)
        case "hosts":
            for host in plan.build(ground).hosts.values():
                sys.stdout.write(f"{host.address:<14} {'+'.join(host.schemes):<11} {host.name:<36} {host.id}\n")
        case _:
            return hold(ground, arguments.world)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m testnet", description=__doc__)
    parser.add_argument("--net", type=int, help="second octet of its addresses, 64 to 127")
    parser.add_argument("--world", choices=tuple(WORLDS), default=DEMO, help="which world: the demo's, or the big one")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("hosts", help="list the hosts")
    expected = commands.add_parser("expected", help="print the findings that a scan has to come to")
    expected.add_argument("target", nargs="?")
    return parser.parse_args()


def hold(ground: Ground, world: str) -> int:
    """Attaches, prints the settings, and keeps the test internet alive until stdin ends or a signal comes."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        with connect(ground, world=world) as testnet:
            sys.stdout.write(json.dumps(testnet.settings) + "\n")
            sys.stdout.flush()
            return wait(testnet)
    except TestnetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Stopped:
        pass
    return 0


def wait(testnet: Testnet) -> int:
    """Until stdin ends (0), or the test internet does (1)."""
    while True:
        ready, _, _ = select.select([sys.stdin, testnet], [], [])
        if testnet in ready:
            sys.stderr.write("The test internet ended.\n")
            return 1
        if not os.read(sys.stdin.fileno(), READ_BYTES):
            return 0


def show_expected(ground: Ground, plan: WorldPlan, target: str) -> int:
    world = plan.build(ground)
    if target not in world.targets:
        sys.stderr.write(f"The test internet has no target {target!r}, only {', '.join(world.targets)}.\n")
        return 1
    sys.stdout.write(json.dumps(expect(world, target), ensure_ascii=False, indent=2) + "\n")
    return 0


def stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
