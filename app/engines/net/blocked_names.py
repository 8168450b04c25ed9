"""Excluded domains of the deployment, with their subdomains: never queried."""

from collections.abc import Iterable


class BlockedNames:
    """A set of domains. Falsy when nothing is blocked."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """`names`: lower case A-labels without a dot at the end."""
        self._names = frozenset(names)

    def __bool__(self) -> bool:
        return bool(self._names)

    def covers(self, host: str) -> bool:
        """Whether the host is one of the names, or below one."""
        if not self._names:
            return False
        name = host.lower().rstrip(".")
        while name:
            if name in self._names:
                return True
            name = name.partition(".")[2]
        return False
