"""What all analysers use of the data that ships, whatever their target: read and made once in a process."""

from dataclasses import dataclass
from functools import cache

from app.engines.analyse.reputation.layer import STARTER_ALLOW, STARTER_BLOCK, ListEntry, load_list
from app.engines.analyse.structure.brands import BrandCatalog, load_brands
from app.engines.analyse.structure.houses import HouseBook, load_houses
from app.engines.analyse.text.lexicon import Lexicon, load_lexicon
from app.engines.analyse.text.normalise import Normaliser


@dataclass(frozen=True, slots=True)
class ShippedData:
    """Nothing of it changes. The normaliser and the lexicon keep what they have made: the same for everybody."""

    normaliser: Normaliser
    lexicon: Lexicon  # with the names of the betting houses
    houses: HouseBook
    brands: BrandCatalog
    allow: tuple[ListEntry, ...]
    block: tuple[ListEntry, ...]


@cache
def shipped_data() -> ShippedData:
    """Return it; reading it takes a tenth of a second, the first time.

    Raises `ListError`, `BrandError`, `HouseError` or `LexiconError` when a file is broken, and `OSError`.
    """
    normaliser, houses = Normaliser(), load_houses()
    return ShippedData(
        normaliser=normaliser,
        lexicon=load_lexicon(normaliser, more=houses.terms(normaliser)),
        houses=houses,
        brands=load_brands(),
        allow=load_list(STARTER_ALLOW),
        block=load_list(STARTER_BLOCK),
    )
