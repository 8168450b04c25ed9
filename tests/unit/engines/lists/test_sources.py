"""Everything that can go wrong between a source and us, over real sockets and files."""

import asyncio
import contextlib
import errno
import gzip
import os
from pathlib import Path

import pytest

from app.domain.reputation_lists import ListFault
from app.engines.lists.sources import Gotten, ListFetcher, SourceFailed, copy_file, may_follow
from app.engines.model import NetworkConfig
from app.engines.net.body import MinimumSpeed
from tests.unit.engines.net.servers import http_server, response, routes

LIMIT = 8_000_000  # a bomb must be told by its ratio before it is told by its size
LIST = b"bad.casino.example\n" * 10


@contextlib.asynccontextmanager
async def source(handler, **limits):
    async with http_server(handler) as server:
        config = NetworkConfig(
            allow_networks=("127.64.0.0/16",),
            static_hosts={
                "lists.test": ("127.64.0.1", None),
                "other.lists.test": ("127.64.0.1", None),
                "inside.test": ("127.77.0.1", None),
            },
            port_map={80: server.port},
        )
        yield ListFetcher(config, **limits), server


@pytest.fixture
def fetch(tmp_path):
    async def ask(fetcher, path="/list", etag="", last_modified=""):
        return await fetcher.fetch(f"http://lists.test{path}", tmp_path / "got", etag=etag, last_modified=last_modified)

    return ask


async def test_a_list_comes_with_its_marks_and_its_date(tmp_path, fetch):
    answer = response(LIST, ETag='"a1"', Last_Modified="Fri, 20 Nov 2026 10:00:00 GMT")
    async with source(routes({"/list": answer})) as (fetcher, server):
        gotten = await fetch(fetcher)
    assert gotten == Gotten('"a1"', "Fri, 20 Nov 2026 10:00:00 GMT", "2026-11-20")
    assert (tmp_path / "got").read_bytes() == LIST
    assert "if-none-match" not in server.heads[0].lower()


async def test_marks_that_are_no_text_are_not_kept(fetch):
    answer = b"HTTP/1.1 200 OK\r\nLast-Modified: \xff\xfe\r\nETag: \xff\r\nContent-Length: 4\r\n\r\na.b\n"
    async with source(routes({"/list": answer})) as (fetcher, _):
        assert await fetch(fetcher) == Gotten()


async def test_a_list_that_has_not_changed_is_not_sent(tmp_path, fetch):
    async with source(routes({"/list": response(b"", status="304 Not Modified")})) as (fetcher, server):
        assert await fetch(fetcher, etag='"a1"', last_modified="Fri, 20 Nov 2026 10:00:00 GMT") is None
    assert not (tmp_path / "got").exists()
    assert 'If-None-Match: "a1"' in server.heads[0]
    assert "If-Modified-Since: Fri, 20 Nov 2026 10:00:00 GMT" in server.heads[0]


async def test_an_answer_that_nobody_asked_for_is_no_list(fetch):
    async with source(routes({"/list": response(b"", status="304 Not Modified")})) as (fetcher, _):
        with pytest.raises(SourceFailed) as failure:
            await fetch(fetcher)
    assert (failure.value.fault, failure.value.detail) == (ListFault.STATUS, "304")


async def endless(_head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            writer.write(LIST * 100)
            await writer.drain()


async def silent(_head, _writer):
    await asyncio.Event().wait()


async def dripping(_head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbad")
    await writer.drain()
    await asyncio.Event().wait()


async def breaking(_head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + LIST)


def moved(where):
    return routes({"/list": response(b"", status="302 Found", Location=where)})


BOMB = response(gzip.compress(b"0" * 40_000_000), Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("handler", "fault", "detail"),
    [
        (routes({}), ListFault.STATUS, "404"),
        (routes({"/list": response(b"oops", status="500 Oops")}), ListFault.STATUS, "500"),
        (silent, ListFault.TIMEOUT, "timeout"),
        (dripping, ListFault.TIMEOUT, "too_slow"),
        (breaking, ListFault.BROKEN_OFF, "protocol"),
        (endless, ListFault.TOO_LARGE, str(LIMIT)),
        (routes({"/list": response(bytes(LIMIT + 1))}), ListFault.TOO_LARGE, str(LIMIT)),
        (routes({"/list": BOMB}), ListFault.BOMB, str(LIMIT)),
        (moved("http://10.0.0.1/list"), ListFault.ADDRESS_REFUSED, "blocked"),
        (moved("http://inside.test/list"), ListFault.ADDRESS_REFUSED, "blocked"),
        (moved("http://169.254.169.254/latest"), ListFault.ADDRESS_REFUSED, "blocked"),
        (moved("/list"), ListFault.UNREACHABLE, "too_many_redirects"),
        (moved("file:///etc/passwd"), ListFault.UNREACHABLE, "bad_url"),
    ],
)
async def test_a_source_that_fails_is_told_by_its_fault(tmp_path, fetch, handler, fault, detail):
    limits = {"max_bytes": LIMIT, "timeout_s": 1.0, "speed": MinimumSpeed(bytes_per_s=100, window_s=0.3)}
    async with source(handler, **limits) as (fetcher, _):
        with pytest.raises(SourceFailed) as failure:
            await fetch(fetcher)
    assert (failure.value.fault, failure.value.detail) == (fault, detail)
    assert not (tmp_path / "got").exists()


async def test_a_redirect_within_what_is_allowed_is_followed(tmp_path, fetch):
    table = {"/list": response(b"", status="301 Moved", Location="/new"), "/new": response(LIST)}
    async with source(routes(table)) as (fetcher, _):
        assert await fetch(fetcher) == Gotten()
    assert (tmp_path / "got").read_bytes() == LIST


async def test_a_user_and_a_password_are_told_the_server_that_they_are_for_and_nobody_else(tmp_path):
    handler = routes(
        {
            "/list": response(LIST),
            "/moved": response(b"", status="302 Found", Location="/list"),
            "/away": response(b"", status="302 Found", Location="http://other.lists.test/list"),
        }
    )
    async with source(handler) as (fetcher, server):
        for path in ("/list", "/moved"):
            url = f"http://mei:p%40ss@lists.test{path}"
            assert await fetcher.fetch(url, tmp_path / "got", etag="", last_modified="") is not None
        with pytest.raises(SourceFailed) as failure:
            await fetcher.fetch("http://mei:p%40ss@lists.test/away", tmp_path / "got", etag="", last_modified="")
    assert failure.value.fault is ListFault.UNREACHABLE
    assert len(server.heads) == 4
    assert all("Authorization: Basic bWVpOnBAc3M=" in head for head in server.heads)
    assert not any("other.lists.test" in head for head in server.heads)


@pytest.mark.parametrize(
    ("url", "target", "may"),
    [
        ("https://lists.test/a", "https://files.test/a", True),
        ("https://lists.test/a", "http://lists.test/a", False),
        ("http://lists.test/a", "https://lists.test/a", True),
        ("https://mei@lists.test/a", "https://lists.test:443/b", True),
        ("https://mei@lists.test/a", "https://files.test/a", False),
        ("http://:word@lists.test/a", "http://lists.test:8080/a", False),
    ],
)
def test_what_comes_encrypted_or_with_a_password_is_not_taken_from_elsewhere(url, target, may):
    assert may_follow(url, target) is may


async def test_a_name_that_does_not_resolve_is_unreachable(tmp_path):
    fetcher = ListFetcher(NetworkConfig(resolvers=("127.64.0.99:1",), allow_networks=("127.64.0.0/16",)), timeout_s=2.0)
    with pytest.raises(SourceFailed) as failure:
        await fetcher.fetch("http://nowhere.test/", tmp_path / "got", etag="", last_modified="")
    assert failure.value.fault in {ListFault.UNREACHABLE, ListFault.TIMEOUT}


def test_a_file_is_copied_with_the_date_of_its_change(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(LIST)
    os.utime(path, (1_795_000_000, 1_795_000_000))
    assert copy_file(path, tmp_path / "got") == Gotten(date="2026-11-18")
    assert (tmp_path / "got").read_bytes() == LIST


def test_a_file_that_cannot_be_read_is_told_by_its_fault(tmp_path):
    with pytest.raises(SourceFailed) as missing:
        copy_file(tmp_path / "nothing", tmp_path / "got")
    assert missing.value.fault is ListFault.MISSING
    os.mkfifo(tmp_path / "pipe")  # which would be waited for
    for other in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(SourceFailed) as unreadable:
            copy_file(other, tmp_path / "got")
        assert unreadable.value.fault is ListFault.UNREADABLE
    large = tmp_path / "large"
    large.write_bytes(bytes(1_001))
    with pytest.raises(SourceFailed) as too_large:
        copy_file(large, tmp_path / "got", max_bytes=1_000)
    assert too_large.value.fault is ListFault.TOO_LARGE


def test_a_file_that_is_written_while_it_is_read_is_told(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(LIST)
    with pytest.raises(SourceFailed) as changing:
        copy_file(path, path)  # the copy cuts what is being read
    assert changing.value.fault is ListFault.CHANGING


def test_a_full_disk_is_the_copys(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(LIST)
    with pytest.raises(OSError, match="No space") as full:
        copy_file(path, Path("/dev/full"))
    assert full.value.errno == errno.ENOSPC
