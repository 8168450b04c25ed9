"""Host names that resemble the names of others to a human reader."""

import re
import unicodedata
from types import MappingProxyType
from typing import Final

from app.engines.analyse.structure.brands import Brand, BrandCatalog
from app.engines.scope import display_name, registrable_domain

# Letters that are drawn like Latin ones: Cyrillic, Greek, Latin variants, and digits used as letters.
CONFUSABLE: Final = MappingProxyType(
    str.maketrans(
        {
            **dict(zip("аеорсухіјѕһԁԛԝьвкмнт", "aeopcyxijshdqwbbkmht", strict=True)),
            **dict(zip("αενορτυχικγω", "aevoptuxikyw", strict=True)),
            **dict(zip("ıȷɡɑɩƖŀłøđħŧ", "ijgaiilloDht".lower(), strict=True)),
            **dict(zip("0135", "oles", strict=True)),
        }
    )
)
_WORDS: Final = re.compile(r"[.\-_]")
MIN_EDIT_LENGTH: Final = 7  # one wrong letter in a shorter label is too often another word


def skeleton(label: str) -> str:
    """What a label looks like: marks removed, confusable letters unified, "rn" read as "m", "vv" as "w"."""
    decomposed = unicodedata.normalize("NFKD", label.lower())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char)).translate(CONFUSABLE)
    return bare.replace("rn", "m").replace("vv", "w").replace("i", "l")


def mixes_scripts(label: str) -> bool:
    """Whether Latin letters stand beside Cyrillic or Greek ones in one label."""
    names = {unicodedata.name(char, "").partition(" ")[0] for char in label if char.isalpha()}
    return "LATIN" in names and bool(names & {"CYRILLIC", "GREEK"})


class Lookalikes:
    """Finds the brand that a host imitates. Immutable after construction."""

    def __init__(self, catalog: BrandCatalog) -> None:
        self._catalog = catalog
        self._skeletons = {skeleton(label): brand for label, brand in catalog.by_label.items()}

    def imitated(self, host: str) -> tuple[Brand, str] | None:
        """Brand and manner ("homograph", "typo" or "token"); None for a brand's own domains."""
        if self._catalog.owner_of(host) is not None:
            return None
        domain = registrable_domain(host)
        label = display_name(domain).partition(".")[0]
        return self._same_look(label) or self._one_off(label) or self._token(host.removesuffix(domain), label)

    def _same_look(self, label: str) -> tuple[Brand, str] | None:
        brand = self._skeletons.get(skeleton(label))
        return (brand, "homograph") if brand is not None and label not in self._catalog.by_label else None

    def _one_off(self, label: str) -> tuple[Brand, str] | None:
        for known, brand in self._catalog.by_label.items():
            if len(known) >= MIN_EDIT_LENGTH and label[:1] == known[0] and _is_one_edit(label, known):
                return brand, "typo"
        return None

    def _token(self, prefix: str, label: str) -> tuple[Brand, str] | None:
        """A brand's label as a word of the host: `brand-login.example`, `brand.com.example`, `brand.example`."""
        words = {*_WORDS.split(prefix), *_WORDS.split(label)}
        found = next((self._catalog.by_label[word] for word in sorted(words) if word in self._catalog.by_label), None)
        return (found, "token") if found is not None else None


def _is_one_edit(left: str, right: str) -> bool:
    """One letter more, less, changed, or two adjacent ones swapped."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
