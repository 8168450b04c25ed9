"""The deployment's mail server: SMTP with STARTTLS or TLS from the beginning."""

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property
from typing import Final
from urllib.parse import unquote, urlsplit

from app.core.aio import ThreadsEnded, in_thread
from app.core.redact import display_text
from app.notifications.adapters.answers import SHOWN
from app.notifications.outcome import Failed, FailureCode, Outcome, Sent

THREADS: Final = 4
STEP_S: Final = 10.0  # of each step of the conversation
PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_PERMANENT: Final = range(500, 600)  # RFC 5321, 4.2.1: the same will do no better later


@dataclass(frozen=True, slots=True)
class MailServer:
    """`scheme`: `smtp` (STARTTLS, refused without it), `smtps` (TLS at once), or `smtp+plain` (neither: a relay on this
    machine).
    """

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | None = None

    @classmethod
    def parse(cls, url: str, *, ca_file: str | None = None) -> "MailServer":
        """Read `smtp://user:password@host:port`. The settings have checked it."""
        parts = urlsplit(url)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            ca_file=ca_file,
        )


class SmtpSender:
    """Fulfils `MailSender`: each mail by a connection of its own, in a thread."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="smtp")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, message: EmailMessage) -> Outcome:
        try:
            return await in_thread(self._threads, self._send, message)
        except ThreadsEnded as ended:  # the process ends
            raise asyncio.CancelledError from ended

    def _send(self, message: EmailMessage) -> Outcome:
        """Only what the server says of this mail (answers to RCPT and DATA) may be final; whatever else fails, such as
        a sender that it does not accept, must be fixed in the deployment, and mails wait for that.
        """
        try:
            with closing(self._connect()) as client:
                client.send_message(message)
                with suppress(OSError, smtplib.SMTPException):  # the mail is taken: nothing else matters
                    client.quit()
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return _refused(code, said)
        except smtplib.SMTPDataError as error:
            return _refused(error.smtp_code, error.smtp_error)
        except smtplib.SMTPResponseException as error:
            return _unreachable(f"{error.smtp_code} {_text(error.smtp_error)}")
        except ssl.SSLError as error:
            return Failed(FailureCode.TLS, {"detail": display_text(str(error))[:SHOWN]})
        except TimeoutError:
            return Failed(FailureCode.TIMEOUT, {"detail": ""})
        except (OSError, smtplib.SMTPException) as error:
            return _unreachable(str(error))
        return Sent()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Reads the system's roots, which takes some 10 ms: once, in one of the threads."""
        context = ssl.create_default_context()
        if self._server.ca_file is not None:
            context.load_verify_locations(cafile=self._server.ca_file)
        return context

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=STEP_S, context=self._context)
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=STEP_S)
        try:
            if server.scheme == "smtp":
                client.starttls(context=self._context)
            if server.username:
                client.login(server.username, server.password)
        except BaseException:
            client.close()
            raise
        return client


def _refused(code: int, said: bytes | str) -> Failed:
    params = {"code": code, "answer": display_text(_text(said))[:SHOWN]}
    return Failed(FailureCode.MAIL_REFUSED, params, is_final=code in _PERMANENT)


def _unreachable(detail: str) -> Failed:
    return Failed(FailureCode.MAIL_UNREACHABLE, {"detail": display_text(detail)[:SHOWN]})


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())
