"""A site that changes between two scans, and what its owner is notified of: for the screenshots."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Final

from app.core.principal import Principal
from app.core.scopes import Scope
from app.domain.coverage import Seen
from app.domain.notifications import DigestPeriod, NotificationKind, Timing
from app.domain.scan_facts import (
    Capture,
    FrontierUrl,
    HostFact,
    PageFact,
    Reference,
    Registration,
    RegistrationState,
    Relation,
    ThirdParty,
    UrlState,
)
from app.domain.verdict import Reason, Result, Verdict
from app.domain.violations import ViolationKey
from app.notifications.rules import WantedRule
from app.scanstore.files import store_path
from app.scanstore.sqlite import SqliteScanStore
from tests.support.backend import ADMIN_PASSWORD
from tests.support.receivers import Answer, HttpReceiver, http_receiver
from tests.system.page_support import Scene, Theatre

# What the theatre needs for it: receivers on this machine, and no second try while somebody looks.
SETTINGS: Final = {"notification_networks": ("127.0.0.0/8",), "notification_first_retry_s": 3_600}
PATIENCE_S: Final = 60.0
PAGES: Final = ("", "partners.html", "shop/a-page-with-a-rather-long-address/of-an-old-catalogue/index.html")
GONE: Final[Answer] = (410, {}, b"this hook was removed")
BUSY: Final[Answer] = (503, {}, b"try later")
# The third parties of the earlier scan and of the later one: category, relation, and the number of the page.
BEFORE: Final = {
    "partner.test": ("unknown", Relation.LINK, 1),
    "numbers.test": ("analytics", Relation.SCRIPT, 0),
    "old-banners.test": ("ads", Relation.EMBED, 0),
    "catalogue.test": ("content", Relation.LINK, 2),
}
AFTER: Final = {
    "partner.test": ("unknown", Relation.LINK, 1),
    "numbers.test": ("analytics", Relation.SCRIPT, 0),
    "a-new-and-rather-long-name-of-a-tag-manager.test": ("analytics", Relation.SCRIPT, 0),
    "casino.test": ("unknown", Relation.LINK, 1),
    "google-analytics.com": ("analytics", Relation.SCRIPT, 0),
    "baidu.com": ("analytics", Relation.SCRIPT, 1),
}
HOSTS: Final = {"baidu.com": ("hm.baidu.com", "api.map.baidu.com")}  # of third parties with several services
OWNERS: Final = {  # title and registration of partner.test
    False: ("Partner & Sons", "2011-04-12", "Old Names Ltd."),
    True: ("Lucky 88 Casino", "2026-11-20", "Cheap Names Inc."),
}


@asynccontextmanager
async def notified(theatre: Theatre) -> AsyncIterator[None]:
    """Channels, one of which works, and rules that use them."""
    with ExitStack() as stack:
        works, gone, busy = (stack.enter_context(http_receiver()) for _ in range(3))
        gone.script = [GONE] * 9
        busy.script = [BUSY] * 9
        ids = [
            await _add_channel(theatre, "Operations", "webhook", works),
            await _add_channel(theatre, "Old ticket system of the branch offices", "webhook", gone),
            await _add_channel(theatre, "值班群", "feishu", busy),
        ]
        await _add_rule(theatre, "Everything, at once", ids, Timing())
        weekly = Timing(zone="Asia/Shanghai", digest=DigestPeriod.WEEKLY)
        await _add_rule(theatre, "每周汇总 / the week", ids[:1], weekly)
        yield


async def scan_twice(theatre: Theatre, target: str) -> str:
    """Return the later of two scans: a partner's domain has a new owner, and a page was not reached."""
    await _scan(theatre, target, is_later=False)
    return await _scan(theatre, target, is_later=True)


async def await_deliveries(theatre: Theatre) -> None:
    """Wait until everything has been tried."""
    feed = theatre.backend.notifications.feed
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rows = await feed.deliveries(theatre.admin(), status=None, channel_id=None, before=None, limit=50)
            if {row.status for row in rows} == {"sent", "dead", "waiting"} and all(row.attempts for row in rows):
                return
            await asyncio.sleep(0.1)


async def sign_in(theatre: Theatre) -> Principal:
    """Return the administrator with an open session, as who makes keys and links has one."""
    auth = theatre.backend.auth
    return await auth.authenticate((await auth.login("admin", ADMIN_PASSWORD)).access_token)


async def add_key_and_link(theatre: Theatre, task_id: str) -> None:
    """One of each, as the lists show them."""
    opaque, admin = theatre.backend.auth.opaque, await sign_in(theatre)
    await opaque.keys.create(
        admin, name="Pipeline of the web team", scopes=(Scope.READ,), expires_in_s=None, group="Branches"
    )
    await opaque.links.create(admin, task_id, expires_in_s=3_600)


async def _scan(theatre: Theatre, target: str, *, is_later: bool) -> str:
    scene = await theatre.scene(target)
    _store(theatre, scene, is_later=is_later)
    if is_later:
        for domain, risk, score in (("casino.test", "critical", 0.97), ("partner.test", "high", 0.93)):
            page = f"https://www.{target}/{PAGES[1]}"
            await scene.find(domain, ViolationKey.GAMBLING, risk, score, "A casino.", found_on=page)
    result = Result.VIOLATIONS if is_later else Result.CLEAN
    reasons = (Reason.SERVER_ERROR,) if is_later else ()
    await scene.complete(
        verdict=Verdict(result, reasons), total_third_party_domains=6 if is_later else 4, total_pages_crawled=3
    )
    await theatre.backend.inventory.keeper.look()  # as it does a moment later
    return scene.task_id


def _store(theatre: Theatre, scene: Scene, *, is_later: bool) -> None:
    home = f"https://www.{scene.domain}/"
    store = SqliteScanStore(store_path(theatre.settings.data_dir, scene.task_id, scene.run))
    for number, path in enumerate(PAGES, start=1):
        url, is_lost = f"{home}{path}", is_later and number == len(PAGES)
        store.add_urls([FrontierUrl(number, url, url, f"www.{scene.domain}", 1)])
        store.finish_url(number, UrlState.DONE, seen=Seen.SERVER_ERROR if is_lost else Seen.JUDGED)
        store.add_page(PageFact(url, 1, 500 if is_lost else 200, "text/html", "utf-8", parsed=not is_lost))
    for name in ("www", "old-shop") if is_later else ("www",):
        store.put_host(HostFact(f"{name}.{scene.domain}", ("page",), ("192.0.2.1",), https_alive=True))
    for domain, (category, relation, page) in (AFTER if is_later else BEFORE).items():
        _store_party(store, domain, category, relation, f"{home}{PAGES[page]}", is_later=is_later)
    store.settle()
    store.close()


def _store_party(
    store: SqliteScanStore, domain: str, category: str, relation: Relation, page: str, *, is_later: bool
) -> None:
    is_script, is_hidden = relation is Relation.SCRIPT, domain == "casino.test"
    url = f"https://{domain}/{'tag.js' if is_script else ''}"
    kind, hidden = ("script[src]", None) if is_script else ("a[href]", "display_none" if is_hidden else None)
    store.put_third_party(ThirdParty(domain, HOSTS.get(domain, (domain,)), category, 1, relation, int(is_hidden), page))
    store.add_references([Reference(page, url, url, relation, kind, "html > body > a", hidden=hidden)])
    if domain == "partner.test":
        title, since, registrar = OWNERS[is_later]
        registration = Registration(
            domain, RegistrationState.REGISTERED, "rdap.test", "2026-12-01", since, registrar=registrar
        )
        store.put_capture(Capture(domain, domain, url, url, 200, title=title, registration=registration))
    else:
        store.put_capture(Capture(domain, domain, url, url, 200, title=f"About {domain}"))


async def _add_channel(theatre: Theatre, name: str, kind: str, receiver: HttpReceiver) -> str:
    values = {"name": name, "kind": kind, "language": "en", "url": receiver.url}
    row, _ = await theatre.backend.notifications.channels.create(theatre.admin(), values)
    return str(row.id)


async def _add_rule(theatre: Theatre, name: str, channel_ids: list[str], timing: Timing) -> None:
    rule = WantedRule(
        name=name,
        is_enabled=True,
        kinds=[kind.value for kind in NotificationKind],
        min_risk="low",
        targets=(),
        all_users=False,
        channel_ids=channel_ids,
        timing=timing,
    )
    await theatre.backend.notifications.rules.create(theatre.admin(), rule)
