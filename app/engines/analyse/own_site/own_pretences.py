"""What visitors are told that they have to prove or to mend, before they are given a program, and how that is shown."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

HUMAN: Final = re.compile(
    r"(?:verify|confirm|prove)(?: that)? you(?:'re| are) (?:an? )?(?:human|not an? (?:ro)?bot)|(?:not|i am) a robot|"
    r"human verification|人机验证|我不是机器人|验证您是真人|確認您是真人",
    re.IGNORECASE,
)
OUTDATED: Final = re.compile(
    r"using an? (?:older|old|outdated) version|"
    r"(?:version|flash|browser|chrome|firefox|edge|plugin|player|certificate|font)[^<>\n]{0,60}"
    r"(?:out of date|outdated|too old|not found|missing|expired|must be updated|update required|needs? to be updated)|"
    r"(?:update|upgrade) (?:your browser|now|chrome|required)|"
    r"(?:版本|插件|播放器|浏览器|证书|字体|控件|flash)[^<>\n]{0,16}(?:过低|过旧|过期|缺失|异常|损坏)|立即(?:升级|更新|修复)",
    re.IGNORECASE,
)

SCARES: Final = re.compile(
    r"(?:computer|device|pc|mac|windows|phone|system|iphone|ipad)[^.\n]{0,40}"
    r"\b(?:is|are|was|has been|have been|may be)\b[^.\n]{0,30}(?:infected|locked|blocked|compromised|hacked|at risk)|"
    r"(?:virus|trojan|spyware|malware)[^.\n]{0,30}(?:detected|found on your)|"
    r"(?:电脑|手机|设备|系统)[^。\n]{0,12}(?:感染|中毒|病毒|被锁|锁定)",
    re.IGNORECASE,
)
CALLS: Final = re.compile(
    r"\b(?:call|dial|phone|toll[- ]free|helpline|contact)\b[^.\n]{0,60}\d[\d ()\-]{6,20}|"
    r"(?:致电|拨打|热线|客服|工程师)[^。\n]{0,16}\d[\d\-]{6,14}",
    re.IGNORECASE,
)
PRIZE: Final = re.compile(
    r"(?:congratulations|lucky (?:visitor|winner)|you (?:have |\'ve )?(?:won|been (?:selected|chosen)))[^\n]{0,160}"
    r"(?:win|won|claim|free|gift card|voucher|reward|prize)|(?:恭喜|幸运)[^。\n]{0,30}(?:中奖|抽中|获得|幸运用户|领取)",
    re.IGNORECASE,
)
EXPIRED: Final = re.compile(
    r"(?:session|mailbox|account|password|storage|quota)[^.?\n]{0,30}"
    r"(?:\bexpired\b|\bexpires? (?:today|tomorrow|soon|within|in \d)|\b(?:is|are|almost|nearly) full\b|"
    r"suspended|locked|deactivated|terminated)|"
    r"(?:confirm|verify|validate|re-?enter) (?:your )?(?:mailbox|e-?mail|account|password|identity)|"
    r"(?:邮箱|账号|账户|帐号|会话|密码)[^。\n]{0,12}(?:过期|失效|异常|停用|冻结|升级|重新验证|重新登录)",
    re.IGNORECASE,
)
RUN_DIALOG: Final = re.compile(
    r"(?:win(?:dows)?(?: key)?|⊞)\s{0,3}\+\s{0,3}r\b|运行(?:窗口|对话框)|run dialog", re.IGNORECASE
)
CLIPBOARD: Final = re.compile(r"clipboard\s{0,3}\.\s{0,3}writeText|execCommand\(\s{0,3}[\"']copy", re.IGNORECASE)
# How what lies in the clipboard is to be taken out again.
PASTES: Final = re.compile(
    r"(?:ctrl|control|strg|cmd|command|⌘)\s{0,3}\+\s{0,3}v\b|\bpaste\b|粘贴|貼上|terminal\b|终端", re.IGNORECASE
)
# With what it is given: a list of languages has their names as well.
COMMAND: Final = re.compile(
    r"""\b(?:powershell|pwsh|mshta|certutil|msiexec|rundll32|bitsadmin|osascript)(?:\.exe)?["']?\s{1,3}[-/$%\\\w]|"""
    r"\bcmd(?:\.exe)? /c\b|(?:curl|wget)[^\n]{1,200}\|\s{0,3}(?:ba|z)?sh\b",
    re.IGNORECASE,
)

MAX_SAID: Final = 20  # places of a text
BEFORE: Final = 14  # characters
_IF: Final = re.compile(r"\b(?:if|when|whether|once|in case|unless)\b|如果|若|一旦|是否|怀疑|时，", re.IGNORECASE)
_ASKED: Final = re.compile(r"[^.!?\n。！？]{0,60}[?？]")
_YOU: Final = re.compile(r"\byou(?:r|\b)|lucky (?:visitor|winner)|您|你|幸运用户|抽中|领取", re.IGNORECASE)
_ENDINGS: Final = ".exe .msi .apk .dmg .zip .rar .7z .iso .bat .cmd .scr .vbs .lnk .ps1"
# Of which a page has one before it is read for a pretence. Scripts are on every page, and seldom behind a link.
PROGRAMS: Final = (*_ENDINGS.split(), *_ENDINGS.upper().split(), '.js"', ".js'", ".js>", ".js ", ".js?")
# What follows is read once, whatever it is: with its ending in the pattern, dots took seconds.
_HREF: Final = re.compile(r"""\bhref\s{0,3}=\s{0,3}["']?([^"'\s<>]{2,400}+)""", re.IGNORECASE)
_PROGRAM: Final = re.compile(
    r".{2,400}\.(?:exe|msi|apk|dmg|zip|rar|7z|iso|bat|cmd|scr|js|vbs|lnk|ps1)\b", re.IGNORECASE
)
# A script or a shortcut: nobody mends a browser with one.
_SCRIPTED: Final = re.compile(r"\.(?:js|vbs|lnk|ps1|bat|cmd|scr)$", re.IGNORECASE)
# The declarations of what is fixed to the window; each is read once.
_FIXED: Final = re.compile(r"position\s{0,3}:\s{0,3}fixed([^\"'<>{}]{0,400}+)", re.IGNORECASE)
_INSET: Final = re.compile(r"(?<![\w-])inset\s{0,3}:\s{0,3}0(?![\d.])", re.IGNORECASE)
# Of each direction the size, or both edges: a bar of cookies lies at the bottom, and a menu beside the page.
_OVER: Final = tuple(
    tuple(re.compile(rf"(?<![\w-]){text}", re.IGNORECASE) for text in (size, *edges))
    for size, *edges in (
        (
            r"(?:min-)?height\s{0,3}:\s{0,3}100(?:%|d?vh)",
            r"top\s{0,3}:\s{0,3}0(?![\d.])",
            r"bottom\s{0,3}:\s{0,3}0(?![\d.])",
        ),
        (
            r"(?:min-)?width\s{0,3}:\s{0,3}100(?:%|d?vw)",
            r"left\s{0,3}:\s{0,3}0(?![\d.])",
            r"right\s{0,3}:\s{0,3}0(?![\d.])",
        ),
    )
)
_ABOVE: Final = re.compile(r"\bz-index\s{0,3}:\s{0,3}\d{4}", re.IGNORECASE)


def scare_in(text: str) -> re.Match[str] | None:
    """Return what says that the visitor's device is infected."""
    return _stated(SCARES, text)


def expiry_in(text: str) -> re.Match[str] | None:
    """Return what says that the visitor's session or account has ended, or has to be confirmed."""
    return _stated(EXPIRED, text)


def _stated(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the first place that states it; who says what to do then, or asks, frightens nobody."""
    for said in islice(pattern.finditer(text), MAX_SAID):
        around = text[max(0, said.start() - BEFORE) : said.end()]
        if _IF.search(around) is None and _ASKED.match(text, said.end()) is None:
            return said
    return None


def prize_in(text: str) -> re.Match[str] | None:
    """Return what says that the visitor has won something; who congratulates others gives nothing away."""
    return next((said for said in islice(PRIZE.finditer(text), MAX_SAID) if _YOU.search(said[0])), None)


def program_links(markup: str) -> Iterator[str]:
    """Yield the attributes `href` that lead to programs and archives, up to the ending."""
    for match in _HREF.finditer(markup):
        if (program := _PROGRAM.match(match[1])) is not None:
            yield markup[match.start() : match.start(1) + program.end()]


def is_script(link: str) -> bool:
    """Whether a link of `program_links` leads to a script or a shortcut."""
    return _SCRIPTED.search(link) is not None


def covers(markup: str) -> bool:
    """Whether the page has a style that lays a box over the window."""
    return "z-index" in markup and any(map(_is_cover, _FIXED.finditer(markup)))


def _is_cover(fixed: re.Match[str]) -> bool:
    style = fixed[1]
    if _ABOVE.search(style) is None:
        return False
    return _INSET.search(style) is not None or all(
        size.search(style) or (first.search(style) and last.search(style)) for size, first, last in _OVER
    )
