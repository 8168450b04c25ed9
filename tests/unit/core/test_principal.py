from typing import get_args

import pytest

from app.core.principal import ADMIN, Principal, Role


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
