"""`compliance watch`: follow a task of a running server, over any number of cuts."""

import asyncio
import getpass
import os
import random
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import IO, Any, Final
from urllib.parse import urlsplit

from rich.console import Console

from app.cli import exit_codes
from app.cli.display.base import Display, choose_display, show_until_end
from app.cli.display.result import MAX_FINDINGS, ScanResult
from app.cli.first_contact import check_server
from app.cli.interrupts import Interrupts
from app.cli.lost_connection import describe_loss
from app.cli.misused import Misused
from app.cli.scan import print_result
from app.cli.terminal import clean
from app.client.errors import ClientError, ServerUnreachable, SignInFailed
from app.client.monitor import Connecting, ConnectionState, Live, MonitorClient, Waiting
from app.client.reconnect import Backoff
from app.client.rest import RestClient, Session
from app.client.taskview import TaskView
from app.core.config import refuse_unknown_variables
from app.domain.messages import Language, MessageCatalog

TOKEN_VARIABLE: Final = "COMPLIANCE_TOKEN"  # noqa: S105 - a name


class FixedToken:
    """A token that was given; when it has expired there is no other."""

    def __init__(self, token: str, texts: MessageCatalog) -> None:
        self._token = token
        self._texts = texts

    async def __call__(self, *, renew: bool) -> str:
        if renew:
            raise SignInFailed(self._texts("cli.token_expired"), code="expired_token")
        return self._token


class RenewedToken:
    """A session that was signed in to; renewed when its token has expired."""

    def __init__(self, rest: RestClient, session: Session) -> None:
        self._rest = rest
        self._session = session

    async def __call__(self, *, renew: bool) -> str:
        if renew:
            self._session = await self._rest.refresh(self._session.refresh_token)
        return self._session.access_token


Token = FixedToken | RenewedToken


def run_watch(task_id: str, url: str, texts: MessageCatalog) -> int:
    """Watch and return the exit code that `scan` would have. Raises ClientError, ConfigurationError."""
    refuse_unknown_variables(os.environ)
    check_url(url)
    asyncio.run(check_server(url, texts))
    credentials = None if os.environ.get(TOKEN_VARIABLE) else ask_credentials(url, texts)
    display = choose_display(Console(stderr=True, highlight=False), texts)
    try:
        result = asyncio.run(_watch(task_id, url, credentials, display, texts))
    except asyncio.CancelledError:
        return exit_codes.STOPPED
    if result is None:
        raise ClientError(texts("cli.task_deleted"), code="not_found")
    print_result(result, texts, as_json=False)
    return exit_codes.of_report(result.report)


def check_url(url: str) -> None:
    """Raise Misused for what is no address of a server."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misused("server", value=repr(url))


def ask_credentials(
    url: str, texts: MessageCatalog, *, terminal: IO[str] | None = None, ask: Callable[[str], str] = getpass.getpass
) -> tuple[str, str]:
    """Ask for name and password. Raises SignInFailed where there is no terminal."""
    terminal = terminal or sys.stdin
    if not terminal.isatty():
        raise SignInFailed(texts("cli.token_or_terminal"), code="missing_token")
    sys.stderr.write(f"{texts('cli.sign_in', url=clean(url))}\n{texts('cli.user')}")
    sys.stderr.flush()
    username = terminal.readline().strip() or "admin"
    return username, ask(texts("cli.password"))


async def _watch(
    task_id: str, url: str, credentials: tuple[str, str] | None, display: Display, texts: MessageCatalog
) -> ScanResult | None:
    """Return the result; None when the task was deleted. A signal ends watching, and leaves the task alone."""
    with Interrupts().caught(at_once=True):
        async with RestClient(url, language=texts.language) as rest:
            token = await _token(rest, credentials, texts)
            view = TaskView(task_id)
            client = MonitorClient(
                url,
                token,
                on_state=lambda state: display.say(_describe(state, url, texts)),
                language=texts.language,
            )
            with display:
                await show_until_end(client.follow(task_id), view, display)
            return None if view.deleted else await _result(rest, token, task_id, texts.language)


async def _token(rest: RestClient, credentials: tuple[str, str] | None, texts: MessageCatalog) -> Token:
    if credentials is None:
        return FixedToken(os.environ[TOKEN_VARIABLE], texts)
    return RenewedToken(rest, await rest.login(*credentials))


async def _result(rest: RestClient, token: Token, task_id: str, language: Language) -> ScanResult:
    """Return the report, and the worst findings in this language."""
    report = await _ask(token, partial(rest.report, task_id))
    listed = await _ask(token, partial(rest.findings, task_id, language=language, page_size=MAX_FINDINGS))
    findings = []
    for item in listed["items"]:
        name = item["finding_id"]
        findings.append(await _ask(token, partial(rest.finding, task_id, name, language=language)))
    return ScanResult(report, findings, listed["total"])


async def _ask(
    token: Token, question: Callable[[str], Awaitable[dict[str, Any]]], *, chance: Callable[[], float] = random.random
) -> dict[str, Any]:
    """Ask until the server answers: it may be restarting this very moment. `question` gets the token."""
    backoff = Backoff(random=chance)
    renew = False
    while True:
        try:
            return await question(await token(renew=renew))
        except ServerUnreachable:
            await asyncio.sleep(backoff.next_delay_s())
        except SignInFailed as refused:
            if refused.code != "expired_token" or renew:
                raise
            renew = True


def _describe(state: ConnectionState, url: str, texts: MessageCatalog) -> str:
    match state:
        case Connecting(tries=0):
            return texts("connecting", url=url)
        case Connecting():
            return ""
        case Live():
            return ""
        case Waiting():
            return texts("waiting_s", reason=describe_loss(state.reason, texts), seconds=state.delay_s)
