"""`compliance watch`: follow a task of a running server, over any number of cuts."""

import asyncio
import getpass
import os
import random
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any, Final
from urllib.parse import urlsplit

from rich.console import Console
from typer import BadParameter

from app.cli import exits
from app.cli.display.progress import Display, choose_display, show_until_end
from app.cli.interrupts import Interrupts
from app.cli.scan import print_result
from app.cli.texts import Labels, clean, language_of
from app.client.errors import ClientError, ServerUnreachable, SignInFailed
from app.client.monitor import Connecting, Live, MonitorClient, State, Waiting
from app.client.reconnect import Backoff
from app.client.rest import RestClient, Session
from app.client.taskview import TaskView
from app.core.config import refuse_unknown_variables

TOKEN_VARIABLE: Final = "COMPLIANCE_TOKEN"  # noqa: S105 - a name


class FixedToken:
    """A token that was given; when it has expired there is no other."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def __call__(self, *, renew: bool) -> str:
        if renew:
            raise SignInFailed(f"The token in {TOKEN_VARIABLE} has expired.", code="expired_token")
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


def run_watch(task_id: str, url: str) -> int:
    """The exit code, as `scan` has it. Raises ClientError, ConfigurationError."""
    refuse_unknown_variables(os.environ)
    check_url(url)
    labels = Labels(language_of() or "zh-CN")
    credentials = None if os.environ.get(TOKEN_VARIABLE) else ask_credentials(url)
    display = choose_display(Console(stderr=True, highlight=False), labels)
    try:
        report = asyncio.run(_watch(task_id, url, credentials, display, labels))
    except asyncio.CancelledError:
        return exits.STOPPED
    if report is None:
        raise ClientError("The task was deleted.", code="not_found")
    print_result(report, labels, as_json=False)
    return exits.of_report(report)


def check_url(url: str) -> None:
    """Raises BadParameter."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadParameter(f"{url!r} is not the address of a server, such as http://127.0.0.1:8000")


def ask_credentials(
    url: str, *, terminal: IO[str] | None = None, ask: Callable[[str], str] = getpass.getpass
) -> tuple[str, str]:
    """Name and password from the terminal. Raises SignInFailed where there is none to ask."""
    terminal = terminal or sys.stdin
    if not terminal.isatty():
        raise SignInFailed(f"Set {TOKEN_VARIABLE}, or run this in a terminal to sign in.", code="missing_token")
    sys.stderr.write(f"Sign in to {clean(url)}\nUser [admin]: ")
    sys.stderr.flush()
    username = terminal.readline().strip() or "admin"
    return username, ask("Password: ")


async def _watch(
    task_id: str, url: str, credentials: tuple[str, str] | None, display: Display, labels: Labels
) -> Mapping[str, Any] | None:
    """The report; None when the task was deleted. A signal ends watching, and leaves the task alone."""
    with Interrupts().caught(at_once=True):
        async with RestClient(url) as rest:
            token = await _token(rest, credentials)
            view = TaskView(task_id)
            client = MonitorClient(url, token, on_state=lambda state: display.say(_describe(state, url, labels)))
            with display:
                await show_until_end(client.follow(task_id), view, display)
            return None if view.deleted else await _report(rest, token, task_id)


async def _token(rest: RestClient, credentials: tuple[str, str] | None) -> Token:
    if credentials is None:
        return FixedToken(os.environ[TOKEN_VARIABLE])
    return RenewedToken(rest, await rest.login(*credentials))


async def _report(
    rest: RestClient, token: Token, task_id: str, *, chance: Callable[[], float] = random.random
) -> Mapping[str, Any]:
    """Asks until the server answers: it may be restarting this very moment."""
    backoff = Backoff(random=chance)
    renew = False
    while True:
        try:
            return await rest.report(task_id, await token(renew=renew))
        except ServerUnreachable:
            await asyncio.sleep(backoff.next_delay_s())
        except SignInFailed as refused:
            if refused.code != "expired_token" or renew:
                raise
            renew = True


def _describe(state: State, url: str, labels: Labels) -> str:
    match state:
        case Connecting(tries=0):
            return labels("connecting", url=url)
        case Connecting():
            return ""
        case Live():
            return ""
        case Waiting():
            return labels("waiting_s", reason=state.reason, seconds=state.delay_s)
