"""Structure rules about pages that pose as somebody whom they do not name: the office that keeps the mailboxes, a
ministry that gives money away, the outlet of a make that closes down.
"""

import re
from collections.abc import Iterator
from typing import Final

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.pressure import MAX_TEXT, WARNING
from app.engines.analyse.subject import Subject
from app.engines.html.page_content import Field, PageContent

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


def examine_pretences(subject: Subject) -> Iterator[Signal]:
    """Signals of the rules; all are `fraud`. Nothing is said of a page that warns or reports."""
    text = f"{subject.title}\n{subject.page.text[:MAX_TEXT]}"
    found = _mailbox(subject.page, text) or _grant(subject, text) or _outlet(subject.host, text)
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
