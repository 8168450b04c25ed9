"""Small real servers for the tests of net and capture: DNS over UDP, and HTTP as raw bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str] | str]  # (name, type) -> values, or the name of an rcode


class DnsServer(asyncio.DatagramProtocol):
    """Answers from `zone`; a name that is not there at all is NXDOMAIN. `silent` swallows every question."""

    def __init__(self, zone: Zone, *, ttl: int = 0, silent: bool = False) -> None:
        self.zone = zone
        self.ttl = ttl
        self.silent = silent
        self.questions: list[tuple[str, str]] = []
        self.address = ""
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport):
        self.transport = transport
        host, port = transport.get_extra_info("sockname")
        self.address = f"{host}:{port}"

    def datagram_received(self, data, addr):
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True).lower()
        rdtype = dns.rdatatype.to_text(question.question[0].rdtype)
        self.questions.append((name, rdtype))
        if not self.silent:
            self.transport.sendto(self.answer(question, name, rdtype).to_wire(), addr)

    def answer(self, question, name: str, rdtype: str):
        response = dns.message.make_response(question)
        response.flags |= dns.flags.RA
        while (cname := self.zone.get((name, "CNAME"))) is not None:
            response.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", "CNAME", f"{cname[0]}."))
            if rdtype == "CNAME":
                return response
            name = cname[0]
        found = self.zone.get((name, rdtype))
        if isinstance(found, str):
            response.set_rcode(dns.rcode.from_text(found))
        elif found:
            response.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", rdtype, *found))
        elif not any(known == name for known, _ in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


@contextlib.asynccontextmanager
async def dns_server(zone: Zone, *, ttl: int = 0, silent: bool = False) -> AsyncIterator[DnsServer]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: DnsServer(zone, ttl=ttl, silent=silent), local_addr=("127.64.0.53", 0)
    )
    try:
        yield protocol
    finally:
        transport.close()


Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class HttpServer:
    """Passes every request head to the handler and then closes; counts connections and keeps the heads."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.connections = 0
        self.heads: list[str] = []
        self.port = 0
        self._answers: set[asyncio.Task[None]] = set()  # under way

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode("latin-1"))
            await self._answer(head, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, which many tests want
        finally:
            writer.close()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        answer = asyncio.ensure_future(self.handler(head, writer))
        self._answers.add(answer)
        try:
            await asyncio.wait({answer})
        finally:
            answer.cancel()
            self._answers.remove(answer)
        if not answer.cancelled():
            answer.result()

    def hang_up(self) -> None:
        """Ends what is still answering: since Python 3.12 a server that closes waits for all of them."""
        for answer in self._answers:
            answer.cancel()


@contextlib.asynccontextmanager
async def http_server(handler: Handler, *, address: str = "127.64.0.1", ssl=None) -> AsyncIterator[HttpServer]:
    server = HttpServer(handler)
    listener = await asyncio.start_server(server.serve, address, 0, ssl=ssl)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        server.hang_up()
        await asyncio.wait_for(listener.wait_closed(), 60)


def response(body: bytes = b"", *, status: str = "200 OK", **headers: str) -> bytes:
    lines = {"Content-Type": "text/html", "Content-Length": str(len(body)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def routes(table: dict[str, bytes]) -> Handler:
    """Answer by path; 404 otherwise."""

    async def handle(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split(b" ")[1].decode("latin-1")
        writer.write(table.get(path, response(b"not here", status="404 Not Found")))

    return handle
