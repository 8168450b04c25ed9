"""Results over the real application and a real scan store."""

import pytest

from app.domain.discovery import DISCOVERY, DiscoverySummary, NameServerReport, Transfer, Walk
from app.domain.scan_facts import Capture, FrontierUrl, HostFact, PageFact, Reference, Relation, ThirdParty, UrlState
from app.domain.violations import Evidence, Layer, RiskLevel, ViolationKey
from app.events.event import NewEvent
from app.events.types import Statistics, TaskWarning
from app.findings.recorder import Recorder
from app.findings.violation_mapping import NewViolation
from app.scanstore.sqlite import SqliteScanStore
from tests.support.backend import Backend
from tests.support.violations import new_violation, tell

NAME_SERVERS = (
    NameServerReport("example.com", "ns1.example.net", Transfer.REFUSED, Walk.WHOLE, 3),
    NameServerReport("dev.example.com", "ns2.example.net", Transfer.OPEN, Walk.NONE, 12),
)


def store_of(backend: Backend, task_id: str, run: int = 1) -> SqliteScanStore:
    folder = backend.services.settings.data_dir / "scans"
    folder.mkdir(exist_ok=True)
    return SqliteScanStore(folder / f"{task_id}-{run}.db")


def found(number: int, domain: str, key: ViolationKey, risk: RiskLevel, confidence: float) -> NewViolation:
    return new_violation(
        domain,
        violation_id=f"v{number}",
        violation_key=key,
        risk_level=risk,
        confidence_score=confidence,
        evidence=(Evidence(layer=Layer.TEXT, rule="adult-zh", score=confidence),),
        url=f"https://{domain}/",
    )


@pytest.fixture
async def scanned(backend):
    """A running task with something of everything; the store is still open."""
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    services = backend.services
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    store = store_of(backend, task_id)
    store.put_host(HostFact("www.example.com", ("dictionary",), ("192.0.2.1",), http_alive=True))
    store.put_host(HostFact("gone.example.com", ("crt.sh",)))
    store.add_urls([FrontierUrl(n, f"http://example.com/{n}", str(n), "example.com", 0) for n in (1, 2, 3)])
    store.finish_url(1, UrlState.DONE)
    store.add_page(PageFact("http://example.com/1", 0, 200, "text/html", "utf-8", "Home", 10, parsed=True))
    store.add_page(PageFact("http://example.com/2", 1, 404))
    store.add_references([Reference("http://example.com/1", "http://bad.test/", "/", Relation.LINK, "a[href]")])
    store.put_third_party(ThirdParty("bad.test", ("a.bad.test", "bad.test"), "unknown", 7, Relation.SCRIPT, 1))
    store.put_third_party(ThirdParty("cdn.test", ("cdn.test",), "cdn", 2, Relation.EMBED))
    store.put_capture(Capture("bad.test", "a.bad.test", "http://a.bad.test/", "http://a.bad.test/", status=200))
    store.put_checkpoint(DISCOVERY, DiscoverySummary(name_servers=NAME_SERVERS).to_json())
    store.flush()
    violations = [
        found(1, "bad.test", ViolationKey.ADULT, RiskLevel.MEDIUM, 0.6),
        found(2, "bad.test", ViolationKey.GAMBLING, RiskLevel.CRITICAL, 0.95),
    ]
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    warning = NewEvent(TaskWarning(code="degraded", message="no browser"))
    told = tell(*violations)
    await services.event_writer.write(recorder.record([warning, *told.events], told.violations, told.changes))
    yield headers, f"/api/v1/tasks/{task_id}"
    store.close()


async def get(backend: Backend, scanned, tail: str) -> dict:
    headers, place = scanned
    answer = await backend.client.get(place + tail, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_report_is_whole_while_the_scan_still_runs(backend, scanned):
    report = await get(backend, scanned, "/report")
    assert list(report) == [
        "task",
        "verdict",
        "statistics",
        "coverage",
        "subdomains",
        "third_parties",
        "violations",
        "warnings",
        "truncated",
        "omitted_references",
        "reading_model",
        "local_reader",
        "discovery",
        "possibly_own",
        "lists",
    ]
    assert (report["truncated"], report["omitted_references"]) == (False, 0)
    assert report["task"]["status"] == "running"
    assert report["verdict"] is None
    assert report["coverage"] == {"crawled": 1, "known": 3, "by_reason": {}, "hosts": []}
    assert [host["name"] for host in report["subdomains"]] == ["www.example.com"]
    fields = ("domain", "hosts", "risk_level", "outcome", "references")
    assert [tuple(party[name] for name in fields) for party in report["third_parties"]] == [
        ("bad.test", ["a.bad.test", "bad.test"], "critical", "examined", 7),
        ("cdn.test", ["cdn.test"], None, "not_examined", 2),
    ]
    assert [(v["violation_key"], v["violation_type"]) for v in report["violations"]] == [
        ("adult", "色情内容"),
        ("gambling", "涉赌内容"),
    ]
    assert report["violations"][0]["evidence"][0]["rule"] == "adult-zh"
    assert report["statistics"]["total_violations"] == 2
    assert report["warnings"] == [{"code": "degraded", "message": "no browser"}]


@pytest.mark.parametrize(
    ("tail", "field", "expected"),
    [
        ("/subdomains", "name", ["www.example.com"]),
        ("/subdomains?q=nothing", "name", []),
        ("/pages", "url", ["http://example.com/1", "http://example.com/2"]),
        ("/pages?parsed=true", "url", ["http://example.com/1"]),
        ("/pages?status=404", "url", ["http://example.com/2"]),
        ("/pages?page=2&page_size=1", "url", ["http://example.com/2"]),
        ("/pages?q=hom", "title", ["Home"]),
        ("/third-parties?category=cdn", "domain", ["cdn.test"]),
        ("/third-parties?q=a.bad", "risk_level", ["critical"]),  # its worst finding's
        ("/third-parties?q=a.bad", "violation_key", ["gambling"]),
        ("/third-parties?outcome=examined", "domain", ["bad.test"]),
        ("/third-parties?outcome=not_examined", "outcome", ["not_examined"]),
        ("/third-parties?outcome=gone&category=cdn", "domain", []),
        ("/violations?violation_key=adult", "violation_id", ["v1"]),
        ("/violations?risk_level=critical", "violation_id", ["v2"]),
        ("/violations?needs_review=true", "violation_id", ["v1"]),
        ("/violations?q=cdn", "violation_id", []),
        ("/violations?page=2&page_size=1", "violation_id", ["v2"]),
    ],
)
async def test_lists_are_paged_and_filtered(backend, scanned, tail, field, expected):
    page = await get(backend, scanned, tail)
    assert [item[field] for item in page["items"]] == expected
    if "page=2" in tail:
        assert page["total"] == 2


async def test_name_servers_that_give_a_zone_to_anyone_are_named_with_the_subdomains(backend, scanned):
    (zone,) = (await get(backend, scanned, "/subdomains"))["open_zones"]
    assert (zone["zone"], zone["name"], zone["names"]) == ("dev.example.com", "ns2.example.net", 12)


async def test_an_outcome_that_there_is_not_is_refused(backend, scanned):
    headers, place = scanned
    answer = await backend.client.get(f"{place}/third-parties?outcome=clean", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_retry_of_what_came_to_no_conclusion_shows_its_own_results_and_keeps_those_before(backend, scanned):
    headers, place = scanned
    task_id = place.rpartition("/")[2]
    services = backend.services
    await services.event_writer.write(services.lifecycle.request_cancel(task_id, by="admin"))
    await services.event_writer.write(services.lifecycle.cancelled(task_id, 1, Statistics()))
    before = await get(backend, scanned, "/report")
    await backend.client.post(f"{place}/retry", headers=headers)
    report = await get(backend, scanned, "/report")
    assert report["subdomains"] == report["violations"] == report["warnings"] == []
    violations = await get(backend, scanned, "/violations")
    assert (violations["total"], violations["attempt"]) == (0, 2)
    assert await get(backend, scanned, "/report?attempt=1") == before
    violations = await get(backend, scanned, "/violations?attempt=1")
    assert (violations["total"], violations["attempt"]) == (2, 1)


@pytest.mark.parametrize("tail", ["/report", "/subdomains", "/pages", "/third-parties"])
async def test_results_whose_file_is_missing_are_unavailable_and_not_empty(backend, scanned, tail):
    headers, place = scanned
    for path in (backend.services.settings.data_dir / "scans").glob("*.db*"):
        path.unlink()
    answer = await backend.client.get(place + tail, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "results_unavailable")
    assert (await get(backend, scanned, "/violations"))["total"] == 2


async def test_a_task_that_has_not_begun_has_no_results_yet(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    report = await get(backend, (headers, f"/api/v1/tasks/{task_id}"), "/report")
    assert report["subdomains"] == report["third_parties"] == []


async def test_a_damaged_store_is_unavailable_and_not_empty(backend):
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    folder = backend.services.settings.data_dir / "scans"
    folder.mkdir()
    (folder / f"{task_id}-1.db").write_bytes(b"no database at all, but long enough to be looked at" * 50)
    answer = await backend.client.get(f"/api/v1/tasks/{task_id}/report", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "scan_store_damaged")
