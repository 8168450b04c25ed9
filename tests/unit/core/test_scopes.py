"""Which scope each route needs: one table, and no route beside it."""

import pytest
from fastapi import FastAPI

from app.api.router import build_router
from app.core.errors import Forbidden
from app.core.principal import Principal
from app.core.scopes import GROUP_ROUTES, GROUP_SCOPES, LINK_ROUTES, PUBLIC, SCOPE_OF_ROUTE, SESSION, Scope

READING = {"GET", "HEAD"}


@pytest.fixture(scope="module")
def operations():
    """Method and path of each documented operation, by its id."""
    application = FastAPI()
    application.include_router(build_router())
    paths = application.openapi()["paths"]
    return {
        operation["operationId"]: (method.upper(), path, "security" in operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def test_every_route_has_an_entry_and_every_entry_a_route(operations):
    assert SCOPE_OF_ROUTE.keys() == operations.keys()


def test_what_is_open_to_everybody_asks_for_no_token(operations):
    assert {name for name, scope in SCOPE_OF_ROUTE.items() if scope == PUBLIC} == {
        name for name, (_, _, is_secured) in operations.items() if not is_secured
    }


def test_a_key_that_reads_changes_nothing(operations):
    writes = {name for name, (method, _, _) in operations.items() if method not in READING}
    assert {name for name in writes if SCOPE_OF_ROUTE[name] == Scope.READ} == {"issue_ticket"}


def test_administration_needs_its_scope_and_no_key_makes_an_identity(operations):
    admins = {name for name, (_, path, _) in operations.items() if path.startswith("/api/v1/admin")}
    users = {"create_user", "update_user", "delete_user"}  # who writes a password can sign in, and outlive the key
    assert {SCOPE_OF_ROUTE[name] for name in admins - users} == {Scope.ADMIN}
    assert {SCOPE_OF_ROUTE[name] for name in users} == {SESSION}


def test_a_link_reads_and_only_one_scan(operations):
    for name in LINK_ROUTES:
        method, path, _ = operations[name]
        assert (method, SCOPE_OF_ROUTE[name]) == ("GET", Scope.READ)
        assert "/tasks/{task_id}" in path
    for_colleagues = {"follow_events", "get_differences", "get_logs", "list_attempts", "list_comments"}
    of_a_task = {name for name, (_, path, _) in operations.items() if "/tasks/{task_id}" in path}
    assert {name for name in of_a_task - LINK_ROUTES if SCOPE_OF_ROUTE[name] == Scope.READ} == for_colleagues


def test_a_group_opens_single_scans_and_sites_and_a_change_of_none_but_scans(operations):
    beyond_one = {"create_task", "get_defaults", "issue_ticket", "list_sites"}  # each filters, or shows nobody's
    for name in GROUP_ROUTES - beyond_one:
        assert {"/tasks/{task_id}", "/sites/{site_id}"} & set(parents_of(operations[name][1])), name
    assert {name for name in GROUP_ROUTES if SCOPE_OF_ROUTE[name] != Scope.READ} == {
        "cancel_task",
        "create_task",
        "retry_task",
        "run_site",
    }


def test_a_key_of_a_group_has_exactly_the_scopes_that_open_it_a_route():
    assert {
        scope
        for scope in Scope
        if any(answer_to(name, frozenset({scope}), group="North") == "" for name in SCOPE_OF_ROUTE)
    } == set(GROUP_SCOPES)


def parents_of(path):
    """The path itself and all that it begins with, without what all share."""
    parts = path.removeprefix("/api/v1").removeprefix("/monitor").split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def test_a_route_that_is_in_no_table_is_closed_to_keys():
    key = Principal("u", "mei", "admin", key_id="k", scopes=frozenset(Scope))
    with pytest.raises(Forbidden) as caught:
        key.require_route("somebody_forgot_it")
    assert caught.value.code == "session_required"


@pytest.mark.parametrize("route", sorted(SCOPE_OF_ROUTE))
def test_each_route_takes_a_key_with_its_scope_alone(route):
    needed = SCOPE_OF_ROUTE[route]
    refusal = "session_required" if needed in (SESSION, PUBLIC) else "insufficient_scope"
    answers = {str(scope): answer_to(route, frozenset({scope})) for scope in Scope}
    assert answers == {str(scope): "" if scope == needed else refusal for scope in Scope}
    assert answer_to(route, frozenset(Scope)) == ("" if needed in set(Scope) else refusal)


def answer_to(route, scopes, *, group=None):
    """The code with which a key of these scopes is refused; empty: it is not."""
    try:
        Principal("u", "mei", "admin", key_id="k", scopes=scopes, group=group).require_route(route)
    except Forbidden as refusal:
        return refusal.code
    return ""
