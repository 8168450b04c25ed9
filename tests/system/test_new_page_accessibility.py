"""No view of the page has a serious finding of axe, nor is one wider than a phone."""

import json

import pytest
from playwright.async_api import expect

from app.domain.messages import Language
from app.domain.scan_facts import HostFact
from app.domain.scan_options import DEFAULTS
from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from app.orders.service import NewOrder
from app.scanstore.files import store_path
from app.scanstore.sqlite import SqliteScanStore
from tests.system.page_evidence import HOME, store_evidence
from tests.system.test_new_page import AXE, PHONE, SERIOUS, STANDING, open_new_page, sign_in

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
LOOKS = [
    pytest.param({"locale": "en", "viewport": PHONE, "color_scheme": "dark"}, id="en, phone, dark"),
    pytest.param({"locale": "zh-CN", "viewport": {"width": 1280, "height": 900}}, id="zh, wide, light"),
]


async def played_scan(theatre):
    """A scan with two attempts, evidence and a list of everything."""
    scene = await theatre.scene()
    store_evidence(theatre, scene)
    store = SqliteScanStore(store_path(theatre.settings.data_dir, scene.task_id, scene.run))
    for number in range(3):
        sources = ("dictionary", "crt.sh")
        store.put_host(HostFact(f"n{number}.corp.test", sources, ("192.0.2.7",), https_alive=number > 0))
    store.flush()
    store.close()
    await scene.stages_up_to(StageKey.CONTENT_CAPTURE)
    await scene.log("one", "two")
    await scene.log("slow", level="WARNING")
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "bets", found_on=HOME)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_subdomains=3)
    await theatre.backend.scans.retry(theatre.admin(), scene.task_id)
    await scene.begin_again()
    await scene.complete(verdict=Verdict(Result.INCONCLUSIVE, ()))
    return scene


async def views_of(theatre):
    """What is to be seen when a view has loaded, by its address."""
    scene = await played_scan(theatre)
    new = NewOrder(targets=["corp.test", "museum.test"], options=DEFAULTS, said=(), title="Q")
    made, _ = await theatre.backend.orders.create_once(theatre.admin(), new, key=None, language=Language.EN)
    order_id = json.loads(b"".join(made))["id"]
    scan = f"#/scans/{scene.task_id}"
    return {
        scan: ".entry .evidence",
        f"{scan}?tab=third_parties": ".parties tbody tr",
        f"{scan}?tab=subdomains": ".subdomains tbody tr:nth-child(3)",
        f"{scan}?tab=pages": ".fetched tbody tr",
        f"{scan}?tab=graph": ".graph canvas",
        f"{scan}?attempt=1": ".entry .evidence",
        f"{scan}/third-parties/casino.test": "h1.domain",
        f"{scan}/pages/1": "h1.name",
        "#/scans": ".filters input[name=since]",
        "#/orders": ".list li",
        f"#/orders/{order_id}": ".order tbody tr",
        "#/admin/configuration": "main h2",
        "#/nowhere": ".state h1",
    }


@pytest.mark.parametrize("look", LOOKS)
async def test_views_have_no_serious_finding_of_axe_and_fit_the_screen(browser, theatre, look):
    views = await views_of(theatre)
    page = await open_new_page(browser, theatre.url, "#/scans", **look)
    await page.wait_for_selector("#username")
    await sign_in(page)
    await page.evaluate(AXE.read_text("utf-8"))
    found = {}
    for address, shown in views.items():
        await page.goto(f"{theatre.url}/{address}")
        await expect(page.locator(shown).first).to_be_visible()
        await page.evaluate(STANDING)
        fits = await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        cut = await page.evaluate(
            "(({scrollWidth, clientWidth}) => scrollWidth > clientWidth)(document.querySelector('nav.views'))"
        )
        found[address] = [
            *await page.evaluate(SERIOUS),
            *([] if fits else ["wider than the screen"]),
            *(["navigation is cut"] if cut else []),
        ]
    assert {address: said for address, said in found.items() if said} == {}
    assert page.problems == []
