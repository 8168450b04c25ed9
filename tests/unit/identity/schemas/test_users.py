from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from app.identity.schemas.users import UserCreate, UserResponse, UserUpdate

GOOD = {"username": "mei", "email": "mei@example.org", "password": "correct horse battery"}


def test_a_user_is_a_user_unless_it_is_said_otherwise():
    assert UserCreate(**GOOD).role == "user"
    assert UserCreate(**GOOD, role="admin").role == "admin"


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": ""},
        {"username": "-mei"},
        {"username": "m" * 65},
        {"username": "mei li"},
        {"email": "nobody"},
        {"email": "a@b@c"},
        {"email": "a b@c"},
        {"password": "short"},
        {"role": "god"},
        {"is_active": True},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        UserCreate(**{**GOOD, **wrong})


def test_a_change_names_what_changes_and_nothing_is_null():
    assert UserUpdate(role="admin").model_fields_set == {"role"}
    assert UserUpdate().model_fields_set == set()
    with pytest.raises(ValidationError, match="null"):
        UserUpdate(email=None)


def test_times_of_a_user_are_as_on_the_wire():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    row = SimpleNamespace(
        id="u1",
        username="mei",
        email="m@e.org",
        role="user",
        is_active=True,
        scan_priority=0,
        created_at=moment,
        last_login_at=None,
    )
    shown = UserResponse.of(row)
    assert (shown.created_at, shown.last_login_at) == ("2026-01-02T03:04:05.000Z", None)
