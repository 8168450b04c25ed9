"""Host names from outside (certificate logs, pages, dictionaries): one validator for all, with their sources."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from ada_url import HostType, parse_url

from app.engines.scope import Scope

DICTIONARY: Final = "dictionary"
PERMUTATION: Final = "permutation"
GUESSES: Final = frozenset({DICTIONARY, PERMUTATION})  # sources that nobody told us: what they name may not exist
_MAX_NAME: Final = 253  # RFC 1035, 2.3.4, as text
_MAX_LABEL: Final = 63
_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def valid_name(raw: str, scope: Scope) -> str | None:
    """Return the in-scope host name that `raw` stands for (lower case A-labels), or None.

    `*.a.test` stands for `a.test`: the certificate says that the zone exists. Names with an underscore exist in the
    DNS, but no browser goes there.
    """
    text = raw.strip().lower().removeprefix("*.").rstrip(".")
    if not text or len(text) > _MAX_NAME:
        return None
    name = text if text.isascii() else _to_ascii(text)
    if name is None or not scope.contains(name):
        return None
    return name if all(_is_label(label) for label in name.split(".")) else None


def valid_names(raw: Iterable[str], scope: Scope) -> list[str]:
    """Return the valid names in the order of their first mention, each once."""
    return list(dict.fromkeys(filter(None, (valid_name(name, scope) for name in raw))))


def _to_ascii(text: str) -> str | None:
    try:
        parts = parse_url(f"http://{text}/", ("hostname", "host_type", "pathname", "username"))
    except ValueError:
        return None
    is_plain = parts["host_type"] == HostType.DEFAULT and parts["pathname"] == "/" and not parts["username"]
    return parts["hostname"].rstrip(".") if is_plain else None


def _is_label(label: str) -> bool:
    return 0 < len(label) <= _MAX_LABEL and _CHARACTERS.issuperset(label) and label[0] != "-" and label[-1] != "-"


class HostnameIndex:
    """Keeps names with their sources, in the order of naming."""

    def __init__(self) -> None:
        # A dictionary as an ordered set: the first source to name a host stands first.
        self._sources: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, name: str) -> bool:
        return name in self._sources

    def add(self, name: str, source: str) -> bool:
        """Note that the source names it; returns whether that is new."""
        sources = self._sources.setdefault(name, {})
        if source in sources:
            return False
        sources[source] = None
        return True

    def remove(self, name: str) -> None:
        """Forget the name: a later source gets it examined anew."""
        self._sources.pop(name, None)

    def sources(self, name: str) -> tuple[str, ...]:
        """Return all sources that named it so far; empty for an unknown name."""
        return tuple(self._sources.get(name, ()))

    def is_guess(self, name: str) -> bool:
        """Whether nobody but our own guesses has named it so far; False for an unknown name."""
        return name in self._sources and GUESSES.issuperset(self._sources[name])

    def parents(self, root: str) -> list[str]:
        """Return the zones strictly below `root` that have named children, those with the most children first."""
        found = Counter(name.partition(".")[2] for name in self._sources if name != root)
        return [parent for parent, _ in found.most_common() if parent.endswith("." + root)]
