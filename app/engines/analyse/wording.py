"""One clear, neutral sentence per violation, from its strongest evidence, in the deployment's language."""

from types import MappingProxyType
from typing import Final

from app.domain.violations import ViolationKey, violation_name
from app.engines.analyse.verdict import Verdict
from app.engines.model import Evidence

MAX_TERMS: Final = 5  # quoted in the sentence

# By the rule's first word: (zh-CN, en). Placeholders: {terms}, {snippet}, {source}.
_REASONS: Final = MappingProxyType(
    {
        "block": ("{snippet} 被列入名单（{source}）", "{snippet} is on a block list ({source})"),
        "lexicon": ("页面文字含有多个相关用语：{terms}", "the page's text uses several terms of the trade: {terms}"),
        "brand_impersonation": (
            "页面自称“{terms}”并索取密码或卡号，但不在其官方域名上",
            "the page presents itself as {terms} and asks for secrets, but is not on its official domain",
        ),
        "look_alike_host": (
            "主机名 {snippet} 与“{terms}”的域名相似",
            "the host name {snippet} resembles that of {terms}",
        ),
        "mixed_script_host": (
            "主机名 {snippet} 混用了不同文字的字母",
            "the host name {snippet} mixes letters of several scripts",
        ),
        "ip_host_form": (
            "页面直接位于 IP 地址 {snippet} 并索取密码或卡号",
            "the page lives on the bare address {snippet} and asks for a password or card data",
        ),
        "credential_exfiltration": (
            "页面把填写的密码或卡号发往 {snippet}",
            "the page sends entered passwords or card data to {snippet}",
        ),
        "executable_lure": (
            "页面以紧迫的措辞诱导下载程序：{terms}",
            "the page urges visitors to download a program: {terms}",
        ),
        "automatic_download": ("页面自动下载程序：{terms}", "the page starts the download of a program: {terms}"),
        "run_dialog_lure": (
            "页面诱导访问者在运行窗口粘贴并执行命令",
            "the page tells visitors to paste and run a command",
        ),
        "wallet_phrase": ("页面索取钱包助记词或私钥", "the page asks for a wallet's recovery phrase or private key"),
        "hidden_link.target": (
            "网站页面中隐藏的链接指向违规内容（{terms}）",
            "a link hidden in the site's pages leads to violating content ({terms})",
        ),
        "hidden_link.anchor": (
            "网站页面中隐藏的链接含有违规用语：{terms}",
            "a link hidden in the site's pages carries terms of a violation: {terms}",
        ),
    }
)
_KEYS: Final = frozenset(key.value for key in ViolationKey)
_UNKNOWN: Final = ("{snippet}", "{snippet}")  # layers to come may bring rules without a sentence of their own


def describe(verdict: Verdict, language: str) -> str:
    """`language`: "en", or anything else for zh-CN."""
    strongest = verdict.evidence[0]
    percent = round(verdict.confidence * 100)
    reason = _reason(strongest, language)
    more = len(verdict.evidence) - 1
    if language == "en":
        tail = f"; {more} more finding{'s' if more > 1 else ''}" if more else ""
        return f"{violation_name(verdict.key, language)}: {reason} (confidence {percent} %{tail})."
    tail = f"，另有 {more} 条证据" if more else ""
    return f"{violation_name(verdict.key, language)}：{reason}（置信度 {percent}%{tail}）。"


def _reason(evidence: Evidence, language: str) -> str:
    first = evidence.rule.partition(":")[0]
    template = _REASONS.get(first) or _REASONS.get(first.partition(".")[0]) or _UNKNOWN
    separator = ", " if language == "en" else "、"
    terms = [_shown(term, language) for term in evidence.terms[:MAX_TERMS]]
    return template[1 if language == "en" else 0].format(
        terms=separator.join(terms), snippet=evidence.snippet[:80], source=evidence.provenance
    )


def _shown(term: str, language: str) -> str:
    """A key of a violation by its name, all else as it is."""
    return violation_name(ViolationKey(term), language) if term in _KEYS else term
