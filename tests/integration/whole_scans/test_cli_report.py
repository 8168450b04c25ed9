"""`compliance report`, as a process: from a data folder, with a server beside it and without one."""

import json

import pytest

from app.cli import exit_codes
from tests.support.command import run
from tests.support.scanned import scanned_testnet

ZH = {"COMPLIANCE_LANGUAGE": "zh-CN"}


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    with scanned_testnet(tmp_path_factory.mktemp("reported") / "data", screenshots=False, max_pages=20) as scanned:
        yield scanned


async def test_a_folder_means_its_newest_scan_and_a_server_is_not_in_the_way(scanned, tmp_path):
    path = tmp_path / "out.html"
    done = await run("report", scanned.data_dir, "--output", path, "--lang", "en")
    assert (done.code, done.err) == (exit_codes.CLEAN, "")
    assert done.out.startswith(f"{path}: ")
    text = path.read_text("utf-8")
    assert "Compliance scan report: corp.test" in text
    assert scanned.task_id in text


async def test_a_task_is_found_in_the_folder_that_is_named(scanned, tmp_path):
    done = await run("report", scanned.task_id, "--data-dir", scanned.data_dir, "--output", tmp_path / "a.json", **ZH)
    assert done.code == exit_codes.CLEAN
    report = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert report["task"]["id"] == scanned.task_id


async def test_standard_output_has_the_file_and_nothing_else(scanned):
    done = await run("report", scanned.data_dir, "--output", "-", **ZH)
    assert done.out.startswith("<!doctype html>")
    assert done.out.endswith("</html>\n")


async def test_what_is_not_there_is_said_in_one_line(scanned, tmp_path):
    words = [
        ((tmp_path / "none",), "Folder not found"),
        ((tmp_path,), "is not a data folder"),
        (("nosuchtask", "--data-dir", scanned.data_dir), "Scan not found"),
    ]
    for arguments, said in words:
        done = await run("report", *arguments, COMPLIANCE_LANGUAGE="en")
        assert done.code == exit_codes.MISUSED
        assert said in done.err
        assert len(done.err.splitlines()) == 1


async def test_a_scan_writes_its_report_as_it_is_told(tmp_path):
    path = tmp_path / "scan.html"
    words = ("corp.test", "--testnet", "--no-screenshots", "--max-pages", 5, "--no-keep", "--output", path)
    done = await run("scan", *words, timeout_s=180, COMPLIANCE_LANGUAGE="en")
    assert done.code in (exit_codes.CLEAN, exit_codes.VIOLATIONS, exit_codes.INCONCLUSIVE)
    assert "Compliance scan report: corp.test" in path.read_text("utf-8")


async def test_a_scan_with_an_unknown_ending_does_not_begin(tmp_path):
    done = await run("scan", "corp.test", "--output", tmp_path / "scan.doc")
    assert done.code == exit_codes.MISUSED
    assert ".html" in done.err
