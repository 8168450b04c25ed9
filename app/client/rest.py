"""The few REST calls that watching needs: sign in, renew, read the report."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import aiohttp

from app.client.errors import ClientError, ServerUnreachable, SignInFailed

TIMEOUT_S: Final = 30.0
UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class Session:
    """Tokens of one sign-in. The refresh token serves once."""

    access_token: str
    refresh_token: str


class RestClient:
    """One server. Use as an asynchronous context manager.

    Every call raises ServerUnreachable for no answer or a 5xx, SignInFailed for a 401, ClientError with the code of
    the problem document for every other refusal.
    """

    def __init__(self, url: str) -> None:
        self._base = url.rstrip("/") + "/api/v1"
        self._http: aiohttp.ClientSession | None = None  # set inside the context

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
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
        """The report of a task, partial while it runs."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self._call("GET", f"/tasks/{quote(task_id, safe='')}/report", headers=headers)

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        assert self._http is not None  # inside the context
        try:
            async with self._http.request(method, self._base + path, **options) as response:
                if response.status >= 500:  # noqa: PLR2004 - RFC 9110
                    raise ServerUnreachable(f"The server answers with {response.status}.", code="unavailable")
                body = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServerUnreachable("The server does not answer.", code="unreachable") from error
        except ValueError as error:
            raise ClientError("The answer is no JSON: is this the right server?", code="not_json") from error
        return _checked(response.status, body)


def _checked(status: int, body: Any) -> dict[str, Any]:
    if status < 400 and isinstance(body, dict):  # noqa: PLR2004 - RFC 9110
        return body
    problem = body if isinstance(body, dict) else {}
    kind = SignInFailed if status == UNAUTHORIZED else ClientError
    raise kind(str(problem.get("detail", f"HTTP status {status}")), code=str(problem.get("code", f"http_{status}")))


def _session(body: dict[str, Any]) -> Session:
    return Session(body["access_token"], body["refresh_token"])
