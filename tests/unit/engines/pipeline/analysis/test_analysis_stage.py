"""Analysis of what was captured: with the text as the capture read it, and when it cannot be read."""

from dataclasses import replace

import pytest

from app.captures.folder import FolderStorage
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture, Reference, Relation
from app.domain.violations import Evidence, Layer, ViolationFact, ViolationKey
from app.engines.analyse.subject import SeenLook
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.scan_contents import ScanContents
from app.engines.html.page_content import PageContent
from app.engines.notices import UnreadableNotice
from app.engines.pipeline.analysis.analysis_stage import AnalysisStage
from app.engines.pipeline.capture_selector import CaptureSelector, CaptureTarget
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.ports import Unreadable
from app.engines.scope import Scope
from app.scanstore.sqlite import SqliteScanStore
from tests.support.parsing import page_parser
from tests.support.said import said
from tests.unit.engines.capture.test_capturer import capturing
from tests.unit.engines.crawl.conftest import FakeSink
from tests.unit.engines.net.servers import http_server, response, routes

URL = "http://a.test/"
TARGET = CaptureTarget("a.test", "a.test", URL)
# Without the header these bytes look like Big5 (傭部): nothing else tells how they are to be read.
SHORT_GBK = "<title>赌场</title><h1>赌场</h1><img alt=赌场><p>赌场".encode("gbk")


class Refusing:
    """Can read nothing of it, not even what refers to it."""

    async def analyse(self, subject):
        raise Unreadable("cpu")


class Remembering:
    """Parses, and remembers what was analysed."""

    def __init__(self):
        self.parser, self.pages = page_parser(), []
        self.answer, self.document = self.parser.answer, self.parser.document

    async def analyse(self, subject):
        self.pages.append(subject.page)
        return await self.parser.analyse(subject)


class NoPictures:
    """No picture was read."""

    def text_of(self, capture):
        return ""


class NoLooks:
    """No page has an icon of the site."""

    def note(self, target, page): ...

    def own_icon_of(self, target):
        return ""

    def known_look_of(self, target, capture):
        return None

    def known_icon_of(self, target):
        return None

    async def settle(self):
        return []

    def give_up(self): ...


class NobodyReads:
    """No language model reads along."""

    def __init__(self):
        self.rechecks = []

    async def examine(self, subject, facts, *, is_own, is_recheck=False):
        self.rechecks.append(is_recheck)
        return facts

    def wants_picture(self, page):
        return False


@pytest.fixture
def sink():
    return FakeSink()


@pytest.fixture
def third_parties(tmp_path):
    store = SqliteScanStore(tmp_path / "scan.db")
    parties = ThirdPartyIndex(scope=Scope("corp.test"), store=store, selector=CaptureSelector())
    parties.add([Reference("http://corp.test/", URL, URL, Relation.LINK, "a[href]")])
    yield parties
    store.close()


@pytest.fixture
def stage_with(tmp_path, sink, third_parties):
    texts = MessageCatalog("en")

    def make(parser, on_violations=lambda *_: None, *, pictures=None, looks=None, before_report=None, second=None):
        return AnalysisStage(
            parser=parser,
            third_parties=third_parties,
            contents=ScanContents(FolderStorage(tmp_path / "content")),
            sink=sink,
            texts=texts,
            notice=UnreadableNotice(sink=sink, texts=texts, module="content_capture"),
            is_own=Scope("corp.test").contains,
            on_violations=on_violations,
            on_lost=lambda target: None,
            second=second or NobodyReads(),
            pictures=pictures or NoPictures(),
            looks=looks or NoLooks(),
            before_report=before_report,
        )

    return make


async def test_a_capture_of_which_nothing_can_be_read_is_named_and_ends_no_scan(stage_with, sink):
    stage = stage_with(Refusing())
    for _ in range(2):
        await stage.analyse(TARGET, CapturedPage(Capture("a.test", "a.test", URL, URL, 200)))
    assert stage.violations == 0
    assert sink.warnings == [said("unreadable", url=URL, reason=said("unreadable_cpu"))]


async def test_a_charset_that_only_the_header_declares_holds_for_the_whole_analysis(
    tmp_path, stage_with, third_parties
):
    parser = Remembering()
    stage = stage_with(parser)
    async with (
        http_server(routes({"/": response(SHORT_GBK, Content_Type="text/html; charset=gbk")})) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        page = await capturer.capture("a.test", "a.test", URL)
    await stage.analyse(TARGET, page)
    third_parties.add([Reference("http://corp.test/b", URL, URL, Relation.SCRIPT, "script[src]")])
    await stage.analyse_changed()
    first, again = parser.pages
    assert (first.title, first.text, first.headings, first.alts) == ("赌场", "赌场\n赌场", ("赌场",), ("赌场",))
    assert again == first


@pytest.mark.parametrize(
    ("shown_at", "accused", "url"),
    [
        ("http://www.corp.test/", "www.corp.test", "http://www.corp.test/"),
        ("http://new.corp.test/home", "new.corp.test", "http://new.corp.test/home"),
        ("http://first-visit.test/in", "www.corp.test", "http://www.corp.test/"),
    ],
)
async def test_an_offer_of_an_own_start_page_is_tampering_of_the_site_wherever_its_scripts_lead(
    stage_with, shown_at, accused, url
):
    class Offering:
        async def analyse(self, subject):
            evidence = Evidence(Layer.TEXT, "lexicon", 0.9, "offer")
            return [ViolationFact("corp.test", ViolationKey.ADULT, 0.9, "", (evidence,), False, shown_at)]

    told = []
    stage = stage_with(Offering(), lambda target, page, facts: told.extend(facts))
    own = CaptureTarget("corp.test", "www.corp.test", "http://www.corp.test/", own=True)
    await stage.analyse(own, CapturedPage(Capture("corp.test", "www.corp.test", own.url, shown_at, 200)))
    assert [(fact.violation_key, fact.domain, fact.url) for fact in told] == [("tampered", accused, url)]


class Accusing:
    """Of every page."""

    async def analyse(self, subject):
        evidence = Evidence(Layer.TEXT, "lexicon", 0.9, "offer")
        return [ViolationFact("a.test", ViolationKey.ADULT, 0.9, "", (evidence,), False, URL)]


async def test_what_is_judged_alone_is_not_reported_and_what_is_reported_is_said_before(stage_with):
    noted = []

    async def before_report(target, page, facts):
        noted.append((stage.violations, [fact.violation_key for fact in facts]))

    stage = stage_with(Accusing(), before_report=before_report)
    page = CapturedPage(Capture("a.test", "a.test", URL, URL, 200))
    (fact,) = await stage.judge(TARGET, page)
    assert (fact.violation_key, stage.violations, noted) == ("adult", 0, [])
    await stage.analyse(TARGET, page)
    assert (stage.violations, noted) == (1, [(0, ["adult"])])


async def test_a_page_that_cannot_be_read_and_a_picture_that_was_not_are_not_judged(stage_with):
    class Unread(NoPictures):
        async def read(self, page, *, is_recheck):
            assert is_recheck
            return False

        def knows_all_of(self, page):
            return False

    capture = Capture("a.test", "a.test", URL, URL, 200, html_sha256="1" * 64)
    assert await stage_with(Refusing()).judge(TARGET, CapturedPage(capture)) is None
    shown = CapturedPage(replace(capture, screenshot_sha256="2" * 64))
    assert await stage_with(Accusing(), pictures=Unread()).judge(TARGET, shown) is None


async def test_a_recheck_is_said_to_be_one(stage_with):
    second = NobodyReads()
    stage = stage_with(Accusing(), second=second)
    page = CapturedPage(Capture("a.test", "a.test", URL, URL, 200))
    await stage.analyse(TARGET, page)
    await stage.judge(TARGET, page)
    assert second.rechecks == [False, True]


async def test_what_its_picture_and_its_icon_say_goes_into_the_analysis(stage_with):
    class Subjects:
        """Finds nothing, and remembers what was to be judged."""

        def __init__(self):
            self.said = []

        async def analyse(self, subject):
            self.said.append((subject.picture_text, subject.own_icon))
            return ()

    class Pictures(NoPictures):
        """Are read when they are there."""

        text = ""

        async def read(self, page):
            self.text = "百家乐"
            return True

        def text_of(self, capture):
            return self.text

    class Looks(NoLooks):
        """The icon is known when all is captured."""

        noted, known = (), ""

        def note(self, target, page):
            self.noted = (*self.noted, target)

        def own_icon_of(self, target):
            return self.known

        async def settle(self):
            self.known = "www.corp.test"
            return list(dict.fromkeys(self.noted))

    parser, looks = Subjects(), Looks()
    stage = stage_with(parser, pictures=Pictures(), looks=looks)
    page = CapturedPage(Capture("a.test", "a.test", URL, URL, 200))
    await stage.analyse(TARGET, page)
    await stage.read_picture(TARGET, page)
    await stage.analyse_changed()
    assert parser.said == [("", ""), ("百家乐", ""), ("百家乐", "www.corp.test")]


async def test_a_picture_that_looks_like_what_is_known_is_analysed_with_that(stage_with):
    class Looks(NoLooks):
        def known_look_of(self, target, capture):
            return SeenLook(ViolationKey.GAMBLING, "house.test") if capture.look else None

    class Pictures(NoPictures):
        async def read(self, page):
            return False

    told = []
    stage = stage_with(page_parser(), lambda *found: told.append(found), pictures=Pictures(), looks=Looks())
    plain = CapturedPage(Capture("a.test", "a.test", URL, URL, 200), PageContent(text="天高云淡"))
    await stage.analyse(TARGET, plain)
    await stage.read_picture(TARGET, plain)
    assert told == []
    rendered = CapturedPage(replace(plain.capture, look="1"), plain.content)
    await stage.read_picture(replace(TARGET, evidence=True), rendered)
    assert told == []
    await stage.read_picture(TARGET, rendered)
    ((_, _, (fact,)),) = told
    assert [one.rule for one in fact.evidence] == ["known_look"]
