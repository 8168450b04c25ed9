"""The results of a scan whose pages refer to many third parties, one each."""

from collections.abc import Iterable
from pathlib import Path

from app.domain.scan_facts import Capture, PageFact, Reference, Relation, ThirdParty
from app.scanstore.sqlite import SqliteScanStore


def write_link_farm(path: Path, domains: Iterable[str], *, site: str) -> None:
    """Write the file of a scan of `site`, such as https://www.example.com. The folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    store = SqliteScanStore(path)
    for number, domain in enumerate(domains):
        page, url = f"{site}/{number}", f"https://{domain}/"
        store.add_page(PageFact(page, 1, 200, "text/html", "utf-8", "A page", 10_000, parsed=True))
        store.put_third_party(ThirdParty(domain, (domain,), "unknown", 3, Relation.LINK, 0, page))
        store.add_references([Reference(page, url, url, Relation.LINK, "a[href]", "html > body > a", "<a>", "y", None)])
        store.put_capture(Capture(domain, domain, url, url, status=200, page_class="content", title="t"))
    store.flush()
    store.close()
