"""A domain that nobody may scan is reached through another one: by links, redirects, sitemaps, frames and guesses."""

import asyncio

from aiohttp import web

from tests.support.dim_sites import FILLER, TARGET, DimSite, dim_site, page
from tests.support.scanned import Scanned, await_end, served
from tests.support.tampered import network_of

OA, DEEP, PARTNER = f"oa.{TARGET}", f"a.b.oa.{TARGET}", "partner.example"
LEADING = (
    f'<a href="http://{OA}/a">a</a> <a href="http://{OA}:80/b">b</a> <a href="/to-oa">c</a>'
    f'<iframe src="http://{OA}/frame"></iframe><script>location.pathname == "/x" && fetch("http://{DEEP}/api")</script>'
    f'<link rel="stylesheet" href="http://{OA}/s.css"><img src="http://{OA}/i.png">'
    f'<a href="http://{PARTNER}/">d</a> <a href="/to-partner">e</a><iframe src="http://www.{PARTNER}/"></iframe>'
)
SITEMAP = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://{OA}/s</loc></url></urlset>"
OPTIONS = {
    "use_passive_sources": False,
    "screenshots": False,
    "start_urls": [f"http://{TARGET}/", f"http://{OA}/start"],
}


class Inviting:
    """The target, which leads to the blocked names in every way, and those themselves."""

    def __init__(self) -> None:
        self.hosts: set[str] = set()

    async def answer(self, _site: DimSite, request: web.Request) -> web.StreamResponse:
        self.hosts.add(request.host.partition(":")[0])
        match request.path:
            case "/robots.txt":
                return web.Response(text=f"Sitemap: http://{OA}/sitemap.xml\nSitemap: http://{TARGET}/sitemap.xml")
            case "/sitemap.xml":
                return web.Response(text=SITEMAP, content_type="application/xml")
            case "/to-oa":
                raise web.HTTPFound(f"http://{OA}/signed-in")
            case "/to-partner":
                raise web.HTTPFound(f"http://{PARTNER}/signed-in")
            case _:
                return page(FILLER + LEADING)


def scan(settings, folder):
    """Return the task, and its warnings, when the scan has ended."""
    blocked = (OA, PARTNER)
    with served(folder, blocked_targets=blocked, **network_of(settings)) as http:
        assert http.post("/api/v1/tasks", json={"target_domain": OA}).json()["code"] == "target_not_allowed"
        body = {"target_domain": TARGET, "config": OPTIONS}
        scanned = Scanned(http, http.post("/api/v1/tasks", json=body).json()["id"], folder)
        await_end(scanned)
        return scanned.get("").json(), scanned.get("/report?lang=en").json()["warnings"]


async def test_nothing_is_asked_of_a_blocked_name_and_the_scan_says_what_it_left_out(tmp_path):
    inviting = Inviting()
    others = (OA, DEEP, PARTNER, f"www.{PARTNER}")
    async with dim_site(DimSite(inviting.answer, wants_all=True), others=others) as site:
        task, warnings = await asyncio.to_thread(scan, site.settings, tmp_path / "data")
    assert inviting.hosts == {TARGET}
    assert [name for name in site.names if f".{name}".endswith((f".{OA}", f".{PARTNER}"))] == []
    assert "blocked_target" in task["verdict"]["reasons"]
    said = {one["host"]: one["count"] for one in warnings if one.get("reason") == "blocked_target" and one.get("host")}
    assert said[OA] >= 4
    names = [one["message"] for one in warnings if one.get("reason") == "blocked_target" and not one.get("host")]
    assert OA in names[0]
