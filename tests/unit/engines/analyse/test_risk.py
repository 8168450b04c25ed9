import itertools

import pytest

from app.domain.violations import RiskLevel
from app.engines.analyse.risk import LEVELS, overall_risk, risk_of
from app.engines.model import Relation, ThirdParty

ORDER = (Relation.MENTION, Relation.LINK, Relation.REDIRECT, Relation.SCRIPT)


def test_script_stands_above_redirect_above_link_above_mention():
    levels = [LEVELS.index(risk_of(relation, hidden=False)) for relation in ORDER]
    assert all(low < high for low, high in itertools.pairwise(levels))


@pytest.mark.parametrize("relation", Relation)
def test_hiding_raises_the_level_by_one_up_to_critical(relation):
    open_level = LEVELS.index(risk_of(relation, hidden=False))
    assert LEVELS.index(risk_of(relation, hidden=True)) == min(open_level + 1, len(LEVELS) - 1)


def test_the_worst_reference_decides(make_reference):
    party = ThirdParty("party.example", ("party.example",), relation=Relation.LINK)
    references = [make_reference(), make_reference(relation=Relation.REDIRECT), make_reference(hidden="clip")]
    assert overall_risk(party, references) is RiskLevel.HIGH


def test_a_party_without_a_sample_is_judged_by_its_strongest_relation():
    party = ThirdParty("party.example", ("party.example",), relation=Relation.LINK)
    hidden = ThirdParty("party.example", ("party.example",), relation=Relation.LINK, hidden=3)
    assert overall_risk(party, ()) is RiskLevel.MEDIUM
    assert overall_risk(hidden, ()) is RiskLevel.HIGH
