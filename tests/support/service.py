"""`compliance serve` as a process, and who talks to it from outside: by HTTP, by single bytes, through nginx."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD
from tests.support.command import environment
from tests.support.ports import free_port
from tests.support.programs import Program, start_program

START_S = 30.0
PATIENCE_S = 90.0
NGINX = """\
{user}
daemon off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream application {{ server 127.0.0.1:{application}; keepalive 1; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://application;
      proxy_http_version 1.1;
      proxy_request_buffering {buffering};
      proxy_set_header Host $http_host;
{headers}
    }}
  }}
}}
"""


class Service:
    """A running server, seen from outside."""

    def __init__(self, process: Program, port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self.folder = folder
        self.data_dir = folder / "data"
        self.output = folder / "output"  # all that the process wrote, its log too
        self.proc = Path(f"/proc/{process.pid}")  # what the system says of it
        self.own_sockets = 0  # it holds without any connection
        self.http = self.new_client()

    def log(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def log_bytes(self) -> int:
        return self.output.stat().st_size

    def await_line(self, text: str) -> None:
        """Wait until the text is in the log."""
        deadline = time.monotonic() + START_S
        while text not in self.log():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def sign_in(self, username: str = "admin", password: str = ADMIN_PASSWORD) -> dict[str, str]:
        """Headers of a fresh session."""
        answer = self.http.post("/api/v1/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def add_user(self, username: str = "mei", role: str = "user") -> dict[str, str]:
        """Makes the user; headers of a session of theirs."""
        body = {"username": username, "email": f"{username}@example.com", "password": USER_PASSWORD, "role": role}
        answer = self.http.post("/api/v1/admin/users", json=body, headers=self.sign_in())
        assert answer.status_code == 201, answer.text
        return self.sign_in(username, USER_PASSWORD)

    def connect(self, *, source: str = "127.0.0.1") -> socket.socket:
        """A connection of which the test decides about every byte."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S, source_address=(source, 0))

    def say(self, content: bytes) -> bytes:
        """All that is answered to these bytes until the server closes. Raises TimeoutError when it does not."""
        with closing(self.connect()) as link:
            link.sendall(content)
            return read_all(link)

    def sockets(self) -> int:
        """How many sockets of the network its process holds; those between its own processes are not counted."""
        table = [
            line.split() for name in ("tcp", "tcp6") for line in (self.proc / "net" / name).read_text().splitlines()
        ]
        network = {f"socket:[{fields[9]}]" for fields in table if len(fields) > 9}
        found = 0
        for entry in (self.proc / "fd").iterdir():
            with suppress(FileNotFoundError):
                found += str(entry.readlink()) in network
        return found

    def settle(self) -> None:
        """Wait until it has let go of all connections; we let go of our own kept one."""
        self.http.close()
        self.http = self.new_client()
        deadline = time.monotonic() + START_S
        while self.sockets() > self.own_sockets:
            assert time.monotonic() < deadline, "it does not let go of its connections"
            time.sleep(0.05)

    def new_client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE_S, trust_env=False)

    def is_healthy(self) -> bool:
        return self.process.poll() is None and self.http.get("/readyz").status_code == 200


def read_all(link: socket.socket) -> bytes:
    """What comes until the other side closes, or resets."""
    said = b""
    try:
        while data := link.recv(65_536):
            said += data
    except ConnectionResetError:
        return said
    return said


def read_answer(link: socket.socket) -> bytes:
    """Head and body of one answer with a Content-Length; shorter when the other side closes before."""
    said = b""
    while b"\r\n\r\n" not in said:
        data = link.recv(1)  # not a byte of the next answer
        if not data:
            return said
        said += data
    length = int(said.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
    while length > 0 and (data := link.recv(length)):
        said, length = said + data, length - len(data)
    return said


@contextmanager
def running_service(folder: Path, **settings: Any) -> Iterator[Service]:
    """`compliance serve` with these settings (as in `Settings`); ended in order when the block is left."""
    port, folder = free_port(), folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    values = {"data_dir": folder / "data", "port": port, "admin_password": ADMIN_PASSWORD, **settings}
    variables = {f"COMPLIANCE_{name.upper()}": str(value) for name, value in values.items()}
    with (
        (folder / "output").open("ab") as output,
        start_program(["serve"], environment(**variables), output) as process,
    ):
        service = Service(process, port, folder)
        try:
            _wait_for(port, process, service.log)
            service.say(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            service.await_line("serving")
            service.own_sockets = service.sockets()
            yield service
        finally:
            service.http.close()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@contextmanager
def nginx_before(
    folder: Path,
    application: int,
    *,
    upgrade: str = "$http_upgrade",
    connection: str = "upgrade",
    buffering: str = "on",
) -> Iterator[int]:
    """The port of a real nginx whose connections to the application are kept and shared (`keepalive 1`).

    `upgrade` and `connection` are what it sends upstream in these headers; "" leaves one out.
    """
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = NGINX.format(
        user="user root;" if os.geteuid() == 0 else "",  # the folder is ours alone
        folder=folder,
        port=port,
        application=application,
        buffering=buffering,
        headers=f'      proxy_set_header Upgrade "{upgrade}";\n      proxy_set_header Connection "{connection}";',
    )
    (folder / "nginx.conf").write_text(config)
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [binary, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port, process, (folder / "error.log").read_text)
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait_for(port: int, process: "subprocess.Popen[bytes] | Program", explain: Any) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, explain()
            assert time.monotonic() < deadline, explain()
            time.sleep(0.05)
        else:
            return
