"""The web hosts: one aiohttp server on a socket per address and scheme, answers from the world's tables."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from urllib.parse import unquote

from aiohttp import web

from testnet.authority import Authority
from testnet.bomb import compress_zeros
from testnet.certlog import CertificateLog
from testnet.ground import HTTP_PORT, HTTPS_PORT
from testnet.latency import resource_delay
from testnet.model import Asked, Host, Resource
from testnet.request_log import RequestLog
from testnet.web_types import BOMB_TYPE

SERVER_HEADER = "testnet"
SHUTDOWN_S = 0.5  # answers that still wait for their latency are not worth more


class WebHosts:
    """Starts and stops all listeners, and answers the requests."""

    def __init__(
        self, hosts: Mapping[str, Host], *, authority: Authority, certificate_log: CertificateLog, log: RequestLog
    ) -> None:
        self._hosts = hosts
        self._authority = authority
        self._certificate_log = certificate_log
        self._log = log
        self._asked: Counter[str] = Counter()  # requests by host, of those with faces
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=SHUTDOWN_S)

    async def start(self) -> None:
        """Raises OSError when a port is taken."""
        await self._runner.setup()
        context = self._authority.server_context()
        for address, schemes in sorted(self._listeners().items()):
            if "http" in schemes:
                await web.TCPSite(self._runner, address, HTTP_PORT).start()
            if "https" in schemes:
                await web.TCPSite(self._runner, address, HTTPS_PORT, ssl_context=context).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    def _listeners(self) -> dict[str, set[str]]:
        schemes: dict[str, set[str]] = {}
        for host in self._hosts.values():
            schemes.setdefault(host.address, set()).update(host.schemes)
        return schemes

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        name = (request.host or "").partition(":")[0].lower()
        host = self._find_host(name, request)
        response = await self._respond(host, request) if host else plain(421, "This host lives elsewhere.")
        response.headers["Server"] = SERVER_HEADER
        self._log.add(
            host=name,
            scheme=request.scheme,
            method=request.method,
            target=request.raw_path,
            status=response.status,
            user_agent=request.headers.get("User-Agent", ""),
        )
        return response

    def _find_host(self, name: str, request: web.BaseRequest) -> Host | None:
        """The host of that name, if the request came in at its address; names of a wildcard share one host."""
        host = self._hosts.get(name) or self._hosts.get(f"*.{name.partition('.')[2]}")
        local = request.transport.get_extra_info("sockname") if request.transport else None
        return host if host and local and local[0] == host.address and request.scheme in host.schemes else None

    async def _respond(self, host: Host, request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD", "POST"):
            return plain(405, "Method not allowed.", Allow="GET, HEAD, POST")
        if host.upgrade and request.scheme == "http":
            await asyncio.sleep(host.delay_ms[0] / 1000)
            return plain(301, "Moved.", Location=f"https://{host.name}{request.path_qs}")
        resource = self._face(host, request) or find_resource(host, request.path_qs)
        if host.id == self._certificate_log.host_id:
            resource = self._certificate_log.answer(dict(request.query)) or resource
        await asyncio.sleep(resource_delay(host, resource, request.path_qs) / 1000)
        return await to_response(resource) if resource else plain(404, "404 页面不存在 / Not found")

    def _face(self, host: Host, request: web.BaseRequest) -> Resource | None:
        """What this visitor is shown instead of what all are."""
        if host.faces is None:
            return None
        asked = Asked(
            target=request.path_qs,
            agent=request.headers.get("User-Agent", ""),
            referrer=request.headers.get("Referer", ""),
            has_cookies=bool(request.cookies),
            number=self._asked[host.name],
        )
        self._asked[host.name] += 1
        return host.faces(asked)


def find_resource(host: Host, target: str) -> Resource | None:
    """What the host has for a path with its query; static pages do not mind queries that they do not know."""
    resource = host.resources.get(target)
    if resource is None and host.fallback is not None:
        resource = host.fallback(target)
    return resource or host.resources.get(unquote(target.partition("?")[0]))


async def to_response(resource: Resource) -> web.Response:
    if resource.content_type == BOMB_TYPE:
        body = await asyncio.to_thread(compress_zeros)
        return web.Response(body=body, headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})
    headers = {**dict(resource.headers), "Content-Type": resource.content_type}
    if not resource.content_type:
        del headers["Content-Type"]
    return web.Response(status=resource.status, body=resource.body, headers=headers)


def plain(status: int, text: str, **headers: str) -> web.Response:
    return web.Response(
        status=status, body=text.encode(), headers={**headers, "Content-Type": "text/plain; charset=utf-8"}
    )
