"""Forty pages that were made to end a scan, or to hold it: as the target's pages, as third parties, and by themselves.

Nothing here depends on how busy the machine is: what is counted is processor time.
"""

import asyncio
import contextlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from app.domain.scan_facts import Capture, FetchError, ThirdParty
from app.domain.stages import STAGES, StageStatus
from app.engines.analyse.subject import Subject
from app.engines.parsing.page_parser import PageParser
from app.engines.parsing.pool import ParserPool
from app.engines.ports import Unreadable
from app.scanstore.sqlite import SqliteScanStore
from tests.support.cpu_time import slowness
from tests.support.hostile_pages import MAX, PAGES
from tests.support.small_world import TARGET, small_world
from tests.unit.engines.test_scan_executor import RememberingSink, executor

PAGE_S = 2.0  # processor time that a page may cost
HOLD_S = 0.25  # that the scan's loop may be held by one step
TICK_S = 0.4  # what a reader's clock may be late by, with the kernel's ticks and the next reader's start
AWAY = "http://away.test/"
HTML = (("content-type", "text/html; charset=utf-8"),)


def test_there_are_forty_of_them():
    assert len(PAGES) >= 40


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_read_or_refused_within_its_processor_time(name):
    body = PAGES[name]().encode()
    assert len(body) <= MAX
    async with ParserPool(target="corp.test") as pool:
        parser = PageParser(pool)
        await parser.document(b"", charset="utf-8")
        as_page = await cost(pool, parser.page(body, url="http://corp.test/", headers=HTML))
        as_party = await cost(pool, capture_and_analyse(parser, body))
        assert (await parser.document(b"<p>next", charset="utf-8")).text == "next"
    assert as_page < PAGE_S + TICK_S
    assert as_party < PAGE_S + TICK_S


async def test_a_page_of_sixty_thousand_styled_links_keeps_the_first_of_them():
    links = "".join(
        f"<li class=x style='color:#333'><a class=y style='color:#00f' href=//h{number}.test/>{number}</a>\n"
        for number in range(60_000)
    )
    page = f"<style>.x{{color:red}}.y{{opacity:.9;position:relative}}</style><ul>{links}</ul>".encode()[:MAX]
    async with ParserPool(target="corp.test") as pool:
        found = await PageParser(pool).page(page, url="http://corp.test/", headers=HTML)
    urls = [reference.url for reference in found.references]
    assert urls == [f"http://h{number}.test/" for number in range(len(urls))]
    assert len(urls) > 1_000
    assert found.overflowed


async def capture_and_analyse(parser: PageParser, body: bytes) -> None:
    content, _ = await parser.answer(body, content_type="text/html", url=AWAY)
    capture = Capture("away.test", "away.test", AWAY, AWAY, 200, title=content.title)
    await parser.analyse(Subject(capture, ThirdParty("away.test", ("away.test",)), content))


async def cost(pool: ParserPool, work) -> float:
    """Processor time of all readers, those included that were ended meanwhile."""
    before = used(pool)
    try:
        await work
    except Unreadable as failure:
        assert failure.reason in {"cpu", "memory", "nesting"}  # noqa: PT017 - any of them, or none at all
    await asyncio.sleep(0.1)  # the next reader says that it is there
    return used(pool) - before


def used(pool: ParserPool) -> float:
    """Of the readers' parent, of those that it has buried, and of the living ones."""
    ticks = 0
    for pid in pool.processes():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended: its parent has its time, once it has buried it
        fields = stat.rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))  # its own, and of children that are gone
    return ticks / os.sysconf("SC_CLK_TCK")


async def test_a_site_of_forty_such_pages_is_scanned_to_its_end(tmp_path):
    pages = {(TARGET, f"/hostile/{name}"): make().encode() for name, make in PAGES.items()}
    links = "".join(f'<a href="{path}">{path}</a>' for _, path in pages)
    await scan(tmp_path, {**pages, (TARGET, "/"): f"<p>start{links}</p>".encode()})


async def test_forty_such_third_parties_end_no_scan(tmp_path):
    parties = {(f"{name.replace('_', '-')}.example", "/"): make().encode() for name, make in PAGES.items()}
    links = "".join(f'<a href="http://{host}/">{host}</a>' for host, _ in parties)
    await scan(tmp_path, {**parties, (TARGET, "/"): f"<p>start{links}</p>".encode()})


async def scan(tmp_path: Path, documents: dict[tuple[str, str], bytes]) -> None:
    """Scans to the end; every document that could not be read is named, and the loop was never held."""
    store, sink = SqliteScanStore(tmp_path / "scan.db"), RememberingSink()
    async with small_world(documents) as world:
        world.delay_s = 0.0
        async with LoopWatch() as watch:
            await executor(world, tmp_path, store, sink).run()
    stages = [key for key, status in sink.of("stage") if status is StageStatus.COMPLETED]
    assert stages == [spec.key for spec in STAGES]
    store.flush()
    with contextlib.closing(sqlite3.connect(tmp_path / "scan.db")) as file:
        unread = [url for (url,) in file.execute("SELECT url FROM pages WHERE error = 'unreadable'")]
    unread += [capture.url for capture in store.captures() if capture.error is FetchError.UNREADABLE]
    named = " ".join(message for _, message in sink.of("log"))
    warned = " ".join(message for _, message in sink.of("warning"))
    assert [url for url in unread if f"The page {url} could not be parsed" not in named] == []
    assert [url for url in unread[:10] if url not in warned] == []
    assert {host for host, _ in documents} <= {url.split("/")[2] for url in world.requests}
    assert store.counts().pages > 1
    store.close()
    assert watch.longest_s < HOLD_S * slowness(), watch.longest_s


class LoopWatch:
    """The most processor time that the loop's thread spent between two turns of a task that always wants one."""

    async def __aenter__(self):
        self.longest_s = 0.0
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _watch(self):
        last = time.thread_time()
        while True:
            await asyncio.sleep(0.002)
            now = time.thread_time()
            self.longest_s = max(self.longest_s, now - last)
            last = now
