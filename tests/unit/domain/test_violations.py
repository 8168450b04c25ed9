import pytest

from app.domain.messages import Language
from app.domain.violations import REVIEW_BELOW, VIOLATION_FROM, RiskLevel, ViolationKey, violation_name


@pytest.mark.parametrize("language", Language)
def test_every_kind_has_a_name_of_its_own(language):
    assert len({violation_name(key, language) for key in ViolationKey}) == len(ViolationKey)


def test_risk_rises_in_the_order_of_definition():
    assert [level.value for level in RiskLevel] == ["low", "medium", "high", "critical"]


def test_what_needs_a_review_is_a_violation_all_the_same():
    assert 0 < VIOLATION_FROM < REVIEW_BELOW < 1
