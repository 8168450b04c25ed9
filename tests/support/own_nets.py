"""Networks in which no other run of tests on this machine has a test internet: it may be of another version."""

import os
import socket
from typing import Final

from testnet.ground import CONTROL_PORT, FIRST_NET, LAST_NET, Ground
from testnet.worlds import MOVED, WORLDS

OF_WORLDS: Final = frozenset(plan.net for plan in WORLDS.values())
NETS: Final = [net for net in range(FIRST_NET, LAST_NET + 1) if net not in OF_WORLDS]
_held: list[socket.socket] = []  # as long as this process lives


def own_net() -> int:
    """Take one until the end of this process; the first that was looked at when none is free."""
    first = os.getpid() % len(NETS)
    nets = NETS[first:] + NETS[:first]
    return next((net for net in nets if _take(net)), nets[0])


def move_worlds() -> None:
    """Take one for every world; it holds for all processes that this one starts."""
    os.environ[MOVED] = ",".join(f"{net}={own_net()}" for net in sorted(OF_WORLDS))


def _take(net: int) -> bool:
    ground = Ground(net)
    claim = socket.socket()
    try:
        claim.bind((ground.address(0, 2), CONTROL_PORT))  # where nobody else listens
        with socket.socket() as probe:  # a server lives on for a while after its users
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(ground.control)
    except OSError:
        claim.close()
        return False
    _held.append(claim)
    return True
