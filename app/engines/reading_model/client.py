"""Queries the endpoint of the LLM over HTTP: one request, one response; the caller decides about retries.

The endpoint is the operator's own, from the settings: the address policy of scans does not apply. What it sends is a
stranger's all the same: bounded in time and size, no redirects, no cookies, no proxy of the environment.
"""

import asyncio
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import orjson

from app.domain.reading import Void
from app.engines.model import ReadingModelConfig
from app.engines.net.tls_contexts import verifying_context
from app.engines.reading_model.answer import MAX_ANSWER_CHARS

MAX_BODY: Final = 256 * 1024  # of an answer, which takes 2 KiB; some servers send much beside it
CONNECT_TIMEOUT_S: Final = 10.0
MAX_RETRY_AFTER_S: Final = 3_600.0
_PATH: Final = "/chat/completions"
_OK: Final = 200
_TOO_MANY: Final = 429
_BUSY: Final = 503
_SERVER_ERRORS: Final = range(500, 600)


class ModelFailure(Exception):
    """No message came.

    `may_pass`: another try may bring one, not before `retry_after_s` seconds (None: the server did not say).
    """

    def __init__(self, reason: Void, *, may_pass: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.may_pass = may_pass
        self.retry_after_s = retry_after_s


class ModelClient:
    """Use it as a context."""

    def __init__(self, config: ReadingModelConfig, *, ca_file: str | None = None) -> None:
        """`ca_file`: further certificates that are trusted (PEM)."""
        self._url = config.url.rstrip("/") + _PATH
        self._headers = {"Authorization": f"Bearer {config.key}"} if config.key else {}
        self._timeout_s = config.timeout_s
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None  # set while it is open

    async def __aenter__(self) -> Self:
        context = await asyncio.to_thread(verifying_context, self._ca_file)  # reads files
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            trust_env=False,
            auto_decompress=False,  # none is asked for, and a bomb would be one
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def complete(self, body: dict[str, Any]) -> str:
        """Return the message that answers a chat completion.

        Raises:
            ModelFailure: there is none.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                status, retry_after_s, answer = await self._post(body)
        except TimeoutError as error:
            raise ModelFailure(Void.TIMEOUT) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ModelFailure(Void.UNREACHABLE, may_pass=True) from error
        if status != _OK:
            raise _failure(status, retry_after_s)
        return _message(answer)

    async def _post(self, body: dict[str, Any]) -> tuple[int, float | None, bytes]:
        assert self._session is not None, "the client is not open"
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        limit = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
        async with self._session.post(
            self._url, data=orjson.dumps(body), headers=headers, allow_redirects=False, timeout=limit
        ) as response:
            answer = b""
            async for piece in response.content.iter_any():
                answer += piece
                if len(answer) > MAX_BODY:
                    raise ModelFailure(Void.MALFORMED)
            return response.status, _seconds(response.headers.get("Retry-After", "")), answer


def _failure(status: int, retry_after_s: float | None) -> ModelFailure:
    if status == _TOO_MANY:
        return ModelFailure(Void.RATE_LIMITED, may_pass=True, retry_after_s=retry_after_s)
    if status in _SERVER_ERRORS:
        wait_s = retry_after_s if status == _BUSY else None
        return ModelFailure(Void.SERVER_ERROR, may_pass=True, retry_after_s=wait_s)
    return ModelFailure(Void.REFUSED)


def _seconds(retry_after: str) -> float | None:
    """Return the header's seconds; None without one, and for a date, which endpoints of models do not send."""
    text = retry_after.strip()
    return min(float(text), MAX_RETRY_AFTER_S) if text.isascii() and text.isdigit() and len(text) < 9 else None  # noqa: PLR2004 - digits


def _message(answer: bytes) -> str:
    """Return the text of the first choice when the model has ended it by itself."""
    try:
        choice = orjson.loads(answer)["choices"][0]
        content, reason = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ModelFailure(Void.MALFORMED) from error
    if not isinstance(content, str) or len(content) > MAX_ANSWER_CHARS or reason not in ("stop", None):
        raise ModelFailure(Void.MALFORMED)
    return content
