import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, closing

import pytest
import trustme

from app.cli.first_contact import check_server
from app.client.errors import ServerUnreachable
from app.domain.messages import MessageCatalog
from tests.support.said import said

PROBLEM = "application/problem+json"


def response(status, body=b"", kind="text/html"):
    head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def answering(data, **options):
    """Something on a port that reads a request, says this and hangs up."""

    async def answer(reader, writer):
        await reader.read(1_000)
        writer.write(data)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, **options) as server:
        yield server.sockets[0].getsockname()[1]


async def reason(url, language="en"):
    with pytest.raises(ServerUnreachable) as refused:
        await check_server(url, MessageCatalog(language))
    return refused.value.message


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_a_refusal_of_ours_is_an_answer(status):
    async with answering(response(status, b'{"code": "missing_token"}', PROBLEM)) as port:
        await check_server(f"http://127.0.0.1:{port}/", MessageCatalog("en"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (response(200, b"<h1>hello</h1>"), said("cli.not_ours")),
        (response(404), said("cli.not_ours")),
        (response(401, b'{"code": 1}', "application/json"), said("cli.not_ours")),
        (response(302), said("cli.not_ours")),
        (response(502, b"<h1>Bad Gateway</h1>"), said("cli.behind_proxy")),
        (b"SSH-2.0-OpenSSH\r\n", said("cli.not_ours")),
        (b"", said("cli.not_ours")),
    ],
)
async def test_what_is_none_of_ours_is_said(data, why):
    async with answering(data) as port:
        assert why in await reason(f"http://127.0.0.1:{port}")


async def test_where_nothing_listens_and_where_there_is_no_name():
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    assert await reason(url) == said("cli.not_connected", url=url, reason=said("system.refused"))
    chinese = said("cli.not_connected", "zh-CN", url=url, reason=said("lost.refused_there", "zh-CN"))
    assert await reason(url, "zh-CN") == chinese
    assert "does not resolve" in await reason("http://no-such-name.invalid")


async def test_without_a_secure_connection():
    async with answering(response(200)) as port:
        assert said("cli.no_tls") in await reason(f"https://127.0.0.1:{port}")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with answering(response(200), ssl=context) as port:
        assert "certificate is not valid (its issuer is not trusted)" in await reason(f"https://127.0.0.1:{port}")
        assert "证书无效（颁发机构不受信任）" in await reason(f"https://127.0.0.1:{port}", "zh-CN")
