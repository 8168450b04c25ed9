"""Where the site itself has what leads to a finding."""

from app.findings.evidence.origin import origin_of

LINK, OTHER = {"reference_id": 1, "via": None}, {"reference_id": 2, "via": None}
FORWARDED = {"reference_id": 3, "via": "http://partner.test/"}


def found(*references, chains=()):
    return {"references": references, "chains": [{"reference_id": of, "origin": origin} for of, origin in chains]}


def test_it_is_the_worst_reference():
    assert origin_of(found(LINK, OTHER, chains=[(1, OTHER)])) == LINK


def test_of_a_partners_redirect_it_is_the_reference_to_the_partner():
    assert origin_of(found(FORWARDED, LINK, chains=[(1, LINK), (3, OTHER)])) == OTHER


def test_where_the_way_is_not_known_it_is_the_redirect_itself():
    assert origin_of(found(FORWARDED)) == FORWARDED


def test_what_the_site_itself_shows_has_none():
    assert origin_of(found()) is None
