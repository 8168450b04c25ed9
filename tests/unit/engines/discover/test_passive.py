import pytest

from app.domain.discovery import SourceReport, SourceStatus
from app.domain.messages import FOREIGN_LANGUAGE, MessageCatalog, english
from app.engines.discover.passive import MAX_NAMES, PassiveSources
from app.engines.discover.source_cache import FolderCache
from app.engines.discover.sources import SourceFailed
from app.engines.scope import Scope
from tests.support.said import said


class Source:
    """Answers with names, or fails; counts how often it was asked."""

    def __init__(self, name, *names, failure=None):
        self.name = name
        self.asked = 0
        self._names = list(names)
        self._failure = failure

    async def names(self, domain, fetcher):
        self.asked += 1
        if self._failure is not None:
            raise self._failure
        return self._names


@pytest.fixture
def ask(web, sink, tmp_path):
    async def ask(*sources):
        passive = PassiveSources(
            sources,
            scope=Scope("a.test"),
            fetcher=web,
            cache=FolderCache(tmp_path / "sources"),
            sink=sink,
            texts=MessageCatalog(FOREIGN_LANGUAGE),
            at_once=4,
        )
        offered = []

        async def offer(name, source):
            offered.append((name, source))

        await passive.run(offer)
        return passive.reports, offered

    return ask


async def test_a_second_scan_of_the_day_gets_the_same_without_asking(ask, sink):
    source = Source("otx", "WWW.a.test", "www.a.test", "*.dev.a.test", "b.test", "-.a.test")
    first = await ask(source)
    assert first == (
        [SourceReport("otx", SourceStatus.ASKED, 2)],
        [("www.a.test", "otx"), ("dev.a.test", "otx")],
    )
    reports, offered = await ask(source)
    assert (reports, offered) == ([SourceReport("otx", SourceStatus.CACHED, 2)], first[1])
    assert source.asked == 1
    assert sink.logs[-1] == ("INFO", said("source_cached", source="otx", named=2))


async def test_a_failure_is_not_kept_and_the_next_scan_asks_again(ask):
    reason = english("source_failure.status", status=429)
    source = Source("otx", failure=SourceFailed(reason, SourceStatus.LIMITED, ["www.a.test"]))
    for _ in range(2):
        assert await ask(source) == ([SourceReport("otx", SourceStatus.LIMITED, 1)], [("www.a.test", "otx")])
    assert source.asked == 2


async def test_one_source_that_fails_leaves_the_others_alone(ask):
    failed = Source("down", failure=SourceFailed(english("source_failure.not_json")))
    reports, offered = await ask(failed, Source("otx", "www.a.test"))
    assert set(reports) == {SourceReport("down", SourceStatus.FAILED), SourceReport("otx", SourceStatus.ASKED, 1)}
    assert offered == [("www.a.test", "otx")]


async def test_what_is_too_much_is_said_also_when_it_comes_from_the_cache(ask, sink):
    source = Source("otx", *(f"h{number}.a.test" for number in range(MAX_NAMES + 5)))
    for _ in range(2):
        _, offered = await ask(source)
        assert len(offered) == MAX_NAMES
    assert [code for code, _ in sink.warnings] == ["partial", "partial"]
