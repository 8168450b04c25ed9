"""What is to be done about a finding, in the order of doing it. The texts stand in the catalogue below `advice.`."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.authorship import Author, AuthorSign
from app.domain.risk import Embedding, Exposure, Place
from app.domain.takeovers import AT_SERVICE
from app.domain.third_parties import Outcome
from app.domain.violations import ViolationKey


class Advice(StrEnum):
    """One step each."""

    CONFIRM_FIRST = "confirm_first"  # the analysis is not certain: a person looks before anything is changed
    KEEP_EVIDENCE = "keep_evidence"  # before the repair: what was there is needed to find out how it came there
    BLOCK_AT_ONCE = "block_at_once"  # visitors come to harm while it stands
    REMOVE_CODE = "remove_code"
    FIX_REDIRECT = "fix_redirect"
    CLEAN_HACKED_PAGE = "clean_hacked_page"
    REMOVE_USER_POST = "remove_user_post"
    REMOVE_LINK = "remove_link"
    FIX_TEMPLATE = "fix_template"
    END_PARTNERSHIP = "end_partnership"
    RENEW_OR_DROP_DOMAIN = "renew_or_drop_domain"
    FIX_DANGLING_NAME = "fix_dangling_name"  # a record leads to a service where anybody can set it up
    WARN_VISITORS = "warn_visitors"
    SCAN_AGAIN = "scan_again"


class Guide(StrEnum):
    """Instructions for a kind of repair. Their texts are below `guide.`, with one key per step."""

    HACKED_PAGE = "hacked_page"
    FOREIGN_CODE = "foreign_code"
    REDIRECT = "redirect"
    USER_POST = "user_post"
    LINK = "link"
    PARTNERSHIP = "partnership"
    EXPIRED_DOMAIN = "expired_domain"
    DANGLING_NAME = "dangling_name"


GUIDE_OF: Final = MappingProxyType(
    {
        Advice.CLEAN_HACKED_PAGE: Guide.HACKED_PAGE,
        Advice.REMOVE_CODE: Guide.FOREIGN_CODE,
        Advice.FIX_REDIRECT: Guide.REDIRECT,
        Advice.REMOVE_USER_POST: Guide.USER_POST,
        Advice.REMOVE_LINK: Guide.LINK,
        Advice.END_PARTNERSHIP: Guide.PARTNERSHIP,
        Advice.RENEW_OR_DROP_DOMAIN: Guide.EXPIRED_DOMAIN,
        Advice.FIX_DANGLING_NAME: Guide.DANGLING_NAME,
    }
)
GUIDE_STEPS: Final = MappingProxyType(
    {
        Guide.HACKED_PAGE: ("copy", "files", "database", "logs", "accounts", "restore", "search"),
        Guide.FOREIGN_CODE: ("remove", "origin", "policy", "effect"),
        Guide.REDIRECT: ("configuration", "parameter", "logs"),
        Guide.USER_POST: ("remove", "account", "prevent"),
        Guide.LINK: ("owner", "replace", "inventory"),
        Guide.PARTNERSHIP: ("remove", "contact", "contract"),
        Guide.EXPIRED_DOMAIN: ("owner", "renew", "drop", "records"),
        Guide.DANGLING_NAME: ("find", "claim", "drop", "effect", "prevent"),
    }
)
# Rules that say why a domain can be registered (`engines.analyse.takeover`).
_AT_REGISTRY: Final = ("takeover.unregistered", "takeover.expiring")
_SITES_OWN: Final = frozenset({Embedding.CODE, Embedding.OWN_REDIRECT})
_HARMFUL: Final = frozenset({ViolationKey.MALWARE, ViolationKey.FRAUD})


@dataclass(frozen=True, slots=True)
class Situation:
    """Input of the advice. `exposure` is that of the worst reference."""

    cause: ViolationKey
    exposure: Exposure
    outcome: Outcome = Outcome.EXAMINED
    needs_review: bool = False
    rule: str = ""  # of the strongest evidence


def advise(situation: Situation) -> tuple[Advice, ...]:
    """Return the steps, the first first; never empty."""
    return tuple(_steps(situation))


def _steps(situation: Situation) -> Iterator[Advice]:
    harmful = situation.cause in _HARMFUL
    if situation.needs_review:
        yield Advice.CONFIRM_FIRST
    if harmful:
        yield Advice.BLOCK_AT_ONCE
    yield Advice.KEEP_EVIDENCE
    yield _repair_of(situation)
    if situation.exposure.place is Place.WHOLE_SITE:
        yield Advice.FIX_TEMPLATE
    if situation.rule.startswith(AT_SERVICE):
        if not _is_own_name(situation):
            yield Advice.FIX_DANGLING_NAME
    elif situation.outcome is Outcome.GONE or situation.rule.startswith(_AT_REGISTRY):
        yield Advice.RENEW_OR_DROP_DOMAIN
    if harmful:
        yield Advice.WARN_VISITORS
    yield Advice.SCAN_AGAIN


def _is_own_name(situation: Situation) -> bool:
    """Return whether a name of the site itself is dangling: no page content is involved."""
    return situation.rule.startswith(AT_SERVICE) and situation.exposure.embedding is Embedding.OWN_CONTENT


def _repair_of(situation: Situation) -> Advice:
    return Advice.FIX_DANGLING_NAME if _is_own_name(situation) else _repair(situation.exposure)


def _is_post(exposure: Exposure) -> bool:
    """Return whether a user can have written it: users of a forum neither hide links nor add code or redirects."""
    if exposure.authorship.sign is AuthorSign.REL_UGC:
        return True
    is_beyond_visitors = exposure.hidden is not None or exposure.embedding in _SITES_OWN
    return exposure.authorship.author is Author.USER and not is_beyond_visitors


def _repair(exposure: Exposure) -> Advice:
    """A person who hid a link, or wrote such a page, had access to the site: removing the link is not enough."""
    if _is_post(exposure):
        return Advice.REMOVE_USER_POST
    if exposure.hidden is not None or exposure.embedding is Embedding.OWN_CONTENT:
        return Advice.CLEAN_HACKED_PAGE
    match exposure.embedding:
        case Embedding.CODE:
            return Advice.REMOVE_CODE
        case Embedding.OWN_REDIRECT:
            return Advice.FIX_REDIRECT
        case Embedding.PARTNER_REDIRECT:
            return Advice.END_PARTNERSHIP
        case _:
            return Advice.REMOVE_LINK
