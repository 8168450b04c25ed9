"""How bad a finding is, as a sum that can be explained: what it shows, how it is embedded, where, and whether hidden.

docs/analysis.md has the table with its reasons. A finding's risk is that of its worst reference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from app.domain.authorship import SITE, Author, Authorship
from app.domain.scan_facts import Relation
from app.domain.violations import RiskLevel, ViolationKey


class Embedding(StrEnum):
    """How the site shows the content, or refers to the third party that does; strongest first."""

    CODE = "code"  # a script or a frame: foreign code acts in the page
    OWN_CONTENT = "own_content"  # the site's own page shows it
    OWN_REDIRECT = "own_redirect"  # an address of the site itself forwards there
    RESOURCE = "resource"  # an image, a style, a form's target: it comes without a choice
    PARTNER_REDIRECT = "partner_redirect"  # another third party, which the page refers to, forwards there
    LINK = "link"
    MENTION = "mention"  # in a script's text, a comment, a data attribute


_EMBEDDINGS: Final = MappingProxyType(
    {
        Relation.SCRIPT: Embedding.CODE,
        Relation.EMBED: Embedding.RESOURCE,
        Relation.LINK: Embedding.LINK,
        Relation.MENTION: Embedding.MENTION,
    }
)


def embedding_of(relation: Relation, *, by_partner: bool) -> Embedding:
    """Return how a reference embeds its target. `by_partner`: a third party redirects there, not the site itself."""
    if relation is Relation.REDIRECT:
        return Embedding.PARTNER_REDIRECT if by_partner else Embedding.OWN_REDIRECT
    return _EMBEDDINGS[relation]


class Place(StrEnum):
    """Location on the site."""

    WHOLE_SITE = "whole_site"  # on most pages: in a template, a shared script or style sheet
    START_PAGE = "start_page"
    NEAR = "near"  # one click from a start page
    INNER = "inner"  # two or three clicks
    DEEP = "deep"  # further away, or it is not known how far


POINTS_OF_TYPE: Final = MappingProxyType(
    {
        ViolationKey.MALWARE: 60,
        ViolationKey.FRAUD: 45,
        ViolationKey.TAKEOVER: 40,
        ViolationKey.VIOLENCE: 35,
        ViolationKey.DRUGS: 30,
        ViolationKey.ADULT: 25,
        ViolationKey.GAMBLING: 25,
        ViolationKey.HIDDEN_LINK: 25,
        ViolationKey.TAMPERED: 25,
        ViolationKey.MEDICAL: 20,
        ViolationKey.OTHER: 15,
    }
)
POINTS_OF_EMBEDDING: Final = MappingProxyType(
    {
        Embedding.CODE: 50,
        Embedding.OWN_CONTENT: 40,
        Embedding.OWN_REDIRECT: 30,
        Embedding.RESOURCE: 20,
        Embedding.PARTNER_REDIRECT: 10,
        Embedding.LINK: 5,
        Embedding.MENTION: -10,
    }
)
POINTS_OF_PLACE: Final = MappingProxyType(
    {Place.WHOLE_SITE: 30, Place.START_PAGE: 25, Place.NEAR: 15, Place.INNER: 10, Place.DEEP: 0}
)
POINTS_HIDDEN: Final = 20
POINTS_USER_POST: Final = -10  # a link to be seen in a visitor's post: nobody takes it for the site's own word
# What acts by itself (code, a redirect of the site, a resource) harms no matter who wrote it; a mention nobody sees.
_POSTED: Final = frozenset({Embedding.LINK, Embedding.PARTNER_REDIRECT})
FROM: Final = ((75, RiskLevel.CRITICAL), (50, RiskLevel.HIGH), (25, RiskLevel.MEDIUM))  # below: low
WHOLE_SITE_SHARE: Final = 0.5  # of the pages that were read
WHOLE_SITE_PAGES: Final = 10  # at least: half of a site of three pages is no template
NEAR_DEPTH: Final = 1
INNER_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class RiskReason:
    """One summand. `code` names a text of the catalogue below `risk.`, `params` what stands in it."""

    code: str
    points: int
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Risk:
    """A level, and the sum that it comes from."""

    level: RiskLevel
    score: int  # 0..100
    reasons: tuple[RiskReason, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the risk depends on in one reference."""

    embedding: Embedding
    place: Place
    hidden: str | None = None  # by which property; None: it can be seen
    authorship: Authorship = SITE
    depth: int | None = None  # clicks from a start page; None: not known
    via: str = ""  # host of the third party that forwards, for `PARTNER_REDIRECT`


# Of a finding whose references nobody knows.
UNKNOWN: Final = Exposure(Embedding.MENTION, Place.DEEP)


def assess(cause: ViolationKey, exposure: Exposure) -> Risk:
    """Return the risk of one reference to a third party that shows `cause`."""
    reasons = [
        RiskReason("type", POINTS_OF_TYPE[cause], {"violation_key": cause.value}),
        RiskReason(
            f"embedding.{exposure.embedding}",
            POINTS_OF_EMBEDDING[exposure.embedding],
            {"via": exposure.via} if exposure.via else {},
        ),
        RiskReason(
            f"place.{exposure.place}",
            POINTS_OF_PLACE[exposure.place],
            {} if exposure.depth is None else {"depth": exposure.depth},
        ),
    ]
    if exposure.hidden is not None:
        reasons.append(RiskReason("hidden", POINTS_HIDDEN, {"hidden_by": exposure.hidden}))
    elif exposure.authorship.author is Author.USER and exposure.embedding in _POSTED:
        reasons.append(RiskReason("user_post", POINTS_USER_POST))
    score = min(100, max(0, sum(reason.points for reason in reasons)))
    return Risk(level_of(score), score, tuple(reasons))


def stated(level: RiskLevel) -> Risk:
    """Return the least risk of a level that somebody states without giving reasons."""
    return Risk(level, next((least for least, known in FROM if known is level), 0), ())


def level_of(score: int) -> RiskLevel:
    return next((level for least, level in FROM if score >= least), RiskLevel.LOW)


def worst(cause: ViolationKey, exposures: Iterable[Exposure]) -> tuple[Risk, Exposure]:
    """Return the highest risk with the exposure that makes it; of equal ones the first.

    Without any reference (its rows are gone) it counts as a mention in an unknown place.
    """
    found = [(assess(cause, exposure), exposure) for exposure in exposures]
    return max(found, key=lambda item: item[0].score, default=(assess(cause, UNKNOWN), UNKNOWN))


def place_of(depth: int | None, *, pages: int, pages_in_all: int, shared_file: bool = False) -> Place:
    """Return where a reference stands. `pages`: how many pages of the site refer to the same host."""
    if shared_file or (pages >= WHOLE_SITE_PAGES and pages >= WHOLE_SITE_SHARE * pages_in_all):
        return Place.WHOLE_SITE
    if depth is None or depth > INNER_DEPTH:
        return Place.DEEP
    if depth == 0:
        return Place.START_PAGE
    return Place.NEAR if depth <= NEAR_DEPTH else Place.INNER
