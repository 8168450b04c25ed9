"""What decisions are about, as rows have it."""

from types import SimpleNamespace

import pytest

from app.domain.decisions import DecisionBasis
from app.domain.violations import RiskLevel
from app.findings.queries.bases import basis_columns, basis_of


@pytest.mark.parametrize(
    "basis",
    [
        DecisionBasis(["gambling", "hidden_link"], RiskLevel.HIGH, {"gambling lexicon.gambling": ("a", "b")}),
        DecisionBasis(["gambling"], RiskLevel.LOW, {}),
        DecisionBasis(["gambling"]),  # of an older version
    ],
)
def test_a_basis_is_read_as_it_was_written(basis):
    assert basis_of(SimpleNamespace(**basis_columns(basis))) == basis
