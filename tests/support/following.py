"""Whose hints a process asks for, written down."""

from collections import Counter


class Following:
    """Fulfils `events.bus.base.UserFollowing`. `users`: by how many ask for them."""

    def __init__(self) -> None:
        self.users: Counter[str] = Counter()

    def follow(self, user_id: str) -> None:
        self.users[user_id] += 1

    def unfollow(self, user_id: str) -> None:
        assert self.users[user_id] > 0, user_id
        self.users[user_id] -= 1
        if not self.users[user_id]:
            del self.users[user_id]
