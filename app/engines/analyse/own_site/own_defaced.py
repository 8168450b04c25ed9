"""A page of the site that somebody has replaced by a message: who has broken in, and little else.

News and how-tos write of break-ins as well: in long texts, below titles that say who was hacked. Who defaces a page
leaves his name in its title, and nothing of the site around it.
"""

import re
from collections.abc import Iterator
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnPage

MAX_TEXT: Final = 1_500  # characters of a page that is a message
FEW_LINKS: Final = 6  # elements `a` of such a page: a page of the site has its menu
NO_WAY_ON: Final = 2  # elements `a`: a page that leads nowhere has fewer
STAGED: Final = 2  # parts of a stage
LOOKED_AT: Final = 1_000  # characters of the text

# Of each claim a part, in lower case: only pages with one of them are looked at.
_PARTS: Final = (
    "hacked|hack3d|h4ck|h4x|hackead|hacklen|bị hack|defaced|d3fac|def4c|pwned|pwn3d|0wned|owned by|rooted by|"
    "stamped by|touched by|retas oleh|pirat|взлом|Взлом|黑客|被黑|红客|攻破|攻陷|沦陷|到此一游|ハッキング|해킹|"
    "b374k|c99shell|r57shell|indoxploit|mini shell|minishell|webshell|priv8"
)
_MARKS: Final = marks(*map(str.encode, _PARTS.split("|")))
# What an intruder leaves to come back: the names of such programs above what one sends commands and files with.
_SHELL: Final = re.compile(
    r"\b(?:b374k|c99shell|r57shell|indoxploit|mini ?shell|alfa ?shell|webshell|"
    r"priv8 ?(?:shell|uploader|mailer|tools?))\b",
    re.IGNORECASE,
)
# Shops sell shells, and security offices tell of them: these names count on a page that is little else.
_COMMON_SHELL: Final = re.compile(r"web|mini|priv8", re.IGNORECASE)
_SERVED: Final = re.compile(  # buttons of payment services are named `cmd` as well, and their values begin with `_`
    r"""<input\b(?![^<>]{0,300}value\s{0,3}=\s{0,3}["']?_)[^<>]{0,300}?"""
    r"""(?:\btype\s{0,3}=\s{0,3}["']?file|\bname\s{0,3}=\s{0,3}["']?cmd(?=[\s"'/>]))""",
    re.IGNORECASE,
)
_BREAKS: Final = (
    r"(?:h[a4]c?k(?:e|3)d|h4x0?r?ed|d[e3]f[a4]c[e3]d|p[wo0]n(?:e|3)d|[0o]wn(?:e|3)d|r[o0]{2}t(?:e|3)d|stamped|touched)"
)
_CLAIM: Final = re.compile(
    rf"\b{_BREAKS}\s{{0,3}}(?:by|8y|bay)\b|\bhack(?:eado|eada|eados)\s{{1,3}}por\b|\bpirat[ée]e?\s{{1,3}}par\b|"
    r"\b(?:di)?retas\s{1,3}oleh\b|\b(?:tarafından\s{1,3})?hacklen(?:di|miştir)\b|взлом(?:ан|ано|али)\b|đã bị hack|"
    r"(?:此|本|该|贵|你的?|您的?)(?:站|网站|页面|服务器)[^。\n]{0,8}(?:已?被[^。\n]{0,12}(?:黑(?:了|掉|客)|攻破|攻陷|入侵|拿下)|沦陷)|"
    r"(?:黑客|红客|hacker)[^。\n]{0,12}到此一游|被[^。\n]{1,16}(?:黑掉了?|攻陷)|によってハッキング|에\s{0,2}의해\s{0,2}해킹",
    re.IGNORECASE,
)
# What goes with it, in the page's few words.
_MANNER: Final = re.compile(
    r"\bgre{1,3}t[sz]\b|\bcyber\s{0,3}(?:army|team|force|sec)\b|\bteam\s{0,3}h[a4]ck|"
    r"\bsecurity (?:is|was) (?:an illusion|low|weak|0)|\bpatch your\b|\bwe are (?:anonymous|legion)|\bexpect us\b|"
    r"\byou(?:r (?:site|security|system|server|website))? (?:has been|have been|got|is|was) (?:h[a4]ck|own|pwn)|"
    r"\badmin[^.\n]{0,20}(?:sorry|wake up|secure)|\bindex(?:ed)? by\b|管理员[^。\n]{0,16}(?:补|修|漏洞|安全)|"
    r"漏洞[^。\n]{0,10}(?:修复|补上)|友情检测|仅作提醒",
    re.IGNORECASE,
)
# How such a page is staged, without a claim: the administrator is told how weak the server is, they were here, black
# ground with bright letters, and what plays by itself. Nothing of the site, and no way on.
_ADDRESSED: Final = re.compile(
    r"管理员|站长|网管|\b(?:admin(?:istrator)?|webmaster|sys ?admin|sysop)s?\b", re.IGNORECASE
)
_WEAK: Final = re.compile(
    r"(?:服务器|网站|站点|系统|口令|密码|防护|漏洞)[^。\n]{0,12}(?:脆弱|太弱|太差|太老|很老|不堪一击|形同虚设|太简单)|"
    r"\b(?:vulnerabl\w{1,8}|insecure|not secured?|weak(?:ness)?|no security|(?:bad|poor|low) security|too easy|"
    r"backdoor|exploit\w{0,4}|0day)\b",
    re.IGNORECASE,
)
_WERE_HERE: Final = re.compile(
    r"到此一游|只是路过|我们无处不在|\bwas here\b|"
    r"\bwe (?:are|were) (?:here|everywhere|watching)\b|\bvisited by\b",
    re.IGNORECASE,
)
_DARK: Final = re.compile(
    r"""\b(?:background(?:-color)?\s{0,3}:\s{0,3}|bgcolor\s{0,3}=\s{0,3}["']?)(?:#0{3}(?:0{3})?(?![0-9a-f])|black\b)""",
    re.IGNORECASE,
)
_BRIGHT: Final = re.compile(
    r"""(?<![-\w])(?:color\s{0,3}:\s{0,3}|(?:text|color)\s{0,3}=\s{0,3}["']?)(?:#0f0|#00ff00|#f00|#ff0000|lime|red|#0ff|cyan)(?![0-9a-z])""",
    re.IGNORECASE,
)
_STAGE: Final = (
    re.compile(r"<(?:audio|video)\b[^<>]{0,300}\bautoplay|<bgsound\b|<embed\b[^<>]{0,300}\bautostart", re.IGNORECASE),
    re.compile(r"""\boncontextmenu\s{0,3}=\s{0,3}["']?\s{0,3}return false""", re.IGNORECASE),
    re.compile(r"<canvas\b|<marquee\b|<blink\b", re.IGNORECASE),
    re.compile(r"\btext-shadow\s{0,3}:", re.IGNORECASE),
    re.compile(r"courier|monospace|<pre\b|<tt\b", re.IGNORECASE),
)
# What ordinary sentences say as well: of land, of hearts and of documents.
_ORDINARY: Final = re.compile(r"(?:owned|stamped|touched)\b", re.IGNORECASE)
_BEGINS: Final = re.compile(rf"\W{{0,12}}{_BREAKS}\s{{0,3}}(?:by|8y|bay)\b\W{{0,6}}\w", re.IGNORECASE)


def examine_defaced(page: OwnPage) -> Iterator[TamperMatch]:
    """Yield at most one sign. A claim counts with a page that is nothing but a message, or as a title that begins
    with it.
    """
    if (staged := _staged(page)) is not None:
        yield TamperMatch(staged, page.title[:MAX_QUOTE], " ".join(page.text.split())[:MAX_QUOTE])
        return
    if page.marks.isdisjoint(_MARKS):
        return
    start = page.text[:LOOKED_AT]
    is_message = len(page.text) <= MAX_TEXT and page.markup.count("<a ") + page.markup.count("<A ") < FEW_LINKS
    shell = _SHELL.search(page.title) or _SHELL.search(start)
    is_shell = shell is not None and (is_message or _COMMON_SHELL.match(shell[0]) is None)
    if shell is not None and is_shell and _SERVED.search(page.markup):
        yield TamperMatch(TamperSign.DEFACED, shell[0], " ".join(start[shell.start() :].split())[:MAX_QUOTE])
        return
    claim = _CLAIM.search(page.title) or _CLAIM.search(start)
    if claim is None:
        return
    begins = _BEGINS.match(page.title) is not None
    telling = begins + is_message + (_MANNER.search(start) is not None)
    if (not is_message and not begins) or (telling == 1 and _ORDINARY.match(claim[0])):
        return
    sign = TamperSign.DEFACED if telling > 1 else TamperSign.DEFACED_UNSURE
    quote = page.title if claim.string is page.title else start[max(0, claim.start() - MAX_QUOTE // 4) :]
    yield TamperMatch(sign, claim[0], " ".join(quote.split())[:MAX_QUOTE])


def _staged(page: OwnPage) -> TamperSign | None:
    """Return what a page is that is nothing but a stage for a message to the administrators."""
    if len(page.text) > MAX_TEXT or page.markup.count("<a ") + page.markup.count("<A ") >= NO_WAY_ON:
        return None
    text = f"{page.title}\n{page.text}"
    is_told = _ADDRESSED.search(text) is not None and _WEAK.search(text) is not None
    were_here = _WERE_HERE.search(text) is not None
    if not is_told and not were_here:
        return None
    is_dark = _DARK.search(page.markup) is not None and _BRIGHT.search(page.markup) is not None
    staged = sum(part.search(page.markup) is not None for part in _STAGE)
    if not is_dark or staged < STAGED + (not is_told):
        return None
    return TamperSign.DEFACED if is_told and were_here else TamperSign.DEFACED_UNSURE
