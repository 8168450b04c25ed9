"""Handshakes that cannot be read get an answer and an end.

httptools lets requests through that websockets then refuses: a line above 8 KiB (an enormous token in the address), too
many headers. uvicorn waits for a request that never comes, and the connection would stay for ever, counted by nobody.
"""

from typing import Final

from app.websocket.transport import ServerProtocol

BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class GuardedProtocol(ServerProtocol):
    """Given to uvicorn as `ws="app.websocket.handshake:GuardedProtocol"`."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated:  # uvicorn hands over complete requests only
            self._refuse()

    def _refuse(self) -> None:
        """With the 414 or 431 that websockets has prepared, where it knew one."""
        self.handshake_complete = self.close_sent = True
        self.peer.retire()
        self.transport.write(b"".join(self.conn.data_to_send()) or BAD_REQUEST)
        self.transport.close()
