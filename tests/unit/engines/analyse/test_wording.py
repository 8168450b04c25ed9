import pytest

from app.domain.violations import ViolationKey
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.verdict import Verdict
from app.engines.analyse.wording import describe
from app.engines.model import Evidence, Layer

RULES = [
    "block:bad.example",
    "lexicon.gambling",
    "brand_impersonation",
    "look_alike_host.typo",
    "mixed_script_host",
    "ip_host_form",
    "credential_exfiltration",
    "executable_lure",
    "automatic_download",
    "run_dialog_lure",
    "wallet_phrase",
    "hidden_link.target",
    "hidden_link.anchor",
    "a rule to come",
]


def verdict(rule, count=1):
    evidence = Evidence(Layer.TEXT, rule, 0.9, snippet="a snippet", provenance="a list", terms=("one", "two"))
    return Verdict(ViolationKey.FRAUD, 0.9, (evidence,) * count, needs_review=False)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_sentence_in_both_languages(rule):
    chinese, english = describe(verdict(rule), "zh-CN"), describe(verdict(rule), "en")
    assert chinese.startswith("诈骗钓鱼：")
    assert chinese.endswith("（置信度 90%）。")
    assert english.startswith("Fraud and phishing: ")
    assert english.endswith("(confidence 90 %).")
    assert "{" not in chinese + english


def test_the_kind_of_a_hidden_links_target_is_named_in_the_readers_language():
    evidence = Evidence(Layer.STRUCTURE, "hidden_link.target", 0.9, terms=("gambling",))
    found = Verdict(ViolationKey.HIDDEN_LINK, 0.9, (evidence,), needs_review=False)
    assert "（赌博内容）" in describe(found, "zh-CN")
    assert "(Gambling)" in describe(found, "en")


def test_further_evidence_is_counted():
    assert "1 more finding)" in describe(verdict("wallet_phrase", 2), "en")
    assert "另有 2 条证据" in describe(verdict("wallet_phrase", 3), "zh-CN")


def test_the_analyser_writes_in_its_language(make_subject):
    text = "Claim your free spins and no deposit bonus at our online casino with live dealers."
    for language, word in (("en", "the page's text"), ("zh-CN", "页面文字")):
        (fact,) = Analyser(scope_target="corp.example", language=language).analyse(make_subject(text))
        assert word in fact.description
