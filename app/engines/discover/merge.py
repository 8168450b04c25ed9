"""Who named what: every name once, with all sources that named it."""


class NameBook:
    """Names with their sources, in the order of naming."""

    def __init__(self) -> None:
        # A dictionary as an ordered set: the first source to name a host stands first.
        self._sources: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, name: str) -> bool:
        return name in self._sources

    def add(self, name: str, source: str) -> bool:
        """Notes that the source names it. Whether that is news."""
        sources = self._sources.setdefault(name, {})
        if source in sources:
            return False
        sources[source] = None
        return True

    def forget(self, name: str) -> None:
        """As if nobody had named it: a later source gets it examined anew."""
        self._sources.pop(name, None)

    def sources(self, name: str) -> tuple[str, ...]:
        """All that named it so far; empty for an unknown name."""
        return tuple(self._sources.get(name, ()))

    def parents(self, root: str) -> list[str]:
        """Zones strictly below `root` that have named children, in the order of naming."""
        found = (name.partition(".")[2] for name in self._sources if name != root)
        return list(dict.fromkeys(parent for parent in found if parent.endswith("." + root)))
