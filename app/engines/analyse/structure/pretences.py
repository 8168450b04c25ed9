"""Structure rules about pages that pose as somebody whom they do not name: the office that keeps the mailboxes, a
ministry that gives money away, the outlet of a make that closes down, customer services that want to see the screen,
draws in which everybody wins, tokens for whom connects a wallet, games that give things for a password.
"""

import re
from collections.abc import Iterator
from typing import Final

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.structure.pressure import MAX_TEXT, WARNING
from app.engines.analyse.subject import Subject
from app.engines.html.page_content import Field, PageContent
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

SHORT_TEXT: Final = 1_500  # characters of a page that only wants something done

# The mailbox has to be registered anew, or it ends.
_MAILBOX: Final = re.compile(r"邮箱|邮件系统|mailbox|webmail|e-?mail (?:account|quota|storage)", re.IGNORECASE)
_RENEWAL: Final = re.compile(
    r"备案|扩容|迁移|升级|重新(?:登记|认证|验证)|upgrade|migrat|quota|storage|re-?validat|verif", re.IGNORECASE
)
_ENDS: Final = re.compile(
    r"停用|冻结|关闭|注销|清除|删除|(?:deactivat|suspend|delet|clos|disabl)(?:ed|ion)", re.IGNORECASE
)
_PASSWORD: Final = re.compile(r"\bpass(?:word|wd)?\b|密码|(?<![a-z])(?:mima|mm|pwd|psw)(?![a-z])")
_CHANGED: Final = re.compile(r"\bnew\b|\bcurrent\b|confirm|新密码|原密码|旧密码|确认")
_PHONE: Final = re.compile(r"手机|mobile|phone")
_CODE: Final = re.compile(r"验证码|动态码|短信|captcha|code|(?<![a-z])(?:otp|yzm|sms)(?![a-z])")

# Money of the state, for whom scans a code and types in a card.
_GRANT: Final = re.compile(r"补贴|补助|津贴|退税|福利金|慰问金")
_SCAN: Final = re.compile(
    r"(?:扫描|扫码|扫一扫)[^。\n]{0,20}(?:二维码|下方|登记|领取|认证)|二维码[^。\n]{0,12}(?:申领|领取|登记)"
)
_CARD: Final = re.compile(r"银行卡|卡号|储蓄卡")
_OFFICE: Final = re.compile(r"\.(?:gov|edu|mil)(?:\.[a-z]{2})?$")  # these ask so themselves
_HURRY: Final = re.compile(r"当[天日]|逾期|视为(?:自动)?放弃|过期|分钟(?:内)?到账|尽快")

# Everything at a tenth of the price, today only, on a host that is named after the sale.
_SALE_HOST: Final = re.compile(r"outlet|clearance|sale|factory|discount|closing|official-?(?:shop|store)")
_DISCOUNT: Final = re.compile(r"(?:8[05-9]|9\d)\s?% off", re.IGNORECASE)
_CLOSING: Final = re.compile(
    r"closing[ -]?(?:down|sale)|going out of business|last day|everything must go|must go before|"
    r"warehouse clearance|final clearance|official (?:factory )?outlet",
    re.IGNORECASE,
)

# Somebody helps on the phone: he wants to see the screen, and the money has to go to where it is "checked".
_SCREEN: Final = re.compile(
    r"(?:屏幕共享|共享屏幕|会议(?:助手|软件)|远程(?:协助|操作)|screen ?shar|anydesk|teamviewer)", re.IGNORECASE
)
_MOVED: Final = re.compile(
    r"安全账[户号]|监管账[户号]|对公[^。\n]{0,6}账[户号]|清算|核验[^。\n]{0,6}资金|资金[^。\n]{0,6}(?:核验|流水|清查)|验资|"
    r"safe account|secure account",
    re.IGNORECASE,
)
_HELPED: Final = re.compile(r"专员|客服|指导|取消|关闭|扣费|退款|注销|agent|support|refund|cancel", re.IGNORECASE)

# Chosen among all visitors, a telephone for the postage, and hardly any left.
_CHOSEN: Final = re.compile(
    r"you(?:'ve| have)? (?:have )?been (?:selected|chosen)|congratulations|lucky (?:visitor|winner|user)|"
    r"(?:您|你)(?:已)?(?:被|成为)[^。\n]{0,8}(?:选中|抽中|幸运)|恭喜(?:您|你)",
    re.IGNORECASE,
)
_PRIZE: Final = re.compile(
    r"iphone|galaxy|playstation|macbook|gift card|voucher|\bprize|\bgift|手机|奖品|大奖|礼品|红包", re.IGNORECASE
)
_SCARCE: Final = re.compile(
    r"only \d{1,3} (?:\w{1,12} )?(?:left|remaining)|\d{1,2} minutes?(?: and)? \d{1,2} seconds|仅剩|"
    r"剩余\s?\d{1,3}\s?(?:份|名|台)|question \d of \d|第\d题",
    re.IGNORECASE,
)
_POSTAGE: Final = re.compile(
    r"(?:pay|cover|only|just)[^\n]{0,20}(?:shipping|postage|delivery)|"
    r"(?:支付|只需|仅需|承担)[^。\n]{0,8}(?:运费|邮费|快递费)",
    re.IGNORECASE,
)

# Tokens for nothing, for whom connects a wallet, before others have them all.
_TOKENS: Final = re.compile(
    r"airdrop|claim[^.\n]{0,30}(?:\$[a-z]{2,6}\b|tokens?\b|nft|reward)|空投|领取[^。\n]{0,12}(?:代币|能量|usdt|trx|eth)",
    re.IGNORECASE,
)
_CONNECT: Final = re.compile(r"connect (?:your )?wallet|连接钱包|授权钱包", re.IGNORECASE)
_RUN_OUT: Final = re.compile(
    r"already claimed|ends in|ending soon|remaining|left to claim|check (?:your )?eligib|"
    r"已领取|即将结束|剩余|倒计时|限时",
    re.IGNORECASE,
)

# Things in a game for the password of an account that has nothing to do with the page.
_GAME_ACCOUNT: Final = re.compile(
    r"qq\s?(?:号|帐号|账号|密码)|steam\s?(?:帐户|账户|账号)|apple ?id|roblox user|epic account", re.IGNORECASE
)
_GAME_GIFT: Final = re.compile(
    r"(?:领取?|免费|赠送?|送)[^。\n]{0,14}(?:皮肤|点券|钻石|道具|金币|礼包|英雄)|"
    r"(?:皮肤|点券|钻石|礼包)[^。\n]{0,10}(?:领取|免费)|"
    r"free[^.\n]{0,12}(?:skins?|robux|v-?bucks|gems|coins)",
    re.IGNORECASE,
)

# The address of somebody's sign-in, painted into a page that is not his: a window within the window.
_PAINTED: Final = re.compile(
    r"https?://[\w.\-]{4,60}/[\w./\-]{0,60}(?:login|signin|sign-in|openid|oauth|authorize)[\w./?=&\-]{0,60}",
    re.IGNORECASE,
)

# Money comes to whom types in the card that it comes out of.
_COMPENSATION: Final = re.compile(
    r"补偿金?|赔付|理赔|赔偿|退款|待退|退税|补贴|补助|compensation|refund|rebate", re.IGNORECASE
)
_NOW: Final = re.compile(
    r"(?:立即|马上|尽快|及时|重新)[^。\n]{0,6}(?:办理|领取|补充|认证|提交|处理)|视为(?:自动)?放弃|逾期|"
    r"将于今日|今日(?:内|24)|"
    r"within \d{1,2} hours|expires? (?:in|today)",
    re.IGNORECASE,
)
_CARD_NUMBER: Final = re.compile(r"card.?(?:number|no\b|num)|cc-number|卡号|(?<![a-z])(?:kahao|yinhangka)(?![a-z])")
_PERSON: Final = re.compile(r"姓名|身份证|手机|密码|验证码|name|phone|pin|code|cvv|cvc")


def examine_pretences(subject: Subject) -> Iterator[Signal]:
    """Signals of the rules; all are `fraud`. Nothing is said of a page that warns or reports."""
    text = f"{subject.title}\n{subject.page.text[:MAX_TEXT]}"
    found = (
        _mailbox(subject.page, text)
        or _grant(subject, text)
        or _outlet(subject.host, text)
        or _helper(subject.page, text)
        or _draw(subject.page, text)
        or _airdrop(subject.page, text)
        or _game_gift(subject.page, text)
        or _window(subject, text)
        or _compensation(subject, text)
    )
    if found is not None and WARNING.search(text) is None:
        rule, score, match = found
        start = max(0, match.start() - 60)
        evidence = Evidence(
            layer=Layer.STRUCTURE,
            rule=rule,
            score=score,
            snippet=text[start : start + 200].strip(),
            provenance="structure rules",
        )
        yield Signal(ViolationKey.FRAUD, evidence)


def _mailbox(page: PageContent, text: str) -> tuple[str, float, re.Match[str]] | None:
    """A password twice, or with a phone number: nobody signs in like that, and a change asks for old and new."""
    if len(page.text) > SHORT_TEXT or not _asks_oddly(page.fields):
        return None
    match = _MAILBOX.search(text)
    return ("mailbox_form", 0.65, match) if match and _RENEWAL.search(text) and _ENDS.search(text) else None


def _asks_oddly(fields: tuple[Field, ...]) -> bool:
    secrets = [field for field in fields if field.type == "password" or _PASSWORD.search(field.hints)]
    is_change = any(_CHANGED.search(field.hints) for field in secrets)
    has_code = any(_CODE.search(field.hints) for field in fields)  # to sign in by phone
    with_phone = not has_code and any(_PHONE.search(field.hints) and field not in secrets for field in fields)
    return bool(secrets) and not is_change and (len(secrets) > 1 or (with_phone and len(fields) > 2))  # noqa: PLR2004 - an account, a password and more


def _grant(subject: Subject, text: str) -> tuple[str, float, re.Match[str]] | None:
    """Offices do collect such lists by codes at times: to be reviewed."""
    page = subject.page
    if not page.has_embeds or len(page.text) > SHORT_TEXT or _OFFICE.search(subject.host):
        return None
    match = _SCAN.search(text)
    is_grant = match and _GRANT.search(text) and _CARD.search(text) and _HURRY.search(text)
    return ("scanned_grant", 0.55, match) if match and is_grant else None


def _outlet(host: str, text: str) -> tuple[str, float, re.Match[str]] | None:
    match = _DISCOUNT.search(text)
    return ("outlet_sale", 0.6, match) if match and _SALE_HOST.search(host) and _CLOSING.search(text) else None


def _helper(page: PageContent, text: str) -> tuple[str, float, re.Match[str]] | None:
    match = _MOVED.search(text)
    is_asked = match and _SCREEN.search(text) and _HELPED.search(text) and len(page.text) <= SHORT_TEXT
    return ("screen_helper", 0.75, match) if match and is_asked else None


def _draw(page: PageContent, text: str) -> tuple[str, float, re.Match[str]] | None:
    """A shop's lottery names no winner before he has taken part, and asks no postage."""
    match = _CHOSEN.search(text)
    if match is None or not _PRIZE.search(text) or len(page.text) > SHORT_TEXT:
        return None
    return ("everybody_wins", 0.65, match) if _SCARCE.search(text) and _POSTAGE.search(text) else None


def _airdrop(page: PageContent, text: str) -> tuple[str, float, re.Match[str]] | None:
    match = _TOKENS.search(text)
    is_asked = match and _CONNECT.search(text) and _RUN_OUT.search(text) and len(page.text) <= SHORT_TEXT
    return ("wallet_airdrop", 0.65, match) if match and is_asked else None


def _game_gift(page: PageContent, text: str) -> tuple[str, float, re.Match[str]] | None:
    match = _GAME_GIFT.search(text)
    has_password = any(field.type == "password" or _PASSWORD.search(field.hints) for field in page.fields)
    names_other = any(_GAME_ACCOUNT.search(field.hints) for field in page.fields)
    return (
        ("game_gift", 0.65, match) if match and has_password and names_other and len(page.text) <= SHORT_TEXT else None
    )


def _window(subject: Subject, text: str) -> tuple[str, float, re.Match[str]] | None:
    """A window of a browser that the page has drawn. Help with such addresses is longer, and asks for no password."""
    page = subject.page
    match = _PAINTED.search(text)
    has_password = any(field.type == "password" for field in page.fields)
    if match is None or not has_password or len(page.text) > SHORT_TEXT:
        return None
    is_own = registrable_domain(host_of(match[0])) == registrable_domain(subject.host)
    return None if is_own else ("painted_window", 0.65, match)


def _compensation(subject: Subject, text: str) -> tuple[str, float, re.Match[str]] | None:
    """To be reviewed: insurers ask for an account as well, though seldom in such a hurry."""
    page = subject.page
    if len(page.text) > SHORT_TEXT or _OFFICE.search(subject.host):
        return None
    match = _COMPENSATION.search(text)
    has_card = any(_CARD_NUMBER.search(field.hints) for field in page.fields)
    has_person = any(_PERSON.search(field.hints) for field in page.fields)
    is_asked = match and has_card and has_person and _NOW.search(text)
    return ("paid_to_card", 0.6, match) if match and is_asked else None
