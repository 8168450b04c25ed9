import pytest

from app.domain.decisions import holds


@pytest.mark.parametrize(
    ("decided", "found", "expected"),
    [
        (["gambling"], ["gambling"], True),
        (["gambling", "hidden_link"], ["gambling"], True),
        (["gambling"], ["gambling", "hidden_link"], False),
        (["hidden_link"], ["gambling"], False),
    ],
)
def test_a_decision_holds_until_more_is_found_than_was_decided_on(decided, found, expected):
    assert holds(decided, found) is expected
