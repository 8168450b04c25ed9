from typing import get_args

import pytest

from app.core.errors import Forbidden
from app.core.principal import ADMIN, Principal, Role
from app.core.scopes import GROUP_ROUTES, SCOPE_OF_ROUTE, Scope


@pytest.mark.parametrize(
    ("role", "owner", "visible"), [("user", "u1", True), ("user", "u2", False), ("admin", "u2", True)]
)
def test_a_user_sees_what_is_theirs_and_an_administrator_everything(role, owner, visible):
    assert Principal("u1", "mei", role).may_see(owner) is visible


def test_where_the_request_came_from_makes_nobody_another():
    assert Principal("u1", "mei", "user", address="10.0.0.1") == Principal("u1", "mei", "user", address="10.0.0.2")
    assert not Principal("u1", "mei", "user").is_admin


def test_of_all_roles_an_administrator_alone_sees_all():
    assert [role for role in get_args(Role) if Principal("u1", "mei", role).sees_all] == [ADMIN]


def test_a_key_of_a_group_opens_the_routes_of_the_table_alone_and_sees_no_user_whole():
    key = Principal("u1", "mei", "user", key_id="k", scopes=frozenset(Scope), group="North")
    assert not key.may_see("u1")
    opened = {name for name in SCOPE_OF_ROUTE if answer_to(key, name) == ""}
    assert opened == GROUP_ROUTES
    assert {answer_to(key, name) for name in SCOPE_OF_ROUTE.keys() - GROUP_ROUTES} == {
        "insufficient_scope",
        "session_required",
    }


def test_a_key_of_a_group_needs_the_scope_of_its_routes():
    reading = Principal("u1", "mei", "user", key_id="k", scopes=frozenset({Scope.READ}), group="North")
    opened = {name for name in GROUP_ROUTES if answer_to(reading, name) == ""}
    assert opened == {name for name in GROUP_ROUTES if SCOPE_OF_ROUTE[name] == Scope.READ}


@pytest.mark.parametrize(
    ("given", "is_outside"),
    [
        ({}, False),
        ({"key_id": "k"}, False),
        ({"key_id": "k", "group": "North"}, True),
        ({"key_id": "k", "group": ""}, True),
        ({"link_id": "l", "task_id": "t"}, True),
    ],
)
def test_who_has_a_link_or_a_key_of_a_group_may_be_outside_of_the_organisation(given, is_outside):
    assert Principal("u1", "mei", "admin", **given).is_outside is is_outside


def answer_to(principal, route):
    """The code with which the principal is refused; empty: it is not."""
    try:
        principal.require_route(route)
    except Forbidden as refusal:
        return refusal.code
    return ""
