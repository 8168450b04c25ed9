"""A server that speaks S3, for tests: a process of its own, and a proxy before it that can be told to fail."""

import contextlib
import http.client
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.captures.bucket import BucketStorage
from tests.support.ports import free_port

PATIENCE_S = 90
BUCKET = "evidence"
# The library answers requests side by side, and a write fails there with "I/O operation on closed file" when another
# write of the same object ends meanwhile. No real server does that, so one request is answered at a time.
SERVE = """
import sys, threading
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import main

answer, one_at_a_time = DomainDispatcherApplication.__call__, threading.Lock()

def answer_alone(*arguments):
    with one_at_a_time:
        return answer(*arguments)

DomainDispatcherApplication.__call__ = answer_alone
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
"""


class S3Server:
    """`url` is the server's own, without faults."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-c", SERVE, str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        """Forget all buckets, and make the one anew."""
        self._ask("POST", "/moto-api/reset")
        self._ask("PUT", f"/{BUCKET}")

    def _ask(self, method: str, path: str) -> None:
        urllib.request.urlopen(urllib.request.Request(self.url + path, method=method), timeout=10).close()

    def _answers(self) -> bool:
        try:
            self._ask("GET", "/moto-api/")
        except urllib.error.URLError:
            return False
        return True


def access(url: str) -> dict[str, str]:
    """The variables with which a server at this address is reached."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test-access",
        "AWS_SECRET_ACCESS_KEY": "test-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }


def bucket_at(url: str, **options: Any) -> BucketStorage:
    return BucketStorage(BUCKET, "some/prefix", access(url), **options)


@contextlib.contextmanager
def running_s3() -> Iterator[S3Server]:
    server = S3Server()
    try:
        server.start()
        server.empty()
        yield server
    finally:
        server.stop()


class FaultyProxy(ThreadingHTTPServer):
    """Hands requests on. `fault(method, path)` says what happens to one: None, "error" (500), "away" (the connection
    is closed), "cut" (half of the body), "wrong" (another body of the same length), "slow" (nothing comes for
    `slow_s`, and nothing is done), "lost" (it is done, and the answer never comes).
    """

    daemon_threads = True

    def __init__(self, target: S3Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.fault: Callable[[str, str], str | None] = lambda _method, _path: None
        self.slow_s = 3.0
        self.requests: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that did not wait is what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyProxy  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.requests.append((self.command, self.path))
        fault = self.server.fault(self.command, self.path)
        if fault == "away":
            self.close_connection = True
            return
        if fault == "error":
            self._answer(500, {}, b"<Error><Code>InternalError</Code></Error>")
            return
        if fault == "slow":
            time.sleep(self.server.slow_s)
            self.close_connection = True
            return
        status, headers, answer = self._hand_on(body)
        if fault == "lost":
            self.close_connection = True
            return
        self._answer(status, headers, answer, fault)

    def _hand_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.target.port, timeout=20)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        kept = {
            name: value for name, value in answer.getheaders() if name.lower() not in ("connection", "date", "server")
        }
        connection.close()
        return answer.status, kept, data

    def _answer(self, status: int, headers: dict[str, str], body: bytes, fault: str | None = None) -> None:
        length = headers.get("Content-Length") or headers.get("content-length") or str(len(body))
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(bytes(byte ^ 0x55 for byte in body) if fault == "wrong" else body)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing is said."""


for _method in ("GET", "PUT", "HEAD", "DELETE", "POST"):
    setattr(_Handler, f"do_{_method}", _Handler.handle_any)


@contextlib.contextmanager
def faulty_proxy(target: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(target) as proxy:
        serving = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serving.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            serving.join()
