"""What a scan has kept of a casino in a hidden link, on a site that says hostile things."""

from io import BytesIO

from PIL import Image

from app.domain.scan_facts import Capture, Hop, HopKind, PageFact, Reference, Relation
from app.scanstore.files import captures_dir, store_path
from app.scanstore.sqlite import SqliteScanStore
from tests.support.contents import contents_in
from tests.system.page_support import party

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'
HOME, CASINO, PARTNER = "https://www.corp.test/", "http://casino.test/", "http://partner.test/"
FINDING = "gambling.casino.test"
MANY = 230  # references to a host of scripts: more than come with a detail


def store_evidence(theatre, scene):
    contents = contents_in(captures_dir(theatre.settings.data_dir))
    shown = {"html_sha256": contents.put(b"<b>"), "screenshot_sha256": contents.put(picture()), "captured_at": 1e9}
    source = contents.put(f'<p>\n<a href="{PARTNER}">{HOSTILE}</a>'.encode())
    hop = Hop(PARTNER, 302, "192.0.2.1", HopKind.HTTP, CASINO)
    store = SqliteScanStore(store_path(theatre.settings.data_dir, scene.task_id, scene.run))
    store.add_page(PageFact(HOME, 0, 200, "text/html", "utf-8", HOSTILE, 10, parsed=True))
    for domain in ("casino.test", "partner.test", "scripts.test"):
        store.put_third_party(party(domain, "unknown", 1))
    store.put_capture(Capture("partner.test", "partner.test", PARTNER, CASINO, 200, (hop,), HOSTILE, **shown))
    store.put_capture(Capture("casino.test", "casino.test", CASINO, CASINO, 200, (), HOSTILE, **shown))
    store.put_capture(Capture("corp.test", "www.corp.test", HOME, HOME, 200, html_sha256=source, charset="utf-8"))
    link = ("html > body > a", f"<a>{HOSTILE}", HOSTILE, "tiny_box")
    references = [Reference(HOME, url, url, Relation.LINK, "a[href]", *link) for url in (CASINO, PARTNER)]
    script = "http://scripts.test/s.js"
    references += [Reference(f"{HOME}{n}", script, script, Relation.SCRIPT, "script[src]") for n in range(MANY)]
    store.add_references(references)
    store.flush()
    store.close()


def picture():
    written = BytesIO()
    Image.new("RGB", (40, 30)).save(written, "JPEG")
    return written.getvalue()
