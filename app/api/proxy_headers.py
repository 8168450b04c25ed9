"""Whose `X-Forwarded-*` headers count: of the addresses that are trusted, and of those the one that shows the key.

Where the proxy runs on the same machine every process there has its address. With a key, which only the proxy is given,
no other one can name a client that is none: in limits, in the audit log, or to seem to come over https.
"""

import hmac
from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

KEY_HEADER: Final = b"x-compliance-proxy-key"


class ProxyHeaders:
    """Put around the application. What is not believed is read by nobody."""

    def __init__(self, application: ASGIApp, *, proxies: Sequence[str], key: str | None) -> None:
        """`proxies`: addresses and networks; `key` None: each of them is believed."""
        self._application = application
        self._believing = ProxyHeadersMiddleware(application, list(proxies))  # type: ignore[arg-type] # the same shape
        self._key = None if key is None else key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        believed = scope["type"] == "lifespan" or self._shows_key(scope)
        await (self._believing if believed else self._application)(scope, receive, send)  # type: ignore[arg-type] # as above

    def _shows_key(self, scope: Scope) -> bool:
        if self._key is None:
            return True
        shown = [value for name, value in scope["headers"] if name == KEY_HEADER]
        return len(shown) == 1 and hmac.compare_digest(shown[0], self._key)
