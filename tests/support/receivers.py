"""Receivers of notifications that speak the real protocols: an HTTP server with scripted answers, and a mail server."""

import asyncio
import hmac
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import orjson

Answer = tuple[int, dict[str, str], bytes]
TAKEN: Final[Answer] = (200, {}, b"ok")
WAIT_S: Final = 120.0  # stops a test that would hang


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]  # names lower case
    body: bytes

    @property
    def document(self) -> Any:
        return orjson.loads(self.body)


def verify(secret: str, request: Received) -> None:
    """Check a webhook's signature, as docs/notifications.md says it."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    key = b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert expected in request.headers["webhook-signature"].split()


class HttpReceiver:
    """Takes POSTs. `script` answers them in turn, then `TAKEN`; a callable decides by the request, and may block."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.script: list[Answer | Callable[[Received], Answer]] = []
        self._some = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, more, said = receiver._take(Received(self.path, headers, body))
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_arguments: object) -> None:
                """It says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if context is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/hook"

    def wait_for(self, count: int) -> list[Received]:
        """Blocking: until so many requests have come."""
        with self._some:
            assert self._some.wait_for(lambda: len(self.received) >= count, WAIT_S), f"{len(self.received)} came"
            return list(self.received)

    async def until(self, count: int) -> list[Received]:
        return await asyncio.to_thread(self.wait_for, count)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, request: Received) -> Answer:
        with self._some:
            self.received.append(request)
            answer = self.script.pop(0) if self.script else TAKEN
            self._some.notify_all()
        return answer(request) if callable(answer) else answer


@contextmanager
def http_receiver(context: ssl.SSLContext | None = None) -> Iterator[HttpReceiver]:
    receiver = HttpReceiver(context)
    try:
        yield receiver
    finally:
        receiver.close()


@contextmanager
def mail_receiver(context: ssl.SSLContext) -> Iterator["MailReceiver"]:
    """A mail server on a loop of its own, in a thread: `mails` are read from outside."""
    ready, done = threading.Event(), threading.Event()
    receiver = MailReceiver(context)

    async def live() -> None:
        await receiver.start()
        ready.set()
        await asyncio.to_thread(done.wait)
        await receiver.close()

    thread = threading.Thread(target=asyncio.run, args=(live(),), daemon=True)
    thread.start()
    try:
        assert ready.wait(WAIT_S)
        yield receiver
    finally:
        done.set()
        thread.join()


@dataclass
class MailReceiver:
    """A mail server with STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954), as far as a client needs it.

    `refusals` are answers to the next RCPT commands. `answers`: of commands that are answered otherwise than usual, by
    their verb ("": the connection); None: not at all. Made inside the running loop.
    """

    context: ssl.SSLContext
    starttls: bool = True
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    answers: dict[str, str | None] = field(default_factory=dict)

    async def start(self) -> None:
        self._some = asyncio.Condition()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def until(self, count: int) -> list[EmailMessage]:
        async with asyncio.timeout(WAIT_S), self._some:
            await self._some.wait_for(lambda: len(self.mails) >= count)
        return list(self.mails)

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_tls = False
        await _say(writer, self.answers.get("") or "220 mail.test ESMTP")
        while line := (await reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case known if known in self.answers:
                    answer = self.answers[known]
                    if answer is None:
                        return
                    await _say(writer, answer)
                case "EHLO":
                    offers = ["STARTTLS"] if self.starttls and not is_tls else ["AUTH PLAIN"]
                    await _say(writer, "250-mail.test", *(f"250 {offer}" for offer in offers))
                case "STARTTLS":
                    await _say(writer, "220 go ahead")
                    await writer.start_tls(self.context)
                    is_tls = True
                case "AUTH":
                    _, name, password = b64decode(rest.partition(" ")[2]).decode().split("\0")
                    self.logins.append((name, password))
                    await _say(writer, "235 welcome")
                case "RCPT" if self.refusals:
                    await _say(writer, self.refusals.pop(0))
                case "DATA":
                    await _say(writer, "354 go on")
                    await self._take(await reader.readuntil(b"\r\n.\r\n"))
                    await _say(writer, "250 taken")
                case "QUIT":
                    await _say(writer, "221 bye")
                    return
                case _:
                    await _say(writer, "250 ok")

    async def _take(self, data: bytes) -> None:
        mail = message_from_bytes(data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."), policy=default)
        assert isinstance(mail, EmailMessage)
        async with self._some:
            self.mails.append(mail)
            self._some.notify_all()


async def _say(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    await writer.drain()
