"""Structure rules about identity: claimed identity, actual host, requested data, and pressure on visitors."""

import re
from collections.abc import Iterator
from typing import Final

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.structure.asked import Asked, asked_by
from app.engines.analyse.structure.brands import SIGN_IN, SOFTWARE, BrandCatalog
from app.engines.analyse.structure.claims import Claim, Manner, claims_of
from app.engines.analyse.structure.lookalike import Lookalikes, mixes_scripts
from app.engines.analyse.structure.pressure import WARNING, presses
from app.engines.analyse.subject import Subject
from app.engines.scope import display_name

_LOGIN_WORDS: Final = re.compile(
    r"log ?in|sign ?in|verif|confirm|secur|suspend|unlock|update|登录|登陆|验证|认证|解冻|激活|积分|兑换|提额|实名|异常"
)
_BANK: Final = re.compile(r"银行|网银|信用社|农信|农商|bank|credit union")
_IPV4: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
SHORT_TITLE: Final = 32  # an imitation's title is a name; longer ones are sentences about it
ALL_KEYS: Final = 3  # asked at once, under pressure: then no brand is needed
SHORT_TEXT: Final = 1_500  # characters of a page that only wants something done


class Impersonation:
    """Brand, host and form rules. All signals are `fraud`."""

    def __init__(self, catalog: BrandCatalog) -> None:
        self._catalog = catalog
        self._lookalikes = Lookalikes(catalog)

    def examine(self, subject: Subject) -> Iterator[Signal]:
        asked = asked_by(subject.page)
        yield from self._brand(subject, asked)
        yield from self._host(subject, asked)
        if asked.keys >= ALL_KEYS and presses(f"{subject.title}\n{subject.page.text}"):
            yield self._signal("identity_form", 0.7, subject.title or subject.host)
        if asked.bank_password and not _BANK.search(f"{subject.title}\n{subject.host}".lower()):
            yield self._signal("bank_password", 0.65, subject.title or subject.host)
        if asked.secret and subject.page.exfiltration:
            yield self._signal("credential_exfiltration", 0.85, subject.page.exfiltration)

    def _brand(self, subject: Subject, asked: Asked) -> Iterator[Signal]:
        claims = claims_of(subject.title, subject.page, self._catalog)
        if not claims or self._catalog.owner_of(subject.host) is not None:
            return
        for claim in claims:
            rule, score = _judge(claim, asked, subject)
            if score:
                yield self._signal(rule, score, claim.text, claim.brand.name)

    def _host(self, subject: Subject, asked: Asked) -> Iterator[Signal]:
        host = subject.host
        if is_bare_address(host):
            if asked.secret:
                yield self._signal("ip_host_form", _bare_form_score(asked, subject), host)
            return
        if any(mixes_scripts(label) for label in display_name(host).split(".")):
            yield self._signal("mixed_script_host", 0.7 if asked.secret else 0.4, display_name(host))
        found = self._lookalikes.imitated(host)
        if found is not None:
            brand, manner = found
            score = _LOOKALIKE_SCORES[manner][asked.secret]
            yield self._signal(f"look_alike_host.{manner}", score, display_name(host), brand.name)

    def _signal(self, rule: str, score: float, snippet: str, *terms: str) -> Signal:
        evidence = Evidence(
            layer=Layer.STRUCTURE,
            rule=rule,
            score=score,
            snippet=snippet[:200],
            provenance=f"brands {self._catalog.version}" if terms else "structure rules",
            terms=terms,
        )
        return Signal(ViolationKey.FRAUD, evidence)


def is_bare_address(host: str) -> bool:
    return _IPV4.fullmatch(host) is not None or ":" in host


def _bare_form_score(asked: Asked, subject: Subject) -> float:
    """Organisations reach their own devices and offices by an address: a password alone proves nothing."""
    if asked.card:
        return 0.55
    return 0.6 if presses(subject.page.text) else 0.3


# manner -> (without, with) a field for a secret. A brand's word in a host alone is mostly a fan or a tool.
_LOOKALIKE_SCORES: Final = {"homograph": (0.45, 0.8), "typo": (0.3, 0.65), "token": (0.2, 0.55)}


def _judge(claim: Claim, asked: Asked, subject: Subject) -> tuple[str, float]:
    """Rule and score of one claim; 0 when the page only mentions the brand. See docs/analysis.md for the table."""
    # Who helps with accounts of services that all the world uses says in the title what such pages say.
    title = "" if claim.brand.kind == SIGN_IN else subject.title
    pressed = presses(f"{title}\n{subject.page.text}") is not None
    if asked.secret:
        return _judge_secret(claim, asked, pressed=pressed)
    if WARNING.search(subject.page.text[:SHORT_TEXT]):
        return "", 0.0
    bare = is_bare_address(subject.host)
    if asked.account or asked.payment:
        return "brand_account", _account_score(claim, pressed=pressed, pays=asked.payment, bare=bare)
    is_short = len(subject.page.text) <= SHORT_TEXT
    return "brand_first_step", _first_step_score(claim, pressed=pressed and is_short, bare=bare and is_short)


def _judge_secret(claim: Claim, asked: Asked, *, pressed: bool) -> tuple[str, float]:
    match claim.manner:
        case _ if claim.brand.kind == SOFTWARE:
            return "brand_impersonation", 0.65 if pressed else 0.4  # whose login it is does not follow from its name
        case Manner.WHOLE:
            return "brand_impersonation", 0.9 if asked.card else 0.82
        case Manner.IMPRINT:
            return "brand_imprint", 0.85 if pressed else 0.65
        case Manner.PART if claim.brand.kind == SIGN_IN:
            return "", 0.0  # "sign in with ..." on other people's pages
        case Manner.PART if asked.card:
            return "brand_impersonation", 0.6
        case Manner.PART:
            is_login = len(claim.text) <= SHORT_TITLE and _LOGIN_WORDS.search(claim.text.lower())
            return "brand_impersonation", 0.55 if is_login else 0.25


def _account_score(claim: Claim, *, pressed: bool, pays: bool, bare: bool) -> float:
    """The page asks for an account, a phone number, a code, or a payment to a picture."""
    match claim.manner:
        case _ if claim.brand.kind == SOFTWARE:
            return 0.0
        case Manner.WHOLE if pressed or bare:
            return 0.8
        case Manner.WHOLE if claim.brand.kind == SIGN_IN and not pays:
            return 0.4  # help with such accounts, on pages that take comments
        case Manner.WHOLE:
            return 0.6 if pays else 0.55
        case Manner.IMPRINT:
            return 0.7 if pressed else 0.3
        case Manner.PART if claim.brand.kind == SIGN_IN or len(claim.text) > SHORT_TITLE:
            return 0.0
        case Manner.PART:
            return 0.6 if pressed or bare else 0.2


def _first_step_score(claim: Claim, *, pressed: bool, bare: bool) -> float:
    """The page asks for nothing yet: it presses people to go on, or stands on a bare address under the brand's name."""
    match claim.manner:
        case _ if claim.brand.kind == SOFTWARE:
            return 0.0
        case Manner.WHOLE if pressed and bare:
            return 0.8
        case Manner.WHOLE | Manner.IMPRINT if pressed or bare:
            return 0.6
        case Manner.PART if pressed and bare and claim.brand.kind != SIGN_IN:
            return 0.6
        case _:
            return 0.0
