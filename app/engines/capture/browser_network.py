"""The network of a browser as its starter has it: the way to the proxy, and nothing else (`own_network`, ADR 0063)."""

import os
import socket
import sys
from pathlib import Path
from typing import Final, Self

from app.engines.capture import own_network

PROGRAM: Final = str(Path(own_network.__file__).resolve())
MAX_SAID: Final = 200  # bytes of the reason why there is none
RECEIVE_LIMIT_S: Final = 5.0  # the browser is there already, so what it was given is as well


def prefix(place: Path, port: int) -> list[str]:
    """Return what to start a command with, so that it has a network of its own. See `BrowserNetwork`."""
    return [sys.executable, "-I", "-S", "-B", PROGRAM, str(place), str(port)]


class BrowserNetwork:
    """Made before the browser is started with `prefix`, asked once after that, closed in any case."""

    def __init__(self, waiting: socket.socket) -> None:
        self._waiting = waiting

    @classmethod
    def expect(cls, place: Path) -> Self:
        """Wait at this path, which is not there yet, for the browser's network."""
        waiting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # A path of an own folder may be longer than an address may be: it is named by the folder's descriptor.
            folder = os.open(place.parent, os.O_PATH | os.O_DIRECTORY)
            try:
                waiting.bind(f"/proc/self/fd/{folder}/{place.name}")
            finally:
                os.close(folder)
            waiting.listen(1)
            waiting.settimeout(RECEIVE_LIMIT_S)
        except BaseException:
            waiting.close()
            raise
        return cls(waiting)

    def receive(self) -> socket.socket | str:
        """Return what listens in the browser's network; a text: why there is none."""
        try:
            control, _ = self._waiting.accept()
            with control:
                control.settimeout(RECEIVE_LIMIT_S)
                said, descriptors, _, _ = socket.recv_fds(control, MAX_SAID, 1)
        except TimeoutError:
            return "no answer"
        if said == own_network.ISOLATED and descriptors:
            return socket.socket(fileno=descriptors[0])
        return said.decode("utf-8", "replace") or "no answer"

    def close(self) -> None:
        self._waiting.close()
