"""What all analysers use of the data that ships, whatever their target: read and made once in a process."""

from dataclasses import dataclass
from functools import cache

from app.engines.analyse.reputation.layer import STARTER_ALLOW, STARTER_BLOCK, ListEntry, load_list
from app.engines.analyse.structure.brands import BrandCatalog, load_brands
from app.engines.analyse.structure.gambling_brands import GamblingBrands, shipped_gambling_brands
from app.engines.analyse.text.classifier import TextClassifier, load_classifier
from app.engines.analyse.text.lexicon import Lexicon, load_lexicon
from app.engines.analyse.text.normalise import Normaliser
from app.engines.analyse.text.passages import Passages, load_passages


@dataclass(frozen=True, slots=True)
class ShippedData:
    """Nothing of it changes. The normaliser and the lexicon keep what they have made: the same for everybody."""

    normaliser: Normaliser
    lexicon: Lexicon  # with the names of the gambling brands
    gambling_brands: GamblingBrands
    brands: BrandCatalog
    allow: tuple[ListEntry, ...]
    block: tuple[ListEntry, ...]


@cache
def shipped_data() -> ShippedData:
    """Return it; reading it takes a tenth of a second, the first time.

    Raises `ListError`, `BrandError`, `GamblingBrandError` or `LexiconError` when a file is broken, and `OSError`.
    """
    normaliser, gambling_brands = Normaliser(), shipped_gambling_brands()
    return ShippedData(
        normaliser=normaliser,
        lexicon=load_lexicon(normaliser, more=gambling_brands.terms(normaliser)),
        gambling_brands=gambling_brands,
        brands=load_brands(),
        allow=load_list(STARTER_ALLOW),
        block=load_list(STARTER_BLOCK),
    )


@cache
def shipped_classifier() -> TextClassifier:
    """Return it; it is made once. Raises `ClassifierError` when its file is broken, and what `shipped_data` raises."""
    return load_classifier(shipped_data().normaliser.fold)


@cache
def shipped_passages() -> Passages:
    """Return the same of passages; it is made once. Raises what `shipped_classifier` raises."""
    return load_passages(shipped_data().normaliser.sketch)
