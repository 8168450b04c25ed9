"""Who is connected: indexes over connections that hold them weakly. No I/O.

The session owns its connection and removes it when it ends; the weak indexes only make sure that none could keep a
dead one alive (a leak test proves that they need not).
"""

from weakref import WeakSet, WeakValueDictionary

from app.core.limits import network_of
from app.events.bus.base import UserFollowing
from app.websocket.connections.connection import ConnectionInfo


class Registry:
    """Connections by id, user and address. Who has at least one is followed on the bus."""

    def __init__(self, following: UserFollowing) -> None:
        self._following = following
        self._by_id: WeakValueDictionary[str, ConnectionInfo] = WeakValueDictionary()
        self._by_user: dict[str, WeakSet[ConnectionInfo]] = {}
        self._by_address: dict[str, WeakSet[ConnectionInfo]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, connection: ConnectionInfo) -> None:
        self._by_id[connection.connection_id] = connection
        if connection.user_id not in self._by_user:
            self._following.follow(connection.user_id)
        self._by_user.setdefault(connection.user_id, WeakSet()).add(connection)
        self._by_address.setdefault(network_of(connection.address), WeakSet()).add(connection)

    def remove(self, connection: ConnectionInfo) -> bool:
        """Remove the connection; return False if it was removed before."""
        if self._by_id.pop(connection.connection_id, None) is None:
            return False
        if _discard(self._by_user, connection.user_id, connection):
            self._following.unfollow(connection.user_id)
        _discard(self._by_address, network_of(connection.address), connection)
        return True

    def get(self, connection_id: str) -> ConnectionInfo | None:
        return self._by_id.get(connection_id)

    def all(self) -> list[ConnectionInfo]:
        return list(self._by_id.values())

    def users(self) -> list[str]:
        """Users with at least one connection."""
        return list(self._by_user)

    def count_users(self) -> int:
        return len(self._by_user)

    def has_user(self, user_id: str) -> bool:
        return user_id in self._by_user

    def of_user(self, user_id: str) -> list[ConnectionInfo]:
        """Oldest first."""
        found = self._by_user.get(user_id)
        return sorted(found, key=lambda connection: connection.opened_at) if found else []

    def count_address(self, address: str) -> int:
        """Return the number of connections of the network that counts as one client (`core.limits.network_of`)."""
        return len(self._by_address.get(network_of(address), ()))


def _discard(index: dict[str, WeakSet[ConnectionInfo]], key: str, connection: ConnectionInfo) -> bool:
    """Return whether it was the last one under its key."""
    found = index.get(key)
    if found is None:
        return False
    found.discard(connection)
    if found:
        return False
    del index[key]
    return True
