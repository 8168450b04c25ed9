"""Stands between a program and PostgreSQL, and keeps the answer to a COMMIT to itself when it is told to."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from sqlalchemy.engine import make_url

CHUNK = 65_536


class CommitProxy:
    """`swallow` the answer to the next COMMIT: that transaction is committed, and the connection is cut."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._armed = threading.Event()
        self.swallowed = threading.Event()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, name="commit-proxy", daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def swallow(self) -> None:
        self.swallowed.clear()
        self._armed.set()

    def close(self) -> None:
        self._listener.close()
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += (near, far)
                cut = threading.Event()
                for source, sink, is_client in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._carry, args=(source, sink, cut, is_client), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, cut: threading.Event, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if is_client and b"COMMIT\0" in data and self._armed.is_set():
                    self._armed.clear()
                    cut.set()
                if not is_client and cut.is_set():  # the answer: it has been committed
                    self.swallowed.set()
                    break
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def commit_proxy(database_url: str) -> Iterator[tuple[CommitProxy, str]]:
    """The proxy, and the URL of the database through it."""
    url = make_url(database_url)
    proxy = CommitProxy((url.host or "127.0.0.1", url.port or 5432))
    try:
        yield proxy, url.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
    finally:
        proxy.close()
