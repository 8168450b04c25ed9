"""Claimed identity of a page: its title or a heading, the image at its top, or the owner in its imprint."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.engines.analyse.structure.brands import SIGN_IN, Brand, BrandCatalog
from app.engines.html.page_content import PageContent

MAX_HEADINGS: Final = 3
MAX_LOGOS: Final = 5  # pictures whose text may be the name of the house
MAX_MARKS: Final = 10  # of an imprint
MAX_IMPRINT: Final = 40_000  # characters of a text in which one is looked for
LOGIN_TEXT: Final = 400  # characters of a page that is a login and nothing else
NEAR: Final = 40  # characters between an imprint's words and a name

# What stands around a brand's name in the title of its own (or a forged) page.
_GENERIC: Final = re.compile(
    r"(?<![a-z])(?:welcome to|welcome|log ?in(?:to)?|log ?on|sign ?in(?:to)?|sign ?on|your|account|my|official|"
    r"web ?site|site|home ?page|home|online|banking|internet|personal|secure|security|verify|verification|identity|"
    r"confirm|update|support|center|centre|service|help|portal|mobile|app|id|wallet|page|to|the|of|notice|alert|"
    r"important|limited|suspended|locked|restricted|access|billing|payment|toll|services|invoice|unpaid|tax refund|"
    r"claim|a)(?![a-z])|"
    r"登录|登陆|登入|注册|官方|官网|网站|网址|首页|主页|欢迎|您|使用|来到|个人|企业|网上|网络|手机|电子|银行卡|"
    r"银行|信用卡|储蓄卡|"
    r"网银|积分|兑换|商城|认证|验证|身份|实名|安全|账户|账号|帐户|帐号|中心|客服|服务|平台|系统|统一|用户|会员|"
    r"在线|申请|办理|查询|解封|申诉|异常|冻结|恢复|停用|失效|"
    r"提额|升级|激活|解冻|解除|限制|版|重要|紧急|通知|公告|提示|提醒|年审|更新|快捷|支付|领取|收银台|股份有限公司|"
    r"有限公司",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"[|｜\-–—_·•:：,，/»>!！]+")
_BRAND_MARK: Final = "\0"  # stands in no title
_MARK: Final = re.compile(
    r"版权所有|客服(?:热线|电话|中心)|客户服务(?:热线|中心)?|服务热线|©|copyright|\(c\)|all rights reserved",
    re.IGNORECASE,
)
# Between a name and the words of an imprint stand a company's form, its number and white space, no other name.
_BEFORE_MARK: Final = re.compile(
    r"(?:international|global|holdings?|express|gmbh|inc|llc|ltd|corporation|corp|n\.a|股份有限公司|有限公司|"
    r"信用卡中心|集团|数字科技|"
    r"24小时|[\s.,|　]){0,9}"
)
_AFTER_MARK: Final = re.compile(r"[\s:：©\d\-–—.,|　]{0,20}(?:by |the )?")

# Also for whom an organisation signs in with an account of its own.
_SIGN_IN_WITH: Final = re.compile(
    r"(?:sign|log) ?(?:in|on|up) (?:with|using|via|through)|continue with|register|create an? account|organi[sz]ation|"
    r"通过[^。\n]{0,8}登录|使用[^。\n]{0,8}登录|第三方|其他方式|注册",
    re.IGNORECASE,
)


class Manner(StrEnum):
    """How a page names a brand."""

    WHOLE = "whole"  # title, heading or logo say nothing else
    PART = "part"  # the name stands beside others
    IMPRINT = "imprint"  # the page is the brand's by its own imprint


@dataclass(frozen=True, slots=True)
class Claim:
    """A page says that it is a brand's."""

    brand: Brand
    manner: Manner
    text: str  # in which it does


def claims_of(title: str, page: PageContent, catalog: BrandCatalog) -> tuple[Claim, ...]:
    """Return what title, headings or logo say, then the imprint; a brand that owns nothing is never claimed."""
    named = _named(title, page, catalog)
    imprint = _imprint(page.text[:MAX_IMPRINT], catalog)
    return tuple(claim for claim in (named, imprint) if claim is not None)


def _named(title: str, page: PageContent, catalog: BrandCatalog) -> Claim | None:
    """Headings and logos count only below a title that names nobody else: shops put the names of payment services
    above their card fields.
    """
    if _identities(title, catalog):
        return _claim(title, catalog)
    for text in (title, *page.headings[:MAX_HEADINGS]):
        claim = _claim(text, catalog)
        if claim is not None:
            return claim
    return _logo(page, catalog)


def _logo(page: PageContent, catalog: BrandCatalog) -> Claim | None:
    """A page with the logos of several brands says how one can pay or sign in. One that all sites let people sign in
    with is claimed by a page of hardly a word that offers no other way in.
    """
    claims = [claim for text in page.alts[:MAX_LOGOS] if (claim := _claim(text, catalog)) is not None]
    brands = {claim.brand.name for claim in claims}
    if len(brands) != 1 or claims[0].manner is not Manner.WHOLE:
        return None
    is_theirs = claims[0].brand.kind != SIGN_IN or (
        len(page.alts) == 1 and len(page.text) <= LOGIN_TEXT and not _SIGN_IN_WITH.search(page.text)
    )
    return claims[0] if is_theirs else None


def _claim(text: str, catalog: BrandCatalog) -> Claim | None:
    brand = next(catalog.named_in(text.lower()), None)
    if brand is None:
        return None
    whole = _identities(text, catalog) <= {_BRAND_MARK}
    return Claim(brand, Manner.WHOLE if whole else Manner.PART, text)


def _identities(text: str, catalog: BrandCatalog) -> set[str]:
    """What is left of a title's parts without the general words of such titles; brands are all `_BRAND_MARK`."""
    parts = _SEPARATOR.split(catalog.mask(text.lower(), _BRAND_MARK))
    bare = (_GENERIC.sub(" ", part).strip().strip(" '’\"“”()（）【】®™.") for part in parts)
    return {_BRAND_MARK if set(part) <= {_BRAND_MARK, " "} else part for part in bare if part}


def _imprint(text: str, catalog: BrandCatalog) -> Claim | None:
    for number, mark in enumerate(_MARK.finditer(text)):
        if number >= MAX_MARKS:
            return None
        low, high = max(0, mark.start() - NEAR), min(len(text), mark.end() + NEAR)
        before, after = text[low : mark.start()].lower(), text[mark.end() : high].lower()
        brand = _ends_with(before, catalog) or _begins_with(after, catalog)
        if brand is not None:
            return Claim(brand, Manner.IMPRINT, " ".join(text[low:high].split()))
    return None


def _ends_with(text: str, catalog: BrandCatalog) -> Brand | None:
    return next((brand for _, end, brand in catalog.find(text) if _BEFORE_MARK.fullmatch(text, end)), None)


def _begins_with(text: str, catalog: BrandCatalog) -> Brand | None:
    return next((brand for start, _, brand in catalog.find(text) if _AFTER_MARK.fullmatch(text, 0, start)), None)
