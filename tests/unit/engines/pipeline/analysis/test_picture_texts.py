"""Which pictures are read, how many, and what is said of the others."""

import asyncio

import pytest

from app.captures.folder import FolderStorage
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.picture_reader import PictureUnread
from app.engines.capture.scan_contents import ScanContents
from app.engines.html.page_content import PageContent
from app.engines.pipeline.analysis.picture_texts import (
    MAX_PICTURES,
    MAX_RECHECK_PICTURES,
    MAX_TEXT,
    SCARCE_TEXT,
    PictureTexts,
)
from tests.support.said import said
from tests.unit.engines.crawl.conftest import FakeSink

SCARCE = PageContent(text="首页", shows_pictures=True)


class Sink(FakeSink):
    async def warning(self, code, message, **_):
        self.warnings.append((code, message))


class Reads:
    """Says what it was told for every picture; raises it when it is an error."""

    def __init__(self, said="百家乐"):
        self.said, self.pictures = said, []

    async def read(self, picture):
        self.pictures.append(picture)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def contents(tmp_path):
    made = ScanContents(FolderStorage(tmp_path / "content"))
    yield made
    made.close()


@pytest.fixture
def sink():
    return Sink()


@pytest.fixture
def make(store, contents, sink):
    def build(reader, language="en", **limits):
        texts = MessageCatalog(language)
        return PictureTexts(
            contents=contents, store=store, sink=sink, texts=texts, open_reader=lambda: reader, **limits
        )

    return build


@pytest.fixture
def page(contents):
    async def build(content=SCARCE, *, picture=b"jpeg", **capture):
        sha256 = await contents.put(picture) if picture else ""
        url = "https://x.test/"
        return CapturedPage(Capture("x.test", "x.test", url, url, 200, screenshot_sha256=sha256, **capture), content)

    return build


async def test_the_picture_of_a_page_with_next_to_no_text_is_read_once(make, page, sink):
    reader = Reads()
    pictures = make(reader)
    shown = await page()
    assert await pictures.read(shown)
    assert pictures.text_of(shown.capture) == "百家乐"
    assert await pictures.read(shown)  # another page that shows it says the same
    assert reader.pictures == [b"jpeg"]
    await pictures.tell()
    assert sink.logs == [("INFO", said("pictures_read", pictures=1, with_text=1))]
    assert sink.warnings == []


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (PageContent(text="x" * SCARCE_TEXT, shows_pictures=True), {}),
        (PageContent(text="首页"), {}),
        (SCARCE, {"picture": b""}),
        (SCARCE, {"page_class": "parked"}),
    ],
    ids=["text", "no_pictures", "no_screenshot", "parked"],
)
async def test_other_pages_are_not(make, page, content, options, sink):
    reader = Reads()
    pictures = make(reader)
    assert not await pictures.read(await page(content, **options))
    assert reader.pictures == []
    await pictures.tell()
    assert (sink.logs, sink.warnings) == ([], [])


async def test_a_scan_that_goes_on_knows_what_was_read(make, page):
    shown = await page()
    await make(Reads("x" * 5_000)).read(shown)
    reader = Reads()
    pictures = make(reader)
    assert pictures.text_of(shown.capture) == "x" * MAX_TEXT
    assert await pictures.read(shown)
    assert reader.pictures == []


@pytest.mark.parametrize(("language", "said"), [("en", "Tesseract is not installed"), ("zh-CN", "未安装 Tesseract")])
async def test_without_the_program_the_report_says_so(make, page, sink, language, said):
    pictures = make(None, language)
    assert not await pictures.read(await page())
    await pictures.tell()
    ((code, message),) = sink.warnings
    assert code == "degraded"
    assert said in message


async def test_more_than_the_budget_is_left_out_and_counted(make, page, sink):
    reader = Reads("")
    pictures = make(reader)
    for number in range(MAX_PICTURES + 2):
        await pictures.read(await page(picture=b"%d" % number))
    assert len(reader.pictures) == MAX_PICTURES
    await pictures.tell()
    assert [message[:8] for _, message in sink.warnings] == ["2 images"]


async def test_the_time_of_all_pictures_has_a_bound(make, page):
    reader = Reads()
    pictures = make(reader, max_in_all_s=0.0)
    assert not await pictures.read(await page())
    assert reader.pictures == []


async def test_a_picture_that_cannot_be_read_ends_nothing_and_is_counted(make, page, sink):
    pictures = make(Reads(PictureUnread("too slow")))
    assert not await pictures.read(await page())
    await pictures.tell()
    ((_, message),) = sink.warnings
    assert message == said("pictures_unread_unread", pictures=1)


@pytest.mark.parametrize(
    ("spent_by", "limit", "left"),
    [(True, MAX_RECHECK_PICTURES, MAX_PICTURES), (False, MAX_PICTURES, MAX_RECHECK_PICTURES)],
)
async def test_first_captures_and_rechecks_spend_nothing_of_each_other(make, page, sink, spent_by, limit, left):
    reader = Reads("")
    pictures = make(reader)
    for number in range(limit + 1):
        await pictures.read(await page(picture=b"%d" % number), is_recheck=spent_by)
    assert len(reader.pictures) == limit
    assert not pictures.knows_all_of(await page(picture=b"%d" % limit))
    going_on = make(reader)  # the next attempt has no more
    await going_on.read(await page(picture=b"more"), is_recheck=spent_by)
    assert len(reader.pictures) == limit
    for number in range(left + 1):
        await going_on.read(await page(picture=b"other %d" % number), is_recheck=not spent_by)
    assert len(reader.pictures) == limit + left
    await going_on.tell()
    assert [message for _, message in sink.warnings] == [said("pictures_unread_budget", pictures=2)]


async def test_the_time_of_rechecks_is_their_own(make, page):
    reader = Reads()
    pictures = make(reader, max_recheck_s=0.0)
    assert not await pictures.read(await page(picture=b"1"), is_recheck=True)
    assert await pictures.read(await page(picture=b"2"))
    pictures = make(reader, max_in_all_s=0.0)
    assert not await pictures.read(await page(picture=b"3"))
    assert await pictures.read(await page(picture=b"4"), is_recheck=True)
    assert reader.pictures == [b"2", b"4"]


async def test_what_one_budget_left_out_and_the_other_has_read_is_not_missing(make, page, sink):
    pictures = make(Reads(), max_recheck_s=0.0)
    shown = await page()
    await pictures.read(shown, is_recheck=True)
    await pictures.read(shown)
    await pictures.tell()
    assert (len(sink.logs), sink.warnings) == (1, [])


async def test_a_page_whose_picture_is_being_read_waits_for_its_text(make, page):
    may_go_on = asyncio.Event()

    class Slow(Reads):
        async def read(self, picture):
            await may_go_on.wait()
            return await super().read(picture)

    reader = Slow()
    pictures = make(reader)
    shown = await page()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(pictures.read(shown))
        recheck = group.create_task(pictures.read(shown, is_recheck=True))
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert not recheck.done()
        may_go_on.set()
    assert (first.result(), recheck.result(), len(reader.pictures)) == (True, True, 1)
    assert pictures.knows_all_of(shown)
    assert pictures.text_of(shown.capture) == "百家乐"


async def test_a_scan_that_goes_on_takes_no_picture_for_read_that_was_not(make, page):
    reader = Reads(PictureUnread("too slow"))
    pictures, unread = make(reader), await page(picture=b"1")
    await pictures.read(unread)
    reader.said = "百家乐"
    await pictures.read(await page(picture=b"2"))
    going_on = make(reader)
    assert not going_on.knows_all_of(unread)
    assert await going_on.read(unread)
