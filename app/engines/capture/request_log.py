"""Which requests a page makes while it is rendered, and which script, frame or sheet makes each of them.

Playwright tells of every request, also of workers and of frames in processes of their own, because it holds them until
it listens; the protocol of Chromium's own tools says who made it, but may miss the first requests of such a process.
Both are noted, and put together at the end: what nobody says the initiator of was made by its frame.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from app.engines.capture.loaded_request import MAX_INITIATORS, LoadedRequest, web_address

if TYPE_CHECKING:  # Playwright takes a tenth of a second to import; most processes never render
    from playwright.async_api import BrowserContext, CDPSession, Frame, Page, Request, WebSocket

MAX_REQUESTS: Final = 500  # different addresses of one page; a news portal has some 300
MAX_BYTES: Final = 32 * 1024 * 1024  # of all answers to one page, decoded
MAX_URL: Final = 4_096  # characters of an address as it is noted
MAX_PROCESSES: Final = 100  # frames and workers of one page that are listened to
_KINDS: Final = 20  # characters of a kind
_FRAMES_UP: Final = 20  # how far a frame's parents are looked at
_EVENTS: Final = (
    "Network.requestWillBeSent",
    "Network.webSocketCreated",
    "Network.dataReceived",
    "Target.attachedToTarget",
    "Target.receivedMessageFromTarget",
)
# What is said to each process of the page. Only Chromium's debugger remembers which script made a task that another one
# carries out, as the loading of a picture is; it must not stop where a page would have it stop.
_LISTENING: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("Network.enable", {}),
    ("Debugger.enable", {}),
    ("Debugger.setSkipAllPauses", {"skip": True}),
    ("Debugger.setAsyncCallStackDepth", {"maxDepth": 8}),
    ("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False}),
)
_Send = Callable[[str, dict[str, Any]], None]


class RequestLog:
    """The requests of one page. `attach` before it is opened, `close` when it is rendered. Event loop only."""

    def __init__(self, page_url: str, *, max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_BYTES) -> None:
        self._page_url = page_url
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._kinds: dict[str, str] = {}  # what was asked for, in order
        self._makers: dict[str, str] = {}  # by address: who made the request, as Chromium's tools say
        self._frames: dict[str, str] = {}  # by address: in which frame, or what forwarded there
        self._opening: set[str] = set()  # the page itself, and what forwards to it
        self._bytes = 0
        self._sessions: dict[str, _Send] = {}  # of frames and workers in processes of their own
        self._session: CDPSession | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._number = 0  # of the last command
        # Set for good when the page asked for more than is noted: it gets nothing more from then on.
        self.is_cut = False

    async def attach(self, context: "BrowserContext", page: "Page") -> None:
        """Begin to listen. Raises Playwright's errors."""
        page.on("request", self._note_request)
        page.on("websocket", self._note_socket)
        self._session = session = await context.new_cdp_session(page)
        for event in _EVENTS:
            session.on(event, partial(self._on_event, event, self._send))
        for method, params in _LISTENING:
            await session.send(method, params)

    async def close(self) -> None:
        """Say nothing more to the browser."""
        sending = set(self._sending)
        for task in sending:
            task.cancel()
        if sending:
            await asyncio.wait(sending)

    def requests(self) -> tuple[LoadedRequest, ...]:
        """Return what was asked for, in order, without the page itself."""
        return tuple(
            LoadedRequest(url, kind, self._initiators(url))
            for url, kind in self._kinds.items()
            if url not in self._opening
        )

    # What Playwright says

    def _note_request(self, request: "Request") -> None:
        from playwright.async_api import Error

        before = request.redirected_from
        try:
            frame: Frame | None = request.frame
        except Error:  # the window is not there yet
            frame = None
        is_document = request.is_navigation_request()
        is_main = is_document and (frame is None or frame.parent_frame is None)
        if is_main and (not self._kinds or (before is not None and _cut(before.url) in self._opening)):
            self._opening.add(_cut(request.url))
        kind = ("page" if is_main else "frame") if is_document else request.resource_type
        if not self._note(request.url, kind):
            return
        if before is not None:
            self._frames[_cut(request.url)] = _cut(before.url)
        elif frame is not None:
            self._frames[_cut(request.url)] = _address_of(frame.parent_frame if is_document else frame)

    def _note_socket(self, socket: "WebSocket") -> None:
        self._note(socket.url, "websocket")

    def _note(self, url: str, kind: str) -> bool:
        """Return whether it is new."""
        address = _cut(url)
        if address in self._kinds or not web_address(address):
            return False
        if len(self._kinds) >= self._max_requests:
            self._cut_off()
            return False
        self._kinds[address] = kind[:_KINDS].lower()
        return True

    # What Chromium's tools say

    def _on_event(self, event: str, send: _Send, params: Mapping[str, Any]) -> None:
        match event:
            case "Network.requestWillBeSent":
                self._note_maker(str(params["request"]["url"]), str(params.get("type", "other")), params)
            case "Network.webSocketCreated":
                self._note_maker(str(params["url"]), "websocket", params)
            case "Network.dataReceived":
                self._count(int(params["dataLength"]))
            case "Target.attachedToTarget":
                self._listen_to(str(params["sessionId"]), send)
            case "Target.receivedMessageFromTarget":
                self._pass_on(str(params["sessionId"]), json.loads(params["message"]))

    def _note_maker(self, url: str, kind: str, params: Mapping[str, Any]) -> None:
        forwarded = params.get("redirectResponse")
        maker = str(forwarded["url"]) if forwarded else _maker_of(params.get("initiator") or {})
        address = _cut(url)
        if maker and address not in self._makers and len(self._makers) < 2 * self._max_requests:
            self._makers[address] = _cut(maker)
        if self._kinds and kind != "Document":  # documents are told apart by Playwright alone
            self._note(url, kind)

    def _listen_to(self, session_id: str, send: _Send) -> None:
        """Have a frame or a worker in a process of its own say the same."""
        if len(self._sessions) >= MAX_PROCESSES:
            return
        self._sessions[session_id] = speak = partial(self._send_through, send, session_id)
        for method, params in _LISTENING:
            speak(method, params)
        if self.is_cut:
            speak("Network.setBlockedURLs", {"urls": ["*"]})

    def _pass_on(self, session_id: str, message: Mapping[str, Any]) -> None:
        speak = self._sessions.get(session_id)
        if speak is not None and message.get("method") in _EVENTS:
            self._on_event(str(message["method"]), speak, message["params"])

    def _count(self, length: int) -> None:
        self._bytes += length
        if self._bytes > self._max_bytes:
            self._cut_off()

    def _cut_off(self) -> None:
        """The page gets nothing more."""
        if self.is_cut:
            return
        self.is_cut = True
        for speak in (self._send, *self._sessions.values()):
            speak("Network.setBlockedURLs", {"urls": ["*"]})
        self._send("Page.stopLoading", {})

    def _send_through(self, send: _Send, session_id: str, method: str, params: dict[str, Any]) -> None:
        self._number += 1
        command = json.dumps({"id": self._number, "method": method, "params": params})
        send("Target.sendMessageToTarget", {"sessionId": session_id, "message": command})

    def _send(self, method: str, params: dict[str, Any]) -> None:
        task = asyncio.create_task(self._say(method, params), name="request-log")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _say(self, method: str, params: dict[str, Any]) -> None:
        from playwright.async_api import Error

        with suppress(Error):  # the frame or the page is gone: it makes no more requests
            if self._session is not None:
                await self._session.send(method, params)

    # Who made it

    def _initiators(self, url: str) -> tuple[str, ...]:
        """Follow who made the request, who made that, and so on to the page."""
        found: list[str] = []
        seen = {url}
        while len(seen) <= 2 * MAX_INITIATORS and url != self._page_url:
            url = self._maker(url)
            if url in seen or url in self._opening:
                break
            seen.add(url)
            if web_address(url):
                found.append(url)
        return (*[item for item in found if item != self._page_url][: MAX_INITIATORS - 1], self._page_url)

    def _maker(self, url: str) -> str:
        """Return who made the request, as far as it was asked for itself: a script may give itself any name."""
        maker = self._makers.get(url, "")
        if maker in self._kinds or maker in self._makers:
            return maker
        return self._frames.get(url) or self._page_url


def _maker_of(initiator: Mapping[str, Any]) -> str:
    """Return the address of the script that asked, or of what waited for it; "" when it is not said."""
    stack = initiator.get("stack")
    while stack:
        for call in stack.get("callFrames", ()):
            if call.get("url"):
                return str(call["url"])
        stack = stack.get("parent")
    return str(initiator.get("url", ""))


def _address_of(frame: "Frame | None") -> str:
    """Return the address of the frame, or of the nearest one around it that has one; "": none has."""
    for _ in range(_FRAMES_UP):
        if frame is None or web_address(frame.url):
            break
        frame = frame.parent_frame
    return "" if frame is None else _cut(frame.url)


def _cut(url: str) -> str:
    return url.partition("#")[0][:MAX_URL]
