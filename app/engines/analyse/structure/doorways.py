"""Small forbidden trades that live from doorway pages: somebody offers papers, exam takers, invoices, weapons,
medicines, other people's data, and leaves a handle to write to.

Judged line by line, as a person reads: an offer, a promise that only such a trade makes, and a handle stand in one line
or beside each other. Who warns or explains does so in the same line or in the title; the rest of a page excuses
nothing.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Final

from ahocorasick_rs import AhoCorasick

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject

MAX_TEXT: Final = 60_000  # characters of a page
MAX_LINE: Final = 2_000  # of a line
MAX_LINES: Final = 60  # that name such goods
MAX_OFFERS: Final = 5  # of one line
OFFER: Final = 0.2
TITLE_OFFER: Final = 0.15  # more, in the title
PROMISE: Final = 0.2
COVERT_HANDLE: Final = 0.4  # written so that filters do not read it, or of a messenger of the trade
HANDLE: Final = 0.2
SEVERAL: Final = 0.15  # more offers or promises than one
SCORE_CAP: Final = 0.9

_PAPER: Final = (
    "(?:毕业证|学位证|学位证书|学历证|学历|文凭|资格证|驾照|驾驶证|身份证|房产证|结婚证|离婚证|四六级证|成绩单|留信认证|证件|假证|"
    "营业执照|病假条|公章)"
)
# Medicines that need a prescription, and that are sold without one from pages of others.
_MEDICINES: Final = (
    "viagra",
    "cialis",
    "sildenafil",
    "tadalafil",
    "xanax",
    "alprazolam",
    "tramadol",
    "adderall",
    "oxycodone",
    "percocet",
    "ambien",
    "modafinil",
)
_OFFERS: Final = (
    (
        ViolationKey.OTHER,
        re.compile(
            rf"(?:购买|代办|(?<!补)办(?:理|个)?|制作|定做|定制|复制|仿制|出售|"
            rf"(?<![购收])买)[^。，,！？\n没无需凭]{{0,10}}{_PAPER}|{_PAPER}[^。，,\n]{{0,6}}(?:复制|制作|定制)|"
            r"(?:不考试|免考试?|不用考|无需到场)[^。\n]{0,14}(?:驾照|驾驶证|拿证|出证|证书)|各类(?:假证|证件|毕业证)|"
            r"替考|代考|考[前研]?(?![^。，\n]{0,6}(?:试卷|试题|真题|习题|题库|参考|解析|标准))[^。，\n]{0,6}答案|答案[^。，\n]{0,10}(?:发送|接收|直达)|作弊器材|米粒耳机|"
            r"代写(?:毕业)?论文|"
            r"(?<!申请)(?:开|代开)[^。，,\n]{0,16}(?:增值税票|发票|专票|普票)|真票真查|"
            r"(?:查|调取|定位)[^。，,\n]{0,12}(?:开房|通话(?:记录|清单)|机主|名下资产|全户|轨迹|聊天记录)|破解微信|"
            r"(?:新开|首区)[^。\n]{0,10}(?:传奇|私服|发布网)|(?:单职业|迷失|合击|复古)[^。\n]{0,8}(?:传奇|发布网)|"
            r"hire a hacker|hackers? for hire|certified ethical hacker|(?:change|fix) your grades|spy on (?:a|your) "
            r"(?:cheating )?(?:spouse|partner|wife|husband)|recover (?:your )?(?:stolen|lost) (?:bitcoin|crypto)|"
            r"(?:pay|hire) (?:someone|an expert) to (?:take|sit|do) (?:my|your)|(?:take|sit) (?:my|"
            r"your) (?:online |proctored )?exam",
            re.IGNORECASE,
        ),
    ),
    (
        ViolationKey.FRAUD,
        re.compile(
            r"(?:收购?|回收|出租|租|出售)[^。，,\n]{0,10}(?:对公(?:账户|户)?|四件套|银行卡|一类卡|U盾|电话卡|"
            r"手机卡)|跑分(?!数)",
            re.IGNORECASE,
        ),
    ),
    (
        ViolationKey.VIOLENCE,
        re.compile(
            r"(?:快排|秃鹰|狗子|气枪|枪支|手枪|弓弩|猎枪|军火)[^。，,\n]{0,10}(?:整套|套件|出售|现货|气罐|配件|"
            r"专卖|货源)|狗粮[^。\n]{0,6}(?:瞄|消音)|"
            r"(?:夜视瞄|消音头)|打鸟专用|[三二五十百\d]{1,6}米穿|"
            r"(?:glock|ar-?15|ghost gun|pistols?|auto switch(?:es)?|suppressors?)[^.\n]{0,40}"
            r"(?:for sale|\bkits?\b|no paperwork|no serial|in stock)",
            re.IGNORECASE,
        ),
    ),
    (
        ViolationKey.MEDICAL,
        re.compile(
            r"(?:代孕|供卵|代妈|借腹)[^。\n]{0,12}(?:包成功|包男孩|包性别|套餐|一次成功|价格|费用一览)|包(?:性别|"
            r"男孩|生男)(?!的)|"
            rf"\b(?:buy|order|purchase)\s(?:cheap\s|generic\s)?(?:{'|'.join(_MEDICINES)})\b[^.\n]{{0,30}}\bonline\b",
            re.IGNORECASE,
        ),
    ),
)
_PROMISES: Final = re.compile(
    r"先[^。，\n]{1,8}(?:后付款?|再付款?|后付点)|验证后付|后付点|货到(?:付款|验证)|快递到付|满意(?:再付款|付尾款|"
    r"付款)|付尾款|免预付|定金|"
    r"可查|能查|真票真查|包过|保过|(?:不过|未过|不成功)[^。，\n]{0,4}(?:退|赔)|[一二三五七两\d]{1,2}(?:天|日|"
    r"个工作日)(?:出证|出图|发货|内出)|"
    r"(?:钢印|水印)[^。\n]{0,12}(?:一样|一致|一模一样)|与?(?:真版|原版)[^。\n]{0,4}(?:一样|一致|一模一样)|机器能刷|"
    r"可读卡|过安检|拆件发货|日结|押金可退|"
    r"抬头自拟|金额随意|点数|[二三四五六\d]个点|名额不多|老客户|签收后教|包成功|包出生证|合同分期|长期有效|"
    r"长期合作|打金可提现|一条龙|五分钟出结果|"
    r"payment after proof|pay half|half after|100% (?:guaranteed|safe)|money back|no paperwork|no serial|stealth|"
    r"crypto only|reship|(?:no|without(?: an?)?) prescription|overnight delivery|online overnight",
    re.IGNORECASE,
)
# A handle that is written so that filters miss it, or is of a messenger that the trade uses.
_COVERT: Final = re.compile(
    r"(?:薇信|威信|徽信|溦信|维信|葳信|扣扣|企鹅|纸飞机|飞机号?|蝙蝠号?|电报|加微|加[vV薇]|(?<![a-zA-Z])(?:vx|wx|"
    r"v信|v|q|qq)(?=[\s:：号]))"
    r"[\s:：号@加]{0,5}[\w\-]{5,24}|telegram[\s:：]{0,3}@?\w{5,32}|@\w{5,32}\s?(?:on )?telegram|\w{5,32} on telegram|"
    r"(?:whatsapp|signal|wickr|threema)[\s:：]{0,3}\+?[\d\s\-]{7,18}",
    re.IGNORECASE,
)
_HANDLE: Final = re.compile(
    r"(?:微信|同号|QQ|电话|咨询|客服|微)[^。\n]{0,6}[:：\s]{0,3}[a-zA-Z0-9][\w\-]{5,24}|联系客服|加客服|whatsapp|"
    r"telegram",
    re.IGNORECASE,
)
# In the same line, or in the title: somebody warns, judges, explains a procedure, or does it lawfully.
_GUARD: Final = re.compile(
    r"的通知|公示|诈骗|骗局|被骗|冒充|谨防|切勿|请勿|严禁|打击|举报|警方|公安|民警|法院|检察|获刑|被判|判处|判刑|被告|有期徒刑|"
    r"刑法|违法|犯罪|违纪|非法|查处|虚假|不可信|"
    r"抵制|学术诚信|撤销学位|税务机关|税务局|办税|教务处|学籍|财政局|备案|持有|批准|经.{0,6}批准|许可证书?|遗失|补办|原件|不提供|未委托|"
    r"禁止|危害|作弊行为|诚信考试|不得|依法|依照|"
    r"办理须知|别加微信|从来不|从不|不代[开办考写]|不卖点|是骗[子人]|都是骗|法律|法规|办事指南|办理流程|所需材料|实际消费|本人参加|监护人|教练|"
    r"misconduct|offen[cs]e|illegal|unlawful|police|court|sentenced|jailed|arrested|convicted|detectives|"
    r"deactivated|museum|"
    r"plagiarism|integrity|anti-money|(?:do not|don't|never) (?:buy|sell|order)|licen[cs]ed dealer|background check|"
    r"scams?\b",
    re.IGNORECASE,
)
# What somebody else says: short, and in quotation marks.
_QUOTED: Final = re.compile(r"“[^“”\n]{1,30}”|「[^「」\n]{1,30}」|『[^『』\n]{1,30}』|‘[^‘’\n]{1,30}’")
# Words of which an offer has one: only lines with one of them are read, so that other pages cost next to nothing.
_GOODS: Final = (
    "毕业证",
    "学位证",
    "学历",
    "文凭",
    "资格证",
    "驾照",
    "驾驶证",
    "身份证",
    "房产证",
    "结婚证",
    "离婚证",
    "四六级",
    "成绩单",
    "留信",
    "证件",
    "假证",
    "营业执照",
    "病假条",
    "公章",
    "拿证",
    "出证",
    "替考",
    "代考",
    "答案",
    "作弊",
    "耳机",
    "代写",
    "增值税票",
    "发票",
    "专票",
    "普票",
    "开房",
    "通话",
    "机主",
    "名下资产",
    "全户",
    "轨迹",
    "聊天记录",
    "破解微信",
    "传奇",
    "私服",
    "发布网",
    "真票",
    "对公",
    "四件套",
    "银行卡",
    "一类卡",
    "u盾",
    "电话卡",
    "手机卡",
    "跑分",
    "快排",
    "秃鹰",
    "狗子",
    "狗粮",
    "气枪",
    "枪支",
    "手枪",
    "弓弩",
    "猎枪",
    "军火",
    "夜视瞄",
    "消音头",
    "打鸟",
    "米穿",
    "代孕",
    "供卵",
    "代妈",
    "借腹",
    "包性别",
    "包男孩",
    "生男",
    "hacker",
    "grades",
    "cheating",
    "exam",
    "bitcoin",
    "crypto",
    "glock",
    "ar-15",
    "ar15",
    "ghost",
    "pistol",
    "suppressor",
    "switch",
    *_MEDICINES,
)


@dataclass(frozen=True, slots=True)
class Doorway:
    """An offer with what makes it one."""

    key: ViolationKey
    score: float
    offer: str  # as written
    line: str  # in which it stands


def doorways(title: str, text: str) -> Iterator[Doorway]:
    """Yield the strongest offer of each class; nothing below a title that warns or explains."""
    places = _with_goods(f"{title}\n{text[:MAX_TEXT]}")
    if not places or _GUARD.search(title):
        return
    lines = [title.replace("\n", " "), *text[:MAX_TEXT].split("\n")]
    best: dict[ViolationKey, Doorway] = {}
    for place in places:
        for key, pattern in _OFFERS:
            found = _doorway(key, pattern, lines, place)
            if found is not None and found.score > best.get(key, found).score - (key not in best):
                best[key] = found
    yield from best.values()


def names_goods(text: str) -> bool:
    """Tell quickly whether a text may have an offer of such trades."""
    return bool(_automaton().find_matches_as_indexes(text[:MAX_TEXT]))


def without_quotes(text: str) -> str:
    """Return the text without what others say, as news and warnings quote it."""
    return _QUOTED.sub("“”", text)


def leaves_handle(line: str) -> bool:
    """Whether a line has a handle as such trades leave it: written so that filters miss it, or of their messengers."""
    return _COVERT.search(line[:MAX_LINE]) is not None


def names_offer(text: str) -> str:
    """Return what a short text, such as that of a link, offers of such trades; "" when nothing, or when it warns."""
    if not names_goods(text) or _GUARD.search(text):
        return ""
    return next((match[0] for _, pattern in _OFFERS if (match := pattern.search(text))), "")


@cache
def _automaton() -> AhoCorasick:
    return AhoCorasick([*_GOODS, *(word[:1].upper() + word[1:] for word in _GOODS if word[:1].isascii())])


def _with_goods(text: str) -> list[int]:
    """The numbers of the lines that name what such trades have, the first `MAX_LINES`."""
    found = _automaton().find_matches_as_indexes(text)
    if not found:
        return []
    ends = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    return list(dict.fromkeys(bisect_right(ends, start) - 1 for _, start, _ in found))[:MAX_LINES]


def _doorway(key: ViolationKey, pattern: re.Pattern[str], lines: Sequence[str], place: int) -> Doorway | None:
    line = without_quotes(lines[place][:MAX_LINE])
    offers = {match[0].lower() for match, _ in zip(pattern.finditer(line), range(MAX_OFFERS), strict=False)}
    if not offers or _is_guarded(line):
        return None
    beside = [lines[at][:MAX_LINE] for at in (0, place, place + 1) if at < len(lines)]
    near = "\n".join(item for item in dict.fromkeys(beside) if not _is_guarded(item))
    promises, handle = _promised(near)
    in_title = place == 0 or pattern.search(lines[0]) is not None
    score = OFFER + TITLE_OFFER * in_title + PROMISE * (promises > 0) + handle
    score += SEVERAL * (len(offers) > 1) + SEVERAL * (promises > 1)
    return Doorway(key, round(min(SCORE_CAP, score), 4), min(offers, key=len), line)


@lru_cache(maxsize=512)  # menus are the same on every page of a site, and each class asks for the same lines
def _is_guarded(line: str) -> bool:
    return _GUARD.search(line) is not None


@lru_cache(maxsize=512)
def _promised(near: str) -> tuple[int, float]:
    """Return how many promises stand in some lines, at most `MAX_OFFERS` counted, and what a handle there adds."""
    promises = {match[0] for match, _ in zip(_PROMISES.finditer(near), range(MAX_OFFERS), strict=False)}
    return len(promises), _handle_score(near)


def _handle_score(text: str) -> float:
    if _COVERT.search(text):
        return COVERT_HANDLE
    return HANDLE if _HANDLE.search(text) else 0.0


def examine_doorways(subject: Subject) -> Iterator[Signal]:
    """Signals of the doorway rule, one a class at most."""
    text = subject.page.text
    for found in doorways(subject.title, text):
        offset = text.find(found.line) if found.line != subject.title else -1
        yield Signal(
            found.key,
            Evidence(
                layer=Layer.STRUCTURE,
                rule="doorway",
                score=found.score,
                snippet=found.line[:200],
                offset=offset if offset >= 0 else None,
                provenance="structure rules",
                terms=(found.offer,),
            ),
        )
