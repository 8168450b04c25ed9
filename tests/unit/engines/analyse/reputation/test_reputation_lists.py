"""Lists that a deployment names, as the first layer uses them."""

from dataclasses import replace

import pytest

from app.domain.evidence_text import source_text
from app.domain.messages import MessageCatalog
from app.domain.reputation_lists import ListKind, UsedList
from app.domain.scan_facts import Hop, HopKind
from app.domain.violations import ViolationKey
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.reputation.layer import ReputationLayer, ReputationList
from app.engines.lists.list_file import ListFile, line_of, write_lines

SHA256 = "ab12" * 16


@pytest.fixture
def make_list(tmp_path):
    def make(*keys, name="feed", kind=ListKind.BLOCK, category="fraud", score=0.9):
        path = tmp_path / name
        with path.open("wb") as file:
            write_lines([line_of(key, number, category, score) for number, key in enumerate(keys, start=1)], file)
        used = UsedList("1", name, kind, "https://lists.example/a", "2026-11-20", SHA256, len(keys), "f" * 64, 1)
        return ReputationList(used, ListFile(path))

    return make


def keys_of(layer, subject):
    return [signal.evidence.terms[0] for signal in layer.examine(subject)]


def test_hosts_match_as_those_of_the_shipped_lists(make_list):
    layer = ReputationLayer(lists=[make_list("bad.example", "www.half.example")])
    assert layer.blocked("deep.bad.example").name == "bad.example"
    assert layer.blocked("www.half.example")
    assert not layer.blocked("half.example")
    assert not layer.blocked("deep.www.half.example")
    assert not layer.blocked("notbad.example")


def test_a_url_is_matched_alone(make_list, make_subject):
    layer = ReputationLayer(lists=[make_list("https://www.party.example/win?a=1")])
    assert keys_of(layer, make_subject(url="https://www.party.example/win?a=1")) == [
        "https://www.party.example/win?a=1"
    ]
    for other in ("/win", "/win?a=2", "/win?a=1&b=2", "/", "/win/deeper?a=1"):
        assert keys_of(layer, make_subject(url=f"https://www.party.example{other}")) == []
    assert keys_of(layer, make_subject(url="http://www.party.example/win?a=1")) == []
    assert layer.blocked("www.party.example") is None


def test_a_listed_url_counts_among_redirects_and_references(make_list, make_subject, make_reference):
    layer = ReputationLayer(lists=[make_list("https://hop.example/go", "https://www.party.example/x.exe")])
    hop = Hop("https://www.party.example/", 302, "192.0.2.1", HopKind.HTTP, "https://hop.example/go")
    assert keys_of(layer, make_subject(hops=(hop,))) == ["https://hop.example/go"]
    reference = replace(make_reference(), url="https://WWW.party.example:443/a/../x.exe#top")
    assert keys_of(layer, make_subject(references=(reference,))) == ["https://www.party.example/x.exe"]


def test_an_allow_list_goes_before_block_lists_however_exact_these_are(make_list, make_subject):
    allow = make_list("fine.example", "https://mixed.example/ok", name="allow", kind=ListKind.ALLOW)
    block = make_list(
        "www.fine.example", "https://fine.example/x", "https://mixed.example/ok", "https://mixed.example/no"
    )
    layer = ReputationLayer(lists=[allow, block])
    assert layer.blocked("www.fine.example") is None
    assert layer.allowed("www.fine.example").list_name == "allow"
    assert keys_of(layer, make_subject(url="https://fine.example/x")) == []
    assert keys_of(layer, make_subject(url="https://mixed.example/ok")) == []
    assert keys_of(layer, make_subject(url="https://mixed.example/no")) == ["https://mixed.example/no"]


def test_the_more_exact_entry_wins_and_then_the_later_list(make_list):
    lists = [
        make_list("www.bad.example", name="first", category="adult"),
        make_list("bad.example", name="second", category="fraud"),
        make_list("bad.example", name="third", category="malware"),
    ]
    layer = ReputationLayer(lists=lists)
    assert layer.blocked("www.bad.example").list_name == "first"
    assert layer.blocked("bad.example").list_name == "third"


def test_nothing_of_the_target_is_looked_up(make_list, make_subject):
    feed = make_list("corp.example", "shop.corp.example", "https://www.corp.example/x")
    analyser = Analyser(scope_target="www.corp.example", lists=[feed])
    assert analyser.analyse(make_subject(url="https://www.corp.example/x")) == ()
    assert analyser.analyse(make_subject(url="https://shop.corp.example/")) == ()


def test_evidence_names_list_date_line_and_hash(make_list, make_subject):
    analyser = Analyser(scope_target="corp.example", lists=[make_list("a.example", "party.example", score=0.7)])
    (fact,) = analyser.analyse(make_subject(url="https://www.party.example/"))
    (evidence,) = fact.evidence
    assert fact.violation_key is ViolationKey.FRAUD
    assert (evidence.rule, evidence.score, evidence.snippet) == ("block:party.example", 0.7, "www.party.example")
    assert evidence.provenance == f"feed, 2026-11-20, https://lists.example/a; line 2, sha256 {SHA256}"
    english = source_text(evidence, MessageCatalog("en"))
    assert str(english) == "feed of 2026-11-20, https://lists.example/a, line 2, SHA-256 ab12ab12ab12…"
    assert "第 2 行" in str(source_text(evidence, MessageCatalog("zh-CN")))


def test_content_of_hosts_that_a_deployment_allows_is_not_judged(make_list, make_subject):
    allow = make_list("party.example", kind=ListKind.ALLOW)
    subject = make_subject(url="https://www.party.example/")
    assert Analyser(scope_target="corp.example").examines_content(subject)
    assert not Analyser(scope_target="corp.example", lists=[allow]).examines_content(subject)
