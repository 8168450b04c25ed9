"""The processes of bench/fanout.py: servers on one core, the subscriber on another, each asked by lines."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from app.core.config import Settings

HERE: Final = Path(__file__).parent
PATIENCE_S: Final = 60.0
SEND_BUFFER: Final = Settings.model_fields["ws_send_buffer_bytes"].default
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
SERVER_CORE, CLIENT_CORE = "0", "1"
FIRST_PORT: Final = 19_300


class Process:
    """A child that is asked by lines on stdin and answers with lines of JSON."""

    def __init__(self, command: list[str], *, core: str, log: Path) -> None:
        pinned = ["taskset", "-c", core, *command] if shutil.which("taskset") else command
        with log.open("a") as errors:
            self.popen = subprocess.Popen(
                pinned, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=HERE.parent
            )

    def ask(self, line: str) -> dict[str, Any]:
        assert self.popen.stdin is not None
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.popen.args!r} has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def resident(self) -> int:
        return int(Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1]) * PAGE_BYTES

    def end(self) -> None:
        self.popen.terminate()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Limit:
    """The bare loop."""

    name = "limit"

    def __init__(self, tools: "Tools", port: int) -> None:
        self.port = port
        self.process = Process([*tools.limit, "send", str(port), str(SEND_BUFFER)], core=SERVER_CORE, log=tools.log)
        self.process.read()

    def publish(self, m: int, *, rate: float = 0, k: int = 1, tasks: int = 0) -> dict[str, Any]:
        return self.process.ask(f"go {m} {k} {rate} {tasks}")


class Application:
    """Ours or the naive one: a server with the bench's routes."""

    def __init__(self, tools: "Tools", port: int, script: str, name: str, settings: tuple[str, ...] = ()) -> None:
        self.name = name
        self.port = port
        command = [sys.executable, str(HERE / script), "--port", str(port), *settings]
        self.process = Process(command, core=SERVER_CORE, log=tools.log)
        until = time.monotonic() + PATIENCE_S
        while not self._answers():
            if time.monotonic() > until or self.process.popen.poll() is not None:
                raise RuntimeError(f"{script} does not answer")
            time.sleep(0.1)

    def publish(self, m: int, *, rate: float = 0, k: int = 1, tasks: int = 0, commit: bool = False) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(
            self._request(f"publish?m={m}&rate={rate}&k={k}&tasks={tasks}&commit={commit}", method="POST")
        )
        return answer

    def stats(self, *, collect: bool = False) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._request(f"stats?collect={collect}"))
        return answer

    def tokens(self, count: int) -> str:
        return self._request(f"tokens?n={count}", method="POST")

    def _answers(self) -> bool:
        try:
            return bool(self.stats())
        except (urllib.error.URLError, ConnectionError):
            return False

    def _request(self, path: str, *, method: str = "GET") -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/bench/{path}", method=method)
        with urllib.request.urlopen(request, timeout=10 * PATIENCE_S) as response:
            text: str = response.read().decode()
            return text


Server = Limit | Application


class Tools:
    """Where things are, and what ends with the bench."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.limit = compile_limit(folder)
        self._port = FIRST_PORT

    @contextmanager
    def start(self, kind: str, *settings: str) -> Iterator[Server]:
        """`settings`: NAME=VALUE of ours."""
        self._port += 1
        server: Server
        match kind:
            case "limit":
                server = Limit(self, self._port)
            case "ours":
                server = Application(self, self._port, "fanout_server.py", "ours", settings)
            case _:
                server = Application(self, self._port, "naive_server.py", "naive")
        try:
            yield server
        finally:
            server.process.end()

    @contextmanager
    def follow(self, server: Server) -> Iterator[Process]:
        subscriber = Process([*self.limit, "follow", str(server.port)], core=CLIENT_CORE, log=self.log)
        try:
            subscriber.read()
            yield subscriber
        finally:
            subscriber.end()


def compile_limit(folder: Path) -> list[str]:
    """The command of limit.c."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise SystemExit("bench/limit.c needs a C compiler (Debian: gcc)")
    binary = folder / "limit"
    subprocess.run([compiler, "-O2", "-o", str(binary), str(HERE / "limit.c")], check=True)
    return [str(binary)]
