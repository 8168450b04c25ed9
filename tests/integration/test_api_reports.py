"""Results over the real application and a real scan store."""

import pytest

from app.domain.violations import RiskLevel, ViolationKey
from app.engines.model import Capture, FrontierUrl, HostFact, PageFact, Relation, ThirdParty, UrlState
from app.events.types import NewEvent, Statistics, TaskWarning, Violation, ViolationDetected
from app.scanstore.sqlite import SqliteScanStore
from app.services.recorder import Finding, Recorder
from tests.support.house import House


def store_of(house: House, task_id: str, run: int = 1) -> SqliteScanStore:
    folder = house.services.settings.data_dir / "scans"
    folder.mkdir(exist_ok=True)
    return SqliteScanStore(folder / f"{task_id}-{run}.db")


def finding(number: int, domain: str, key: ViolationKey, risk: RiskLevel, confidence: float) -> Finding:
    evidence = [{"layer": "text", "rule": "adult-zh", "score": confidence}]
    return Finding(
        violation_id=f"v{number}",
        domain=domain,
        violation_key=key,
        risk_level=risk,
        confidence_score=confidence,
        description="why",
        evidence=evidence,
        needs_review=confidence < 0.8,
        url=f"https://{domain}/",
        found_on="",
    )


def event_of(found: Finding) -> NewEvent:
    inner = Violation(
        domain=found.domain,
        violation_type="x",
        risk_level=RiskLevel(found.risk_level),
        confidence_score=found.confidence_score,
        description=found.description,
    )
    return NewEvent(
        ViolationDetected(
            violation=inner,
            violation_id=found.violation_id,
            violation_key=ViolationKey(found.violation_key),
            needs_review=found.needs_review,
        )
    )


@pytest.fixture
async def scanned(house):
    """A running task with something of everything; the store is still open."""
    headers = await house.login()
    task_id = await house.add_task(headers)
    services = house.services
    await services.journal.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    store = store_of(house, task_id)
    store.put_host(HostFact("www.example.com", ("dictionary",), ("192.0.2.1",), http_alive=True))
    store.put_host(HostFact("gone.example.com", ("crt.sh",)))
    store.add_urls([FrontierUrl(n, f"http://example.com/{n}", str(n), "example.com", 0) for n in (1, 2, 3)])
    store.finish_url(1, UrlState.DONE)
    store.add_page(PageFact("http://example.com/1", 0, 200, "text/html", "utf-8", "Home", 10, parsed=True))
    store.add_page(PageFact("http://example.com/2", 1, 404))
    store.put_third_party(ThirdParty("bad.test", ("a.bad.test", "bad.test"), "unknown", 7, Relation.SCRIPT, 1))
    store.put_third_party(ThirdParty("cdn.test", ("cdn.test",), "cdn", 2, Relation.EMBED))
    store.put_capture(Capture("bad.test", "a.bad.test", "http://a.bad.test/", "http://a.bad.test/", status=200))
    store.flush()
    found = [
        finding(1, "bad.test", ViolationKey.ADULT, RiskLevel.MEDIUM, 0.6),
        finding(2, "bad.test", ViolationKey.GAMBLING, RiskLevel.CRITICAL, 0.95),
    ]
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    warning = NewEvent(TaskWarning(code="degraded", message="no browser"))
    await services.journal.write(recorder.record([warning, *map(event_of, found)], found))
    yield headers, f"/api/v1/tasks/{task_id}"
    store.close()


async def get(house: House, scanned, tail: str) -> dict:
    headers, place = scanned
    answer = await house.client.get(place + tail, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_report_is_whole_while_the_scan_still_runs(house, scanned):
    report = await get(house, scanned, "/report")
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
        ("gambling", "赌博内容"),
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
        ("/third-parties?q=a.bad", "risk_level", ["critical"]),
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
async def test_lists_are_paged_and_filtered(house, scanned, tail, field, expected):
    page = await get(house, scanned, tail)
    assert [item[field] for item in page["items"]] == expected
    if "page=2" in tail:
        assert page["total"] == 2


async def test_an_outcome_that_there_is_not_is_refused(house, scanned):
    headers, place = scanned
    answer = await house.client.get(f"{place}/third-parties?outcome=clean", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_retry_shows_its_own_results_only(house, scanned):
    headers, place = scanned
    task_id = place.rpartition("/")[2]
    services = house.services
    await services.journal.write(services.lifecycle.request_cancel(task_id, by="admin"))
    await services.journal.write(services.lifecycle.cancelled(task_id, 1, Statistics()))
    await house.client.post(f"{place}/retry", headers=headers)
    report = await get(house, scanned, "/report")
    assert report["subdomains"] == report["violations"] == report["warnings"] == []
    assert (await get(house, scanned, "/violations"))["total"] == 0


@pytest.mark.parametrize("tail", ["/report", "/subdomains", "/pages", "/third-parties"])
async def test_results_whose_file_is_missing_are_unavailable_and_not_empty(house, scanned, tail):
    headers, place = scanned
    for path in (house.services.settings.data_dir / "scans").glob("*.db*"):
        path.unlink()
    answer = await house.client.get(place + tail, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "results_unavailable")
    assert (await get(house, scanned, "/violations"))["total"] == 2


async def test_a_task_that_has_not_begun_has_no_results_yet(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    report = await get(house, (headers, f"/api/v1/tasks/{task_id}"), "/report")
    assert report["subdomains"] == report["third_parties"] == []


async def test_a_damaged_store_is_unavailable_and_not_empty(house):
    headers = await house.login()
    task_id = await house.add_task(headers)
    folder = house.services.settings.data_dir / "scans"
    folder.mkdir()
    (folder / f"{task_id}-1.db").write_bytes(b"no database at all, but long enough to be looked at" * 50)
    answer = await house.client.get(f"/api/v1/tasks/{task_id}/report", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "scan_store_unavailable")
