"""One report over all scans of an order, in every format and both languages."""

import csv
import re
from io import BytesIO, StringIO

import openpyxl
import pytest

from app.core.principal import Principal
from app.domain.messages import MessageCatalog
from app.domain.report_format import MEDIA_TYPES, OF_ORDERS, ReportFormat
from app.domain.verdict import Result, Verdict
from app.domain.violations import RiskLevel, ViolationKey
from app.events.types import Statistics
from app.findings.recorder import Recorder
from app.orders.schemas import OrderReport
from app.orders.service import find_order
from app.orders.standings import read_scans
from app.reports.formats.blocks import Tiles
from app.reports.formats.contents import Origin
from app.reports.formats.order_contents import OrderContents
from app.reports.formats.order_document import HTML_ORDER, OrderDocument
from tests.integration.test_api_reports import found
from tests.support.said import said
from tests.support.violations import tell

CASINO, SHOP = "casino.test", "shop.test"
HOSTILE = "=cmd|' /C calc'!A1.test"


async def scan(backend, task_id, *violations, target="a.example"):
    """As a worker does that finds these (domain, kind, risk)."""
    services = backend.services
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "worker-1", target))
    rows = [
        found(f"{task_id[-12:]}{number}", domain, key, risk, 0.9)
        for number, (domain, key, risk) in enumerate(violations)
    ]
    if rows:
        recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
        told = tell(*rows)
        await services.event_writer.write(recorder.record(told.events, told.violations, told.changes))
    verdict = Verdict(Result.VIOLATIONS if rows else Result.CLEAN)
    await services.event_writer.write(services.lifecycle.complete(task_id, 1, Statistics(), verdict=verdict))


@pytest.fixture
async def mei(backend):
    return await backend.add_user()


@pytest.fixture
async def order_id(backend, mei):
    """Of four domains: two that lead to the same casino, one that is clean, one that nobody has scanned yet."""
    body = {"targets": ["a.example", "b.example", "c.example", "d.example"], "title": "Branches <b>"}
    made = (await backend.client.post("/api/v1/orders", json=body, headers=mei)).json()
    ids = {one["target_domain"]: one["task_id"] for one in made["properties"]}
    gambling = (CASINO, ViolationKey.GAMBLING, RiskLevel.HIGH)
    shop = (SHOP, ViolationKey.ADULT, RiskLevel.MEDIUM)
    await scan(backend, ids["a.example"], gambling, (CASINO, ViolationKey.HIDDEN_LINK, RiskLevel.CRITICAL))
    await scan(backend, ids["b.example"], gambling, shop)
    await scan(backend, ids["c.example"])
    return made["id"]


async def get(backend, headers, order_id, query="", status=200):
    answer = await backend.client.get(f"/api/v1/orders/{order_id}/report{query}", headers=headers)
    assert answer.status_code == status, answer.text
    return answer


async def test_a_domain_that_two_targets_lead_to_is_one_row_that_names_both(backend, mei, order_id):
    answer = await get(backend, mei, order_id)
    report = answer.json()
    OrderReport.model_validate(report)
    assert "scan-attempt" not in answer.headers
    assert [(one["domain"], one["risk_level"], one["targets"]) for one in report["domains"]] == [
        (CASINO, "critical", ["a.example", "b.example"]),
        (SHOP, "medium", ["b.example"]),
    ]
    first = report["domains"][0]["findings"][0]
    assert (first["finding_id"], first["kinds"]) == (f"gambling.{CASINO}", ["gambling", "hidden_link"])
    assert (report["result"], report["result_counts"]) == (None, {"violations": 2, "clean": 1})
    assert [one["target_domain"] for one in report["properties"]][:2] == ["a.example", "b.example"]


async def test_what_was_decided_stands_beside_the_finding(backend, mei, order_id):
    report = (await get(backend, mei, order_id)).json()
    one = report["domains"][1]["findings"][0]
    place = f"/api/v1/tasks/{one['task_id']}/findings/{one['finding_id']}/decision"
    body = {"state": "dismissed", "reason": "ours", "version": 0}
    assert (await backend.client.put(place, json=body, headers=mei)).status_code == 200
    report = (await get(backend, mei, order_id)).json()
    assert report["domains"][1]["findings"][0]["decision"] == "dismissed"
    assert report["domains"][0]["findings"][0]["decision"] == "open"


@pytest.mark.parametrize("kind", [kind for kind in OF_ORDERS if kind is not ReportFormat.JSON])
async def test_a_file_is_saved_and_never_shown(backend, mei, order_id, kind):
    answer = await get(backend, mei, order_id, f"?format={kind}")
    assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPES[kind]
    created_at = (await get(backend, mei, order_id)).json()["created_at"]
    made = f"{created_at[:10]}-{created_at[11:16].replace(':', '')}"
    assert answer.headers["content-disposition"] == f'attachment; filename="compliance-order-{made}.{kind}"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.content.startswith({"pdf": b"%PDF", "xlsx": b"PK"}.get(kind.value, b""))


async def test_the_document_says_the_whole_and_what_nobody_knows_yet(backend, mei, order_id):
    text = (await get(backend, mei, order_id, "?format=html&lang=en")).text
    assert said("report.order_violations", affected=2, targets=4) in text
    assert said("report.order_clean", count=1) in text
    assert said("report.order_unfinished", count=1) in text
    assert "Branches &lt;b&gt;" in text
    (row,) = re.findall(rf'<tr>(?:(?!</tr>).)*href="#domain-0"(?:(?!</tr>).)*{CASINO}.*?</tr>', text)
    assert "a.example, b.example" in row
    heading = re.search(r'<h3[^>]*id="domain-0".*?</h3>', text).group()
    assert re.sub("<[^>]+>", " ", heading).strip().endswith(said("critical"))
    chinese = (await get(backend, mei, order_id, "?format=html&lang=zh-CN")).text
    labels = re.findall(r"<(?:h[1-6][^>]*|dt|th[^>]*)><bdi>(.*?)</bdi>", chinese)
    assert "按域名汇总的问题" in labels
    assert not [label for label in labels if re.fullmatch(r"[A-Za-z ]{8,}", label)]


async def test_the_tables_have_a_row_for_each_finding_and_each_target_without_one(backend, mei, order_id):
    text = (await get(backend, mei, order_id, "?format=csv&lang=en")).content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    assert [(row["Target"], row["Domain"], row["Result"]) for row in rows] == [
        ("a.example", CASINO, "violations"),
        ("b.example", CASINO, "violations"),
        ("b.example", SHOP, "violations"),
        ("d.example", "", "no result yet (waiting)"),
        ("c.example", "", "no violations found"),
    ]
    book = openpyxl.load_workbook(BytesIO((await get(backend, mei, order_id, "?format=xlsx&lang=en")).content))
    targets, domains, findings = book.worksheets
    assert [row[0] for row in targets.values] == ["Target", "a.example", "b.example", "d.example", "c.example"]
    assert [row[1:5:3] for row in domains.values][1:] == [
        (CASINO, "a.example b.example"),
        (SHOP, "b.example"),
    ]
    assert len(list(findings.values)) == 4


async def test_what_a_stranger_named_is_no_formula_and_no_markup(backend, mei):
    body = {"targets": ["a.example"]}
    made = (await backend.client.post("/api/v1/orders", json=body, headers=mei)).json()
    await scan(backend, made["properties"][0]["task_id"], (HOSTILE, ViolationKey.GAMBLING, RiskLevel.HIGH))
    rows = csv.reader(StringIO((await get(backend, mei, made["id"], "?format=csv")).content.decode("utf-8-sig")))
    assert [cell for row in rows for cell in row if cell.startswith("=")] == []
    assert f"{HOSTILE}<" not in (await get(backend, mei, made["id"], "?format=html")).text.replace("&#x27;", "")


async def test_another_users_order_and_an_archive_are_not_there(backend, mei, order_id):
    lin = await backend.add_user("lin")
    await get(backend, lin, order_id, status=404)
    await get(backend, mei, order_id, "?format=zip", status=422)
    accepted = await backend.client.get(
        f"/api/v1/orders/{order_id}/report", headers={**mei, "Accept": "application/zip"}
    )
    assert accepted.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("most", "omitted"), [(1, 2), (2, 1), (3, 0)])
async def test_findings_beyond_the_bound_are_counted(backend, order_id, most, omitted):
    services = backend.services
    contents = OrderContents(
        row=await services.db.read(lambda c: find_order(c, order_id, Principal("", "", "admin"))),
        scans=await services.db.read(lambda c: read_scans(c, order_id)),
        db=services.db,
        texts=MessageCatalog("en"),
        origin=Origin(made_by="mei", made_at=services.clock.now(), program="test"),
        max_findings=most,
    )
    assert (contents.omitted, sum(len(one.findings) for one in contents.domains)) == (omitted, most)
    (tiles,) = [block.tiles for block in OrderDocument(contents, HTML_ORDER) if isinstance(block, Tiles)]
    assert [tile.number for tile in tiles] == ["1", "1", "1", "0"]  # of all, the worst level first


async def test_it_says_what_the_user_has_called_own(backend, mei):
    body = {"targets": ["a.example"], "config": {"own_domains": ["sister.example"]}}
    made = (await backend.client.post("/api/v1/orders", json=body, headers=mei)).json()
    assert "sister.example" in (await get(backend, mei, made["id"], "?format=html")).text
