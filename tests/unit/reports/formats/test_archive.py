"""The evidence archive: everything that was captured, and hashes that agree."""

import csv
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO, StringIO
from zipfile import ZipFile

import orjson
import pytest

from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture
from app.reports.formats.archive import archive_pieces
from app.reports.formats.render import html_document
from app.reports.formats.time_stamp import NoStampReason, NoTimeStamp, TimeStamp
from tests.support.logs import captured_log, records
from tests.unit.findings.evidence.conftest import CASINO, HOME

HTML, SHOT, LOST = b"<script>alert(1)</script>", b"\xff\xd8 a picture", "9" * 64
HTML_SHA, SHOT_SHA = sha256(HTML).hexdigest(), sha256(SHOT).hexdigest()


@pytest.fixture
def captured(store, contents):
    hashes = {"html_sha256": HTML_SHA, "screenshot_sha256": SHOT_SHA}
    store.put_capture(Capture("casino.test", "casino.test", CASINO, CASINO, 200, **hashes))
    store.put_capture(Capture("corp.test", "www.corp.test", HOME, HOME, 200, html_sha256=HTML_SHA, text_sha256=LOST))
    store.flush()
    contents.update({HTML_SHA: HTML, SHOT_SHA: SHOT})


def archive(report, stamp=None):
    return ZipFile(BytesIO(b"".join(archive_pieces(report, {"report.html": iter([b"<html>"])}, report.origin, stamp))))


def test_the_hashes_agree(make_report, captured):
    with archive(make_report()) as found:
        sums = dict(line.split("  ")[::-1] for line in found.read("SHA256SUMS").decode().splitlines())
        assert set(sums) == set(found.namelist()) - {"SHA256SUMS"}
        assert all(sha256(found.read(name)).hexdigest() == digest for name, digest in sums.items())
        contents = [name for name in sums if name.startswith("captures/")]
        assert all(name.removeprefix("captures/").partition(".")[0] == sums[name] for name in contents)


def test_the_tool_that_everybody_has_accepts_the_sums_and_sees_what_was_changed(make_report, captured, tmp_path):
    with archive(make_report()) as found:
        found.extractall(tmp_path)
    check = ("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 0
    changed = tmp_path / "captures" / f"{HTML_SHA}.html.txt"
    changed.write_bytes(changed.read_bytes() + b" ")
    refused = subprocess.run(check, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (refused.returncode, changed.name in refused.stdout) == (1, True)


def test_a_content_is_kept_once_byte_for_byte_under_a_name_that_no_browser_opens(make_report, captured):
    with archive(make_report()) as found:
        assert found.read(f"captures/{HTML_SHA}.html.txt") == HTML
        assert found.read(f"captures/{SHOT_SHA}.jpg") == SHOT
        assert len([name for name in found.namelist() if HTML_SHA in name]) == 1


def test_the_manifest_says_which_capture_has_which_content_and_what_is_lost(make_report, captured):
    with archive(make_report()) as found:
        manifest = orjson.loads(found.read("manifest.json"))
    assert (manifest["target"], manifest["attempt"], manifest["program"]) == ("corp.test", 2, "scanner 1.0")
    assert manifest["log"] == {"epoch": "0", "seq": 41}
    captures = {item["url"]: item for item in manifest["captures"]}
    assert captures[CASINO]["html"] == {"sha256": HTML_SHA, "file": f"captures/{HTML_SHA}.html.txt"}
    assert captures[HOME]["text"] == {"sha256": LOST, "file": None}
    assert captures["http://partner.test/"]["hops"][0]["status"] == 302
    assert {item["name"] for item in manifest["files"]} >= {"report.html", "tables/references.csv"}


def test_an_archive_of_a_finding_has_what_belongs_to_it_alone_and_says_of_how_many_it_is(make_report, captured, store):
    store.put_capture(
        Capture("other.test", "other.test", "http://other.test/", "http://other.test/", 200, html_sha256=LOST)
    )
    store.flush()
    part, whole = make_report(only={"gambling.casino.test"}), make_report()
    total, shown = len(whole.findings), part.finding("gambling.casino.test")
    with archive(part) as found:
        sums = dict(line.split("  ")[::-1] for line in found.read("SHA256SUMS").decode().splitlines())
        assert all(sha256(found.read(name)).hexdigest() == digest for name, digest in sums.items())
        manifest, readme = orjson.loads(found.read("manifest.json")), found.read("README.txt").decode().splitlines()
        findings = list(csv.reader(StringIO(found.read("tables/findings.csv").decode())))
    assert (manifest["findings"], manifest["findings_of_scan"]) == (["gambling.casino.test"], total)
    captures = {item["url"] for item in manifest["captures"]}
    assert captures == {item["url"] for item in (*shown["captures"], *shown["site_captures"])}
    assert CASINO in captures
    assert {item["sha256"] for item in manifest["files"]} >= {HTML_SHA, SHOT_SHA}
    assert readme[0] == MessageCatalog("en")("report.part", count=1, total=total)
    assert len(findings) == 2
    with archive(whole) as found:
        manifest = orjson.loads(found.read("manifest.json"))
        assert "findings" not in manifest
        assert len(manifest["captures"]) > 2


def test_times_of_captures_are_told_with_their_zone(make_report, store):
    store.put_capture(Capture("casino.test", "casino.test", CASINO, CASINO, 200, captured_at=1e9))
    store.flush()
    with archive(make_report()) as found:
        captures = {item["url"]: item for item in orjson.loads(found.read("manifest.json"))["captures"]}
    assert captures[CASINO]["captured_at"] == "2001-09-09T01:46:40.000Z"


def test_the_same_scan_makes_the_same_archive(make_report, captured):
    one, other = (b"".join(archive_pieces(made := make_report(), {}, made.origin)) for _ in range(2))
    assert one == other


def test_the_manifest_says_who_started_the_scan_and_whose_clock_the_times_are_of(make_report, captured):
    with archive(make_report()) as found:
        manifest, readme = orjson.loads(found.read("manifest.json")), found.read("README.txt").decode()
    assert manifest["started_by"] == "wei"
    assert manifest["times"] == {"zone": "UTC", "clock": "system clock of the scanner"}
    assert manifest["started_at"] == "2026-01-01T10:00:00.000Z"
    assert MessageCatalog("en")("report.method.times") in readme.splitlines()


def test_who_made_it_and_when_is_said_outside_of_the_manifest_and_of_what_it_lists(make_report, captured):
    """Else no two archives had the same manifest, and each needed a time stamp of its own."""
    one, other, link = make_report(), make_report(), make_report()
    other.origin = replace(one.origin, made_by="ada", made_at=one.origin.made_at + timedelta(hours=1))
    link.origin = replace(one.origin, made_by="")
    manifests, said = set(), []
    for report in (one, other, link):
        same = report.undated()
        pieces = archive_pieces(same, {"report.html": html_document(same)}, report.origin)
        with ZipFile(BytesIO(b"".join(pieces))) as found:
            manifests.add(found.read("manifest.json"))
            said.append(found.read("README.txt").decode().splitlines()[2:])
    assert len(manifests) == 1
    assert said == [
        ["Report generated: 2026-01-02 03:04:05 UTC", "Report generated by: mei"],
        ["Report generated: 2026-01-02 04:04:05 UTC", "Report generated by: ada"],
        ["Report generated: 2026-01-02 03:04:05 UTC"],
    ]


def test_the_time_stamp_is_one_of_the_manifest_and_has_its_hash_in_the_sums(make_report, captured):
    stamped = []

    def stamp(data):
        stamped.append(data)
        return TimeStamp(b"token", datetime(2026, 1, 2, tzinfo=UTC), "CN=TSA", is_trusted=True)

    with archive(make_report(), stamp) as found:
        assert stamped == [found.read("manifest.json")]
        assert found.read("manifest.json.tsr") == b"token"
        assert f"{sha256(b'token').hexdigest()}  manifest.json.tsr\n" in found.read("SHA256SUMS").decode()
        assert "2026-01-02 00:00:00 UTC, from CN=TSA" in found.read("README.txt").decode()


def test_an_archive_without_its_time_stamp_is_whole_and_says_why_and_so_does_the_log(make_report, captured):
    def stamp(_):
        raise NoTimeStamp(NoStampReason.REJECTED, cause="no quota", status=2)

    with captured_log() as log, archive(make_report(), stamp) as found, archive(make_report()) as plain:
        assert found.namelist() == plain.namelist()
        assert found.read("manifest.json") == plain.read("manifest.json")
        readme, texts = found.read("README.txt").decode().splitlines(), MessageCatalog("en")
        assert readme[-1] == texts("report.not_time_stamped", reason=texts("no_time_stamp.rejected", status=2))
        assert readme[:-1] == plain.read("README.txt").decode().splitlines()
    (record,) = records(log)
    assert (record["event"], record["level"]) == ("archive_not_time_stamped", "warning")
    assert (record["reason"], record["cause"]) == ("rejected", "no quota")
