"""The local classifier: training data, its summary in a scan, and reasons why a version cannot be used (ADR 0050)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from app.domain.violations import ViolationKey

LOCAL_READING: Final = "local_reader"  # checkpoint of a scan's store
SUPPRESS_UP_TO: Final = 0.15  # probability of a violation up to which it takes a finding to be reviewed for a mistake
RAISE_FROM: Final = 0.9  # and from which a page of which no rule says anything is shown to a person
CLASS_FROM: Final = 0.5  # the probability that the class of such a page needs beside
MAX_MODEL_BYTES: Final = 8 << 20  # of a model: 40,000 groups of letters with a weight for each class are half of it

# What a page's words can say. Names that hang, hidden links and changed pages are facts of another kind.
LEARNT: Final = frozenset(ViolationKey) - {ViolationKey.TAKEOVER, ViolationKey.HIDDEN_LINK, ViolationKey.TAMPERED}


class ModelFault(StrEnum):
    """Why a model cannot be used; stable keys of the report."""

    MISSING = "missing"  # the version of this scan was removed since
    UNAVAILABLE = "unavailable"  # the database did not say
    CHECKSUM = "checksum"  # its bytes are not those that were stored
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"  # cut off, no JSON, or with values that no model of ours has
    NEWER_FORMAT = "newer_format"  # a newer version of the program has made it
    UNKNOWN_FORMAT = "unknown_format"


class NotLearnt(StrEnum):
    """Why nothing can be learnt from what people decided."""

    FEW_PAGES = "few_pages"  # of confirmed or of dismissed findings
    FEW_DOMAINS = "few_domains"  # that these pages are of
    NO_PATTERN = "no_pattern"  # pages that were held back are told apart no better than by chance
    NO_LIBRARY = "no_library"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A version of the local classifier as it is stored."""

    version: int
    data: bytes
    sha256: str  # of `data` when it was made


@dataclass(frozen=True, slots=True)
class DecidedPage:
    """A captured page of a finding with a decision."""

    domain: str  # registrable: all pages of one domain stand on the same side of every comparison
    title: str
    text: str
    cause: str  # a key of `domain.violations.ViolationKey`; "": the finding was dismissed
    needs_review: bool = True  # the rules were not certain


@dataclass(frozen=True, slots=True)
class LearntModel:
    """Result of the training. `report` is plain JSON (docs/analysis.md)."""

    data: bytes
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LocalSummary:
    """What a scan says of the local classifier. `effects` counts pages by `domain.reading.Effect`."""

    version: int  # 0: the database did not say which
    fault: str | None  # a `ModelFault`: it reads nothing
    read: int  # pages
    effects: Mapping[str, int] = field(default_factory=dict)


def local_summary_of(stored: Mapping[str, Any]) -> LocalSummary | None:
    """Return the summary that a checkpoint holds; None: no version was switched on when the scan began."""
    if not stored["version"] and not stored["fault"]:
        return None
    effects = dict(Counter(stored["pages"].values()))
    return LocalSummary(stored["version"], stored["fault"], len(stored["pages"]), effects)
