import pytest

from app.engines.net.blocked_names import BlockedNames


@pytest.mark.parametrize(
    ("host", "is_covered"),
    [
        ("oa.corp.test", True),
        ("OA.corp.test.", True),
        ("a.b.oa.corp.test", True),
        ("corp.test", False),
        ("noa.corp.test", False),
        ("oa.corp.test.evil.test", False),
        ("", False),
    ],
)
def test_a_name_is_blocked_with_all_names_below_it(host, is_covered):
    assert BlockedNames(["oa.corp.test"]).covers(host) is is_covered


def test_without_names_nothing_is_blocked():
    assert not BlockedNames()
    assert not BlockedNames().covers("corp.test")
