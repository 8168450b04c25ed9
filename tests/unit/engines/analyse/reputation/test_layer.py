import pytest

from app.domain.scan_facts import Hop, HopKind
from app.domain.violations import Layer, ViolationKey
from app.engines.analyse.reputation.layer import (
    BLOCK_SCORE,
    STARTER_ALLOW,
    STARTER_BLOCK,
    ListError,
    ReputationLayer,
    load_list,
)

HEADER = "list: test list\ndate: 2026-11-01\nsource: a test\n"


@pytest.fixture
def entries(tmp_path):
    def load(lines):
        path = tmp_path / "list.txt"
        path.write_text(HEADER + lines, encoding="utf-8")
        return load_list(path)

    return load


def test_a_registrable_domain_covers_every_host_below_it(entries):
    layer = ReputationLayer(block=entries("bad.example gambling"))
    assert layer.blocked("bad.example")
    assert layer.blocked("deep.www.bad.example")
    assert not layer.blocked("notbad.example")
    assert not layer.blocked("bad.example.org")


def test_an_entry_for_a_host_covers_that_host_alone(entries):
    layer = ReputationLayer(block=entries("www.bad.example gambling"))
    assert layer.blocked("www.bad.example")
    assert not layer.blocked("bad.example")
    assert not layer.blocked("deep.www.bad.example")


def test_customers_of_a_hosting_suffix_are_told_apart(entries):
    layer = ReputationLayer(allow=entries("alice.github.io site"))
    assert layer.allowed("alice.github.io")
    assert not layer.allowed("mallory.github.io")


def test_the_more_exact_entry_wins(entries):
    block_domain = ReputationLayer(block=entries("big.example fraud"), allow=entries("www.big.example portal"))
    assert block_domain.allowed("www.big.example")
    assert block_domain.blocked("user.big.example")
    allow_domain = ReputationLayer(allow=entries("big.example portal"), block=entries("user.big.example fraud"))
    assert allow_domain.blocked("user.big.example")
    assert allow_domain.allowed("www.big.example")


def test_block_wins_over_allow_of_the_same_name_and_later_lists_over_earlier(entries):
    both = ReputationLayer(allow=entries("same.example portal"), block=entries("same.example fraud"))
    assert both.blocked("same.example")
    assert not both.allowed("same.example")
    later = ReputationLayer(block=(*entries("x.example fraud 0.6"), *entries("x.example adult 0.7")))
    assert later.blocked("x.example").category == "adult"


def test_the_signal_carries_score_provenance_and_date(entries, make_subject):
    layer = ReputationLayer(block=entries("bad.example gambling 0.7\n"))
    (signal,) = layer.examine(make_subject(url="https://www.bad.example/x"))
    assert signal.key is ViolationKey.GAMBLING
    assert signal.evidence.layer is Layer.REPUTATION
    assert signal.evidence.score == 0.7
    assert signal.evidence.provenance == "test list, 2026-11-01, a test"


def test_a_listed_host_among_the_redirects_is_a_finding_too(entries, make_subject):
    layer = ReputationLayer(block=entries("hop.example malware"))
    hop = Hop("https://www.party.example/", 302, "192.0.2.1", HopKind.HTTP, "https://hop.example/go")
    assert [signal.key for signal in layer.examine(make_subject(hops=(hop,)))] == [ViolationKey.MALWARE]
    assert list(layer.examine(make_subject())) == []


@pytest.mark.parametrize(
    "line",
    ["lonely.example", "a.example gambling high", "a.example gambling 0", "a.example gambling 2", "例.example adult"],
)
def test_a_malformed_line_is_named(entries, line):
    with pytest.raises(ListError, match="line 4"):
        entries(line)


def test_a_list_without_provenance_is_refused(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("bad.example gambling\n", encoding="utf-8")
    with pytest.raises(ListError, match="source"):
        load_list(path)


def test_a_block_category_must_be_a_violation_key(entries):
    with pytest.raises(ListError, match="no violation key"):
        ReputationLayer(block=entries("bad.example nonsense"))


def test_the_shipped_block_list_holds_reserved_names_only():
    entries = load_list(STARTER_BLOCK)
    assert entries
    assert all(entry.name.endswith(".example") for entry in entries)
    assert BLOCK_SCORE in {entry.score for entry in entries}


def test_the_shipped_allow_list_covers_well_known_services():
    layer = ReputationLayer(allow=load_list(STARTER_ALLOW))
    assert layer.allowed("www.baidu.com")
    assert layer.allowed("zh.wikipedia.org")
    assert not layer.allowed("baidu.com.example")
