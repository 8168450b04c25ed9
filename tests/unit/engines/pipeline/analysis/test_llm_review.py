"""A language model beside the rules: which pages it is asked about, and what becomes of them when it is not there."""

from dataclasses import replace

import pytest

from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture, FrontierUrl, PageFact, ThirdParty, UrlState
from app.engines.analyse.subject import Subject
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content
from app.engines.model import ReadingModelConfig
from app.engines.parsing.jobs import Jobs
from app.engines.parsing.page_parser import PageParser
from app.engines.pipeline.analysis.llm_review import PER_PATTERN, LlmReview
from app.engines.ports import Unreadable
from app.engines.reading_model.reader import PageReader
from tests.support import said as catalogue
from tests.support.model_server import CLEAN, GAMBLING, Question, said
from tests.support.parsing import InProcess
from tests.unit.engines.crawl.conftest import FakeSink

WEAK = "线上娱乐城 百家乐 轮盘"
PLAIN = "本公司主要生产各类水泵、阀门和管件"
LOGIN = f"{PLAIN}<form><input type=password name=password></form>"


class Model:
    def __init__(self, values):
        self.values, self.questions = values, []

    async def complete(self, body):
        self.questions.append(Question(len(self.questions) + 1, body, None))
        return said(self.questions[-1], self.values)


class Reads(InProcess):
    def __init__(self):
        self._jobs = Jobs(target="a.test", reads=True)


PARSER = PageParser(Reads())  # one for all: making it takes long


class DegradedSink(FakeSink):
    async def warning(self, code, message, **_):
        assert code == "degraded"
        self.warnings.append(message)


@pytest.fixture
def sink():
    return DegradedSink()


@pytest.fixture
def reading_with(store, sink):
    def make(values=None, *, parser=None, **config):
        model = Model(values)
        chosen = ReadingModelConfig("http://127.0.0.1/v1", "m", **config)
        reader = PageReader(config=chosen, client=model, store=store, left_s=lambda: 60.0)
        made = LlmReview(
            reader=reader if values else None,
            parser=parser or PARSER,
            store=store,
            sink=sink,
            texts=MessageCatalog("en"),
        )
        return made, model

    return make


def subject(body, **capture):
    url = "http://b.example/"
    found = Capture("b.example", "b.example", url, url, status=200, **capture)
    return Subject(found, ThirdParty("b.example", ("b.example",)), read_content(HtmlDocument(body)))


async def examined(reading, body, *, is_own=False, is_recheck=False, **capture):
    about = subject(body, **capture)
    return await reading.examine(about, await PARSER.analyse(about), is_own=is_own, is_recheck=is_recheck)


async def test_without_a_model_everything_is_as_it_was(reading_with, sink):
    reading, model = reading_with()
    facts = await PARSER.analyse(subject(WEAK))
    assert await reading.examine(subject(WEAK), facts, is_own=False) is facts
    await reading.tell()
    assert (model.questions, sink.logs) == ([], [])


@pytest.mark.parametrize(
    ("body", "is_own", "is_asked"),
    [(WEAK, False, True), (PLAIN, False, False), (PLAIN, True, True), (LOGIN, False, True)],
)
async def test_it_is_asked_about_signals_forms_and_own_pages(reading_with, body, is_own, is_asked):
    reading, model = reading_with(CLEAN)
    await examined(reading, body, is_own=is_own)
    assert bool(model.questions) is is_asked


async def test_place_holders_are_not_asked_about(reading_with):
    reading, model = reading_with(CLEAN)
    await examined(reading, LOGIN, page_class="parked")
    assert model.questions == []


async def test_what_it_takes_for_clean_stays_to_be_reviewed(reading_with, sink):
    reading, _ = reading_with(CLEAN)
    (fact,) = await examined(reading, WEAK)
    assert (fact.needs_review, fact.evidence[-1].rule) == (True, "model.disagrees")
    await reading.tell()
    assert sink.logs[-1][1] == (
        catalogue.said("reading_done", model="m", asked=1, answered=1, void=0, left_out=0, requests=1, budget=100)
    )


async def test_a_page_that_cannot_be_read_once_more_keeps_its_verdict(reading_with):
    class Refusing:
        async def excerpt(self, _):
            raise Unreadable("cpu")

    reading, _ = reading_with(CLEAN, parser=Refusing())
    facts = await PARSER.analyse(subject(WEAK))
    assert await reading.examine(subject(WEAK), facts, is_own=False) == facts


async def test_a_budget_that_does_not_suffice_is_warned_of(reading_with, sink):
    reading, _ = reading_with(GAMBLING, budget=1)
    await examined(reading, WEAK)
    facts = await examined(reading, f"{WEAK} 注册")
    assert [fact.needs_review for fact in facts] == [True]
    await reading.tell()
    assert sink.warnings == [catalogue.said("reading_left_out_budget", count=1, budget=1)]


# Pages of the site


async def crawled(body, url):
    found = await PARSER.page(body.encode(), url=url, headers=())
    return ProcessedPage(UrlState.DONE, PageFact(url, 1, 200, parsed=True), found)


def item(url, pattern, depth=1):
    return FrontierUrl(1, url, url, "a.test", depth, pattern)


async def noted(reading, *bodies, pattern=None, depth=1):
    for number, body in enumerate(bodies):
        url = f"http://a.test/{number}"
        reading.note(item(url, pattern or str(number), depth), await crawled(body, url))


async def read(reading):
    found = []

    async def on_found(url, references):
        found.append((url, *references))

    await reading.read_site(on_found)
    return found


async def test_what_it_sees_on_a_page_of_the_site_is_a_sign_with_its_source(reading_with, store):
    reading, _ = reading_with(GAMBLING)
    await noted(reading, PLAIN)
    ((url, sign),) = await read(reading)
    assert (url, sign.kind, sign.text) == ("http://a.test/0", "own:model", "gambling, model m, prompt 1")
    assert list(store.references()) == [sign]


async def test_pages_that_ask_for_a_password_go_first_and_each_template_counts_twice(reading_with):
    reading, model = reading_with(CLEAN, concurrency=1)
    await noted(reading, *(f"{PLAIN}{number}" for number in range(PER_PATTERN + 2)), pattern="/p/*")
    await noted(reading, PLAIN, PLAIN, PLAIN, f"{LOGIN}login")
    assert await read(reading) == []
    assert "login" in model.questions[0].excerpt
    assert len({question.excerpt for question in model.questions}) == len(model.questions)


async def test_start_pages_and_pages_with_signs_are_left_to_others(reading_with):
    reading, model = reading_with(CLEAN)
    await noted(reading, PLAIN, depth=0)
    await noted(reading, f"<title>澳门新葡京官网-真人百家乐</title>{PLAIN * 10}")
    await read(reading)
    assert model.questions == []


async def test_the_next_attempt_knows_the_pages_and_asks_about_none_twice(reading_with):
    reading, first = reading_with(GAMBLING)
    await noted(reading, PLAIN)
    reading.save()
    found = await read(reading)
    again, second = reading_with(GAMBLING)
    assert await read(again) == found
    assert (len(first.questions), len(second.questions)) == (1, 0)


async def test_half_of_the_budget_is_kept_for_pages_with_signals(reading_with, sink):
    reading, model = reading_with(CLEAN, budget=4)
    await noted(reading, *(f"{PLAIN}{number}" for number in range(4)))
    await read(reading)
    assert len(model.questions) == 2
    (fact,) = await examined(reading, WEAK)
    assert fact.evidence[-1].rule == "model.disagrees"
    await reading.tell()
    assert sink.warnings == [catalogue.said("reading_left_out_budget", count=2, budget=4)]


async def test_half_of_the_budget_is_kept_from_rechecks(reading_with, store, sink):
    reading, model = reading_with(CLEAN, budget=4)
    for number in range(4):
        await examined(reading, f"{WEAK}{number}", is_recheck=True)
    assert len(model.questions) == 2
    (fact,) = await examined(reading, WEAK)
    assert fact.evidence[-1].rule == "model.disagrees"
    await reading.tell()
    assert sink.warnings == []  # all of them were judged before


async def test_a_recheck_changes_nothing_that_is_counted_as_a_change(reading_with, store):
    for is_recheck, effects in ((True, {}), (False, {"confirmed": 1})):
        reading, _ = reading_with(GAMBLING)
        await examined(reading, WEAK, is_recheck=is_recheck)
        reading.save()
        assert store.checkpoint("reading_model")["effects"] == effects


async def test_a_page_without_excerpt_is_not_noted(reading_with):
    reading, _ = reading_with(CLEAN)
    page = await crawled(PLAIN, "http://a.test/1")
    assert page.extraction.excerpt is not None
    reading.note(item("http://a.test/1", ""), replace(page, extraction=replace(page.extraction, excerpt=None)))
    assert await read(reading) == []
