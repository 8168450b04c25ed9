"""axe finds nothing on any view, in both languages, light and wide, dark and on a phone; nor is one wider than a phone.

Which views there are is asked of the page's router: a view without an address in `tests/system/page_views.py` fails.
"""

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.system.page_server import SCAN_MS
from tests.system.page_support import open_theatre
from tests.system.page_views import EMPTY, SETTINGS, SIGN_IN, fill
from tests.system.test_new_page import AXE, PHONE, STANDING, built, open_new_page, sign_in  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
LOOKS = {"light, wide": ("light", {"width": 1280, "height": 900}), "dark, phone": ("dark", PHONE)}
LANGUAGES = ["en", "zh-CN"]
PARTS = 4  # of the views: on a busy machine one test of all of them takes longer than a test may
# The rules of WCAG 2.2, level AA, and those of the versions before it. `target-size` (24 px) is off unless it is named.
OBSTACLES = """async () => {
  const { violations, passes } = await axe.run({
    runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"] },
    rules: { "target-size": { enabled: true } },
    resultTypes: ["violations"],
    iframes: false, // of the report: it is looked at for itself
  });
  const said = ({ any, all, none }) => [...any, ...all, ...none].map(({ message }) => message);
  return [
    violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${said(node)}`)),
    passes.map(({ id }) => id),
  ];
}"""
ROUTER = "document.querySelector('#app').__vue_app__.config.globalProperties.$router"
ROUTES = f"() => {ROUTER}.getRoutes().filter(({{ redirect }}) => redirect === undefined).map(({{ path }}) => path)"
SHOWN = f"""() => {{
  const {{ matched, params }} = {ROUTER}.currentRoute.value;
  return [matched.at(-1).path, params.section ?? null];
}}"""
ARRIVED = f"() => decodeURI({ROUTER}.currentRoute.value.fullPath) === decodeURI(location.hash.slice(1))"
SECTION = re.compile(r":section\((.+)\)")
# Routes that lead elsewhere before anything is seen: where one begins, and the page of a link, which is loaded anew.
NEVER_SHOWN = {"/", "/shared/:rest(.*)*"}
NEVER_SHOWN_BY_LINK = {"/:rest(.*)*"}


class Walk:
    """Goes from view to view, and keeps what is wrong with them."""

    def __init__(self, page, url):
        self.page = page
        self.url = url
        self.found = {}
        self.passed = set()

    async def go(self, address, shown):
        await self.page.goto(f"{self.url}/{address}")
        await self.page.wait_for_function(ARRIVED)  # the view before may have what is waited for as well
        await self._is_there(shown)

    async def through(self, views):
        for address, shown in views.items():
            await self.go(address, shown)
            if not await self.page.evaluate("'axe' in window"):  # the document is another one
                await self.page.evaluate(AXE.read_text("utf-8"))
            for _ in LANGUAGES:
                await self._is_there(shown)
                await self._look(address)
                await self._switch_language()

    async def shown(self, views):
        """The routes, and the tabs on them, that these addresses show."""
        routes, tabs = set(), set()
        for address, shown in views.items():
            await self.go(address, shown)
            route, section = await self.page.evaluate(SHOWN)
            routes.add(SECTION.sub(section or "", route))
            found = self.page.locator("[data-tab]")
            tabs |= set(await found.evaluate_all("tabs => tabs.map(({ dataset }) => dataset.tab)"))
        return routes, tabs

    async def _is_there(self, shown):
        await expect(self.page.locator(shown).first).to_be_visible(timeout=SCAN_MS)  # a report is made in a process
        await expect(self.page.locator("[data-state=loading], .el-skeleton")).to_have_count(0)

    async def _look(self, address):
        language = await self.page.locator("html").get_attribute("lang")
        for name, (scheme, size) in LOOKS.items():
            await self.page.set_viewport_size(size)
            await self.page.emulate_media(color_scheme=scheme)
            await expect(self.page.locator("html.dark")).to_have_count(int(scheme == "dark"))
            await self.page.evaluate(STANDING)  # colours change by and by
            obstacles, passed = await self.page.evaluate(OBSTACLES)
            self.passed |= set(passed)
            fits = await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            cut = await self.page.evaluate(
                "[...document.querySelectorAll('nav.views')].some((nav) => nav.scrollWidth > nav.clientWidth)"
            )
            said = obstacles + ([] if fits else ["wider than the screen"]) + (["navigation is cut"] if cut else [])
            if said:
                self.found[f"{address} {language}, {name}"] = said

    async def _switch_language(self):
        before = await self.page.locator("html").get_attribute("lang")
        (other,) = [language for language in LANGUAGES if language != before]
        await self.page.locator(f"button[lang={other}]").click()
        await expect(self.page.locator(f"html[lang={other}]")).to_be_attached()


async def begin(browser, theatre, address, shown):
    page = await open_new_page(browser, theatre.url, address, locale="en")
    await page.wait_for_selector(shown)
    return Walk(page, theatre.url)


async def views_of(page, never_shown):
    """All routes of the page that show something, each section of a view for itself."""
    routes = set(await page.evaluate(ROUTES))
    assert never_shown <= routes
    sections = {route: SECTION.search(route) for route in routes - never_shown}
    return {
        SECTION.sub(name, route)
        for route, section in sections.items()
        for name in (section[1].split("|") if section else [""])
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(tmp_path_factory):
    async with open_theatre(tmp_path_factory.mktemp("filled") / "data", **SETTINGS) as theatre:
        yield theatre, await fill(theatre)


async def test_axe_finds_nothing_where_one_signs_in(browser, filled):
    theatre, _ = filled
    walk = await begin(browser, theatre, *next(iter(SIGN_IN.items())))
    await walk.through(SIGN_IN)
    assert walk.found == {}
    assert walk.passed >= {"target-size", "color-contrast", "label", "html-has-lang"}
    assert walk.page.problems == []


@pytest.mark.parametrize("part", range(PARTS))
async def test_axe_finds_nothing_on_any_view_in_either_language_light_or_dark(browser, filled, part):
    theatre, views = filled
    walk = await begin(browser, theatre, *next(iter(SIGN_IN.items())))
    await sign_in(walk.page)
    await walk.through(dict([*views.signed_in.items()][part::PARTS]))
    assert walk.found == {}
    assert walk.passed >= {"target-size", "color-contrast", "html-has-lang"}
    assert walk.page.problems == []


async def test_no_view_of_the_page_is_left_out(browser, filled):
    theatre, views = filled
    walk = await begin(browser, theatre, *next(iter(SIGN_IN.items())))
    routes, _ = await walk.shown(SIGN_IN)
    await sign_in(walk.page)
    more, tabs = await walk.shown(views.signed_in)
    assert await views_of(walk.page, NEVER_SHOWN) - routes - more == set()
    assert {tab for tab in tabs if not any(address.endswith(f"tab={tab}") for address in views.signed_in)} == set()


async def test_axe_finds_nothing_on_what_a_link_shows(browser, filled):
    theatre, views = filled
    walk = await begin(browser, theatre, *next(iter(views.by_link.items())))
    await walk.through(views.by_link)
    assert walk.found == {}
    routes, _ = await walk.shown(views.by_link)
    assert await views_of(walk.page, NEVER_SHOWN_BY_LINK) - routes == set()
    assert walk.page.problems == []


async def test_axe_finds_nothing_where_there_is_nothing_yet(browser, theatre):
    walk = await begin(browser, theatre, "#/overview", "#username")
    await sign_in(walk.page)
    await walk.through(EMPTY)
    assert walk.found == {}
    assert walk.page.problems == []
