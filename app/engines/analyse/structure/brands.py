"""Brands that phishing pages imitate, with the domains on which they are at home.

File format (UTF-8): `kind | name, alias, ... | official domain, ...`, one brand per line, # for comments and one
`version:` line. Kind `sign_in` marks brands whose name also stands on other people's sign-in buttons, kind `state`
public offices, which own every host below `GOVERNMENTS`, kind `software` what organisations run on hosts of their own.
The label of a domain that is written `~domain` is an ordinary word: hosts that have it look like nobody's. A name that
is written `!name` is somebody else's that contains one of the brand's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from ahocorasick_rs import AhoCorasick

from app.engines.scope import registrable_domain

SHIPPED: Final = Path(__file__).parent.parent / "data" / "brands.txt"
SIGN_IN: Final = "sign_in"
STATE: Final = "state"
SOFTWARE: Final = "software"
GOVERNMENTS: Final = (".gov.cn", ".gov", ".gov.uk", ".gov.au", ".gov.sg", ".gov.hk", ".go.jp", ".gouv.fr")
ORDINARY: Final = "~"  # before a domain
ANOTHER: Final = "!"  # before a name
# Country codes that are sold to everybody: there a brand's own label proves nothing.
OPEN_COUNTRY_CODES: Final = re.compile("ai|cc|cf|co|fm|ga|gg|gq|im|io|is|la|me|ml|pw|sh|sx|tk|to|tv|vc|vg|ws")
MIN_LABEL: Final = 5  # shorter host labels are too often ordinary words or abbreviations


class BrandError(ValueError):
    """A brand file does not follow the format; the message names the line."""


@dataclass(frozen=True)
class Brand:
    """One brand."""

    kind: str
    name: str  # as its owner writes it
    names: tuple[str, ...]  # all of them in lower case
    domains: frozenset[str]  # registrable domains or hosts
    ordinary: frozenset[str] = frozenset()  # those of them whose label is an ordinary word
    others: tuple[str, ...] = ()  # names of others that contain one of `names`, in lower case

    @cached_property
    def labels(self) -> frozenset[str]:
        """Distinctive first labels of the official domains, for look-alike hosts."""
        firsts = {registrable_domain(domain).partition(".")[0] for domain in self.domains - self.ordinary}
        return frozenset(label for label in firsts if len(label) >= MIN_LABEL)

    def owns(self, host: str) -> bool:
        """Listed domains, and the brand's own label below a country's suffix (`brand.de`), which no list completes."""
        domain = registrable_domain(host)
        listed = host in self.domains or domain in self.domains
        return listed or self._is_national(domain) or (self.kind == STATE and host.endswith(GOVERNMENTS))

    def _is_national(self, domain: str) -> bool:
        label, _, suffix = domain.partition(".")
        country = suffix.rpartition(".")[2]
        return label in self.labels and len(country) == 2 and not OPEN_COUNTRY_CODES.fullmatch(country)  # noqa: PLR2004 - ISO 3166


@dataclass(frozen=True)
class BrandCatalog:
    """All brands with what the rules look up."""

    version: str
    brands: tuple[Brand, ...]
    by_name: dict[str, Brand | None] = field(init=False)  # None: a name that is none of theirs
    by_label: dict[str, Brand] = field(init=False)

    def __post_init__(self) -> None:
        names: dict[str, Brand | None] = {name: None for brand in self.brands for name in brand.others}
        names |= {name: brand for brand in self.brands for name in brand.names}
        labels = {label: brand for brand in reversed(self.brands) for label in brand.labels}  # the first one's
        object.__setattr__(self, "by_name", names)
        object.__setattr__(self, "by_label", labels)

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(self.by_name.keys())

    @cached_property
    def _owners(self) -> dict[str, Brand]:
        return {domain: brand for brand in reversed(self.brands) for domain in brand.domains}

    def find(self, text: str) -> Iterator[tuple[int, int, Brand]]:
        """Start, end and brand of each name in the text (lower case), the longest of several; Latin letters and digits
        at its ends mean that it is part of another word.
        """
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        whole = [match for match in found if not _is_word(text, match[1] - 1) and not _is_word(text, match[2])]
        reached = 0
        for _, start, end in sorted(whole, key=lambda match: (match[1], -match[2])):
            if start >= reached:
                reached = end
                if (brand := self.by_name[text[start:end]]) is not None:
                    yield start, end, brand

    def named_in(self, text: str) -> Iterator[Brand]:
        """Brands whose name stands in the text (lower case)."""
        yield from {brand.name: brand for _, _, brand in self.find(text)}.values()

    def mask(self, text: str, mark: str) -> str:
        """The text (lower case) with `mark` in the place of every name."""
        parts, reached = [], 0
        for start, end, _ in self.find(text):
            parts += [text[reached:start], mark]
            reached = end
        return "".join((*parts, text[reached:]))

    def owner_of(self, host: str) -> Brand | None:
        listed = self._owners.get(host) or self._owners.get(registrable_domain(host))
        return listed or next((brand for brand in self.brands if brand.owns(host)), None)


def _is_word(text: str, index: int) -> bool:
    return 0 <= index < len(text) and text[index].isascii() and text[index].isalnum()


def load_brands(path: Path = SHIPPED, *, more: Sequence[Brand] = ()) -> BrandCatalog:
    """Raises `BrandError` on a malformed line and `OSError` when unreadable."""
    version = ""
    brands = list(more)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if content.startswith("version:"):
            version = content.removeprefix("version:").strip()
        elif content:
            brands.append(_brand(content, f"{path.name}, line {number}"))
    return BrandCatalog(version, tuple(brands))


def _brand(content: str, place: str) -> Brand:
    fields = [[item.strip() for item in part.split(",") if item.strip()] for part in content.split("|")]
    if len(fields) != 3 or not all(fields):  # noqa: PLR2004 - kind, names, domains
        raise BrandError(f"{place}: a brand is kind | names | domains")
    (kind, *_), names, domains = fields
    bare = [domain.lower().removeprefix(ORDINARY) for domain in domains]
    ordinary = frozenset(name for name, written in zip(bare, domains, strict=True) if written.startswith(ORDINARY))
    others = tuple(name.lower().removeprefix(ANOTHER) for name in names if name.startswith(ANOTHER))
    own = [name for name in names if not name.startswith(ANOTHER)]
    if not own:
        raise BrandError(f"{place}: a brand has a name of its own")
    return Brand(kind, own[0], tuple(name.lower() for name in own), frozenset(bare), ordinary, others)
