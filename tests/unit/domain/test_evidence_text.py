"""Evidence in words: whose page, which words, where a hidden link leads."""

import pytest

from app.domain.evidence_text import evidence_sentence, hiding_text, source_text
from app.domain.messages import Language, MessageCatalog
from app.domain.tampering import RULE_PREFIX, TamperSign
from app.domain.violations import Evidence, Layer, ViolationKey
from app.domain.visitors import Visitor

EN, ZH = MessageCatalog("en"), MessageCatalog("zh-CN")


def sentence(texts, rule, *, key=ViolationKey.GAMBLING, on_site=False, **more):
    values = {"terms": ("a", "b"), "snippet": "s", "provenance": "list 1"}
    return evidence_sentence(Evidence(Layer.TEXT, rule, 0.9, **{**values, **more}), key, texts, on_site=on_site)


def source(provenance, texts, **more):
    return source_text(Evidence(Layer.TEXT, "x", 0.9, provenance=provenance, **more), texts)


def test_it_says_whose_page_shows_it():
    assert sentence(ZH, "lexicon.gambling") == "目标站点页面出现多个涉赌用语（a、b）"
    assert sentence(ZH, "lexicon.gambling", on_site=True) == "本站页面出现多个涉赌用语（a、b）"
    assert sentence(EN, "wallet_phrase").startswith("The third party's page ")
    assert sentence(EN, "wallet_phrase", on_site=True).startswith("The site's own page ")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("key", ViolationKey)
def test_every_kind_has_its_words_and_its_sites(language, key):
    texts = MessageCatalog(language)
    said = sentence(texts, "hidden_link.target", terms=(key.value,), hidden_by="marquee")
    assert texts(f"site.{key}") in said
    assert texts("hidden_by.marquee") in said
    assert "{" not in sentence(texts, f"lexicon.{key}", key=key)


def test_at_most_five_terms_are_quoted_and_eighty_characters():
    assert sentence(EN, "lexicon.gambling", terms="abcdefg").endswith("(a, b, c, d, e)")
    assert sentence(EN, "a rule to come", snippet="x" * 100) == "x" * 80


def test_an_entry_of_a_list_names_the_list():
    assert sentence(EN, "block:x", snippet="bad.example") == "bad.example is on a block list (list 1)"


def test_a_link_that_a_browser_has_shown_to_be_hidden_says_so():
    for texts in (ZH, EN):
        said = sentence(texts, "hidden_link.anchor", terms="a", hidden_by="covered", rendered=True)
        assert texts("hidden_by.rendered", how=texts("hidden_by.covered")) in said


@pytest.mark.parametrize(
    ("provenance", "chinese", "english"),
    [
        ("lexicon 2026-11-25", "词库", "word list, version 2026-11-25"),
        ("brands 2026-11-25", "品牌", "brand list, version 2026-11-25"),
        ("structure rules", "规则", "rules"),
        ("starter, 2026-11-25, ours", "starter", "starter of 2026-11-25"),
        ("somebody else's", "somebody else's", "somebody else's"),
        ("", "", ""),
    ],
)
def test_where_a_judgement_comes_from_is_said_in_words(provenance, chinese, english):
    for texts, part in ((ZH, chinese), (EN, english)):
        assert part in source(provenance, texts)
        assert "news, court" in source("lexicon 1", texts, guards=("news", "court"))


def test_a_quotation_within_a_sentence_has_no_line_breaks():
    assert sentence(EN, "a rule to come", snippet="one\n\ttwo") == "one two"


def test_a_way_of_hiding_without_a_text_is_simply_hidden():
    assert hiding_text("a kind of later", EN) == hiding_text(None, EN) == "hidden"


@pytest.mark.parametrize("texts", [EN, ZH], ids=["en", "zh-CN"])
@pytest.mark.parametrize("visitor", Visitor)
def test_who_alone_was_shown_it_is_said_of_every_sign(texts, visitor):
    for sign in TamperSign:
        said = sentence(texts, f"{RULE_PREFIX}{sign}", key=ViolationKey.TAMPERED, shown_to=visitor)
        everybody = sentence(texts, f"{RULE_PREFIX}{sign}", key=ViolationKey.TAMPERED)
        assert said.startswith(everybody)
        assert texts(f"visitor.{visitor}") in said


@pytest.mark.parametrize("texts", [EN, ZH], ids=["en", "zh-CN"])
def test_a_page_whose_words_cannot_be_shown_is_still_said_to_resemble_a_kind_of_site(texts):
    bare = sentence(texts, "classifier", terms=(), key=ViolationKey.FRAUD)
    assert bare == texts("evidence_bare.classifier", whose=texts("whose.third_party"), site=texts("site.fraud"))
    named = sentence(texts, "classifier", terms=("malware", "download"), key=ViolationKey.FRAUD)
    assert named.startswith(bare)  # the words of a page do not say what it leads to
