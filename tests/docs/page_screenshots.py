"""Every view of the page in both languages, wide and narrow, light and dark: for somebody to look at.

`python -m tests.docs.page_screenshots` writes them to `screenshots/`, which is in no commit. The scan is played by
hand, so that all of them show the same.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from playwright.async_api import Browser, Page, expect

from app.domain.messages import Language
from app.domain.scan_options import DEFAULTS
from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from app.orders.service import NewOrder
from app.sites.service import NewSite
from tests.docs.watched_site import SETTINGS, add_key_and_link, await_deliveries, notified, scan_twice, sign_in
from tests.support.backend import ADMIN_PASSWORD
from tests.system.page_evidence import store_evidence
from tests.system.page_support import Scene, Theatre, open_browser, open_page, open_theatre

FOLDER: Final = Path(__file__).parents[2] / "screenshots"
SIZES: Final = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
STANDING: Final = "() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished))"
LINES: Final = 60
LONGEST_MS: Final = 60_000  # a report is made in a process of its own
LISTS: Final = ["phishing=phishing.txt class=fraud", "partners=partners.txt kind=allow"]
TABS: Final = {
    "third_parties": ".parties tr",
    "subdomains": ".subdomains .state",
    "pages": ".fetched tbody tr",
    "graph": ".canvas canvas",
}
SECTIONS: Final = {  # of notifications
    "feed": ".notification",
    "rules": ".rules li",
    "channels": ".channels li",
    "deliveries": ".list li",
}
DOMAINS: Final = ["corp.test", "a-rather-long-name-for-a-domain.department.corp-international.test", "museum.test"]


class Look:
    """One reader: a language, a size and a colour scheme, in a window of its own."""

    def __init__(self, page: Page, name: str) -> None:
        self._page = page
        self._name = name

    async def take(self, view: str, address: str | None, waits_for: str) -> None:
        """Picture the view at the address (None: where the reader is), from when `waits_for` can be seen."""
        if address is not None:
            await self._page.goto(address)
        await expect(self._page.locator(waits_for).first).to_be_visible(timeout=LONGEST_MS)
        await self._page.evaluate(STANDING)
        await self._page.screenshot(path=FOLDER / f"{view}.{self._name}.png", full_page=True)

    async def sign_in(self) -> None:
        await self._page.fill("#username", "admin")
        await self._page.fill("#password", ADMIN_PASSWORD)
        await self._page.click("form button[type=submit]")
        await self._page.wait_for_selector(".bar")

    async def open_dialog(self) -> None:
        await self._page.click(".new")
        for summary in await self._page.locator(".el-dialog summary").all():
            await summary.click()

    async def search(self, text: str) -> None:
        await self._page.keyboard.press("/")
        await self._page.fill("dialog input", text)
        await self.take("search", None, ".hit")
        await self._page.keyboard.press("Escape")

    async def review(self, url: str) -> None:
        await self.take("review", f"{url}/#/review", ".line")
        await self._page.click(".line")
        await self.take("review-open", None, ".detail .risk")
        await self._page.keyboard.press("d")
        await self.take("review-dismiss", None, ".decision form")

    async def assign(self) -> None:
        """Ask who takes care of all findings of the list."""
        await self._page.locator(".triage .all input").check()
        await self._page.click("[data-bulk=assignment]")
        await self.take("scan-assign", None, ".triage form select")

    async def click(self, selector: str) -> None:
        await self._page.click(selector)

    async def choose(self) -> None:
        """Scans to do something with, and a view to keep, as it is named."""
        await self._page.locator(".all input").check()
        await self._page.click(".views .save")
        await self.take("scans-chosen", None, ".naming input")

    async def administration(self, url: str) -> None:
        waits_for = {
            "users": "tbody th",
            "connections": ".socket",
            "metrics": ".tile",
            "audit": "tbody tr",
            "broadcast": "#broadcast-message",
            "workers": ".worker, .state",
            "reader": ".state-now",
            "configuration": ".list",
        }
        for section, selector in waits_for.items():
            await self.take(f"admin-{section}", f"{url}/#/admin/{section}", selector)
        await self.take("profile", f"{url}/#/profile", ".keys .create")

    async def inventory(self, url: str) -> None:
        await self.take("inventory", f"{url}/#/third-parties", "tbody tr")
        await self.take("inventory-services", f"{url}/#/third-parties?by=service", "tbody tr")
        await self.take(
            "inventory-service", f"{url}/#/third-parties?service=Google+Analytics", ".service-sites tbody tr"
        )
        await self.take("inventory-party", f"{url}/#/third-parties/partner.test", ".history li")

    async def notifications(self, url: str) -> None:
        for section, selector in SECTIONS.items():
            await self.take(f"notifications-{section}", f"{url}/#/notifications/{section}", f"main {selector}")
        await self._page.goto(f"{url}/#/overview")
        await self.click(".bell .button")
        await self.take("bell", None, ".bell .notification")

    async def dialogs(self, url: str, scan: str) -> None:
        """The forms of what people are told by, and of what opens scans to others."""
        dialogs = {
            "new-channel": (f"{url}/#/notifications/channels", ".section-head .add", "#channel-form"),
            "new-rule": (f"{url}/#/notifications/rules", ".section-head .add", "#rule-form"),
            "new-key": (f"{url}/#/profile", ".keys .create", "#key-form"),
            "links": (scan, ".share", ".el-dialog .link"),
        }
        for view, (address, button, selector) in dialogs.items():
            await self._page.goto(address)
            await self.click(button)
            await self.take(view, None, selector)
            await self._page.keyboard.press("Escape")


async def take_all() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with TemporaryDirectory() as folder:
        settings = {"reputation_lists": LISTS, **SETTINGS}
        async with open_theatre(Path(folder), **settings) as theatre, open_browser() as browser:
            looks = [look async for look in readers(browser, theatre)]
            await signing_in(theatre, looks)
            await no_notifications(theatre, looks)
            await sites(theatre, looks)
            await changes(theatre, looks)
            await scans(theatre, looks)


async def readers(browser: Browser, theatre: Theatre) -> AsyncIterator[Look]:
    """One window after another: all at once they would wait for each other."""
    for language, size, scheme in product(Language, SIZES, SCHEMES):
        options = {"locale": language.value, "viewport": SIZES[size], "color_scheme": scheme}
        page = await open_page(browser, f"{theatre.url}/", **options)
        yield Look(page, f"{size}.{scheme}.{language.value}")


async def signing_in(theatre: Theatre, looks: list[Look]) -> None:
    for look in looks:
        await look.take("sign-in", None, "#username")
        await look.sign_in()
        await look.take("no-scans", None, ".state h2")
        await look.open_dialog()
        await look.take("new-scan", None, ".el-dialog #minutes")
        await look.take("nowhere", f"{theatre.url}/#/nowhere", ".state h1")
        await look.take("no-orders", f"{theatre.url}/#/orders", ".state h2")


async def sites(theatre: Theatre, looks: list[Look]) -> None:
    url = f"{theatre.url}/#/sites"
    for look in looks:
        await look.take("no-sites", url, ".state p")
        await look.click("[data-action=add]")
        await look.take("new-site", None, ".el-dialog .preview")
        await look.click(".el-dialog__footer button:visible")
        await look.click("[data-action=import]")
        await look.take("import-sites", None, "#site-import textarea")
        await look.click(".el-dialog__footer button:visible")
    service, admin = theatre.backend.sites.service, theatre.admin()
    schedules = ({"cron": "0 3 * * *", "time_zone": "Asia/Shanghai"}, {"every_hours": 6}, None)
    for target, schedule in zip(DOMAINS, schedules, strict=True):
        row = service.row_of(
            admin, NewSite(target_domain=target, group="Branches", tags=("shop",), config={}, schedule=schedule)
        )
        await theatre.backend.db.write(lambda c, row=row: service.add(c, row, ("shop",)))
    scene = await theatre.scene(DOMAINS[0])
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "The page is a casino's.")
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1)
    for look in looks:
        await look.take("sites", url, "li.site")
        await look.click("li.site:nth-child(2) .domain")
        await look.take("site", None, ".list .row")


async def no_notifications(theatre: Theatre, looks: list[Look]) -> None:
    for look, section in product(looks, SECTIONS):
        await look.take(f"no-{section}", f"{theatre.url}/#/notifications/{section}", ".state")


async def changes(theatre: Theatre, looks: list[Look]) -> None:
    """What differs between two scans, where it is on other sites, and how people are told of it."""
    async with notified(theatre):
        for target in DOMAINS[1:]:
            task_id = await scan_twice(theatre, target)
        await await_deliveries(theatre)
        await add_key_and_link(theatre, task_id)
        scan = f"{theatre.url}/#/scans/{task_id}"
        for look in looks:
            await look.take("scan-changes", f"{scan}?tab=changes", ".group li")
            await look.inventory(theatre.url)
            await look.notifications(theatre.url)
            await look.dialogs(theatre.url, scan)


async def scans(theatre: Theatre, looks: list[Look]) -> None:
    scene = await running_scan(theatre)
    home, address = f"{theatre.url}/#/scans", f"{theatre.url}/#/scans/{scene.task_id}"
    for look in looks:
        await look.take("overview-running", f"{theatre.url}/#/overview", ".row progress")
        await look.search("corp")
        await look.take("scan-running", address, ".entry")
        await look.take("scans", home, ".row progress")
        await look.choose()
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=2, total_pages_crawled=352)
    link = await theatre.backend.auth.opaque.links.create(await sign_in(theatre), scene.task_id, expires_in_s=3_600)
    shared = f"{theatre.url}/#/shared/{scene.task_id}/{link.token}"
    for look in looks:
        await look.take("scan-ended", address, ".entry .evidence")
        await look.assign()
        for tab, selector in TABS.items():
            await look.take(f"scan-{tab}", f"{address}?tab={tab}", selector)
        await look.take("finding", f"{address}/findings/gambling.casino.test", ".screenshot img")
        await look.take("page", f"{address}/pages/1", "h1.name")
        await look.take("party", f"{address}/third-parties/casino.test", "h1.domain")
        await look.take("report", f"{address}/report", "iframe")
        await look.review(theatre.url)
        await look.administration(theatre.url)
        await look.take("scan-shared", shared, ".entry .evidence")
    new = NewOrder(targets=DOMAINS, options=DEFAULTS, said=(), title="季度检查 / the quarter's check")
    await theatre.backend.orders.create_once(theatre.admin(), new, key=None, language=Language.EN)
    for look in looks:
        await look.take("orders", f"{theatre.url}/#/orders", ".list li")
        await look.click(".list .name")
        await look.take("order", None, ".order tbody tr")
    await theatre.backend.scans.retry(theatre.admin(), scene.task_id)
    await scene.begin_again()
    await scene.complete(verdict=Verdict(Result.INCONCLUSIVE, ()), total_pages_crawled=0)
    for look in looks:
        await look.take("overview", f"{theatre.url}/#/overview", ".canvas canvas")
        await look.take("scan-inconclusive", address, "#attempt")
        await look.take("scan-attempt", f"{address}?attempt=1", ".entry")
        await look.take("scans-ended", home, ".row .tag")
    await theatre.stop()
    for look in looks:
        await look.take("scans-cut", None, ".live[data-kind=waiting], .live[data-kind=connecting]")


async def running_scan(theatre: Theatre) -> Scene:
    scene = await theatre.scene("corp.test")
    store_evidence(theatre, scene)
    await scene.stages_up_to(StageKey.CONTENT_CAPTURE)
    await scene.log(*(f"https://www.corp.test/{number}: HTTP 200" for number in range(LINES)))
    await scene.warn("partial", "www.corp.test: 2 URLs not checked")
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "The page is a casino's.")
    await scene.find("pills.test", ViolationKey.MEDICAL, "medium", 0.66, "The page sells pills that cure everything.")
    await scene.progress(64, StageKey.CONTENT_CAPTURE, 40, "65 of 106 screenshots", subdomains=17, pages=352)
    return scene


if __name__ == "__main__":
    asyncio.run(take_all())
