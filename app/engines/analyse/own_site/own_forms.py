"""Forms of the site that hand card data, secrets and codes to a foreign host.

Shops and authorities send people to the page of who takes the money, where the card is typed in, and say whose page it
is. A form that asks for the number of a card and for more, on the site's own page, and leads to a host that the page
says nothing of, was put there by somebody else.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnPage
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_FORMS: Final = 20
MAX_FORM: Final = 20_000  # characters
MAX_TEXT: Final = 60_000
ENOUGH: Final = 2  # kinds of secrets beside the number of a card

_MARKS: Final = marks(b"<form")
_FIELDS: Final = marks(b"<input")
_TAG: Final = re.compile(r"<(?:form|button|input)\b[^<>]{0,1500}>", re.IGNORECASE)
_ACTION: Final = re.compile(
    r"""\b(?:form)?action\s{0,3}=\s{0,3}["']?\s{0,3}((?:https?:)?//((?:[\w\-]{1,63}\.){1,10}[a-zA-Z][\w\-]{1,62}))""",
    re.IGNORECASE,
)
_END: Final = re.compile(r"</form\b|<form\b", re.IGNORECASE)
_CARD: Final = re.compile(
    r"(?<!library )(?<!student )(?<!identity )(?<!\bid )(?<!member )(?<!membership )(?<!gift )(?<!loyalty )"
    r"\b(?:(?:credit|debit|bank|payment)[-_ ]?)?card[-_ ]?(?:num(?:ber)?|no)\b|"
    r"\bcc[-_]?num(?:ber)?\b|\bname on (?:the )?card\b|"
    r"(?:银行|储蓄|信用|借记)卡(?:号码?|\s?号)|\bkartennummer\b|"
    r"num[ée]ro de (?:la )?(?:carte|tarjeta)|カード番号|카드\s?번호",
    re.IGNORECASE,
)
# What else is asked for, each kind counted once.
_SECRETS: Final = (
    re.compile(
        r"\bcv[vc]2?\b|security code|\bcard[-_ ]?code\b|\bexpir(?:y|es|ation)\b|\bexp[-_]?(?:date|month|year)\b|"
        r"有效期|安全码|卡背|prüfnummer|セキュリティコード",
        re.IGNORECASE,
    ),
    re.compile(
        r"""type\s{0,3}=\s{0,3}["']?password|\b(?:atm |card )?pin\b|"""
        r"(?:取款|支付|交易|查询|网银|银行卡)密码|暗証番号|비밀번호",
        re.IGNORECASE,
    ),
    re.compile(
        r"\botp\b|one[- ]time (?:code|password)|\b(?:sms|text)[- ](?:code|tan)\b|"
        r"(?:短信|手机|动态)(?:验证|校验)?(?:码|口令)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bdate of birth\b|\bdob\b|social security|\bssn\b|maiden name|national insurance n|"
        r"身份证号?|余额|(?:card|account) balance",
        re.IGNORECASE,
    ),
)
_BETWEEN: Final = re.compile(r"[\W_]")


def examine_forms(page: OwnPage, is_partner: Callable[[str], bool]) -> Iterator[TamperMatch]:
    """Yield at most one sign. `is_partner`: whether a host is well known, or named by the page in the open."""
    if not page.marks >= _MARKS | _FIELDS:
        return
    own = registrable_domain(host_of(page.url))
    for match in islice(_TAG.finditer(page.markup), 10 * MAX_FORMS):
        action = _ACTION.search(match[0])
        if action is None or registrable_domain(action[2].lower()) == own or is_partner(action[2].lower()):
            continue
        fields = _fields(page.markup, match)
        if _CARD.search(fields) is None:
            continue
        asked = [found[0] for secret in _SECRETS if (found := secret.search(fields))]
        if len(asked) >= ENOUGH and not _is_told(page, action[2]):
            yield TamperMatch(TamperSign.LURE, action[1][:MAX_QUOTE], match[0][:MAX_QUOTE], (action[2], *asked))
            return


def _fields(markup: str, tag: re.Match[str]) -> str:
    """Return the markup of a form; of a button with an address of its own, what stands before it."""
    if not tag[0][:5].lower().startswith("<form"):
        return markup[max(0, tag.start() - MAX_FORM // 4) : tag.start()]
    end = _END.search(markup, tag.end(), tag.end() + MAX_FORM)
    return markup[tag.end() : end.start() if end else tag.end() + MAX_FORM]


def _is_told(page: OwnPage, host: str) -> bool:
    """Whether people are told whose host it is."""
    label = registrable_domain(host.lower()).partition(".")[0].replace("-", "")
    return label in _BETWEEN.sub("", page.text[:MAX_TEXT]).lower()
