"""Who is here, by id, by user and by network; nobody is kept alive by it."""

import gc

import pytest

from app.websocket.connections.registry import Registry
from tests.support.following import Following


class Connection:
    def __init__(self, name, user="u", address="192.0.2.1", opened_at=0.0):
        self.connection_id, self.user_id, self.address, self.opened_at = name, user, address, opened_at


@pytest.fixture
def registry():
    return Registry(Following())


def test_a_users_connections_come_oldest_first(registry):
    late, early, other = Connection("l", opened_at=2), Connection("e", opened_at=1), Connection("o", user="v")
    for connection in (late, early, other):
        registry.add(connection)
    assert registry.of_user("u") == [early, late]
    assert sorted(registry.users()) == ["u", "v"]
    assert (len(registry), registry.count_users()) == (3, 2)
    assert registry.get("o") is other


def test_what_was_removed_is_gone_once(registry):
    connection = Connection("c")
    registry.add(connection)
    assert (registry.remove(connection), registry.remove(connection)) == (True, False)
    assert (registry.all(), registry.has_user("u"), registry.count_address("192.0.2.1")) == ([], False, 0)


def test_who_has_a_connection_is_followed_once_and_until_the_last_is_gone():
    following = Following()
    registry = Registry(following)
    first, second, other = Connection("a"), Connection("b"), Connection("c", user="v")
    for connection in (first, second, other):
        registry.add(connection)
    assert following.users == {"u": 1, "v": 1}
    registry.remove(first)
    assert following.users == {"u": 1, "v": 1}
    registry.remove(second)
    registry.remove(second)
    assert following.users == {"v": 1}


def test_a_network_of_ipv6_counts_as_one_address(registry):
    here = [Connection(name, address=f"2001:db8::{name}") for name in "ab"]
    for connection in here:
        registry.add(connection)
    assert registry.count_address("2001:db8::c") == 2


def test_nobody_is_kept_alive(registry):
    registry.add(Connection("c"))
    gc.collect()
    assert (len(registry), registry.all(), registry.of_user("u")) == (0, [], [])
