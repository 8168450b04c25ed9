"""The evidence of an ended scan on the page: all is reached, nothing of it is markup, and it is saved as it is."""

import asyncio
import csv
import json
import re
import time
from hashlib import sha256
from io import BytesIO, StringIO
from zipfile import ZipFile

import openpyxl
import pypdf
import pytest
import pytest_asyncio
from playwright.async_api import expect

from app.domain.report_format import ReportFormat
from app.domain.stages import StageKey
from app.domain.verdict import Result, Verdict
from app.domain.violations import ViolationKey
from tests.support.realtime import until
from tests.system.page_evidence import CASINO, FINDING, HOME, HOSTILE, MANY, PARTNER, store_evidence
from tests.system.page_support import open_page, sign_in
from tests.system.test_new_page import POLICY, built  # noqa: F401 - a fixture

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
BACK_MS = 120_000
PAUSE_S = 5  # between two questions of the page for the same
SAVED_MS = 180_000  # a report is made in a process of its own, which starts first


@pytest_asyncio.fixture(loop_scope="module")
async def scene(theatre):
    """A scan that has ended with one finding."""
    played = await theatre.scene()
    store_evidence(theatre, played)
    await played.find("casino.test", ViolationKey.GAMBLING, "high", 0.97, HOSTILE, found_on=HOME)
    for code, message in (("partial", HOSTILE), ("partial", "two"), ("degraded", "three")):
        await played.warn(code, message)
    await played.complete(verdict=Verdict(Result.VIOLATIONS, ()), total_violations=1, total_pages_crawled=7)
    return played


async def open_at(browser, scene, tail="", **options):
    """The scan's page or one below it, signed in. `page.asked` has the requests."""
    page = await open_page(browser, "about:blank", **{"locale": "en", **options})
    page.on("console", lambda said: page.problems.append(said.text) if POLICY.search(said.text) else None)
    page.asked = []
    page.on("request", lambda request: page.asked.append(request))  # noqa: PLW0108 - it marks what it is given
    await page.goto(f"{scene.theatre.url}/#/scans/{scene.task_id}{tail}")
    await sign_in(page)
    return page


async def saved_by(page, button):
    """The name and the content of the file that a button saves."""
    async with page.expect_download(timeout=SAVED_MS) as download:
        await button.click()
    file = await download.value
    return file.suggested_filename, await asyncio.to_thread((await file.path()).read_bytes)


async def test_references_come_by_and_by_until_all_are_there(browser, scene):
    page = await open_at(browser, scene, "/third-parties/scripts.test")
    references = page.locator(".references .reference")
    more = page.get_by_role("button", name="Show more")
    await expect(page.locator(".references h2")).to_contain_text(str(MANY))
    await expect(references).to_have_count(10)
    counts = []
    for _ in range(MANY):
        if not await more.is_visible():
            break
        before = await references.count()
        await more.click()
        await expect(references).not_to_have_count(before)
        counts.append(await references.count())
    assert counts == [50, 100, 150, 200, 230]
    pages = await page.locator(".references .page code").all_inner_texts()
    assert set(pages) == {f"{HOME}{number}" for number in range(MANY)}
    assert page.problems == []


async def test_all_references_are_saved_as_a_table(browser, scene):
    page = await open_at(browser, scene, "/third-parties/scripts.test")
    name, content = await saved_by(page, page.get_by_role("button", name="All references as CSV"))
    head, *rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
    assert name == "references-scripts.test.csv"
    assert {len(row) for row in rows} == {len(head)}
    told = {cell for row in rows for cell in row}
    assert len(rows) == MANY
    assert {f"{HOME}{number}" for number in range(MANY)} <= told
    assert page.problems == []


async def test_every_step_from_the_site_to_what_was_captured_is_shown(browser, scene):
    page = await open_at(browser, scene, "/third-parties/partner.test")
    steps = page.locator(".steps").first.locator(".step")
    await expect(steps.locator(".address code")).to_have_text([HOME, PARTNER, CASINO])
    await expect(steps.locator(".role")).to_have_text(["This site", "Intermediate third party", "Destination"])
    await expect(steps.nth(1)).to_contain_text("302")
    await expect(steps.nth(1)).to_contain_text("192.0.2.1")
    await expect(page.get_by_text("No findings.")).to_be_visible()
    assert page.problems == []


async def test_a_page_is_shown_with_what_it_refers_to_and_leads_on_to_that(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}")
    await page.locator(".references").get_by_role("link", name="Page details").first.click()
    await expect(page.locator("h1")).to_have_text(HOSTILE)
    await expect(page.locator(".facts").first).to_contain_text(HOME)
    await expect(page.locator(".references h2")).to_contain_text("2")
    await expect(page.locator(".reference .domain")).to_have_text(["casino.test", "partner.test"])
    await expect(page.locator(".capture")).to_have_count(1)
    assert await page.locator("#content b, #content img").count() == 0
    await page.locator(".reference").get_by_role("link", name="partner.test").click()
    await expect(page.locator("h1")).to_have_text("partner.test")
    await page.go_back()
    await expect(page.locator("h1")).to_have_text(HOSTILE)
    await page.get_by_role("link", name="Back to the scan").click()
    await expect(page.locator("h1")).to_have_text("corp.test")
    assert page.problems == []


async def test_a_content_is_saved_byte_for_byte_under_a_name_that_no_browser_opens(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}")
    capture = page.locator(".captures").first.locator(".capture").first
    name, content = await saved_by(page, capture.get_by_role("button", name="Save: Source"))
    assert content == b"<b>"
    assert name == f"casino.test-html-2001-09-09-014640Z-{sha256(content).hexdigest()[:8]}.html.txt"
    await expect(capture.locator(".hash code")).to_contain_text([sha256(content).hexdigest()])
    name, content = await saved_by(page, capture.get_by_role("button", name="Save: Screenshot"))
    assert name == f"casino.test-screenshot-2001-09-09-014640Z-{sha256(content).hexdigest()[:8]}.jpg"
    await expect(capture.locator(".hash code")).to_contain_text([sha256(content).hexdigest()])
    assert page.problems == []


async def test_no_address_holds_the_token_with_which_pictures_are_fetched(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}")
    await expect(page.locator(".screenshot img").first).to_be_visible()
    tokens = {request.headers.get("authorization", "").removeprefix("Bearer ") for request in page.asked} - {""}
    assert tokens
    pictures = [request for request in page.asked if "/captures/" in request.url]
    assert {request.headers["authorization"].removeprefix("Bearer ") for request in pictures} <= tokens
    assert pictures
    assert not [request.url for request in page.asked if any(token in request.url for token in tokens)]
    assert page.problems == []


async def test_a_finding_is_read_in_the_other_language(browser, scene):
    page = await open_at(browser, scene, f"/findings/{FINDING}", locale="zh-CN")
    await expect(page.get_by_role("heading", name="处理建议")).to_be_visible()
    await page.get_by_role("button", name="Switch to English").click()
    await expect(page.get_by_role("heading", name="Recommended action")).to_be_visible()
    for said in ("the site's own content", "Scan again after the fix"):
        await expect(page.locator("#content")).to_contain_text(said)
    assert page.problems == []


@pytest.mark.parametrize("tail", ["/findings/gambling.other.test", "/third-parties/%ff", "/pages/999"])
async def test_what_is_not_there_is_said_to_be_gone(browser, scene, tail):
    page = await open_at(browser, scene, tail)
    await expect(page.locator("#content h1")).to_be_visible()
    await expect(page.locator(".el-skeleton")).to_have_count(0)
    await expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    assert page.problems == []


async def test_what_cannot_be_read_while_the_server_is_away_comes_when_it_is_back(browser, theatre, scene):
    page = await open_at(browser, scene)
    await expect(page.locator(".group")).to_have_count(1)
    await theatre.stop()
    await page.locator("a.evidence").click()
    await expect(page.locator(".cut")).to_be_visible()
    await theatre.start()
    await expect(page.locator("h1")).to_have_text("casino.test", timeout=BACK_MS)
    await page.get_by_role("link", name="Back to the scan").click()
    await expect(page.locator(".group")).to_have_count(1)
    await theatre.stop()
    await page.locator("a.evidence").click()  # whose view is there now, but not what it shows
    await expect(page.locator("h1")).to_have_text("Loading failed")
    await theatre.start()
    await expect(page.locator("h1")).to_have_text("casino.test", timeout=BACK_MS)


async def test_what_limits_the_results_is_one_line_until_it_is_unfolded(browser, scene):
    page = await open_at(browser, scene)
    notes = page.locator(".warnings li")
    said = "Results incomplete: 3 notes"
    await expect(page.locator(".warnings summary")).to_have_text(said)
    await expect(notes.first).to_be_hidden()
    await page.locator(".warnings summary").click()
    await expect(notes).to_have_text([HOSTILE, "two", "three"])
    assert page.problems == []


async def test_the_evidence_of_a_violation_is_a_click_away_while_the_scan_runs(browser, theatre):
    running = await theatre.scene()
    store_evidence(theatre, running)
    await running.find("casino.test", ViolationKey.GAMBLING, "high", 0.97, "x", found_on=HOME)
    await running.find("old.corp.test", ViolationKey.TAKEOVER, "high", 0.97, "x")
    page = await open_at(browser, running)
    await expect(page.locator(".entry")).to_have_count(2)
    await expect(page.locator(".entry a.evidence")).to_have_count(1)  # the site itself is no third party
    await page.locator(".entry a.evidence").click()
    await expect(page.locator("h1")).to_have_text("casino.test")
    await expect(page.locator(".reference")).to_have_count(1)
    await expect(page.locator(".screenshot img").first).to_be_visible()
    assert page.problems == []


async def test_many_frames_that_count_third_parties_make_the_page_ask_for_them_once(browser, theatre):
    running = await theatre.scene()
    store_evidence(theatre, running)
    await running.stages_up_to(StageKey.THIRD_PARTY)
    page = await open_at(browser, running)
    await page.locator("[data-tab=third_parties]").click()
    await expect(page.locator(".parties tbody tr")).to_have_count(3)
    page.asked.clear()
    began = time.monotonic()
    for number in range(1, 101):
        await running.progress(40, StageKey.THIRD_PARTY, 1, f"party {number}", third_parties=number)
    await expect(page.locator(".verdict .percent")).to_have_text("40%")
    await until(lambda: page.asked)
    assert {request.url.split("?")[0].rsplit("/", 1)[1] for request in page.asked} == {"third-parties"}
    assert len(page.asked) <= 2 + (time.monotonic() - began) // PAUSE_S
    assert page.problems == []


BUTTONS = {kind: kind.upper() for kind in ReportFormat} | {ReportFormat.XLSX: "Excel"}  # how each begins


def read_json(content):
    report = json.loads(content)
    return {
        report["task"]["target_domain"],
        *(violation["domain"] for violation in report["violations"]),
    }


def read_html(content):
    text = content.decode()
    assert HOSTILE not in text
    assert '<html lang="en"' in text
    return {name for name in ("corp.test", "casino.test") if name in text}


def read_pdf(content):
    text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(content)).pages)
    return {name for name in ("corp.test", "casino.test") if name in text}


def read_csv(content):
    head, *rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
    assert {len(row) for row in rows} == {len(head)}
    return {name for row in rows for cell in row for name in ("corp.test", "casino.test") if name in cell}


def read_xlsx(content):
    book = openpyxl.load_workbook(BytesIO(content), read_only=True)
    rows = [list(sheet.iter_rows(values_only=True)) for sheet in book]
    assert max(map(len, rows)) == MANY + 3, "a line for each reference, and the head"
    cells = {str(cell) for sheet in rows for row in sheet for cell in row}
    return {name for cell in cells for name in ("corp.test", "casino.test") if name in cell}


def read_zip(content):
    with ZipFile(BytesIO(content)) as found:
        assert found.testzip() is None
        sums = dict(line.split("  ")[::-1] for line in found.read("SHA256SUMS").decode().splitlines())
        assert set(sums) == set(found.namelist()) - {"SHA256SUMS"}
        assert [name for name in sums if sha256(found.read(name)).hexdigest() != sums[name]] == []
        assert found.read(f"captures/{sha256(b'<b>').hexdigest()}.html.txt") == b"<b>"
        assert read_html(found.read("report.html")) == {"corp.test", "casino.test"}
        return read_json(found.read("report.json"))


def read_sarif(content):
    (run,) = json.loads(content)["runs"]
    return {run["properties"]["target"], *(result["properties"]["domain"] for result in run["results"])}


def read_stix(content):
    objects = json.loads(content)["objects"]
    (summary,) = (item for item in objects if item["type"] == "report")
    names = {item["value"] for item in objects if item["type"] == "domain-name"}
    return {*names, *(name for name in ("corp.test",) if name in summary["name"])}


READ = {
    "json": read_json,
    "html": read_html,
    "pdf": read_pdf,
    "csv": read_csv,
    "xlsx": read_xlsx,
    "zip": read_zip,
    "sarif": read_sarif,
    "stix": read_stix,
}


@pytest.mark.parametrize("kind", list(ReportFormat))
async def test_the_report_is_saved_in_every_format_that_there_is(browser, scene, kind):
    page = await open_at(browser, scene)
    await page.locator(".menu summary").click()
    button = page.locator(".menu .formats button", has_text=BUTTONS[kind])
    name, content = await saved_by(page, button)
    assert re.fullmatch(rf"compliance-corp\.test-\d{{4}}-\d\d-\d\d-1\.{kind}", name)
    assert READ[kind](content) == {"corp.test", "casino.test"}
    assert page.problems == []
