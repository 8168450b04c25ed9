"""Ports for servers that tests start in processes of their own, and start again at the same place."""

import secrets
import socket
from pathlib import Path
from typing import Final

_FIRST: Final = 10_240
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_ENOUGH: Final = 1_000  # ports to choose from; with fewer, two runs could choose the same one


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens, and which no outgoing connection is given meanwhile: below what the
    system hands out. A server that is away for a moment finds it free when it comes back.
    """
    end = _first_handed_out()
    while end - _FIRST >= _ENOUGH:
        port = _FIRST + secrets.randbelow(end - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _first_handed_out() -> int:
    """0: it is not known."""
    try:
        return int(_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
