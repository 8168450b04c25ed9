"""Which secrets are refused, and that the refusal never holds them."""

import pytest

from app.core.errors import ConfigurationError
from app.core.secret_rules import check_secret

GOOD = "kq7-Vh2mZ0pX4tRw9yLs3uBd6fGj8cNe"


def test_a_long_random_secret_is_taken():
    check_secret(GOOD, name="COMPLIANCE_SECRET_KEY")


@pytest.mark.parametrize("secret", [GOOD[:31], "x" * 40, "changeme" * 5, f"{GOOD}-Password"])
def test_what_can_be_guessed_is_refused_without_being_repeated(secret):
    with pytest.raises(ConfigurationError) as caught:
        check_secret(secret, name="COMPLIANCE_SECRET_KEY")
    assert "COMPLIANCE_SECRET_KEY" in caught.value.message
    assert secret not in caught.value.message
