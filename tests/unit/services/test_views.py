"""Facts as REST and the report show them."""

import pytest

from app.domain.parties import Outcome
from app.engines.model import Relation
from app.scanstore.rows import SeenParty
from app.schemas.results import ThirdParty
from app.services.views import third_party_view


@pytest.mark.parametrize("outcome", Outcome)
def test_a_third_party_is_shown_with_its_outcome_and_its_highest_risk(outcome):
    party = SeenParty("b.test", ("b.test", "x.b.test"), "cdn", 3, Relation.EMBED, 1, "https://a.test/", outcome)
    view = third_party_view(party, {"b.test": "high", "c.test": "low"})
    assert view == {
        "domain": "b.test",
        "hosts": ["b.test", "x.b.test"],
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
