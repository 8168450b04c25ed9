"""Structure rules about identity: who a page says it is, where it really lives, and what it asks for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.domain.violations import ViolationKey
from app.engines.analyse.brands import SIGN_IN, Brand, BrandBook
from app.engines.analyse.layer import Signal
from app.engines.analyse.lookalike import Lookalikes, mixes_scripts
from app.engines.analyse.page import Field
from app.engines.analyse.subject import Subject
from app.engines.model import Evidence, Layer
from app.engines.scope import display_name

# What stands around a brand's name in the title of its own (or a forged) page.
_GENERIC: Final = re.compile(
    r"(?<![a-z])(?:welcome to|welcome|log ?in(?:to)?|log ?on|sign ?in(?:to)?|sign ?on|your|account|my|official|"
    r"web ?site|site|home ?page|home|online|banking|internet|personal|secure|security|verify|verification|identity|"
    r"confirm|update|support|center|centre|service|help|portal|mobile|app|id|wallet|page|to|the|of|notice|alert|important)(?![a-z])|"
    r"登录|登陆|登入|注册|官方|官网|网站|网址|首页|主页|欢迎|您|使用|来到|个人|企业|网上|网络|手机|电子|银行卡|银行|信用卡|储蓄卡|"
    r"网银|积分|兑换|商城|认证|验证|身份|实名|安全|账户|账号|帐户|帐号|中心|客服|服务|平台|系统|统一|用户|会员|在线|申请|办理|查询|"
    r"提额|升级|激活|解冻|解除|限制|版|重要|紧急|通知|公告|提示|提醒|年审|更新|快捷|支付|领取",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"[|｜\-–—_·•:：,，/»>!！]+")
_CARD: Final = re.compile(
    r"\bcc-(?:number|csc|exp)|card.?(?:number|no\b|num)|\bcvv|\bcvc|\bcsc\b|\bssn\b|social security|expir(?:y|ation)|"
    r"\bpin\b|iban|银行卡|卡号|有效期|身份证|取款密码|支付密码|交易密码|安全码|预留手机"
)
_PASSWORD: Final = re.compile(r"\bpass(?:word|wd|code)?\b|密码|口令")
_LOGIN_WORDS: Final = re.compile(
    r"log ?in|sign ?in|verif|confirm|secur|suspend|unlock|update|登录|登陆|验证|认证|解冻|激活|积分|兑换|提额|实名|异常"
)
_EXFILTRATION: Final = re.compile(r"api\.telegram\.org/bot|discord(?:app)?\.com/api/webhooks/", re.IGNORECASE)
_IPV4: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_BRAND_MARK: Final = "\0"  # stands in no title
SHORT_TITLE: Final = 32  # an imitation's title is a name; longer ones are sentences about it


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks a person to type in."""

    password: bool
    card: bool  # card numbers, PINs, identity numbers

    @property
    def secret(self) -> bool:
        return self.password or self.card


def asked_by(fields: tuple[Field, ...]) -> Asked:
    password = any(field.type == "password" or _PASSWORD.search(field.hints) for field in fields)
    return Asked(password=password, card=any(_CARD.search(field.hints) for field in fields))


class Impersonation:
    """Brand, host and form rules. All signals are `fraud`."""

    def __init__(self, book: BrandBook) -> None:
        self._book = book
        self._lookalikes = Lookalikes(book)

    def examine(self, subject: Subject) -> Iterator[Signal]:
        asked = asked_by(subject.page.fields)
        yield from self._brand(subject, asked)
        yield from self._host(subject, asked)
        if asked.secret and (match := _EXFILTRATION.search(subject.html)):
            yield self._signal("credential_exfiltration", 0.85, match[0])

    def _brand(self, subject: Subject, asked: Asked) -> Iterator[Signal]:
        for text in self._names(subject):
            found = self._claimed(text)
            if found is None:
                continue
            brand, whole = found
            if self._book.owner_of(subject.host) is not None:
                return
            score = _brand_score(brand, asked, whole=whole, text=text)
            if score:
                yield self._signal("brand_impersonation", score, text, brand.name)
            return

    def _names(self, subject: Subject) -> tuple[str, ...]:
        """Texts in which a page says who it is. Headings count only below a title that names nobody else: shops put
        the names of payment services above their card fields.
        """
        title = subject.capture.title or subject.page.title
        return (title,) if self._identities(title.lower()) else (title, *subject.page.headings[:3])

    def _claimed(self, text: str) -> tuple[Brand, bool] | None:
        """The brand that a title or heading names, and whether it is all that it names."""
        lowered = text.lower()
        named = next(self._book.named_in(lowered), None)
        return None if named is None else (named, self._identities(lowered) <= {_BRAND_MARK})

    def _identities(self, text: str) -> set[str]:
        """What is left of a title's parts without the general words of such titles; brands are all `_BRAND_MARK`."""
        parts = _SEPARATOR.split(self._mask(text))
        bare = (_GENERIC.sub(" ", part).strip().strip(" '’\"“”()（）®™.") for part in parts)
        return {part for part in bare if part}

    def _mask(self, text: str) -> str:
        return self._book.pattern.sub(_BRAND_MARK, text)

    def _host(self, subject: Subject, asked: Asked) -> Iterator[Signal]:
        host = subject.host
        if _IPV4.fullmatch(host) or ":" in host:
            if asked.secret:
                yield self._signal("ip_host_form", 0.55, host)
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
            provenance=f"brands {self._book.version}" if terms else "structure rules",
            terms=terms,
        )
        return Signal(ViolationKey.FRAUD, evidence)


# manner -> (without, with) a field for a secret. A brand's word in a host alone is mostly a fan or a tool.
_LOOKALIKE_SCORES: Final = {"homograph": (0.45, 0.8), "typo": (0.3, 0.65), "token": (0.2, 0.55)}


def _brand_score(brand: Brand, asked: Asked, *, whole: bool, text: str) -> float:
    """0 when the page asks for nothing: a name alone is a mention. See docs/analysis.md for the table."""
    if not asked.secret:
        return 0.0
    if whole:
        return 0.9 if asked.card else 0.82
    if brand.kind == SIGN_IN:
        return 0.0  # "sign in with ..." on other people's pages
    if asked.card:
        return 0.6
    return 0.55 if len(text) <= SHORT_TITLE and _LOGIN_WORDS.search(text.lower()) else 0.25
