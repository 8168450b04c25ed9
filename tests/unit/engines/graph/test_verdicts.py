"""Judging what was captured, when it cannot be read."""

from app.engines.capture.store import ContentStore
from app.engines.graph.parties import Parties
from app.engines.graph.targets import Target, TargetBook
from app.engines.graph.verdicts import Verdicts
from app.engines.model import Capture, Reference, Relation
from app.engines.notices import UnreadableNotice
from app.engines.phrases import Phrases
from app.engines.ports import Unreadable
from app.engines.scope import Scope
from app.scanstore.sqlite import SqliteScanStore
from tests.unit.engines.crawl.conftest import FakeSink

URL = "http://hard.example/"


class Refusing:
    """Can read nothing of it, not even what refers to it."""

    async def analyse(self, subject, html):
        raise Unreadable("cpu")


async def test_a_capture_of_which_nothing_can_be_read_is_named_and_ends_no_scan(tmp_path):
    store, sink, phrases = SqliteScanStore(tmp_path / "scan.db"), FakeSink(), Phrases("en")
    parties = Parties(scope=Scope("corp.test"), store=store, book=TargetBook())
    parties.add([Reference("http://corp.test/", URL, URL, Relation.LINK, "a[href]")])
    verdicts = Verdicts(
        analyser=Refusing(),
        parties=parties,
        contents=ContentStore(tmp_path / "captures"),
        sink=sink,
        phrases=phrases,
        notice=UnreadableNotice(sink=sink, phrases=phrases, module="content_capture"),
    )
    target = Target("hard.example", "hard.example", URL)
    for _ in range(2):
        assert not await verdicts.judge(target, Capture("hard.example", "hard.example", URL, URL, 200))
    assert sink.warnings == [f"{URL} could not be read: reading it takes too much processor time"]
    store.close()
