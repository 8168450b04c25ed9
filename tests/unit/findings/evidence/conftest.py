"""A small scan of corp.test with one of everything that evidence is made of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.scan_facts import Capture, Hop, HopKind, HostFact, PageFact, Reference, Relation, ThirdParty
from app.scanstore.evidence_reader import SqliteEvidenceReader
from app.scanstore.sqlite import SqliteScanStore

HOME, PARTNERS, THREAD = "https://www.corp.test/", "https://www.corp.test/partners", "http://bbs.corp.test/thread-1"
PARTNER, CASINO = "http://partner.test/", "https://casino.test/"


def link(page: str, url: str, **more: str) -> Reference:
    return Reference(page, url, url, Relation.LINK, "a[href]", "html > body > a:nth-child(1)", **more)


def redirect(page: str, url: str, via: str = "", kind: str = "http") -> Reference:
    return Reference(page, url, url, Relation.REDIRECT, f"redirect:{kind}", via=via)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteScanStore]:
    store = SqliteScanStore(tmp_path / "scan.db")
    store.put_host(HostFact("www.corp.test", ("page",), addresses=("192.0.2.9", "192.0.2.10")))
    for depth, page in enumerate((HOME, PARTNERS, THREAD)):
        store.add_page(PageFact(page, depth, 200, parsed=True, charset="utf-8"))
    for domain in ("partner.test", "casino.test", "shop.test"):
        store.put_third_party(ThirdParty(domain, (domain,)))
    store.add_references(
        [
            link(PARTNERS, PARTNER, text="Partner"),
            redirect(PARTNERS, CASINO, PARTNER),
            link(THREAD, "http://shop.test/a"),
            link(HOME, "http://shop.test/b", hidden="display_none"),
        ]
    )
    hop = Hop(PARTNER, 302, "192.0.2.1", HopKind.HTTP, CASINO)
    store.put_capture(Capture("partner.test", "partner.test", PARTNER, CASINO, 200, (hop,)))
    store.put_capture(Capture("casino.test", "casino.test", CASINO, CASINO, 200, addresses=("192.0.2.2",)))
    store.flush()
    yield store
    store.close()


@pytest.fixture
def tenants(store: SqliteScanStore) -> tuple[str, str]:
    """Two hosts of farm.test: the first is linked openly on `PARTNERS`, the other hidden on `HOME`."""
    hosts = ("a.farm.test", "b.farm.test")
    store.put_third_party(ThirdParty("farm.test", hosts))
    urls = [f"https://{host}/" for host in hosts]
    store.add_references([link(PARTNERS, urls[0]), link(HOME, urls[1], hidden="display_none")])
    for host, url in zip(hosts, urls, strict=True):
        store.put_capture(Capture("farm.test", host, url, url, 200, screenshot_sha256=host[0] * 64))
    store.flush()
    return hosts


@pytest.fixture
def reader(store: SqliteScanStore, tmp_path: Path) -> Iterator[SqliteEvidenceReader]:
    with SqliteEvidenceReader(tmp_path / "scan.db") as reader:
        yield reader
