"""Rules for pages that stand where a site's own page is missing. The table is ours, written from what such pages say.

A rule holds when every one of its patterns is found. What it says in one breath ("this domain ... for sale") is one
pattern with a bounded gap, so that two unrelated sentences do not make one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_THIS_ZH: Final = r"(?:本|此|该|这个|您访问的|您的)(?:网站|站点|域名)"
_UNFILED: Final = r"(?:未备案|未经备案|尚未备案|没有备案|未进行(?:icp)?备案|未完成(?:icp)?备案|未取得(?:icp)?备案)"
_SHUT_ZH: Final = (
    r"(?:无法(?:进行)?访问|不能访问|暂停(?:访问|接入|服务)|停止(?:访问|接入)|(?:被|已)(?:关闭|阻断|拦截|屏蔽)|予以关闭)"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of notice. All patterns must be found, each in the title or the text (lower case, single blanks)."""

    id: str
    page_class: str
    patterns: tuple[re.Pattern[str], ...]


def _rule(name: str, page_class: str, *patterns: str) -> Rule:
    return Rule(name, page_class, tuple(map(re.compile, patterns)))


# In the order of trying: what an authority or a host blocks may mention that the domain can be bought, not vice versa.
RULES: Final = (
    _rule("icp.unfiled", "icp_block", _UNFILED, _SHUT_ZH),
    _rule("icp.unfiled_site", "icp_block", rf"{_THIS_ZH}[^。\n]{{0,12}}{_UNFILED}"),
    _rule("icp.rules_unmet", "icp_block", r"(?:未|没有)(?:根据|按照|依照)工(?:信部|业和信息化部)", r"备案"),
    _rule("icp.regulator", "icp_block", r"(?:根据|按照|应)[^。\n]{0,8}(?:工信部|工业和信息化部|通信管理局)", _SHUT_ZH),
    _rule("icp.mismatch", "icp_block", r"备案(?:信息|主体)?[^。\n]{0,8}(?:不符|不一致|不匹配)", _SHUT_ZH),
    _rule("icp.revoked", "icp_block", r"备案号?[^。\n]{0,6}(?:被注销|已注销|被取消|已取消|失效|不存在)", r"网站|域名"),
    _rule(
        "icp.not_connected",
        "icp_block",
        rf"{_THIS_ZH}?[^。\n]{{0,12}}(?:未|没有)(?:在)?[^。\n]{{0,10}}接入(?:商)?(?:处)?备案",
    ),
    _rule("icp.empty_shell", "icp_block", r"(?:空壳(?:网站|主体)|备案主体[^。\n]{0,8}空壳)", _SHUT_ZH),
    _rule(
        "icp.english",
        "icp_block",
        r"(?:without|no|non-compliance|not (?:have|obtained|completed)) (?:an? |any |the |valid )*icp",
        r"(?:block|suspend|not accessible|unavailable|cannot be|denied)",
    ),
    _rule("icp.english_required", "icp_block", r"icp (?:filing|registration|licen[cs]e) is (?:required|mandatory)"),
    _rule("sale.zh", "for_sale", r"(?:本|此|该|这个)域名[^。\n]{0,12}(?:出售|转让|待售|售卖|可售)"),
    _rule("sale.zh_title", "for_sale", r"^[a-z0-9.-]+\.[a-z]{2,} ?[-|—_]{0,2} ?(?:域名)?(?:出售|转让|待售)"),
    _rule("sale.zh_running", "for_sale", r"域名(?:正在|诚意|低价|急售|现已)?(?:出售|转让)(?:中|！|!)"),
    _rule("sale.zh_buy", "for_sale", r"(?:购买|买下|竞拍|竞价|求购)(?:此|该|本|这个)域名"),
    _rule(
        "sale.zh_can_be_bought", "for_sale", r"(?:此|该|本|这个)域名(?:可以|可|现可|支持)(?:被)?(?:购买|议价|报价|交易)"
    ),
    _rule(
        "sale.en",
        "for_sale",
        r"(?:this|the) (?:[a-z]{1,12} )?domain(?: name)?(?: [a-z0-9.-]{1,70})? (?:is|may be|could be)"
        r" (?:now |currently )?(?:available )?for sale",
    ),
    _rule("sale.en_named", "for_sale", r"^[a-z0-9-]+(?:\.[a-z0-9-]+)+ (?:is|may be) (?:now )?for sale"),
    _rule("sale.en_buy", "for_sale", r"(?:buy|purchase|acquire) this (?:premium )?domain"),
    _rule("sale.en_offer", "for_sale", r"(?:make|submit|place) (?:an? |your )?offer (?:on|for) (?:this|the) domain"),
    _rule("sale.en_auction", "for_sale", r"this domain(?: name)? (?:is |has been )?(?:up for|at|in|for) auction"),
    _rule("sale.en_lease", "for_sale", r"(?:lease|rent) to own", r"\bdomain\b"),
    _rule("sale.en_ask", "for_sale", r"(?:inquire about|interested in) (?:this|the) domain(?: name)?\b"),
    _rule("expired.zh", "expired", r"(?:本|此|该|您的|您访问的)域名[^。\n]{0,6}(?:已经|已)(?:到期|过期)"),
    _rule(
        "expired.zh_renew",
        "expired",
        r"域名(?:已经|已)?(?:到期|过期)",
        r"(?:请|尽快|及时|联系)[^。\n]{0,12}(?:续费|赎回)",
    ),
    _rule("expired.zh_redemption", "expired", r"域名[^。\n]{0,10}(?:处于|进入|已在)[^。\n]{0,4}(?:赎回期|待删除)"),
    _rule(
        "expired.en",
        "expired",
        r"(?:this|the|your) domain(?: name)?(?: [a-z0-9.-]{1,70})? (?:has |is |was |recently ){1,3}expired",
    ),
    _rule(
        "expired.en_redemption",
        "expired",
        r"domain(?: name)? (?:[a-z0-9.-]{1,70} )?(?:is|has been)(?: currently)? (?:in|pending)(?: the)?"
        r" (?:redemption|renewal or deletion|delet)",
    ),
    _rule(
        "expired.en_unverified",
        "expired",
        r"domain(?: name)? (?:[a-z0-9.-]{1,70} )?(?:has been|is) suspended",
        r"(?:verif|whois|registrant|registrar)",
    ),
    _rule("parked.zh", "parked", r"域名(?:已|已经|正在)?(?:停放|停靠|泊车)"),
    _rule(
        "parked.zh_unused",
        "parked",
        r"(?:本|此|该)域名[^。\n]{0,8}(?:已(?:被|经)?(?:成功)?注册|刚刚注册)",
        r"(?:尚未|还没有?|暂未|未)(?:绑定|建站|解析|开通|设置|使用|建立)",
    ),
    _rule(
        "parked.en",
        "parked",
        r"(?:domain(?: name)?|site) (?:[a-z0-9.-]{1,70} )?(?:is|has been) (?:currently |being )?parked",
    ),
    _rule("parked.en_free", "parked", r"parked (?:for )?free|parked domain|domain parking"),
    _rule(
        "parked.en_registered",
        "parked",
        r"(?:this|the|your) domain(?: name)?(?: [a-z0-9.-]{1,70})? (?:has been|was|is) (?:[a-z]{1,10} )?registered"
        r"(?:[.!]| (?:at|with|by|through|via|for|but|and))",
    ),
    _rule("parked.en_future", "parked", r"future home of (?:something|a new|an awesome)"),
    _rule("parked.en_listings", "parked", r"(?:sponsored|related) (?:listings|searches|links)", r"(?:domain|parking)"),
)

# Whose pages show nothing else, wherever they are met: the final host, or the source of a script or frame.
HOSTS: Final = {
    "dan.com": "for_sale",
    "afternic.com": "for_sale",
    "hugedomains.com": "for_sale",
    "sedo.com": "for_sale",
    "undeveloped.com": "for_sale",
    "mi.aliyun.com": "for_sale",
    "sedoparking.com": "parked",
    "parkingcrew.net": "parked",
    "bodis.com": "parked",
    "bodiscdn.com": "parked",
    "above.com": "parked",
    "parklogic.com": "parked",
    "cashparking.com": "parked",
    "batit.aliyun.com": "icp_block",
}
# Parts of the address of a script or frame that only such pages load; lower case, without the scheme.
SOURCES: Final = {
    "google.com/adsense/domains/": "parked",
    "wsimg.com/parking-lander": "parked",
    "d38psrni17bvxu.cloudfront.net/": "parked",
    "qcloud.com/static/webblock": "icp_block",
}


def matching(title: str, text: str) -> Iterator[Rule]:
    """Rules that hold for a page, in the order of the table. `title` and `text` as the page has them."""
    said = (_plain(title), _plain(text))
    return (rule for rule in RULES if all(any(map(pattern.search, said)) for pattern in rule.patterns))


def class_of_host(host: str) -> str | None:
    """The class of what a host, or a parent of it, always shows."""
    while host:
        if host in HOSTS:
            return HOSTS[host]
        host = host.partition(".")[2]
    return None


def class_of_source(source: str) -> str | None:
    """The class of a page that loads a script or a frame from this address, as it is written there."""
    address = source.lower().partition("//")[2]
    by_part = next((kind for part, kind in SOURCES.items() if f".{part}" in f".{address}"), None)
    host = address.partition("/")[0].partition(":")[0]
    return by_part or (class_of_host(host) if host else None)


def _plain(text: str) -> str:
    """Lower case; white space in a line counts as one blank, and lines stay apart."""
    return "\n".join(" ".join(line.split()) for line in text.lower().splitlines())
