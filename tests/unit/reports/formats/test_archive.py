"""The evidence archive: everything that was captured, and hashes that agree."""

import subprocess
from hashlib import sha256
from io import BytesIO
from zipfile import ZipFile

import orjson
import pytest

from app.domain.scan_facts import Capture
from app.reports.formats.archive import archive_pieces
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


def archive(report):
    return ZipFile(BytesIO(b"".join(archive_pieces(report, {"report.html": iter([b"<html>"])}))))


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
    assert (manifest["target"], manifest["attempt"], manifest["made_by"]) == ("corp.test", 2, "mei")
    assert manifest["log"] == {"epoch": "0", "seq": 41}
    captures = {item["url"]: item for item in manifest["captures"]}
    assert captures[CASINO]["html"] == {"sha256": HTML_SHA, "file": f"captures/{HTML_SHA}.html.txt"}
    assert captures[HOME]["text"] == {"sha256": LOST, "file": None}
    assert captures["http://partner.test/"]["hops"][0]["status"] == 302
    assert {item["name"] for item in manifest["files"]} >= {"report.html", "tables/references.csv"}


def test_the_same_scan_makes_the_same_archive(make_report, captured):
    one, other = (b"".join(archive_pieces(make_report(), {})) for _ in range(2))
    assert one == other
