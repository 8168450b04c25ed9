"""Pages that could not be read are named, and counted when there are many."""

from app.domain.messages import MessageCatalog
from app.engines.notices import MAX_WARNINGS, UnreadableNotice
from tests.support.said import said
from tests.unit.engines.crawl.conftest import FakeSink


async def test_a_page_is_named_once_with_its_reason():
    sink = FakeSink()
    notice = UnreadableNotice(sink=sink, texts=MessageCatalog("en"), module="page_crawl")
    for _ in range(2):
        await notice.tell("http://a.test/", "nesting")
    assert sink.warnings == [said("unreadable", url="http://a.test/", reason=said("unreadable_nesting"))]
    assert list(notice.urls) == ["http://a.test/"]


async def test_only_so_many_pages_are_warned_of_and_all_are_counted():
    sink = FakeSink()
    notice = UnreadableNotice(sink=sink, texts=MessageCatalog("en"), module="page_crawl")
    for number in range(3 * MAX_WARNINGS):
        await notice.tell(f"http://a.test/{number}", "cpu")
    assert len(sink.warnings) == MAX_WARNINGS
    assert len(notice.urls) == 3 * MAX_WARNINGS
