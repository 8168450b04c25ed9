"""Domains that a user calls their own, as whole scans: no third parties, and nothing on the target is silenced."""

import asyncio

from aiohttp import web

from tests.support.dim_sites import FILLER, TARGET, DimSite, dim_site, page
from tests.support.scanned import Scanned, await_end, served
from tests.support.tampered import network_of

SISTER = "sister.example"
STRANGER = "stranger.example"
HIDDEN = f'<div style="display:none"><a href="http://www.{SISTER}/">x</a><a href="http://www.{STRANGER}/">y</a></div>'
INJECTED = "澳门葡京 百家乐投注 真人荷官 在线投注平台"


async def answer(_site: DimSite, request: web.Request) -> web.StreamResponse:
    if request.path == "/":
        return page(f'{FILLER}<a href="/p">p</a>{HIDDEN}')
    return page(f"{FILLER}<div style='display:none'>{INJECTED}</div>")


def scan(settings, folder):
    """Return for a scan without own domains, and for one with: hidden references to each third party, and (domain,
    kind) of violations.
    """
    found = []
    with served(folder, **network_of(settings)) as http:
        for domains in ([], [SISTER]):
            config = {"use_passive_sources": False, "screenshots": False, "cloaking": False, "own_domains": domains}
            task_id = http.post("/api/v1/tasks", json={"target_domain": TARGET, "config": config}).json()["id"]
            scanned = Scanned(http, task_id, folder)
            await_end(scanned)
            parties = {one["domain"]: one["hidden"] for one in scanned.all_items("/third-parties")}
            violations = {(one["domain"], one["violation_key"]) for one in scanned.all_items("/violations")}
            found.append((parties, violations))
    return found


async def test_an_own_domain_is_no_third_party_and_what_was_changed_on_the_target_is_found(tmp_path):
    async with dim_site(DimSite(answer)) as site:
        without, with_own = await asyncio.to_thread(scan, site.settings, tmp_path / "data")
    tampered = {(TARGET, "tampered")}
    assert without == ({SISTER: 1, STRANGER: 1}, tampered)
    assert with_own == ({STRANGER: 1}, tampered)
