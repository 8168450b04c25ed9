"""Requests of a page while it is rendered, with their initiators."""

from dataclasses import dataclass
from typing import Final

from app.engines.urls import request_url

MAX_INITIATORS: Final = 8  # of one request, nearest first
# A socket is asked for as a page of http or https is: third parties are known by such addresses.
_SOCKETS: Final = (("ws://", "http://"), ("wss://", "https://"))


@dataclass(frozen=True, slots=True)
class LoadedRequest:
    """One address that Chromium asked for without a click."""

    url: str  # as it was asked for: http, https, ws or wss
    kind: str  # "script", "image", "frame", "page" (the window was sent there), "fetch", "websocket", ...
    # Who had it asked for, nearest first: a script, a frame, a sheet or what forwarded; the page itself stands last.
    initiators: tuple[str, ...]

    @property
    def web_url(self) -> str:
        """Its address as a URL of http or https, "" when it is none."""
        return web_address(self.url)


def web_address(url: str) -> str:
    """Return a URL of http or https, without fragment; "" for what reaches no server by a name (`data:`, `blob:`)."""
    for scheme, web in _SOCKETS:
        if url.startswith(scheme):
            url = web + url.removeprefix(scheme)
    return request_url(url) or ""
