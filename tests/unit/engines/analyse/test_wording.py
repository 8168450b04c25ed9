import re

import pytest

from app.domain.messages import Language, MessageCatalog
from app.domain.violations import Evidence, Layer, ViolationFact, ViolationKey
from app.engines.analyse.wording import describe

RULES = [
    "block:bad.example",
    "lexicon.gambling",
    "betting_house",
    "brand_account",
    "brand_first_step",
    "brand_impersonation",
    "brand_imprint",
    "look_alike_host.typo",
    "mixed_script_host",
    "doorway",
    "identity_form",
    "ip_host_form",
    "credential_exfiltration",
    "executable_lure",
    "automatic_download",
    "run_dialog_lure",
    "wallet_phrase",
    "protection_off_lure",
    "coin_miner",
    "mailbox_form",
    "scanned_grant",
    "outlet_sale",
    "takeover.answer:aws_s3",
    "takeover.gone:azure_app",
    "takeover.unregistered",
    "takeover.expiring",
    "takeover.reregistered",
    "hidden_link.target",
    "hidden_link.anchor",
    "a rule to come",
]


def fact(key, *evidence):
    return ViolationFact("x.example", key, 0.9, "", evidence, needs_review=False)


def detection(rule, count=1):
    evidence = Evidence(Layer.TEXT, rule, 0.9, snippet="a snippet", provenance="a list", terms=("one", "two"))
    return fact(ViolationKey.FRAUD, *(evidence,) * count)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("language", Language)
def test_every_rule_has_a_sentence_in_every_language(rule, language):
    said = describe(detection(rule), MessageCatalog(language))
    assert re.fullmatch(r"[^{}]{9,}[.。]", said)


def test_neither_the_kind_nor_the_confidence_is_said_twice():
    """They stand beside the sentence, wherever it is shown."""
    said = describe(detection("wallet_phrase"), MessageCatalog("en"))
    assert said == "The third party's page asks for a wallet's recovery phrase or private key."


def test_the_kind_of_a_hidden_links_target_is_named_in_the_readers_language():
    evidence = Evidence(Layer.STRUCTURE, "hidden_link.target", 0.9, terms=("gambling",), hidden_by="display_none")
    found = fact(ViolationKey.HIDDEN_LINK, evidence)
    assert describe(found, MessageCatalog("zh-CN")) == "本站页面含暗链（以 display:none 隐藏），指向涉赌网站。"
    assert describe(found, MessageCatalog("en")) == (
        "The site's own page contains a hidden link (hidden by display:none) to a gambling site."
    )


def test_further_evidence_is_counted():
    assert describe(detection("wallet_phrase", 2), MessageCatalog("en")).endswith("; 1 more piece of evidence.")
    assert describe(detection("wallet_phrase", 3), MessageCatalog("en")).endswith("; 2 more pieces of evidence.")
    assert describe(detection("wallet_phrase", 3), MessageCatalog("zh-CN")).endswith("，另有 2 条证据。")


@pytest.mark.parametrize("rule", RULES)
def test_a_sentence_is_made_anew_in_the_other_language(rule):
    said = describe(detection(rule, 3), MessageCatalog("zh-CN"))
    english = MessageCatalog("en")
    assert english.remake(said.key, said.params) == describe(detection(rule, 3), english)
