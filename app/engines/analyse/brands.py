"""Brands that phishing pages imitate, with the domains on which they are at home.

File format (UTF-8): `kind | name, alias, ... | official domain, ...`, one brand per line, # for comments and one
`version:` line. Kind `sign_in` marks brands whose name also stands on other people's sign-in buttons.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.engines.scope import registrable_domain

SHIPPED: Final = Path(__file__).parent / "data" / "brands.txt"
SIGN_IN: Final = "sign_in"
# Country codes that are sold to everybody: there a brand's own label proves nothing.
OPEN_COUNTRY_CODES: Final = re.compile("ai|cc|cf|co|fm|ga|gg|gq|im|io|is|la|me|ml|pw|sh|sx|tk|to|tv|vc|vg|ws")
MIN_LABEL: Final = 5  # shorter host labels are too often ordinary words or abbreviations


class BrandError(ValueError):
    """A brand file does not follow the format; the message names the line."""


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand."""

    kind: str
    name: str  # as its owner writes it
    names: tuple[str, ...]  # all of them in lower case
    domains: frozenset[str]  # registrable domains or hosts

    @property
    def labels(self) -> frozenset[str]:
        """Distinctive first labels of the official domains, for look-alike hosts."""
        firsts = {registrable_domain(domain).partition(".")[0] for domain in self.domains}
        return frozenset(label for label in firsts if len(label) >= MIN_LABEL)

    def owns(self, host: str) -> bool:
        """Listed domains, and the brand's own label below a country's suffix (`brand.de`), which no list completes."""
        domain = registrable_domain(host)
        return host in self.domains or domain in self.domains or self._is_national(domain)

    def _is_national(self, domain: str) -> bool:
        label, _, suffix = domain.partition(".")
        country = suffix.rpartition(".")[2]
        return label in self.labels and len(country) == 2 and not OPEN_COUNTRY_CODES.fullmatch(country)  # noqa: PLR2004 - ISO 3166


@dataclass(frozen=True, slots=True)
class BrandBook:
    """All brands with what the rules look up."""

    version: str
    brands: tuple[Brand, ...]
    by_name: dict[str, Brand] = field(init=False)
    by_label: dict[str, Brand] = field(init=False)
    pattern: re.Pattern[str] = field(init=False)  # any name; Latin ones as whole words

    def __post_init__(self) -> None:
        names = {name: brand for brand in self.brands for name in brand.names}
        labels = {label: brand for brand in self.brands for label in brand.labels}
        object.__setattr__(self, "by_name", names)
        object.__setattr__(self, "by_label", labels)
        ordered = sorted(names, key=len, reverse=True)
        alternatives = "|".join(re.escape(name) for name in ordered) or r"(?!)"
        object.__setattr__(self, "pattern", re.compile(rf"(?<![a-z0-9])(?:{alternatives})(?![a-z0-9])"))

    def named_in(self, text: str) -> Iterator[Brand]:
        """Brands whose name stands in the text (lower case)."""
        seen = dict.fromkeys(match[0] for match in self.pattern.finditer(text))
        yield from (self.by_name[name] for name in seen)

    def owner_of(self, host: str) -> Brand | None:
        return next((brand for brand in self.brands if brand.owns(host)), None)


def load_brands(path: Path = SHIPPED, *, more: Sequence[Brand] = ()) -> BrandBook:
    """Raises `BrandError` on a malformed line and `OSError` when unreadable."""
    version = ""
    brands = list(more)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if content.startswith("version:"):
            version = content.removeprefix("version:").strip()
        elif content:
            brands.append(_brand(content, f"{path.name}, line {number}"))
    return BrandBook(version, tuple(brands))


def _brand(content: str, place: str) -> Brand:
    fields = [[item.strip() for item in part.split(",") if item.strip()] for part in content.split("|")]
    if len(fields) != 3 or not all(fields):  # noqa: PLR2004 - kind, names, domains
        raise BrandError(f"{place}: a brand is kind | names | domains")
    (kind, *_), names, domains = fields
    return Brand(kind, names[0], tuple(name.lower() for name in names), frozenset(map(str.lower, domains)))
