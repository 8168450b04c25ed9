"""The few REST calls that watching needs: sign in, renew, get a ticket, read the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import aiohttp

from app.client.errors import ClientError, ServerUnreachable, SignInFailed

TIMEOUT_S: Final = 30.0
UNAUTHORIZED: Final = 401
PASSING_STATUSES: Final = frozenset({408, 425, 429})  # and all of 500 to 599: it may go well later
MAX_RETRY_AFTER_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Session:
    """Tokens of one sign-in. The refresh token serves once."""

    access_token: str
    refresh_token: str


class RestClient:
    """One server. Use as an asynchronous context manager.

    Every call raises ServerUnreachable for no answer, a 429 or a 5xx, SignInFailed for a 401, ClientError with the code
    of the problem document for every other refusal.
    """

    def __init__(self, url: str, *, language: str | None = None) -> None:
        """`language`: in which refusals are explained; None: as the server likes."""
        self._base = url.rstrip("/") + "/api/v1"
        self._headers = {} if language is None else {"Accept-Language": language}
        self._http: aiohttp.ClientSession | None = None  # set inside the context

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def login(self, username: str, password: str) -> Session:
        return _session(await self._call("POST", "/auth/login", json={"username": username, "password": password}))

    async def refresh(self, refresh_token: str) -> Session:
        return _session(await self._call("POST", "/auth/refresh", json={"refresh_token": refresh_token}))

    async def report(self, task_id: str, token: str) -> dict[str, Any]:
        """Return the report of a task, partial while it runs."""
        return await self._call("GET", f"{_task(task_id)}/report", headers=_bearer(token))

    async def findings(self, task_id: str, token: str, *, language: str, page_size: int) -> dict[str, Any]:
        """Return the first page of findings, the worst first, with texts in this language."""
        query = {"lang": language, "page_size": str(page_size)}
        return await self._call("GET", f"{_task(task_id)}/findings", headers=_bearer(token), params=query)

    async def finding(self, task_id: str, finding_id: str, token: str, *, language: str) -> dict[str, Any]:
        """Return one finding with its evidence."""
        path = f"{_task(task_id)}/findings/{quote(finding_id, safe='')}"
        return await self._call("GET", path, headers=_bearer(token), params={"lang": language})

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        assert self._http is not None  # inside the context
        return await _call(self._http, method, self._base + path, **options)


async def fetch_ticket(address: str, token: str) -> str:
    """Return what opens one WebSocket, once, within seconds. Raises as the calls of `RestClient` do."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http:
        return str((await _call(http, "POST", address, headers=_bearer(token)))["ticket"])


def is_passing(status: int) -> bool:
    """Tell whether the same request may go well later."""
    return status in PASSING_STATUSES or status >= 500  # noqa: PLR2004 - RFC 9110


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return `Retry-After` in seconds; its date form is not worth a clock."""
    text = headers.get("Retry-After", "")
    return min(float(text), MAX_RETRY_AFTER_S) if text.isascii() and text.isdigit() else 0.0


async def _call(http: aiohttp.ClientSession, method: str, url: str, **options: Any) -> dict[str, Any]:
    try:
        async with http.request(method, url, **options) as response:
            if is_passing(response.status):
                raise await _passing(response)
            body = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ServerUnreachable("The server does not answer.", code="unreachable") from error
    except ValueError as error:
        raise ClientError("The answer is no JSON: is this the right server?", code="not_json") from error
    return _checked(response.status, body)


async def _passing(response: aiohttp.ClientResponse) -> ServerUnreachable:
    try:
        problem = await response.json(content_type=None)
    except ValueError:  # a proxy's page
        problem = None
    message, code = f"The server answers with {response.status}.", f"http_{response.status}"
    if isinstance(problem, dict):
        message, code = str(problem.get("detail", message)), str(problem.get("code", code))
    return ServerUnreachable(message, code=code, retry_after_s=retry_after_s(response.headers))


def _checked(status: int, body: Any) -> dict[str, Any]:
    if status < 400 and isinstance(body, dict):  # noqa: PLR2004 - RFC 9110
        return body
    problem = body if isinstance(body, dict) else {}
    kind = SignInFailed if status == UNAUTHORIZED else ClientError
    raise kind(str(problem.get("detail", f"HTTP status {status}")), code=str(problem.get("code", f"http_{status}")))


def _task(task_id: str) -> str:
    return f"/tasks/{quote(task_id, safe='')}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _session(body: dict[str, Any]) -> Session:
    return Session(body["access_token"], body["refresh_token"])
