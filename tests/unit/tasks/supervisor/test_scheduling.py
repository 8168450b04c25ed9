"""Which of the waiting scans are started."""

from types import SimpleNamespace

from app.tasks.supervisor.scheduling import UserConcurrencyLimit


def rows(*names: str):
    """Waiting tasks `user-number`."""
    return [SimpleNamespace(id=name, user_id=name[0]) for name in names]


def taken(choice: UserConcurrencyLimit, *names: str, free: int) -> list[str]:
    return [row.id for row in choice.take(rows(*names), free=free)]


def test_the_first_ones_take_the_free_places():
    assert taken(UserConcurrencyLimit(per_user=9), "a1", "b1", "a2", free=2) == ["a1", "b1"]
    assert taken(UserConcurrencyLimit(per_user=9), "a1", free=0) == []
    assert taken(UserConcurrencyLimit(per_user=9), "a1", free=-1) == []


def test_nobody_gets_more_than_they_may_have():
    choice = UserConcurrencyLimit(per_user=2)
    assert taken(choice, "a1", "a2", "a3", "b1", free=4) == ["a1", "a2", "b1"]
    assert choice.users_at_limit() == ["a"]
    assert taken(choice, "a3", "b2", "b3", free=4) == ["b2"]
    choice.leave("a1")
    choice.leave("a1")
    assert choice.users_at_limit() == ["b"]
    assert taken(choice, "a3", "a4", free=4) == ["a3"]
