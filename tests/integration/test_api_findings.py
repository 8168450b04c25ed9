"""Findings and their evidence over the real application and a scan's file that hostile pages have a say in."""

import csv
from hashlib import sha256
from io import BytesIO, StringIO

import pytest
from PIL import Image

from app.core.clock import to_wire
from app.domain.scan_facts import Capture, Hop, HopKind, PageFact, Reference, Relation, ThirdParty
from app.domain.violations import RiskLevel, ViolationKey
from app.findings.evidence.exposures import Assessor, Site
from app.findings.recorder import Recorder
from app.findings.schemas.findings import FindingDetail, FindingPage, PageDetail, ReferencePage, ThirdPartyDetail
from app.rest.schemas import Problem
from app.scanstore.evidence_reader import SqliteEvidenceReader
from app.scanstore.files import captures_dir, store_path
from tests.integration.test_api_reports import found, store_of
from tests.support.backend import problem
from tests.support.contents import contents_in
from tests.support.violations import tell

HOME = "http://example.com/"
CASINO = "http://casino.test/"
HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202e"
LONG = [f"http://example.com/{number}" for number in range(700)]
DETAILS = (
    "/findings",
    "/findings/gambling.casino.test",
    "/third-parties/casino.test",
    "/references",
    "/references?format=csv",
    "/pages/1",
    f"/captures/{'0' * 64}",
)


def picture(kind: str = "JPEG", **more) -> bytes:
    written = BytesIO()
    Image.new("RGB", (40, 30)).save(written, kind, **more)
    return written.getvalue()


@pytest.fixture
async def scanned(backend):
    """(headers, path of the task, hashes): a casino in a hidden link and its page, with hostile values everywhere."""
    headers = await backend.login()
    task_id = await backend.add_task(headers)
    services = backend.services
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "worker-1", "example.com"))
    contents = contents_in(captures_dir(services.settings.data_dir))
    hashes = {
        "html": contents.put(b"<script>alert(1)</script>"),
        "text": contents.put("赌场".encode()),
        "screenshot": contents.put(picture(comment=b"<script>alert(2)</script>")),
        "broken": contents.put(b"<html>no picture"),
        "own": contents.put(f"<p>\n\n<a href='{CASINO}'>x</a>".encode()),
    }
    store = store_of(backend, task_id)
    store.add_page(PageFact(HOME, 0, 200, "text/html", "utf-8", HOSTILE, 10, parsed=True))
    store.put_third_party(ThirdParty("casino.test", ("casino.test",), "unknown", 702, Relation.LINK, 1, HOME))
    hop = Hop(CASINO, 302, "192.0.2.1", HopKind.META, "https://casino.test/?token=s3cret")
    kept = {"html_sha256": hashes["html"], "text_sha256": hashes["text"], "screenshot_sha256": hashes["screenshot"]}
    final = hop.location
    store.put_capture(
        Capture("casino.test", "casino.test", CASINO, final, 200, (hop,), HOSTILE, captured_at=1.0, **kept)
    )
    store.put_capture(Capture("casino.test", "x.casino.test", CASINO, final, 200, screenshot_sha256=hashes["broken"]))
    store.put_capture(Capture("example.com", "example.com", HOME, HOME, 200, html_sha256=hashes["own"]))
    formula = Reference(
        HOME, CASINO, CASINO, Relation.LINK, "a[href]", "html > a", HOSTILE, "=cmd|'/c calc'!A0", "tiny_box"
    )
    store.add_references([formula])
    store.add_references([Reference(page, CASINO, "/x", Relation.LINK, "a[href]") for page in LONG])
    store.flush()
    violations = [
        found(1, "casino.test", ViolationKey.HIDDEN_LINK, RiskLevel.HIGH, 0.99),
        found(2, "casino.test", ViolationKey.GAMBLING, RiskLevel.HIGH, 0.97),
    ]
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    with SqliteEvidenceReader(store_path(services.settings.data_dir, task_id, 1)) as reader:
        told = tell(*violations, assess=Assessor(reader, Site("example.com")).assess)
    await services.event_writer.write(recorder.record(told.events, told.violations, told.changes))
    yield headers, f"/api/v1/tasks/{task_id}", hashes
    store.close()


async def ask(backend, scanned, tail, **more):
    headers, place, _ = scanned
    return await backend.client.get(place + tail, headers={**headers, **more.pop("headers", {})}, **more)


@pytest.mark.parametrize(
    ("tail", "model"),
    [
        ("/findings", FindingPage),
        ("/findings/gambling.casino.test", FindingDetail),
        ("/third-parties/casino.test", ThirdPartyDetail),
        ("/pages/1", PageDetail),
        ("/references", ReferencePage),
        ("/references?domain=casino.test&page=15", ReferencePage),
    ],
)
async def test_answers_are_as_documented(backend, scanned, tail, model):
    answer = await ask(backend, scanned, tail)
    assert answer.status_code == 200, answer.text
    model.model_validate(answer.json())


async def test_a_third_party_is_the_same_in_its_list_on_its_page_and_beside_its_finding(backend, scanned):
    (listed,) = [
        party
        for party in (await ask(backend, scanned, "/third-parties")).json()["items"]
        if party["domain"] == "casino.test"
    ]
    assert listed["violation_key"] == "gambling"
    for tail in ("/third-parties/casino.test", "/findings/gambling.casino.test"):
        assert (await ask(backend, scanned, tail)).json()["third_party"] == listed


async def test_a_list_has_the_screenshot_of_each_findings_page_and_counts_for_its_filters(backend, scanned):
    headers, place, hashes = scanned
    page = (await ask(backend, scanned, "/findings")).json()
    screenshot = page["items"][0]["screenshot"]
    assert screenshot == {"sha256": hashes["screenshot"], "href": f"{place}/captures/{hashes['screenshot']}?attempt=1"}
    small = await backend.client.get(f"{screenshot['href']}&width=20", headers=headers)
    assert Image.open(BytesIO(small.content)).size == (20, 15)
    me = (await backend.client.get("/api/v1/auth/me", headers=headers)).json()
    said = {"assignee_id": me["id"], "due_on": None, "version": 0}
    tail = "/findings/gambling.casino.test/assignment"
    assert (await backend.client.put(place + tail, headers=headers, json=said)).status_code == 200
    page = (await ask(backend, scanned, "/findings?assignee=me&hidden=true&decision=open")).json()
    assert page["counts"] == {
        "risk_level": {"critical": 1},
        "violation_key": {"gambling": 1},
        "hidden": {"true": 1},
        "decision": {"open": 1},
        "assignee": [{"user_id": me["id"], "username": me["username"], "count": 1}],
    }
    for tail in ("?assignee=none", "?hidden=false", "?q=nowhere"):
        assert (await ask(backend, scanned, f"/findings{tail}")).json()["total"] == 0


@pytest.mark.parametrize(
    ("q", "language", "total"), [("gambl", "en", 1), ("赌", "zh-CN", 1), ("钓鱼", "zh-CN", 0), ("赌", "en", 0)]
)
async def test_a_list_is_searched_by_the_name_of_the_category_in_the_readers_language(
    backend, scanned, q, language, total
):
    page = (await ask(backend, scanned, f"/findings?q={q}&lang={language}")).json()
    assert page["total"] == total


async def test_a_hidden_link_and_its_target_are_one_finding_with_two_pieces_of_evidence(backend, scanned):
    page = (await ask(backend, scanned, "/findings")).json()
    assert (page["total"], page["truncated"]) == (1, False)
    assert (page["by_level"], page["domains"]) == ({"critical": 1}, 1)
    assert (page["checked"], page["checkable"]) == (0, 0)  # this file has a page, and no address that was asked for
    (finding,) = page["items"]
    assert finding["finding_id"] == "gambling.casino.test"
    assert [item["violation_key"] for item in finding["violations"]] == ["gambling", "hidden_link"]
    assert (finding["risk"]["level"], finding["risk"]["score"]) == ("critical", 80)
    assert (finding["page_url"], finding["author_text"]) == ("http://example.com/", "本站自身内容")
    detail = (await ask(backend, scanned, "/findings/gambling.casino.test")).json()
    assert [item["violation_id"] for item in detail["evidence"]] == ["v2", "v1"]
    assert detail["found_at"] == to_wire(backend.services.clock.now())[:10] + detail["found_at"][10:]


@pytest.mark.parametrize(
    ("query", "headers", "level_name"),
    [
        ("", {}, "严重"),
        ("", {"Accept-Language": "en-GB,en;q=0.9"}, "critical"),
        ("?lang=en", {"Accept-Language": "zh"}, "critical"),
        ("?lang=zh-CN", {"Accept-Language": "en"}, "严重"),
        ("", {"Accept-Language": "de"}, "critical"),
    ],
)
async def test_texts_are_in_the_readers_language(backend, scanned, query, headers, level_name):
    page = (await ask(backend, scanned, f"/findings{query}", headers=headers)).json()
    assert page["items"][0]["risk"]["level_name"] == level_name


async def test_hostile_values_neither_steer_a_terminal_nor_betray_a_secret(backend, scanned):
    for tail in ("/findings/gambling.casino.test", "/third-parties/casino.test", "/pages/1", "/references?format=csv"):
        answer = await ask(backend, scanned, tail)
        assert "s3cret" not in answer.text
        assert "\x1b" not in answer.text
        assert "\u202e" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_redirect_is_shown_hop_by_hop(backend, scanned):
    detail = (await ask(backend, scanned, "/findings/gambling.casino.test?lang=en")).json()
    (chain, *_) = detail["chains"]
    assert [(step["url"], step["how_name"], step["status"]) for step in chain["steps"]] == [
        (HOME, None, 200),
        (CASINO, "link", 302),
        ("https://casino.test/?token=***", "meta refresh", 200),
    ]


async def test_the_place_in_the_stored_source_is_shown(backend, scanned):
    detail = (await ask(backend, scanned, "/findings/gambling.casino.test")).json()
    source = detail["references"][0]["source"]
    assert source["excerpt"] == f"<p>\n\n<a href='{CASINO}'>x</a>"
    assert (source["offset"], source["line"], source["column"]) == (0, 3, 1)
    assert source["marks"] == [{"start": 5, "end": len(source["excerpt"])}]


# Everything that was collected can be had


async def test_every_reference_is_in_the_list_and_in_the_table(backend, scanned):
    ids = []
    for page in range(1, 6):
        ids += [
            item["reference_id"]
            for item in (await ask(backend, scanned, f"/references?page_size=200&page={page}")).json()["items"]
        ]
    table = await ask(backend, scanned, "/references", headers={"Accept": "text/csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"].startswith("attachment; filename=")
    rows = list(csv.DictReader(StringIO(table.content.decode("utf-8-sig"), newline="")))
    assert [int(row["reference_id"]) for row in rows] == ids == list(range(1, 702))
    assert rows[0]["link_text"] == "'=cmd|'/c calc'!A0"
    of_one = await ask(backend, scanned, "/references?format=csv&domain=casino.test")
    assert of_one.text.count("\r\n") == 702


async def test_json_stays_the_answer_when_it_is_asked_for(backend, scanned):
    for headers in ({"Accept": "*/*"}, {"Accept": "text/html"}, {}):
        answer = await ask(backend, scanned, "/references", headers=headers)
        assert answer.headers["content-type"] == "application/json"
    answer = await ask(backend, scanned, "/references?format=json", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "application/json"


async def test_pages_of_the_list_lead_to_the_page(backend, scanned):
    (page,) = (await ask(backend, scanned, "/pages")).json()["items"]
    detail = (await ask(backend, scanned, f"/pages/{page['page_id']}")).json()
    assert (detail["url"], detail["reference_count"]) == (HOME, 1)
    assert detail["capture"]["html"]["sha256"] == scanned[2]["own"]


@pytest.mark.parametrize("kind", ["html", "text", "screenshot"])
async def test_a_captured_content_is_saved_and_never_shown(backend, scanned, kind):
    answer = await ask(backend, scanned, f"/captures/{scanned[2][kind]}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "html" not in answer.headers["content-type"]
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert (b"<script>" in answer.content) == (kind == "html")


@pytest.mark.parametrize("kind", ["html", "text", "screenshot", "broken"])
async def test_what_is_saved_as_evidence_has_the_hash_that_it_is_asked_by(backend, scanned, kind):
    digest = scanned[2][kind]
    answer = await ask(backend, scanned, f"/captures/{digest}?stored=true")
    assert sha256(answer.content).hexdigest() == digest
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{digest}.')
    assert answer.headers["content-type"] in {"application/octet-stream", "text/plain; charset=utf-8"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_picture_that_is_none_is_not_handed_out(backend, scanned):
    answer = await ask(backend, scanned, f"/captures/{scanned[2]['broken']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "content_lost")


# Refusals


@pytest.mark.parametrize("tail", DETAILS)
async def test_a_task_of_another_user_looks_like_a_missing_one(backend, scanned, tail):
    _, place, _ = scanned
    theirs = await backend.client.get(place + tail, headers=await backend.add_user())
    missing = await backend.client.get(f"/api/v1/tasks/{'0' * 36}{tail}", headers=await backend.login())
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")
    assert problem(theirs) == problem(missing)
    assert (await backend.client.get(place + tail)).status_code == 401


@pytest.mark.parametrize("tail", DETAILS)
async def test_results_whose_file_is_missing_are_unavailable_and_not_empty(backend, scanned, tail):
    for path in (backend.services.settings.data_dir / "scans").glob("*.db*"):
        path.unlink()
    answer = await ask(backend, scanned, tail)
    assert (answer.status_code, answer.json()["code"]) == (503, "results_unavailable")


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        ("/findings/adult.casino.test", 404),
        ("/findings/nonsense", 404),
        ("/findings/" + "x" * 301, 422),
        ("/findings?risk_level=severe", 422),
        ("/findings?lang=fr", 422),
        ("/third-parties/unknown.test", 404),
        ("/third-parties/%00", 404),
        ("/pages/99", 404),
        ("/pages/0", 422),
        ("/pages/x", 422),
        (f"/pages/{2**63}", 422),
        ("/captures/" + "0" * 64, 404),
        ("/captures/..%2f..%2fsecret.key", 404),
        ("/captures/" + "A" * 64, 422),
        ("/references?domain=unknown.test", 404),
        ("/references?domain=unknown.test&format=csv", 404),
        ("/references?format=xml", 422),
    ],
)
async def test_what_is_not_there_or_makes_no_sense_is_a_problem(backend, scanned, tail, status):
    answer = await ask(backend, scanned, tail)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    Problem.model_validate(answer.json())


async def test_a_task_that_has_not_begun_has_nothing_yet(backend):
    headers = await backend.login()
    place = f"/api/v1/tasks/{await backend.add_task(headers)}"
    assert (await backend.client.get(f"{place}/findings", headers=headers)).json()["items"] == []
    assert (await backend.client.get(f"{place}/references", headers=headers)).json()["total"] == 0
