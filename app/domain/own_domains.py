"""Foreign domains that may have the target's owner. They are suggested to people, and never left out by themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

POSSIBLY_OWN: Final = "possibly_own"  # the key under which a scan's store has them
MAX_SUGGESTED: Final = 200


class OwnSign(StrEnum):
    """Indicator of the same owner; stable keys on the wire."""

    CERTIFICATE = "certificate"  # a certificate of the target names it
    NAME_SERVERS = "name_servers"  # its name servers are the target's own
    REGISTRANT = "registrant"  # the registry names the same registrant


@dataclass(frozen=True, slots=True)
class PossiblyOwn:
    """A registrable domain, with its signs in the order of their definition; there is at least one."""

    domain: str
    signs: tuple[OwnSign, ...]


def to_json(found: Iterable[PossiblyOwn]) -> dict[str, list[str]]:
    """Return a JSON object, from which `possibly_own_of` reads it back."""
    return {possibly_own.domain: [sign.value for sign in possibly_own.signs] for possibly_own in found}


def possibly_own_of(stored: Mapping[str, Any] | None) -> tuple[PossiblyOwn, ...]:
    """Return those that a scan has kept, by domain; none of a scan that has kept nothing."""
    return tuple(PossiblyOwn(name, tuple(map(OwnSign, signs))) for name, signs in sorted((stored or {}).items()))
