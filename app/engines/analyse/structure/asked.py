"""What a page asks a person to type in, or to pay by a picture."""

import re
from dataclasses import dataclass
from typing import Final

from app.engines.html.page_content import Field, PageContent

MAX_TEXT: Final = 20_000  # characters of a page's text that are read for a demand

# Names of fields in pinyin, also as kits abbreviate them; short ones as whole words only.
_CARD: Final = re.compile(
    r"\bcc-(?:number|csc|exp)|card.?(?:number|no\b|num)|\bcvv|\bcvc|\bcsc\b|\bssn\b|social security|expir(?:y|ation)|"
    r"\bpin\b|iban|银行卡|卡号|有效期|身份证|取款密码|支付密码|交易密码|安全码|预留手机|卡背后|"
    r"(?<![a-z])(?:kahao|yinhangka(?:hao)?|shenfenzheng(?:hao)?|sfzh?|qkmm|zfmm|jymm|yxq|aqm)(?![a-z])"
)
_PASSWORD: Final = re.compile(
    r"\bpass(?:word|wd|code)?\b|密码|口令|(?<![a-z])(?:mima|denglumima|dlmm|mm|pwd|psw|loginpw|upass)(?![a-z])"
)
_ACCOUNT: Final = re.compile(
    r"account|(?<![a-z])(?:user ?name|userid|loginfmt|login|e-?mail|uemail|(?:mobile|cell)?phone|mobile|"
    r"tel)(?![a-z])|"
    r"账号|帐号|账户|帐户|用户名|手机|电话号码|卡密|额度|"
    r"(?<![a-z])(?:zhanghao|zhanghu|yonghuming|shouji(?:hao|haoma)?|sjh?|dianhua|youxiang|yx|edu|yue)(?![a-z])"
)
_CODE: Final = re.compile(
    r"(?<![a-z])(?:otp|one.?time (?:code|password)|sms.?code|verification.?code|(?:yz|dx)m|yanzhengma|duanxin|"
    r"code|captcha)(?![a-z])|验证码|短信码|动态码|校验码"
)
# What together empties an account: nobody who has it already asks for all of it at once.
_KEYS: Final = (
    re.compile(r"card.?(?:number|no\b|num)|cc-number|卡号|(?<![a-z])(?:kahao|yinhangka(?:hao)?)(?![a-z])"),
    re.compile(r"身份证|\bssn\b|social security|(?<![a-z])(?:sfzh?|shenfenzheng(?:hao)?)(?![a-z])"),
    re.compile(
        r"取款密码|支付密码|交易密码|\bpin\b|cvv|cvc|\bcsc\b|卡背后|安全码|(?<![a-z])(?:qkmm|zfmm|jymm|aqm)(?![a-z])"
    ),
    re.compile(r"验证码|短信码|one.?time (?:code|password)|(?<![a-z])(?:otp|yzm|yanzhengma)(?![a-z])"),
    re.compile(r"余额|卡内|可用额度|(?<![a-z])(?:yue|balance)(?![a-z])"),  # whose account it is knows that
)
# What a bank alone may ask for.
_BANK_PASSWORD: Final = re.compile(
    r"网银[^ ]{0,4}密码|网上银行[^ ]{0,4}密码|手机银行[^ ]{0,4}密码|(?:online|internet|net) ?banking (?:password|pin)"
)
_QR_PICTURE: Final = re.compile(r"qr.?code|(?<![a-z])qr(?![a-z])|二维码|收款码|付款码|ewm")
_QR_DEMAND: Final = re.compile(
    r"(?:扫一扫|扫码|扫描)[^。\n]{0,20}(?:付款|支付|完成支付|转账)|(?:付款|支付)[^。\n]{0,12}(?:扫一扫|扫码|扫描)|"
    r"scan[^.\n]{0,40}to pay"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks a person for."""

    password: bool = False
    card: bool = False  # card numbers, PINs, identity numbers
    account: bool = False  # any account, phone number, address of mail, or a code that was sent
    payment: bool = False  # to pay by scanning a picture
    bank_password: bool = False  # what one signs in to a bank with
    keys: int = 0  # of card number, identity number, secret number, code and balance: how many at once

    @property
    def secret(self) -> bool:
        return self.password or self.card

    @property
    def anything(self) -> bool:
        return self.secret or self.account or self.payment


def asked_by(page: PageContent) -> Asked:
    fields = page.fields
    text = page.text[:MAX_TEXT].lower()
    return Asked(
        password=any(field.type == "password" or _PASSWORD.search(field.hints) for field in fields),
        card=any(_CARD.search(field.hints) for field in fields),
        account=any(map(_is_account, fields)) and not _is_comment(fields),
        bank_password=any(_BANK_PASSWORD.search(field.hints) for field in fields),
        keys=sum(any(pattern.search(field.hints) for field in fields) for pattern in _KEYS),
        payment=bool(_QR_DEMAND.search(text)) and any(_QR_PICTURE.search(alt.lower()) for alt in page.alts),
    )


def _is_comment(fields: tuple[Field, ...]) -> bool:
    """Whether the form is one for comments or questions: a box for a text, and no code that was sent."""
    return any(field.type == "textarea" for field in fields) and not any(_CODE.search(field.hints) for field in fields)


def _is_account(field: Field) -> bool:
    return field.type in ("tel", "email") or bool(_ACCOUNT.search(field.hints) or _CODE.search(field.hints))
