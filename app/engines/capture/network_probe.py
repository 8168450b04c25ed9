"""Lets the installed browser try to go past its proxy, to ports of this machine that listen for it: for `doctor`."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.engines.capture.browser_process import ARGS, BrowserProcess, start_failure
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.model import NetworkConfig

CANARY: Final = "127.0.0.2"  # of this machine, and not the address at which a proxy listens
PROXY_URL: Final = "http://127.0.0.1:9"  # nobody is there, or who cuts every connection
TRY_LIMIT_S: Final = 20.0
# A page that looks for its own address asks over UDP: what WebRTC does unless it is told not to.
TRY: Final = """async ([address, udp, tcp]) => {
    const peer = new RTCPeerConnection({iceServers: [{urls: `stun:${address}:${udp}`}]});
    const gathered = new Promise(done => {
        peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
        setTimeout(done, 3000);
    });
    peer.createDataChannel('x');
    await peer.setLocalDescription(await peer.createOffer());
    await Promise.all([gathered, fetch(`http://${address}:${tcp}/`, {mode: 'no-cors'}).catch(() => 0)]);
    peer.close();
}"""


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What a page of the browser reached."""

    passed: int  # datagrams and connections that went past the proxy
    exposure: str  # why the browser has the machine's network; "": it has its own


class _Counter(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.count = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio's names
        self.count += 1

    def connected(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        writer.close()


async def find_ways_out(
    chromium_path: str | None, *, args: Sequence[str] = ARGS, has_own_network: bool = True
) -> WaysOut:
    """Start the browser as a scan does, unless it is said how else, and let a page try.

    Raises BrowserUnavailable, and OSError where CANARY is no address of the machine.
    """
    counter = _Counter()
    server = await asyncio.start_server(counter.connected, CANARY, 0)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: counter, local_addr=(CANARY, 0))
    try:
        ports = [transport.get_extra_info("sockname")[1], server.sockets[0].getsockname()[1]]
        serve = _serve_nobody if has_own_network else None
        browser = BrowserProcess(
            config=NetworkConfig(chromium_path=chromium_path),
            proxy_url=PROXY_URL,
            proxy_username="probe",
            proxy_password="probe",  # noqa: S106 - of nobody
            serve=serve,
            args=args,
        )
        exposure = await _try(browser, [CANARY, *ports])
    finally:
        transport.close()
        server.close()
    return WaysOut(counter.count, exposure)


async def _serve_nobody(listener: socket.socket) -> asyncio.Server:
    return await asyncio.start_server(lambda _, writer: writer.close(), sock=listener)


async def _try(browser: BrowserProcess, canary: list[str | int]) -> str:
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(TRY_LIMIT_S):
            await browser.start()
            context = await (await browser.running()).new_context()
            await (await context.new_page()).evaluate(TRY, canary)
            return browser.exposure
    except (Error, TimeoutError) as failure:
        raise BrowserUnavailable(start_failure(str(failure))) from failure
    finally:
        await browser.close()
