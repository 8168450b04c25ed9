from typing import get_args

import pytest

from app.core.errors import Forbidden
from app.core.principal import ADMIN, READER_ROUTES, REVIEWER, VIEWER, Principal, Role
from app.core.scopes import GROUP_ROUTES, PUBLIC, REVIEWER_ROUTES, SCOPE_OF_ROUTE, VIEWER_ROUTES, Scope


@pytest.mark.parametrize(
    ("role", "owner", "visible"), [("user", "u1", True), ("user", "u2", False), ("admin", "u2", True)]
)
def test_a_user_sees_what_is_theirs_and_an_administrator_everything(role, owner, visible):
    assert Principal("u1", "mei", role).may_see(owner) is visible


def test_where_the_request_came_from_makes_nobody_another():
    assert Principal("u1", "mei", "user", address="10.0.0.1") == Principal("u1", "mei", "user", address="10.0.0.2")
    assert not Principal("u1", "mei", "user").is_admin


def test_of_all_roles_users_alone_do_not_see_all_and_administrators_alone_are_such():
    assert [role for role in get_args(Role) if Principal("u1", "mei", role).sees_all] == [ADMIN, REVIEWER, VIEWER]
    assert [role for role in get_args(Role) if Principal("u1", "mei", role).is_admin] == [ADMIN]


@pytest.mark.parametrize("given", [{}, {"key_id": "k", "scopes": frozenset(Scope)}])
@pytest.mark.parametrize(("role", "scopes"), [(VIEWER, {Scope.READ}), (REVIEWER, {Scope.READ, Scope.REVIEW})])
def test_a_reader_is_refused_whatever_is_not_in_the_table_and_so_is_a_key_with_more_scopes(role, scopes, given):
    reader, routes = Principal("u1", "mei", role, **given), READER_ROUTES[role]
    closed = SCOPE_OF_ROUTE.keys() - routes
    assert {answer_to(reader, name) for name in (*closed, "somebody_forgot_it")} == {"read_only"}
    opened = {name for name in SCOPE_OF_ROUTE if answer_to(reader, name) == ""}
    assert opened == (routes if not given else {name for name in routes if SCOPE_OF_ROUTE[name] in scopes})
    assert reader.key_scopes == scopes


def test_a_reviewer_judges_and_is_else_a_viewer():
    opened = REVIEWER_ROUTES - VIEWER_ROUTES
    assert opened == {"assign", "comment", "decide"}


def test_of_a_viewers_account_the_table_has_what_is_their_own_alone():
    assert VIEWER_ROUTES - {name for name, scope in SCOPE_OF_ROUTE.items() if scope == Scope.READ} == {
        "change_password",
        "create_key",
        "end_other_sessions",
        "end_session",
        "list_keys",
        "list_sessions",
        "logout",
        "logout_everywhere",
        "mark_notifications_read",
        "revoke_key",
        "revoke_keys",
    }
    assert not {name for name in VIEWER_ROUTES if SCOPE_OF_ROUTE[name] == PUBLIC}


@pytest.mark.parametrize("role", READER_ROUTES)
def test_a_readers_key_of_a_group_sees_the_users_own_sites_alone(role):
    key = Principal("u1", "mei", role, key_id="k", scopes=frozenset({Scope.READ}), group="North")
    assert not key.sees_all
    assert not key.may_see("u2")


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
