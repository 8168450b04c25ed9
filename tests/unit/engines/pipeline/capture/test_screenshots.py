import contextlib
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.captures.folder import FolderStorage
from app.domain.messages import english
from app.domain.scan_facts import Capture, HopKind
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.page_renderer import Rendered, RenderFailed, RenderSlow
from app.engines.capture.scan_contents import ScanContents
from app.engines.html.page_content import PageContent
from app.engines.parsing.picture_look import page_look_of
from app.engines.pipeline.capture import screenshots as module
from app.engines.pipeline.capture.screenshots import MAX_OF_VIOLATIONS, MAX_SCREENSHOTS, NotRendered, Screenshots
from app.engines.pipeline.capture_selector import CaptureTarget
from tests.support.contents import contents_in
from tests.support.parsing import page_parser
from tests.support.said import said
from tests.support.screens import betting_hall

TARGET = CaptureTarget("b.example", "b.example", "http://b.example/")
LONG = "Pumps, valves and fittings for every purpose. " * 20


def captured(text=LONG, **fields):
    shown = {"status": 200, "html_sha256": "a" * 64, **fields}
    capture = Capture("b.example", "b.example", "http://b.example/", "http://b.example/", **shown)
    return CapturedPage(capture, PageContent(text=text))


def rendered(url="http://b.example/", text="rendered by a script", picture=b"\xff\xd8picture"):
    return Rendered(url, "rendered", f"<title>rendered</title><p>{text}</p>", picture)


@pytest.fixture
def asked():
    """What the browser was asked for: addresses, and whether the document is needed."""
    return []


@pytest.fixture
def render_with(tmp_path, monkeypatch, asked):
    """Screenshots whose browser gives these outcomes, one after the other."""

    class PageRenderer:
        at_once = 4

        def __init__(self, outcomes):
            self.outcomes = list(outcomes)

        async def render(self, url, *, limit=None, needs_document=True, logs=False):
            asked.append((url, needs_document))
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    async def make(*outcomes, quota=None):
        @contextlib.asynccontextmanager
        async def open_renderer(network):
            if outcomes and isinstance(outcomes[0], str):
                raise BrowserUnavailable(english("browser.no_executable", path=outcomes[0]))
            yield PageRenderer(outcomes)

        monkeypatch.setattr(module, "open_renderer", open_renderer)
        made = Screenshots(
            network=SimpleNamespace(parser=page_parser()), contents=ScanContents(FolderStorage(tmp_path), quota)
        )
        stack = AsyncExitStack()
        await made.start(stack)
        return made

    return make


async def test_a_page_with_text_gets_its_picture_and_nothing_else(render_with, tmp_path, asked):
    shown = await (await render_with(rendered())).render(captured())
    assert asked == [("http://b.example/", False)]
    assert shown.content.text == LONG
    assert contents_in(tmp_path).get(shown.capture.screenshot_sha256) == b"\xff\xd8picture"


async def test_a_page_that_only_scripts_render_is_taken_as_they_render_it(render_with, asked):
    shown = await (await render_with(rendered())).render(captured("thin", title="old", charset="gbk"))
    assert asked == [("http://b.example/", True)]
    assert (shown.content.text, shown.capture.title, shown.capture.hops) == ("rendered by a script", "rendered", ())
    assert (shown.capture.source_sha256, shown.capture.source_charset) == ("a" * 64, "gbk")


class ExhaustedQuota:
    """Nothing may be kept any more."""

    refusal = "scan"

    def take(self, size):
        return False

    def give_back(self, size): ...

    def resume(self, size): ...


async def test_what_scripts_render_is_looked_at_also_when_nothing_more_is_kept(render_with):
    screenshots = await render_with(rendered(), quota=ExhaustedQuota())
    assert screenshots.should_render(TARGET, captured("thin"))
    shown = await screenshots.render(captured("thin"))
    assert (shown.content.text, shown.capture.screenshot_sha256) == ("rendered by a script", "")


async def test_a_thin_page_of_which_scripts_make_no_more_stays_as_it_is(render_with):
    shown = await (await render_with(rendered(text="thin"))).render(captured("thin page"))
    assert shown.content.text == "thin page"


async def test_where_scripts_lead_is_a_hop_and_the_content(render_with):
    shown = await (await render_with(rendered("http://c.example/"))).render(captured())
    (hop,) = shown.capture.hops
    assert (hop.kind, hop.location, shown.capture.final_url) == (
        HopKind.SCRIPT,
        "http://c.example/",
        "http://c.example/",
    )
    assert shown.content.text == "rendered by a script"
    assert shown.capture.source_sha256 == "a" * 64, "its own document is what has to be repaired"


async def test_a_failed_rendering_costs_one_picture_and_a_lost_browser_all_further(render_with):
    screenshots = await render_with(RenderFailed("no page"), BrowserUnavailable(english("browser.crashed")))
    assert await screenshots.render(captured()) is NotRendered.FAILED
    assert screenshots.problem is None
    assert await screenshots.render(captured()) is NotRendered.FAILED
    assert screenshots.problem.key == "browser.crashed"
    assert await screenshots.render(captured()) is NotRendered.FAILED


async def test_a_page_that_comes_late_says_so(render_with):
    assert await (await render_with(RenderSlow("15 s"))).render(captured()) is NotRendered.SLOW


async def test_without_chromium_the_reason_is_known_and_no_picture_is_wanted(render_with):
    screenshots = await render_with("/chromium")
    assert screenshots.problem == said("browser.no_executable", path="/chromium")
    assert not screenshots.should_render(TARGET, captured())


async def test_one_picture_per_host_of_pages_that_people_are_led_to(render_with):
    screenshots = await render_with()
    assert not screenshots.should_render(
        CaptureTarget("b.example", "b.example", "http://b.example/", leads=False), captured()
    )
    assert not screenshots.should_render(TARGET, captured(status=0))
    assert not screenshots.should_render(TARGET, captured(html_sha256=""))
    assert screenshots.should_render(TARGET, captured())
    assert not screenshots.should_render(TARGET, captured())
    for number in range(MAX_SCREENSHOTS - 1):
        assert screenshots.should_render(
            CaptureTarget("x.example", f"h{number}.x.example", "http://x.example/"), captured()
        )
    late = CaptureTarget("y.example", "y.example", "http://y.example/", leads=False)
    assert not screenshots.should_render(late, captured())
    assert screenshots.should_render(late, captured(), violates=True), "what violates is often found last"


async def test_a_page_that_violates_has_its_own_picture_and_one_alone(render_with):
    screenshots = await render_with()
    other = CaptureTarget("b.example", "b.example", "http://b.example/casino")
    assert screenshots.should_render(TARGET, captured())
    assert screenshots.should_render(other, captured(), violates=True)
    assert not screenshots.should_render(other, captured(), violates=True)
    assert not screenshots.should_render(TARGET, captured(), violates=True)
    for number in range(MAX_SCREENSHOTS + MAX_OF_VIOLATIONS - 2):
        page = CaptureTarget("x.example", "x.example", f"http://x.example/{number}")
        assert screenshots.should_render(page, captured(), violates=True)
    more = CaptureTarget("x.example", "x.example", "http://x.example/more")
    assert not screenshots.should_render(more, captured(), violates=True)


async def test_a_page_that_is_kept_as_evidence_has_a_picture_of_its_own(render_with):
    screenshots = await render_with()
    first, second = (
        CaptureTarget("corp.test", "corp.test", f"http://corp.test/{page}", evidence=True) for page in "ab"
    )
    assert screenshots.should_render(CaptureTarget("corp.test", "corp.test", "http://corp.test/", own=True), captured())
    assert screenshots.should_render(first, captured())
    assert screenshots.should_render(second, captured())
    assert not screenshots.should_render(first, captured())


async def test_it_is_said_how_many_pages_are_rendered_side_by_side(render_with):
    assert (await render_with(rendered())).at_once == 4
    assert (await render_with("/nowhere/chromium")).at_once == 1


@pytest.mark.parametrize(
    ("address", "text", "fields", "has_look"),
    [
        ("http://b.example/", LONG, {}, True),
        ("http://b.example/", LONG, {"page_class": "parked"}, False),
        ("http://b.example/", "", {"page_class": "empty"}, True),  # what scripts drew is content
        ("https://www.facebook.com/b", LONG, {}, False),
    ],
    ids=["content", "parked", "rendered", "well_known_service"],
)
async def test_content_that_is_nobody_s_service_gets_its_look(render_with, address, text, fields, has_look):
    outcome = rendered(address, text=LONG, picture=betting_hall())
    page = captured(text, **fields)
    page = CapturedPage(replace(page.capture, final_url=address), page.content)
    shown = await (await render_with(outcome)).render(page)
    assert shown.capture.look == (str(page_look_of(betting_hall())) if has_look else "")
