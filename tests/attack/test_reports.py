"""Results as a weapon: a link farm's report that many ask for and nobody reads, and what pages want readers to see."""

import re
import time
from contextlib import ExitStack, closing

import orjson

from app.domain.scan_facts import PageFact, Relation, ThirdParty
from app.scanstore.errors import StoreLocked
from app.scanstore.sqlite import SqliteScanStore

PARTIES = 80_000
READERS = 6
PLACES = 4  # COMPLIANCE_REPORTS_AT_ONCE
MOST_GROWTH_KIB = 96 << 10  # of memory, of all processes together; the report has some 20 MB


def ended_task(service, headers):
    """A task whose scan is over, and the path of its file."""
    answer = service.http.post("/api/v1/tasks", json={"target_domain": "example.com"}, headers=headers)
    place = f"/api/v1/tasks/{answer.json()['id']}"
    deadline = time.monotonic() + 60
    while service.http.get(place, headers=headers).json()["status"] not in ("cancelled", "failed", "completed"):
        service.http.post(f"{place}/cancel", headers=headers)
        assert time.monotonic() < deadline
        time.sleep(0.1)
    folder = service.folder / "data" / "scans"
    folder.mkdir(exist_ok=True)
    return place, folder / f"{answer.json()['id']}-1.db"


def open_store(path):
    """The store, once the process of the scan has let go of it: that ends a moment after its task."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return SqliteScanStore(path)
        except StoreLocked:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def memory_kib(process):
    """Of a process and all that it has started, what they share counted once; one that has just ended has none."""
    try:
        own = re.search(r"^Pss:\s+(\d+)", (process / "smaps_rollup").read_text(), re.MULTILINE)
        children = (process / "task" / process.name / "children").read_text().split()
    except OSError:
        return 0
    return (int(own[1]) if own else 0) + sum(memory_kib(process.parent / child) for child in children)


def ask(link, place, headers):
    lines = [f"GET {place} HTTP/1.1", "Host: a", f"Authorization: {headers['Authorization']}", "", ""]
    link.sendall("\r\n".join(lines).encode())


def test_reports_that_nobody_reads_cost_a_place_each_and_nothing_else(service):
    admin = service.sign_in()
    place, path = ended_task(service, admin)
    store = open_store(path)
    for number in range(PARTIES):
        domain = f"farm-{number:05}.example"
        page = f"https://www.example.com/{number}?token=secret"
        store.put_third_party(ThirdParty(domain, (domain, f"www.{domain}"), "unknown", 3, Relation.LINK, 0, page))
    store.close()
    readers = [service.add_user(f"reader{number}", role="admin") for number in range(READERS)]
    assert service.http.get(f"{place}/report", headers=admin).status_code == 200  # what makes reports is there
    before = memory_kib(service.proc)
    with ExitStack() as stack:
        links = [stack.enter_context(closing(service.connect())) for _ in readers]
        for link, headers in zip(links, readers, strict=True):
            ask(link, f"{place}/report", headers)
        heads = [link.recv(4_096).split(b"\r\n")[0].split()[1] for link in links]
        assert sorted(heads) == [b"200"] * PLACES + [b"503"] * (READERS - PLACES)
        served = readers[heads.index(b"200")]
        again = service.http.get(f"{place}/report", headers=served)
        assert (again.status_code, again.json()["code"]) == (429, "report_limit")
        assert again.headers["retry-after"]
        assert service.is_healthy()
        assert service.http.get(f"{place}/third-parties", headers=served).json()["total"] == PARTIES
        assert memory_kib(service.proc) - before < MOST_GROWTH_KIB
    # They leave: the places are free again, and a report comes whole.
    deadline = time.monotonic() + 30
    while (answer := service.http.get(f"{place}/report", headers=served)).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert len(orjson.loads(answer.content)["third_parties"]) == PARTIES
    assert b"secret" not in answer.content


def test_what_pages_wrote_steers_no_terminal_and_shows_no_token(service):
    admin = service.sign_in()
    place, path = ended_task(service, admin)
    store = open_store(path)
    url = "https://user:pass@www.example.com/login?access_token=eyJhbGciOi.J9eyJzdWI.abc&page=2"
    store.add_page(PageFact(url, 0, 200, title="\x1b]0;owned\x07\x1b[2J\u202etxt.exe\r\nsecond line", parsed=True))
    store.close()
    shown = service.http.get(f"{place}/pages", headers=admin).json()["items"]
    page = next(item for item in shown if "/login" in item["url"])
    assert page["url"] == "https://www.example.com/login?access_token=***&page=2"
    assert page["title"].isprintable()
    assert "owned" in page["title"]
