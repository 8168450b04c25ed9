"""How a user reaches the test internet: shares the one that runs, or starts it. Standard library only."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from testnet.ground import Ground
from testnet.worlds import DEMO, WORLDS

START_TIMEOUT_S = 120.0  # for a machine that is busy; an idle one needs less than two seconds
RETRY_S = 0.05
ROOT = Path(__file__).resolve().parent.parent


class TestnetError(RuntimeError):
    """The test internet cannot be reached: its ports are taken by something else, or it failed to start."""

    __test__ = False  # not a test, whatever its name begins with


class Testnet:
    """A user's hold on the test internet: it lives at least as long as this is open."""

    __test__ = False

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self.settings: dict[str, Any] = self._read()

    def requests(self, host: str | None = None, *, after_seq: int = 0) -> list[dict[str, Any]]:
        """Requests that reached `host` (or any host) after `after_seq`: seq, host, scheme, method, target, status."""
        entries: list[dict[str, Any]] = self.ask(cmd="requests", host=host, after_seq=after_seq)["requests"]
        return entries

    def last_seq(self) -> int:
        """Number of the latest request, to be given as `after_seq` later."""
        return int(self.ask(cmd="requests", host="-")["last_seq"])

    def ask(self, **command: Any) -> dict[str, Any]:
        self._connection.sendall(json.dumps(command).encode() + b"\n")
        return self._read()

    def fileno(self) -> int:
        """For `select`: readable, while no command is under way, means that the test internet ended."""
        return self._connection.fileno()

    def close(self) -> None:
        self._lines.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionResetError("the test internet ended")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise TypeError("not a message of the test internet")
        return message


@contextmanager
def attach(*, world: str = DEMO, net: int | None = None, grace_s: float | None = None) -> Iterator[Testnet]:
    """Holds a world of it for the length of the block. `net` and `grace_s` are for tests of their own."""
    with connect(WORLDS[world].ground(net), world=world, grace_s=grace_s) as testnet:
        yield testnet


def connect(ground: Ground, *, world: str = DEMO, grace_s: float | None = None) -> Testnet:
    """Connects to the server, starting it where there is none. Raises `TestnetError`."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            return announce(ground)
        except ConnectionRefusedError:
            start_server(ground, world, grace_s=grace_s)
        except ConnectionError:  # it ended this very moment
            time.sleep(RETRY_S)
    raise TestnetError(f"The test internet does not answer at {place(ground)}.")


def announce(ground: Ground) -> Testnet:
    connection = socket.create_connection(ground.control, timeout=START_TIMEOUT_S)
    try:
        testnet = Testnet(connection)
    except (ValueError, TypeError, TimeoutError) as error:
        connection.close()
        raise TestnetError(f"Something that is not the test internet listens at {place(ground)}.") from error
    except OSError:
        connection.close()
        raise
    if "error" in testnet.settings:
        testnet.close()
        raise TestnetError(str(testnet.settings["error"]))
    return testnet


def start_server(ground: Ground, world: str, *, grace_s: float | None) -> None:
    """Starts a detached server. One that finds the control port taken by a faster one steps back: no error."""
    command = [sys.executable, "-m", "testnet.server", "--detach", "--net", str(ground.net), "--world", world]
    command += [] if grace_s is None else ["--grace-s", str(grace_s)]
    done = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=START_TIMEOUT_S, check=False
    )
    if done.returncode not in (0, 3):
        raise TestnetError(done.stderr.decode(errors="replace").strip() or "The test internet did not start.")


def place(ground: Ground) -> str:
    address, port = ground.control
    return f"{address}:{port}"
