import contextlib
from contextlib import AsyncExitStack

import pytest

from app.engines.capture.browser import BrowserUnavailable, Rendered, RenderFailed
from app.engines.capture.store import ContentStore
from app.engines.graph import pictures as module
from app.engines.graph.pictures import MAX_PICTURES, Pictures
from app.engines.graph.targets import Target
from app.engines.model import Capture, HopKind
from tests.support.reading import page_reader

TARGET = Target("b.example", "b.example", "http://b.example/")
LONG = "Pumps, valves and fittings for every purpose. " * 20


def captured(text=LONG, **fields):
    shown = {"status": 200, "html_sha256": "a" * 64, "text": text, **fields}
    return Capture("b.example", "b.example", "http://b.example/", "http://b.example/", **shown)


def rendered(url="http://b.example/", text="drawn by a script"):
    return Rendered(url, "drawn", f"<title>drawn</title><p>{text}</p>", b"\xff\xd8picture", ())


@pytest.fixture
def draw_with(tmp_path, monkeypatch):
    """Pictures whose browser gives these outcomes, one after the other."""

    class Browser:
        def __init__(self, outcomes):
            self.outcomes = list(outcomes)

        async def render(self, url):
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    async def make(*outcomes, room=None):
        @contextlib.asynccontextmanager
        async def open_browser(equipment):
            if outcomes and isinstance(outcomes[0], str):
                raise BrowserUnavailable(outcomes[0])
            yield Browser(outcomes)

        monkeypatch.setattr(module, "open_browser", open_browser)
        made = Pictures(equipment=None, reader=page_reader(), contents=ContentStore(tmp_path, room))
        stack = AsyncExitStack()
        await made.start(stack)
        return made

    return make


async def test_a_page_with_text_gets_its_picture_and_nothing_else(draw_with, tmp_path):
    drawn = await (await draw_with(rendered())).draw(captured())
    assert drawn.text == LONG
    assert ContentStore(tmp_path).get(drawn.screenshot_sha256) == b"\xff\xd8picture"


async def test_a_page_that_only_scripts_draw_is_taken_as_they_draw_it(draw_with):
    drawn = await (await draw_with(rendered())).draw(captured("thin", title="old"))
    assert (drawn.text, drawn.title, drawn.hops) == ("drawn by a script", "drawn", ())


class NoRoom:
    """Nothing may be kept any more."""

    refusal = "scan"

    def take(self, size):
        return False

    def resume(self, size): ...


async def test_what_scripts_draw_is_looked_at_also_when_nothing_more_is_kept(draw_with):
    pictures = await draw_with(rendered(), room=NoRoom())
    assert pictures.wants(TARGET, captured("thin"))
    drawn = await pictures.draw(captured("thin"))
    assert (drawn.text, drawn.screenshot_sha256) == ("drawn by a script", "")


async def test_a_thin_page_of_which_scripts_make_no_more_stays_as_it_is(draw_with):
    drawn = await (await draw_with(rendered(text="thin"))).draw(captured("thin page"))
    assert drawn.text == "thin page"


async def test_where_scripts_lead_is_a_hop_and_the_content(draw_with):
    drawn = await (await draw_with(rendered("http://c.example/"))).draw(captured())
    (hop,) = drawn.hops
    assert (hop.kind, hop.location, drawn.final_url) == (HopKind.SCRIPT, "http://c.example/", "http://c.example/")
    assert drawn.text == "drawn by a script"


async def test_a_failed_rendering_costs_one_picture_and_a_lost_browser_all_further(draw_with):
    pictures = await draw_with(RenderFailed("slow"), BrowserUnavailable("crashed"))
    assert await pictures.draw(captured()) is None
    assert pictures.problem == ""
    assert await pictures.draw(captured()) is None
    assert pictures.problem == "crashed"
    assert await pictures.draw(captured()) is None


async def test_without_chromium_the_reason_is_known_and_no_picture_is_wanted(draw_with):
    pictures = await draw_with("no Chromium found")
    assert pictures.problem == "no Chromium found"
    assert not pictures.wants(TARGET, captured())


async def test_one_picture_per_host_of_pages_that_people_are_led_to(draw_with):
    pictures = await draw_with()
    assert not pictures.wants(Target("b.example", "b.example", "http://b.example/", leads=False), captured())
    assert not pictures.wants(TARGET, captured(status=0))
    assert not pictures.wants(TARGET, captured(html_sha256=""))
    assert pictures.wants(TARGET, captured())
    assert not pictures.wants(TARGET, captured())
    for number in range(MAX_PICTURES - 1):
        assert pictures.wants(Target("x.example", f"h{number}.x.example", "http://x.example/"), captured())
    assert not pictures.wants(Target("y.example", "y.example", "http://y.example/"), captured())
