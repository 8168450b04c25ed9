"""The risk of a finding: a sum whose parts are shown."""

import itertools

import pytest

from app.domain.authorship import Author, Authorship, AuthorSign
from app.domain.risk import Embedding, Exposure, Place, assess, embedding_of, level_of, place_of, worst
from app.domain.scan_facts import Relation
from app.domain.violations import RiskLevel, ViolationKey

POST = Authorship(Author.USER, AuthorSign.FORUM_HOST)
ORDER = list(RiskLevel)


def level(key, embedding=Embedding.LINK, place=Place.DEEP, **more):
    return assess(ViolationKey(key), Exposure(embedding, place, **more)).level


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        # What must not be called medium
        ("high", level("gambling", place=Place.START_PAGE)),
        ("high", level("malware")),
        ("high", level("malware", authorship=POST)),
        ("critical", level("fraud", Embedding.OWN_REDIRECT)),
        # The rest of the scale
        ("critical", level("gambling", Embedding.CODE)),
        ("critical", level("gambling", place=Place.WHOLE_SITE, hidden="display_none")),
        ("high", level("gambling", place=Place.INNER, hidden="display_none")),
        ("high", level("gambling", Embedding.PARTNER_REDIRECT, Place.NEAR)),
        ("medium", level("gambling")),
        ("medium", level("drugs", place=Place.INNER, authorship=POST)),
        ("low", level("gambling", Embedding.MENTION)),
        ("low", level("medical", authorship=POST)),
    ],
)
def test_levels_that_a_compliance_officer_expects(expected, found):
    assert found == expected


GRAVE = set(ViolationKey) - {ViolationKey.MEDICAL, ViolationKey.OTHER}
ALL = list(itertools.product(ViolationKey, Embedding, Place, (None, "display_none"), (None, POST)))


@pytest.mark.parametrize("embedding", Embedding)
def test_the_reasons_add_up_to_the_score_and_the_score_makes_the_level(embedding):
    for key, how, place, hidden, author in ALL:
        if how is embedding:
            more = {} if author is None else {"authorship": author}
            risk = assess(key, Exposure(how, place, hidden=hidden, **more))
            assert risk.score == min(100, max(0, sum(reason.points for reason in risk.reasons)))
            assert risk.level == level_of(risk.score)


def test_what_must_never_be_called_medium():
    """Whoever wrote it, wherever it stands: also the least that there can be."""
    for key, how, place, hidden, author in ALL:
        more = {} if author is None else {"authorship": author}
        found = assess(key, Exposure(how, place, hidden=hidden, **more)).level
        if key is ViolationKey.MALWARE:
            assert ORDER.index(found) >= ORDER.index(RiskLevel.HIGH)
        if key is ViolationKey.FRAUD and how is Embedding.OWN_REDIRECT:
            assert found is RiskLevel.CRITICAL
        if place is Place.START_PAGE and author is None and how is not Embedding.MENTION and key in GRAVE:
            assert ORDER.index(found) >= ORDER.index(RiskLevel.HIGH)


def test_a_hidden_reference_is_never_less_than_a_visible_one():
    for key, how, place in itertools.product(ViolationKey, Embedding, Place):
        seen, hidden = (assess(key, Exposure(how, place, hidden=kind)) for kind in (None, "display_none"))
        assert hidden.score >= seen.score


def test_a_hidden_link_in_a_post_gets_nothing_off():
    reasons = assess(ViolationKey.ADULT, Exposure(Embedding.LINK, Place.NEAR, "zero_font", POST)).reasons
    assert [reason.code for reason in reasons] == ["type", "embedding.link", "place.near", "hidden"]


def test_reasons_say_what_they_are_about():
    exposure = Exposure(Embedding.PARTNER_REDIRECT, Place.NEAR, depth=1, via="partner.test")
    named = {reason.code: dict(reason.params) for reason in assess(ViolationKey.GAMBLING, exposure).reasons}
    assert named == {
        "type": {"violation_key": "gambling"},
        "embedding.partner_redirect": {"via": "partner.test"},
        "place.near": {"depth": 1},
    }


def test_the_worst_reference_decides_and_nothing_known_is_a_mention():
    link, hidden = Exposure(Embedding.LINK, Place.DEEP), Exposure(Embedding.LINK, Place.DEEP, "off_screen")
    assert worst(ViolationKey.ADULT, [link, hidden, link])[1] is hidden
    assert worst(ViolationKey.ADULT, [])[0].level is RiskLevel.LOW


@pytest.mark.parametrize(
    ("depth", "pages", "in_all", "shared", "place"),
    [
        (0, 1, 400, False, Place.START_PAGE),
        (1, 1, 400, False, Place.NEAR),
        (3, 1, 400, False, Place.INNER),
        (4, 1, 400, False, Place.DEEP),
        (None, 1, 400, False, Place.DEEP),
        (0, 200, 400, False, Place.WHOLE_SITE),
        (5, 199, 400, False, Place.DEEP),
        (1, 9, 9, False, Place.NEAR),
        (None, 1, 400, True, Place.WHOLE_SITE),
    ],
)
def test_where_a_reference_stands(depth, pages, in_all, shared, place):
    assert place_of(depth, pages=pages, pages_in_all=in_all, shared_file=shared) is place


@pytest.mark.parametrize("by_partner", [True, False])
@pytest.mark.parametrize("relation", Relation)
def test_a_partner_counts_for_redirects_alone(relation, by_partner):
    embedding = embedding_of(relation, by_partner=by_partner)
    if relation is Relation.REDIRECT:
        assert embedding is (Embedding.PARTNER_REDIRECT if by_partner else Embedding.OWN_REDIRECT)
    else:
        assert embedding is embedding_of(relation, by_partner=not by_partner)


def test_relations_and_embeddings_have_the_same_order():
    order = list(Embedding)
    found = [order.index(embedding_of(relation, by_partner=False)) for relation in Relation]
    assert found == sorted(found)
