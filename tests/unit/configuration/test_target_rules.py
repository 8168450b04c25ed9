"""Allowed and blocked domains, while they change."""

import pytest

from app.configuration.target_rules import TargetRules, is_name
from app.core.config import Settings
from app.core.errors import ConfigurationError, Forbidden
from app.core.live_settings import LiveSettings
from app.tasks.target_parser import EngineTargetParser

TARGETS = EngineTargetParser()


def rules(**values):
    live = LiveSettings(Settings())
    live.apply(1, values)
    return live, TargetRules(settings=live, targets=TARGETS)


def is_refused(checked, target):
    try:
        checked.check(target)
    except Forbidden:
        return True
    return False


def test_without_lists_everything_may_be_scanned():
    assert not is_refused(rules()[1], "example.com")


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("example.com", False),
        ("www.example.com", False),
        ("notexample.com", True),
        ("example.org", True),
        ("xn--fsq.example", False),
    ],
)
def test_only_what_is_allowed_may_be_scanned(target, refused):
    assert is_refused(rules(allowed_targets=["Example.com", "例.example."])[1], target) is refused


def test_what_is_blocked_is_refused_although_it_is_allowed():
    checked = rules(allowed_targets=["example.com"], blocked_targets=["intern.example.com"])[1]
    assert is_refused(checked, "a.intern.example.com")
    assert not is_refused(checked, "www.example.com")


def test_a_change_holds_for_the_next_check():
    live, checked = rules()
    live.apply(2, {"blocked_targets": ["example.com"]})
    assert is_refused(checked, "example.com")
    live.apply(3, {})
    assert not is_refused(checked, "example.com")


@pytest.mark.parametrize("name", ["allowed_targets", "blocked_targets"])
def test_a_name_of_the_environment_that_is_none_refuses_to_start(name):
    with pytest.raises(ConfigurationError) as caught:
        TargetRules(settings=Settings(**{name: ("a b",)}), targets=TARGETS)
    assert f"COMPLIANCE_{name.upper()}" in caught.value.message


def test_a_name_is_told_from_what_is_none():
    assert all(is_name(text, TARGETS) for text in ("例.example.", "com.cn", "Example.COM"))
    wrong = ("https://example.com/", "*.example.com", "example.com:80", "a b", "a..example", "", "x" * 64)
    assert [text for text in wrong if is_name(text, TARGETS)] == []
