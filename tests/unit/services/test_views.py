"""Facts as REST and the report show them."""

import pytest

from app.domain.parties import Outcome
from app.engines.model import PageFact, Relation
from app.scanstore.rows import SeenParty
from app.schemas.results import ThirdParty
from app.services.views import MAX_HOSTS, fact_view, listed_party_view, third_party_view


@pytest.mark.parametrize("outcome", Outcome)
def test_a_third_party_is_shown_with_its_outcome_and_its_highest_risk(outcome):
    party = SeenParty("b.test", ("b.test", "x.b.test"), "cdn", 3, Relation.EMBED, 1, "https://a.test/", outcome)
    view = third_party_view(party, {"b.test": "high", "c.test": "low"})
    assert view == {
        "domain": "b.test",
        "hosts": ["b.test", "x.b.test"],
        "host_count": 2,
        "category": "cdn",
        "references": 3,
        "relation": "embed",
        "hidden": 1,
        "example_page": "https://a.test/",
        "outcome": outcome.value,
        "risk_level": "high",
    }
    assert ThirdParty.model_validate(view).model_dump(mode="json") == view
    assert third_party_view(party, {})["risk_level"] is None


def test_a_list_shows_the_first_hosts_and_counts_them_all():
    party = SeenParty("b.test", tuple(f"h{number:03}.b.test" for number in range(900)), "unknown")
    view = listed_party_view(party, {})
    assert (view["hosts"], view["host_count"]) == (list(party.hosts[:MAX_HOSTS]), 900)
    assert len(third_party_view(party, {})["hosts"]) == 900


def test_what_pages_wrote_is_shown_without_secrets_and_without_what_steers_a_terminal():
    title = "Home\x1b]0;own\x07\r\nnext \u202egpj.exe \ud83d"
    view = fact_view(PageFact("https://u:p@a.test/?token=abc123&page=2", 0, 200, title=title))
    assert view["url"] == "https://a.test/?token=***&page=2"
    assert view["title"] == "Home\ufffd]0;own\ufffd  next \ufffdgpj.exe \ufffd"
