"""The whole thing as a stranger runs it: `compliance scan` on the test internet, joined with what it has to find."""

import faulthandler
import json
import subprocess
import sys

import pytest

from app.findings.schemas.results import Report
from tests.support.command import ROOT, environment

TARGET = "corp.test"
LIMIT_S = 900  # a machine with twenty times its work; an idle one needs 15 to 40


@pytest.fixture(scope="module")
def expected():
    command = [sys.executable, "-m", "testnet", "expected", TARGET]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout)


@pytest.fixture(scope="module")
def scanned():
    faulthandler.cancel_dump_traceback_later()  # it has a limit of its own, longer than that of a test that hangs
    command = [sys.executable, "-m", "app.cli", "scan", TARGET, "--testnet", "--json"]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=LIMIT_S,
    )


@pytest.fixture(scope="module")
def report(scanned):
    document = json.loads(scanned.stdout)
    Report.model_validate(document)
    return document


def test_it_ends_with_violations_and_a_report_that_is_as_documented(scanned, report):
    assert scanned.returncode == 1, scanned.stderr.decode()
    assert report["task"]["status"] == "completed"
    assert report["task"]["progress"] == 100


def test_it_finds_exactly_the_subdomains(report, expected):
    assert {host["name"] for host in report["subdomains"]} == {host["name"] for host in expected["subdomains"]}


def test_it_finds_exactly_the_third_parties(report, expected):
    found = {party["domain"]: party["relation"] for party in report["third_parties"]}
    assert found == {party["domain"]: party["relation"] for party in expected["third_parties"]}


def test_it_says_what_came_of_looking_at_each(report, expected):
    found = {party["domain"]: party["outcome"] for party in report["third_parties"]}
    assert found == {party["domain"]: party["outcome"] for party in expected["third_parties"]}


def test_it_finds_every_host_of_each_and_no_other(report, expected):
    found = {party["domain"]: set(party["hosts"]) for party in report["third_parties"]}
    for party in expected["third_parties"]:
        sure, optional = set(party["hosts"]), set(party["optional_hosts"])
        assert sure <= found[party["domain"]] <= sure | optional, party["domain"]


def test_it_finds_exactly_the_violations(report, expected):
    found = [(item["domain"], item["violation_key"]) for item in report["violations"]]
    assert sorted(found) == sorted((item["domain"], item["violation_key"]) for item in expected["violations"])


def test_its_numbers_are_folds_of_its_lists(report, expected):
    statistics = report["statistics"]
    assert statistics["total_subdomains"] == len(report["subdomains"])
    assert statistics["total_third_party_domains"] == len(report["third_parties"])
    assert statistics["total_violations"] == len(report["violations"])
    assert statistics["total_pages_crawled"] >= len(expected["pages"])


def test_the_first_violation_is_told_before_the_captures_end(scanned):
    lines = scanned.stderr.decode().splitlines()
    told = [number for number, line in enumerate(lines) if "发现违规" in line]
    captured = next(number for number, line in enumerate(lines) if "内容抓取：已完成" in line)
    assert len(told) == len(set(told)) > 0
    assert told[0] < captured
