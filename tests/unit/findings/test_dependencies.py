"""Parameters that several routes of findings have."""

import pytest

from app.core.principal import Principal
from app.domain.findings import NOBODY
from app.findings.dependencies import assignee_of


@pytest.mark.parametrize(("asked", "wanted"), [(None, None), ("me", "a"), ("none", NOBODY), ("b", "b")])
def test_an_assignee_is_oneself_nobody_or_the_user_who_is_named(asked, wanted):
    assert assignee_of(asked, Principal("a", "mei", "user")) == wanted
