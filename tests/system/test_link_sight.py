"""Links as Chromium shows them, on the labelled designs and on pages that mean to mislead whoever looks."""

from collections import Counter
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Route

from app.engines.capture.link_sight import LIMITS, MAX_LINKS, LinkSight, LookLimits, look_at_links
from app.engines.capture.page_renderer import take_screenshot
from app.engines.extract.page import extract
from app.engines.extract.style_sheet import sheet_of
from app.engines.pipeline.crawl.rendered_references import rendered_references, source_keys
from app.engines.urls import host_of
from tests.eval.hidden_links.hidden_links import SHEET_PATH, Design, designs, harmless_designs
from tests.system.page_support import open_browser

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

ADDRESS = "https://www.designs.example/"
SHEET = f"{ADDRESS.rstrip('/')}{SHEET_PATH}"
HEADERS = (("content-type", "text/html; charset=utf-8"),)
RECALL, FALSE = 0.95, 0.02
HIDDEN = '<p style="display:none"><a href="https://hidden.example/">x</a></p>'
PATIENT = LookLimits(look_ms=60_000, ended_after_ms=90_000, patience_s=120.0)  # what is asserted is no clock's affair
SHOWN = '<p><a href="https://shown.example/">shown</a></p>'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def see(started_browser):
    """Return what is seen of a page."""
    context = await started_browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    shown = {}

    async def answer(route: Route) -> None:
        kind = "text/css" if route.request.url == SHEET else "text/html; charset=utf-8"
        body = shown.get(route.request.url)
        await (route.abort() if body is None else route.fulfill(body=body, content_type=kind))

    await page.route("**/*", answer)

    async def look(html, sheet="", limits=PATIENT):
        shown.update({ADDRESS: html, SHEET: sheet})
        await page.goto(ADDRESS)
        await take_screenshot(page)  # as in a scan: the page is laid out before it is looked at
        return await look_at_links(context, page, left_s=limits.patience_s, limits=limits), await page.content()

    yield look
    await context.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(see):
    """Each design, and what is seen of it."""
    return [(design, *await see(design.html, design.sheet)) for design in (*designs(), *harmless_designs())]


def joined(design: Design, sights, rendered: str, *, has_sheet: bool) -> set[str]:
    """Return the hosts whose links are hidden once reading and seeing are put together."""
    sheets = {SHEET: [sheet_of(design.sheet)]} if has_sheet else {}
    read = [extract(html.encode(), url=ADDRESS, headers=HEADERS, sheets=sheets) for html in (design.html, rendered)]
    source, document = (list(one.references) for one in read)
    found = rendered_references(
        ADDRESS,
        known=source_keys(source),
        requests=[],
        documents=[document],
        is_own=lambda host: host.endswith("designs.example"),
        sights=sights,
    )
    shown = {one.url for one in found if one.kind.startswith("shown:")}
    return {host_of(one.url) for one in (*source, *found) if one.hidden is not None and one.url not in shown}


@pytest.mark.parametrize("has_sheet", [True, False])
async def test_of_the_designs_nearly_all_that_is_hidden_is_found_and_nearly_nothing_else(seen, has_sheet):
    counts, wrong = Counter(), []
    for design, sights, rendered in seen:
        hidden = joined(design, sights, rendered, has_sheet=has_sheet)
        for label in ("hidden", "shown"):
            for host in getattr(design, label):
                counts[label, host in hidden] += 1
                if (host in hidden) is not (label == "hidden"):
                    wrong.append(host)
    assert counts["hidden", True] >= RECALL * (counts["hidden", True] + counts["hidden", False]), wrong
    assert counts["shown", True] <= FALSE * (counts["shown", True] + counts["shown", False]), wrong


async def test_what_waits_for_a_visitor_does_not_become_hidden_by_being_looked_at(seen):
    made = []
    harmless = [one for one in seen if one[0].harmless]
    for design, sights, rendered in harmless:
        read = joined(design, (), rendered, has_sheet=True)
        made += joined(design, sights, rendered, has_sheet=True) - read
    links = sum(len(design.reachable) + len(design.shown) for design, *_ in harmless)
    assert len(made) <= FALSE * links, made


HOSTILE = {
    "overridden": f"""{HIDDEN}{SHOWN}<script>
        for (const type of [Node, Element, Document, HTMLElement, HTMLAnchorElement, Array, String, Map, RegExp])
          for (const name of Object.getOwnPropertyNames(type.prototype))
            if (name !== 'constructor') try {{
              Object.defineProperty(type.prototype, name, {{get() {{ throw 'mine' }}}})
            }} catch {{}}
        window.getComputedStyle = () => ({{display: 'block'}});
        performance.now = () => 1e9;
        </script>""",
    "clobbered": f"""<img name=querySelectorAll><img name=documentElement><img name=elementsFromPoint>
        <img name=styleSheets><img name=adoptedStyleSheets><img name=body>
        <a id=getComputedStyle></a><a id=CSS></a>
        <form id=f>{HIDDEN}{SHOWN}<input name=parentElement><input name=id><input name=style><input name=getClientRects>
        </form>""",
    "moving": f"""{HIDDEN}{SHOWN}<script>
        addEventListener('scroll', () => document.body.remove());
        new MutationObserver(() => document.body.remove()).observe(document, {{childList: true, subtree: true}});
        </script>""",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_page_that_stands_in_the_way_is_seen_as_it_is(see, name):
    sights, _ = await see(f"<!doctype html><body>{HOSTILE[name]}")
    assert [(one.url, one.kind) for one in sights] == [
        ("https://hidden.example/", "display_none"),
        ("https://shown.example/", ""),
    ]


async def test_a_page_of_very_many_links_is_looked_at_for_so_long(see):
    links = "".join(f'<p><a href="https://host-{number}.example/">link</a></p>' for number in range(20_000))
    sights, _ = await see(f"<!doctype html><body>{'<div>' * 100}{links}", limits=replace(PATIENT, look_ms=0))
    assert sights == (LinkSight("https://host-0.example/", "", is_sure=True),)
    assert LIMITS.look_ms <= 200


async def test_a_link_that_was_not_looked_at_leaves_others_of_its_address_in_doubt(see):
    others = "".join(f'<p><a href="https://host-{number}.example/">link</a></p>' for number in range(MAX_LINKS))
    again = '<p><a href="https://hidden.example/">seen</a></p>'
    sights, _ = await see(f"<!doctype html><body>{HIDDEN}{others}{again}")
    assert len(sights) == MAX_LINKS
    assert sights[0] == LinkSight("https://hidden.example/", "display_none", is_sure=False)


async def test_what_rules_that_were_not_read_may_show_is_in_doubt(see):
    rules = ".menu{display:none}" + ".x{color:red}" * 20_000 + "@media (max-width:9px){.menu{display:block}}"
    sights, _ = await see(f"<!doctype html><style>{rules}</style><body>{HIDDEN.replace('style=', 'class=menu title=')}")
    assert sights == (LinkSight("https://hidden.example/", "display_none", is_sure=False),)


async def test_a_page_that_is_gone_was_not_seen(see):
    sights, _ = await see(f"<!doctype html>{SHOWN}<script>document.documentElement.remove()</script>")
    assert sights == ()
    async with open_browser() as browser:
        context = await browser.new_context()
        page = await context.new_page()
    assert await look_at_links(context, page) == ()
