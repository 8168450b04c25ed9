"""Answers of the recursive name server, from the world's names. Pure: question in, sections out."""

from collections.abc import Mapping
from dataclasses import dataclass

from testnet.model import Name

MAX_CHAIN = 8  # recursive resolvers give up on longer CNAME chains (BIND: 16, unbound: 11)


@dataclass(frozen=True, slots=True)
class Record:
    name: str
    type: str
    value: str
    ttl: int = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """What the resolver says. NXDOMAIN and NODATA differ in `rcode` alone: both have no final record."""

    rcode: str
    records: tuple[Record, ...] = ()
    delay_ms: int | None = None


class Zone:
    """All names of the world with their empty non-terminals and wildcards (RFC 4592)."""

    def __init__(self, names: Mapping[str, Name]) -> None:
        self._names = names
        self._existing = {ancestor for name in names for ancestor in ancestors(name.removeprefix("*."))}

    def find(self, name: str) -> Name | None:
        """The owner that answers for `name`: itself, an empty non-terminal, or the wildcard of its closest encloser."""
        if name in self._names:
            return self._names[name]
        if name in self._existing:
            return Name(name=name)
        encloser = next((a for a in ancestors(name) if a in self._existing), None)
        return self._names.get(f"*.{encloser}")

    def answer(self, name: str, rdtype: str) -> Reply:
        """Answers as a recursive resolver: the whole CNAME chain, then the records of the type."""
        chain: list[Record] = []
        owner, delay_ms = name, None
        while len(chain) <= MAX_CHAIN:
            entry = self.find(owner)
            if entry is None:
                return Reply("NXDOMAIN", tuple(chain), delay_ms)
            delay_ms = delay_ms or entry.delay_ms
            if entry.rcode != "NOERROR":
                return Reply(entry.rcode, (), delay_ms)
            alias = next((value for kind, value in entry.records if kind == "CNAME"), None)
            if alias is None or rdtype == "CNAME":
                return Reply("NOERROR", (*chain, *select_records(owner, entry, rdtype)), delay_ms)
            chain.append(Record(owner, "CNAME", alias))
            owner = alias
        return Reply("SERVFAIL", (), delay_ms)


def ancestors(name: str) -> list[str]:
    """`a.b.test` gives `a.b.test`, `b.test`, `test`."""
    labels = name.split(".")
    return [".".join(labels[index:]) for index in range(len(labels))]


def select_records(owner: str, entry: Name, rdtype: str) -> tuple[Record, ...]:
    return tuple(Record(owner, kind, value) for kind, value in entry.records if rdtype in (kind, "ANY"))
