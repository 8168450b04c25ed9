"""Every view of the page with something in it, and those that can be empty: their addresses, and what is seen there.

`tests/system/test_new_page_accessibility.py` compares the addresses with the routes of the page.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.configuration.queries import local_readers
from app.domain.messages import Language
from app.domain.scan_facts import HostFact
from app.domain.scan_options import DEFAULTS
from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from app.orders.service import NewOrder
from app.scanstore.files import store_path
from app.scanstore.sqlite import SqliteScanStore
from app.sites.service import NewSite
from tests.docs.watched_site import SETTINGS as NOTIFIED
from tests.docs.watched_site import add_key_and_link, await_deliveries, notified, scan_twice, sign_in
from tests.integration.test_api_local_reader import REPORT
from tests.support.local_reader import model_data, stored
from tests.system.page_evidence import FINDING, HOME, store_evidence
from tests.system.page_support import Scene, Theatre

SETTINGS: Final = {"reputation_lists": ["phishing=phishing.txt class=fraud"], **NOTIFIED}
WATCHED: Final = "museum.test"
SIGN_IN: Final = {"#/sign-in": "#username"}
# Where nothing was scanned, ordered or set up yet.
EMPTY: Final = {
    "#/overview": ".state h2",
    "#/scans": ".state",
    "#/sites": ".state p",
    "#/orders": ".state h2",
    "#/third-parties": ".state",
    "#/third-parties?by=service": ".state",
    "#/review": ".state h2",
    "#/notifications/feed": "main .state",
    "#/notifications/rules": "main .state",
    "#/notifications/channels": "main .state",
    "#/notifications/deliveries": "main .state",
    "#/admin/reader": ".state-now",
}


@dataclass(frozen=True)
class Views:
    """What is seen once a view is there, by its address."""

    # For the administrator.
    signed_in: Mapping[str, str]
    # For who has a link to one scan.
    by_link: Mapping[str, str]


async def fill(theatre: Theatre) -> Views:
    """Put something into every view of a new server."""
    async with notified(theatre):
        watched = await scan_twice(theatre, WATCHED)
        await await_deliveries(theatre)
    await add_key_and_link(theatre, watched)
    site_id = await _add_site(theatre)
    order_id = await _add_order(theatre)
    _add_reader(theatre)
    scene = await _played_scan(theatre)
    running = await _running_scan(theatre)
    link = await theatre.backend.auth.opaque.links.create(await sign_in(theatre), scene.task_id, expires_in_s=3_600)
    scan, shared = f"#/scans/{scene.task_id}", f"#/shared/{scene.task_id}/{link.token}"
    signed_in = {
        **_lists(site_id, order_id),
        **_of_scan(scan),
        f"{scan}?tab=log": ".line",
        f"{scan}?tab=third_parties": ".parties tbody tr",
        f"{scan}?tab=subdomains": ".subdomains tbody tr:nth-child(3)",
        f"{scan}?tab=pages": ".fetched tbody tr",
        f"{scan}?tab=graph": ".graph canvas",
        f"{scan}?attempt=1": ".entry .evidence",
        f"#/scans/{watched}?tab=changes": ".group li",
        f"#/scans/{running}": ".entry",
    }
    return Views(signed_in, _of_scan(shared))


def _lists(site_id: str, order_id: str) -> dict[str, str]:
    return {
        "#/overview": ".canvas canvas",
        "#/scans": ".filters input[name=since]",
        "#/sites": "li.site",
        f"#/sites/{site_id}": ".list .row",
        "#/orders": ".list li",
        f"#/orders/{order_id}": ".order tbody tr",
        "#/third-parties": "tbody tr",
        "#/third-parties?by=service": "tbody tr",
        "#/third-parties?service=Google+Analytics": ".service-sites tbody tr",
        "#/third-parties/partner.test": ".history li",
        "#/review": ".line",
        "#/notifications/feed": "main .notification",
        "#/notifications/rules": "main .rules li",
        "#/notifications/channels": "main .channels li",
        "#/notifications/deliveries": "main .list li",
        "#/profile": ".keys .create",
        "#/admin/users": "tbody th",
        "#/admin/connections": ".person",
        "#/admin/metrics": ".tile",
        "#/admin/broadcast": "#broadcast-message",
        "#/admin/workers": ".worker, .state",
        "#/admin/audit": "tbody tr",
        "#/admin/configuration": "main .list",
        "#/admin/reader": ".state-now",
        "#/nowhere": ".state h1",
    }


def _of_scan(scan: str) -> dict[str, str]:
    return {
        scan: ".entry .evidence",
        f"{scan}/report": "iframe",
        f"{scan}/findings/{FINDING}": ".screenshot img",
        f"{scan}/third-parties/casino.test": "h1.domain",
        f"{scan}/pages/1": "h1.name",
    }


async def _played_scan(theatre: Theatre) -> Scene:
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
    await scene.find("pills.test", ViolationKey.MEDICAL, "medium", 0.5, "pills", found_on=HOME)
    await scene.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=2, total_subdomains=3)
    await theatre.backend.scans.retry(theatre.admin(), scene.task_id)
    await scene.begin_again()
    await scene.complete(verdict=Verdict(Result.INCONCLUSIVE, ()))
    return scene


async def _running_scan(theatre: Theatre) -> str:
    scene = await theatre.scene("running.test")
    await scene.stages_up_to(StageKey.CONTENT_CAPTURE)
    await scene.log(*(f"https://www.running.test/{number}: HTTP 200" for number in range(30)))
    await scene.warn("partial", "www.running.test: 2 URLs not checked")
    await scene.find("casino.test", ViolationKey.GAMBLING, "high", 0.93, "bets")
    await scene.progress(64, StageKey.CONTENT_CAPTURE, 40, "65 of 106 screenshots", subdomains=17, pages=352)
    return scene.task_id


async def _add_site(theatre: Theatre) -> str:
    service, schedule = theatre.backend.sites.service, {"cron": "0 3 * * *", "time_zone": "Asia/Shanghai"}
    new = NewSite(target_domain=WATCHED, group="Branches", tags=("shop",), config={}, schedule=schedule)
    row = service.row_of(theatre.admin(), new)
    await theatre.backend.db.write(lambda connection: service.add(connection, row, ("shop",)))
    return str(row["id"])


async def _add_order(theatre: Theatre) -> str:
    new = NewOrder(targets=["corp.test", WATCHED], options=DEFAULTS, said=(), title="Q")
    made, _ = await theatre.backend.orders.create_once(theatre.admin(), new, key=None, language=Language.EN)
    return str(json.loads(b"".join(made))["id"])


def _add_reader(theatre: Theatre) -> None:
    model = stored(model_data())
    values = {"made_at": theatre.backend.clock.now(), "data": model.data, "sha256": model.sha256, "report": REPORT}
    theatre.backend.db.write_sync(lambda connection: local_readers.add(connection, values))
