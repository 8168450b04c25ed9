"""A scan of the big world, with Chromium, as a stranger runs it: its table of items joined with the report."""

import faulthandler
import json
import re
import subprocess
import sys

import pytest

from app.scanstore.evidence_reader import EvidenceReader, SqliteEvidenceReader
from app.scanstore.files import store_path
from testnet.client import attach
from testnet.expected import expect
from testnet.worlds import BIG, WORLDS
from tests.support.command import ROOT, environment

pytestmark = pytest.mark.system

PLAN = WORLDS[BIG]
LIMIT_S = 1_200  # a machine that computes for others beside; an idle one needs a sixth of it
MANY = 10_000
MOST_WASTED = 200  # requests that a trap may cost


@pytest.fixture(scope="module")
def world():
    return PLAN.build(PLAN.ground())


@pytest.fixture(scope="module")
def expected(world):
    return expect(world, PLAN.target)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("big")


@pytest.fixture(scope="module")
def testnet():
    """Held over the scan, so that it can be asked what was requested."""
    with attach(world=BIG) as held:
        yield held


@pytest.fixture(scope="module")
def report(folder, testnet):
    faulthandler.cancel_dump_traceback_later()  # it has a limit of its own, longer than that of a test that hangs
    command = [sys.executable, "-m", "app.cli", "scan", PLAN.target, "--world", BIG, "--json", "--data-dir", folder]
    done = subprocess.run(
        [*command, "--max-pages", str(MANY)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 1, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def store(folder, report):
    with SqliteEvidenceReader(store_path(folder, report["task"]["id"], 1)) as reader:
        yield reader


@pytest.fixture(scope="module")
def said(report):
    """What the scan says, as pairs of who is accused and of what."""
    return {(item["domain"], item["violation_key"]) for item in report["violations"]}


def kinds_on(store: EvidenceReader, item) -> set[str]:
    """The kinds of reference that are kept on the item's page: of changed pages to themselves, else to its domain."""
    references, _ = store.references_on(item.page, limit=100)
    is_own = item.kind.startswith("own:")
    return {one.fact.kind for one in references if is_own or domain_of(one.fact.url) == item.domain}


def domain_of(url: str) -> str:
    return ".".join(re.split(r"[/:\\]+", url)[1].split(".")[-2:])


def test_every_item_is_said_that_has_to_be(world, said):
    missing = [
        (item.id, item.domain, key)
        for item in world.items
        for key in item.violations
        if not item.known_miss and (item.domain, key) not in said
    ]
    assert missing == []


def test_nobody_else_is_accused(expected, world, said):
    wanted = {(item["domain"], item["violation_key"]) for item in expected["violations"]}
    missed = {(item.domain, key) for item in world.items if item.known_miss for key in item.violations}
    assert said - wanted - missed == set()


def test_each_stands_where_it_was_put(world, store):
    placed = [item for item in world.items if item.page and item.kind and not item.known_miss]
    assert [
        (item.id, item.kind, kinds_on(store, item)) for item in placed if item.kind not in kinds_on(store, item)
    ] == []


def test_no_sign_stands_on_an_honest_page(world, store):
    changed = {item.page for item in world.items if "tampered" in item.violations}
    honest = {item.page for item in world.items if item.page} - changed
    assert len(honest) > 100
    signs = {
        (page, one.fact.kind)
        for page in honest
        for one in store.references_on(page, limit=100)[0]
        if one.fact.kind.startswith("own:")
    }
    assert signs == set()


def test_it_finds_exactly_the_subdomains(report, expected):
    assert {host["name"] for host in report["subdomains"]} == {host["name"] for host in expected["subdomains"]}


def test_it_finds_exactly_the_third_parties(report, expected):
    found = {party["domain"]: party["outcome"] for party in report["third_parties"]}
    assert found == {party["domain"]: party["outcome"] for party in expected["third_parties"]}


def test_it_reads_every_page_and_none_twice(store, expected):
    pages = []
    while batch := store.pages(parsed=True, offset=len(pages), limit=1_000)[0]:
        pages += [page.url for page in batch]
    optional = set(expected["optional_pages"])
    patterns = [re.compile(pattern) for pattern in expected["optional_patterns"]]
    assert len(pages) == len(set(pages))
    assert set(expected["pages"]) - set(pages) == set()
    further = set(pages) - set(expected["pages"]) - optional
    assert [url for url in further if not any(pattern.fullmatch(url) for pattern in patterns)] == []


def test_no_trap_costs_more_than_it_may(world, report, testnet):
    traps = [host for host in world.hosts.values() if host.trap]
    assert len(traps) == 3
    for host in traps:
        asked = [one["target"] for one in testnet.requests(host.name) if re.fullmatch(host.trap, one["target"])]
        assert 0 < len(asked) <= MOST_WASTED, host.name


def test_what_robots_forbid_is_asked_by_nobody(report, expected, testnet):
    asked = {f"{one['scheme']}://{one['host']}{one['target']}" for one in testnet.requests()}
    assert len(asked) > len(expected["pages"])
    assert asked & set(expected["disallowed"]) == set()


def test_what_was_not_seen_is_little_and_said(report):
    by_reason = report["coverage"]["by_reason"]
    judged = by_reason.pop("judged")
    assert judged > 6_000
    assert sum(by_reason.values()) < 60
