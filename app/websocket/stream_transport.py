"""What ASGI cannot say of an HTTP response: cut its reader off.

A stream whose reader takes no bytes could not end otherwise: uvicorn closes a transport only after the last byte was
taken, so every stuck reader would keep its socket and what waits for it.
"""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION: Final = "compliance.abort"


class StreamingProtocol(HttpToolsProtocol):
    """uvicorn's protocol with `scope["extensions"]["compliance.abort"]["abort"]`.

    Called, it drops the connection at once, unsent bytes included.
    """

    def handle_websocket_upgrade(self) -> None:
        """The parser and this object hold each other: without this they stay until a garbage collection."""
        super().handle_websocket_upgrade()
        self.parser = self.flow = None  # type: ignore[assignment]

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"abort": self.transport.abort}}
