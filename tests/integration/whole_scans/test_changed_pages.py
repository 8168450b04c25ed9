"""Pages of the labelled set as a site serves them: what a scan says of them, and what it leaves alone."""

import asyncio
import re

from aiohttp import web

from tests.eval.own_pages.own_pages import OwnPage, injected, twins
from tests.support.dim_sites import FILLER, TARGET, DimSite, article, dim_site, page
from tests.support.tampered import scan_tampered

BASE = f"http://{TARGET}"
CHANGED = (
    "doorway-baidu-zhidao",
    "b5-club-passage-steroids",
    "hidden-council-white-text",
    "hidden-county-display-none",
    "b5-valves-font-zero",
    "b5-maternity-offscreen",
    "script-county-document-write",
)
HONEST = ("start-chengxi-county", "start-mushan-tea", "b5-twin-clinic-opioids")
FORWARDS = "/plus/link.jsp"
GOAL = next(one for one in injected() if one.id == "forward-county-open-redirect")
CASINO = "jinlan88.example"
FURTHER = 6


def chosen(pages: tuple[OwnPage, ...], names: tuple[str, ...]) -> dict[str, OwnPage]:
    """By the path under which a page is served here."""
    by_id = {one.id: one for one in pages}
    return {f"/news/{name}.html": by_id[name] for name in names}


PAGES = chosen(injected(), CHANGED)
TWINS = chosen(twins(), HONEST)


async def answer(site: DimSite, request: web.Request) -> web.StreamResponse:
    if request.host == CASINO:
        return web.Response(text=GOAL.html, content_type="text/html")
    if request.path == FORWARDS:
        return web.Response(status=302, headers={"location": GOAL.final_url.replace("https:", "http:")})
    paths = [FORWARDS, *PAGES, *TWINS, *(f"/p/{number}" for number in range(FURTHER))]
    if request.path == "/":
        return page(FILLER + "".join(f'<a href="{path}">{path}</a>' for path in paths))
    labelled = (PAGES | TWINS).get(request.path)
    if labelled is not None:
        return web.Response(body=labelled.body, headers={"content-type": f"text/html; charset={labelled.charset}"})
    number = re.fullmatch(r"/p/(\d+)", request.path)
    return article(int(number[1])) if number else page("nothing", 404)


async def test_changed_pages_are_told_and_quoted_and_honest_ones_are_left_alone(tmp_path):
    async with dim_site(DimSite(answer), others=[CASINO]) as site:
        summary, detail, found, _ = await asyncio.to_thread(scan_tampered, site.settings, tmp_path / "data")
    assert summary["risk"]["level"] in ("high", "critical")
    said: dict[str, str] = {}
    for one in detail["references"]:
        path = one["page_url"].removeprefix(BASE)
        said[path] = f"{said.get(path, '')}\n{one['raw']}\n{one['snippet']}"
    wanted = PAGES | {FORWARDS: GOAL}
    assert said.keys() == wanted.keys()
    assert [path for path, one in wanted.items() if not any(quote in said[path] for quote in one.quotes)] == []
    assert [item["domain"] for item in found if item["violation_key"] == "gambling"] == [CASINO]
