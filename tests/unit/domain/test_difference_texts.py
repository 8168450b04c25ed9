"""Every difference has a sentence, in both languages."""

import pytest

from app.domain.difference_texts import DifferenceTexts
from app.domain.differences import Change, Section
from app.domain.messages import Language, MessageCatalog
from app.domain.party_changes import Aspect
from tests.support.said import said

CHANGED_ALONE = (Section.CERTIFICATES, Section.LOOKS)
OF_ALL = [Change.NEW, Change.GONE, Change.CHANGED, Change.NOT_SEEN]
# Which changes there are of which section, beside the aspects of `content`.
CHANGES = {
    Section.FINDINGS: OF_ALL,
    Section.THIRD_PARTIES: [Change.NEW, Change.GONE, Change.NOT_SEEN, Change.BACK, Change.ROTATING],
    Section.HIDDEN_LINKS: [Change.NEW, Change.GONE, Change.NOT_SEEN],
    Section.REFERENCES: [Change.NEW, Change.GONE, Change.NOT_SEEN],
    Section.REDIRECTS: OF_ALL,
    Section.HOSTS: [Change.NEW, Change.CHANGED, Change.NOT_SEEN],
    **{section: [Change.CHANGED] for section in CHANGED_ALONE},
}
ASPECTS = {
    Section.FINDINGS: "gambling",
    Section.REFERENCES: "script",
    Section.CERTIFICATES: "problem",
    Section.LOOKS: "page_class",
}
VALUES = {
    Aspect.REGISTRATION: ("registered", "unregistered"),
    Aspect.PAGE_CLASS: ("parked", "no_name"),
    Aspect.CATEGORY: ("ads", "cdn"),
    Aspect.JUDGEMENT: ("", "gambling,fraud"),
}


def item(section, change=Change.CHANGED, aspect="", before="low", after="high"):
    return {
        "section": section.value,
        "change": change.value,
        "name": "b.test",
        "aspect": aspect,
        "before": before,
        "after": after,
        "page": "",
        "url": "http://b.test/a.js",
    }


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("aspect", list(Aspect))
def test_every_aspect_of_a_known_third_party(language, aspect):
    before, after = VALUES.get(aspect, ("2011-04-12", "2026-11-20"))
    view = DifferenceTexts(language).view(item(Section.CONTENT, aspect=aspect.value, before=before, after=after))
    assert "b.test" in view["text"]
    assert "no_name" not in view["text"]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("section", "change"), [(section, one) for section, some in CHANGES.items() for one in some])
def test_every_change_of_every_section(language, section, change):
    values = {Section.CERTIFICATES: ("", "expired"), Section.LOOKS: ("content", "parked")}.get(section, ("low", "high"))
    view = DifferenceTexts(language).view(
        item(section, change, ASPECTS.get(section, ""), before=values[0], after=values[1])
    )
    assert "b.test" in view["text"]


def test_values_are_told_in_words():
    view = DifferenceTexts("en").view(item(Section.CONTENT, aspect="judgement", before="", after="gambling"))
    texts = MessageCatalog("en")
    assert view["text"] == said(
        "difference.content.judgement",
        name="b.test",
        before=texts("difference.nothing"),
        after=texts("violation.gambling"),
    )


@pytest.mark.parametrize(
    ("section", "aspect", "missing"), [(Section.HOSTS, "alias", "no_alias"), (Section.LOOKS, "look", "no_title")]
)
def test_a_value_that_is_missing_has_a_name(section, aspect, missing):
    view = DifferenceTexts("en").view(item(section, aspect=aspect, before="", after="shop.example"))
    before = MessageCatalog("en")(f"difference.{missing}")
    assert view["text"] == said(f"difference.{section}.changed", name="b.test", before=before, after="shop.example")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("section", "aspect"), [(Section.CONTENT, "title"), (Section.LOOKS, "look")])
def test_what_was_seen_once_says_what(language, section, aspect):
    view = DifferenceTexts(language).view(item(section, Change.SEEN_ONCE, aspect, "Pumps", "Hacked"))
    assert "Hacked" in view["text"]


def test_a_change_that_was_not_confirmed_says_so():
    one = item(Section.CONTENT, Change.CHANGED, "title", "Pumps", "Casino")
    plain, noted = (DifferenceTexts("en").view({**one, "is_unconfirmed": flag})["text"] for flag in (False, True))
    assert noted == said("difference.unconfirmed", text=plain)


@pytest.mark.parametrize("language", list(Language))
def test_what_comes_and_goes_says_whether_it_is_there(language):
    views = [
        DifferenceTexts(language).view(item(Section.THIRD_PARTIES, Change.ROTATING, "link", *values))["text"]
        for values in (("link", ""), ("", "link"))
    ]
    assert len(set(views)) == len(views)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("section", "change", "aspect"),
    [(Section.THIRD_PARTIES, Change.BACK, "link"), (Section.CONTENT, Change.CHANGED, Aspect.RETURNED.value)],
)
def test_of_what_is_back_after_an_unknown_time_it_is_said_so(language, section, change, aspect):
    text = DifferenceTexts(language).view(item(section, change, aspect, "", ""))["text"]
    assert MessageCatalog(language)("difference.no_date") in text
