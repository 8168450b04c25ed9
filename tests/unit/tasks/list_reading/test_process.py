"""The real process that reads a list."""

import asyncio
import os
import signal
from dataclasses import replace

from app.core.config import Settings
from app.domain.reputation_lists import ListDefinition, ListFault, ListOrder
from app.engines.analyse.reputation.layer import STARTER_ALLOW, load_list
from app.engines.identify.classify import service_domains
from app.tasks.list_reading.process import update_in_process
from tests.unit.engines.net.servers import http_server, response, routes


def order(tmp_path, content):
    path = tmp_path / "list.txt"
    path.write_text(content)
    folder = tmp_path / "lists"
    folder.mkdir()
    return ListOrder(definition=ListDefinition("test", "list.txt"), path=str(path), folder=str(folder))


async def test_a_list_is_read_by_a_process_and_lies_where_it_belongs(tmp_path):
    found = await update_in_process(order(tmp_path, "a.casino.example\n10.0.0.1\n"), Settings(data_dir=tmp_path))
    assert (found.fault, found.entries, found.refused) == (None, 1, {"address": 1})
    path = tmp_path / "lists" / found.file_sha256
    assert path.read_text() == "a.casino.example\t00000001\tother\t0.95\n"
    assert path.stat().st_mode & 0o077 == 0


async def test_no_block_list_names_a_well_known_service(tmp_path):
    """One of the shipped tables of services, and one of the shipped allow list."""
    shipped = {entry.name for entry in load_list(STARTER_ALLOW)}
    allowed = min(name for name in shipped if name not in set(service_domains()))
    given = order(tmp_path, f"a.casino.example\njsdelivr.net\n{allowed}\n")
    found = await update_in_process(given, Settings(data_dir=tmp_path))
    assert (found.entries, found.refused) == (1, {"known_service": 2})


async def test_networks_of_the_deployment_reach_the_process(tmp_path):
    settings = Settings(data_dir=tmp_path, allow_networks=("10.0.0.0/8",))
    assert (await update_in_process(order(tmp_path, "10.0.0.1\n"), settings)).entries == 1


async def test_a_process_that_takes_too_long_is_ended_and_a_fault(tmp_path):
    found = await update_in_process(order(tmp_path, "a.casino.example\n"), Settings(data_dir=tmp_path), limit_s=0.001)
    assert found.fault is ListFault.FAILED
    assert list((tmp_path / "lists").iterdir()) == []


async def test_nothing_is_awaited_that_the_process_has_started(tmp_path):
    async with asyncio.timeout(60):
        given = order(tmp_path, "a.casino.example\n")
        found = await update_in_process(given, Settings(data_dir=tmp_path), module="tests.support.open_pipe")
    assert found.fault is ListFault.FAILED
    os.kill(int((tmp_path / "lists" / "held").read_text()), signal.SIGKILL)


async def test_a_url_is_asked_by_the_process_and_once_more_with_what_it_said_of_itself(tmp_path):
    async def answer(head, writer):
        is_known = b'If-None-Match: "a1"' in head
        sent = response(b"", status="304 Not Modified") if is_known else response(b"a.casino.example\n", ETag='"a1"')
        await routes({"/list": sent})(head, writer)

    folder = tmp_path / "lists"
    folder.mkdir()
    first = ListOrder(definition=ListDefinition("test", "http://lists.test/list"), folder=str(folder))
    async with http_server(answer) as server:
        settings = Settings(
            data_dir=tmp_path,
            allow_networks=("127.64.0.0/10",),
            static_hosts=("lists.test=127.64.0.1",),
            port_map=(f"80={server.port}",),
        )
        found = await update_in_process(first, settings)
        assert (found.fault, found.is_new, found.entries, found.etag) == (None, True, 1, '"a1"')
        again = await update_in_process(replace(first, etag=found.etag, known_sha256=found.sha256), settings)
    assert (again.fault, again.is_new, again.etag) == (None, False, '"a1"')
    assert len(server.heads) == 2
