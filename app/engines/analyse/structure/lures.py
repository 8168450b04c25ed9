"""Structure rules about actions: programs that are pushed with pressure, commands to paste, and wallet phrases."""

import re
from collections.abc import Iterator
from typing import Final

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject
from app.engines.html.page_content import Download, Field
from app.engines.scope import registrable_domain
from app.engines.urls import host_of, resolve

# Pressure on the visitor: *your* machine is infected, locked or outdated, and only this download helps.
_URGENCY: Final = re.compile(
    r"your (?:flash(?: player)?|browser|player|codec|chrome|firefox|version)[^.\n]{0,30}"
    r"(?:out ?of ?date|outdated|missing|must be updated|needs? (?:to be updated|an update)|update (?:is )?required)|"
    r"you are using an? (?:older|old|outdated) version|"
    r"(?:您|你)的[^。！\n]{0,12}(?:版本过低|过期|过低|过旧|已失效|需要更新|必须更新|需要升级)|"
    r"flash(?: player)?[^.。!！\n]{0,20}(?:out ?of ?date|outdated|过期|过低|已失效)|浏览器版本(?:过低|过旧)|"
    r"your (?:computer|pc|device|phone|system|mac)[^.\n]{0,30}(?:infected|at risk|compromised|virus|damaged|locked)|"
    r"\d{1,9} (?:virus(?:es)?|threats?|trojans?) (?:found|detected)|virus(?:es)? (?:detected|found)|"
    r"remove (?:the )?virus(?:es)? now|"
    r"(?:检测到|发现)[^。！\n]{0,12}(?:病毒|木马|漏洞|威胁|风险)|(?:电脑|手机|设备|系统)[^。！\n]{0,10}(?:中毒|"
    r"感染|被锁定|严重风险)|"
    r"立即(?:修复|清除|查杀|杀毒)|否则(?:将|会)?[^。！\n]{0,12}(?:丢失|锁定|封停|删除)|安装(?:后|"
    r"才能)[^。！\n]{0,6}(?:观看|播放|解锁)|"
    r"(?:download|install)[^.\n]{0,30}to (?:continue|watch|view|unlock|play (?:the|this) (?:video|movie|film|clip))",
    re.IGNORECASE,
)
# Vendors write such things about their own products as well.
_MILD_URGENCY: Final = re.compile(
    r"(?:critical|urgent|required|immediate) (?:security )?update|update now to|(?:must|needs? to) be updated|"
    r"(?:立即|必须|需要)(?:更新|升级)|版本(?:过低|过旧)",
    re.IGNORECASE,
)
# Who publishes programs says which version it is, and how to check it.
_VENDOR: Final = re.compile(
    r"checksum|sha-?(?:256|512)|release notes|change ?log|system requirements|\bdrivers?\b|firmware|校验值|"
    r"发布说明|更新说明|更新日志|系统要求|"
    r"版本历史|驱动|安全控件|U盾",
    re.IGNORECASE,
)
# "Press Windows+R, paste, Enter": the page has put a command into the clipboard.
_RUN_DIALOG: Final = re.compile(r"(?:win(?:dows)?(?: key)?|⊞)\s*\+\s*r\b|运行(?:窗口|对话框)|run dialog", re.IGNORECASE)
PASTED_WITHIN: Final = 200  # characters after the window in which one is to paste
_PASTE: Final = re.compile(r"(?:ctrl|control|⌘|cmd)\s*\+\s*v\b|粘贴|\bpaste\b", re.IGNORECASE)

# "Turn your protection off first": and why one should not believe what it says.
PROTECTION_OFF: Final = re.compile(
    r"(?:disable|turn off|switch off|deactivate|pause)[^.\n]{0,30}(?:defender|anti-?virus|real-?time protection|"
    r"smartscreen)|(?:关闭|退出|卸载|停用)[^。，；\n]{0,20}(?:defender|杀毒|杀软|实时保护|安全软件|360|火绒|电脑管家|"
    r"手机管家)",
    re.IGNORECASE,
)
_DISTRUST: Final = re.compile(
    r"(?:archive|rar|zip|extract\w{0,4}) password|password (?:is|:) ?\w{2,12}|false positive|"
    r"(?:to|from) (?:the )?exclusions?|"
    r"as administrator|解压密码|误报|报毒|误删|信任区|添加信任|拦截",
    re.IGNORECASE,
)
# What honest programs are not: cracked, for cheating, in an archive that nothing can look into.
_ILLICIT: Final = re.compile(
    r"(?:archive|rar|zip|extract\w{0,4}) password|password (?:is|:) ?\w{2,12}|\b(?:cracks?|cracked|keygen|cheats?|"
    r"aimbot|wallhack|warez)\b|解压密码|破解|注册机|外挂|激活工具|专用播放器|误删",
    re.IGNORECASE,
)
RESTORED: Final = re.compile(
    r"(?:turn|switch) (?:it|protection|them) (?:back )?on|re-?enable|(?:重新|再次)(?:打开|开启|启用)|checksum|sha-?256|"
    r"\bioc\b|yara",
    re.IGNORECASE,
)
# Beside it, why nothing can look into the program, or why one should not wonder.
UNTRUSTED: Final = re.compile(
    r"(?:archive|rar|zip|extract\w{0,4}|unpack\w{0,4}) (?:with the )?password|\(password |password[:\s]{1,3}\w{2,12}|"
    r"as administrator|false positive|(?:is )?not (?:yet )?signed|"
    r"解压(?:密码|码)|误报|报毒|误删|信任区|添加信任|管理员身份",
    re.IGNORECASE,
)
# Scripts that compute coins on other people's machines, by the names that their files have.
_MINER: Final = re.compile(
    r"coin-?hive|coinimp|crypto-?loot|webminepool|deepminer|cryptonight|minero?\.min\.js", re.IGNORECASE
)

_PHRASE: Final = re.compile(
    r"(?:seed|recovery|secret|backup|mnemonic)[ -]?(?:recovery )?(?:phrase|words?)|mnemonic|private key|"
    r"keystore json|"
    r"助记词|助記詞|恢复短语|恢復短語|私钥|私鑰|密钥短语",
    re.IGNORECASE,
)
_PHRASE_ACTION: Final = re.compile(
    r"import|restore|connect|validate|verify|synchroni[sz]e|rectify|migrat|claim|unlock|enter your|"
    r"导入|恢复|连接|验证|同步|迁移|领取|输入|匯入|恢復",
    re.IGNORECASE,
)
PHRASE_WORDS: Final = 12  # the shortest phrase of the usual scheme (BIP-39)


def examine_lures(subject: Subject) -> Iterator[Signal]:
    """Signals of the malware and wallet rules."""
    yield from _program(subject)
    yield from _command(subject)
    yield from _unprotected(subject)
    yield from _miner(subject)
    yield from _wallet(subject)


def _program(subject: Subject) -> Iterator[Signal]:
    downloads = subject.page.downloads
    if not downloads:
        return
    download = max(downloads, key=lambda item: item.automatic)
    text = subject.page.text
    match = _URGENCY.search(text)
    if not download.automatic and _is_vendor(subject, download):
        mild = match or _MILD_URGENCY.search(text)
        if mild is not None:
            yield _signal(ViolationKey.MALWARE, "executable_lure", 0.45, text, mild, download.url[:120])
    elif match is not None:
        score = 0.9 if download.automatic else 0.82
        yield _signal(ViolationKey.MALWARE, "executable_lure", score, text, match, download.url[:120])
    elif _pressed(subject, download):
        yield _bare(ViolationKey.MALWARE, "executable_lure", 0.75, subject.title, download.url[:120])
    elif (mild := _MILD_URGENCY.search(text)) is not None:
        score = 0.7 if download.automatic else 0.45
        yield _signal(ViolationKey.MALWARE, "executable_lure", score, text, mild, download.url[:120])
    elif download.automatic:
        yield _bare(ViolationKey.MALWARE, "automatic_download", 0.4, download.url[:200], download.url[:120])


def _is_vendor(subject: Subject, download: Download) -> bool:
    """Whether a site offers its own program and says what of a program one wants to know. Only of a title without
    pressure: who cries there is no vendor.
    """
    host = host_of(resolve(subject.capture.final_url or subject.capture.url, download.url) or "")
    is_own = registrable_domain(host) == registrable_domain(subject.host)
    return is_own and bool(_VENDOR.search(subject.page.text)) and not _pressed(subject, download)


def _pressed(subject: Subject, download: Download) -> bool:
    title = subject.title
    return bool(_URGENCY.search(title) or _URGENCY.search(download.text))


def _command(subject: Subject) -> Iterator[Signal]:
    text = subject.page.text
    asked = _paste_and_run(text)
    if asked is None:
        if _paste_and_run(subject.page.steps):
            yield _bare(ViolationKey.MALWARE, "run_dialog_lure", 0.92, subject.page.steps)
        return
    yield _signal(ViolationKey.MALWARE, "run_dialog_lure", 0.92 if subject.page.copies_command else 0.45, text, asked)


def _paste_and_run(text: str) -> re.Match[str] | None:
    """Return where one is told to open the window and to paste into it at once. Who explains settings opens it as well
    and pastes something else later.
    """
    for asked in _RUN_DIALOG.finditer(text):
        if _PASTE.search(text, asked.end(), asked.end() + PASTED_WITHIN):
            return asked
    return None


def _unprotected(subject: Subject) -> Iterator[Signal]:
    """A program for which one is to turn off what would stop it. Makers of programs say to turn it on again."""
    if not subject.page.downloads:
        return
    text = subject.page.text
    asked = PROTECTION_OFF.search(text)
    if asked is None or _DISTRUST.search(text) is None or RESTORED.search(text):
        return
    # Clients of offices and banks say so, too: they are honest, and reported falsely.
    score = 0.75 if _ILLICIT.search(f"{subject.title}\n{text}") else 0.45
    yield _signal(ViolationKey.MALWARE, "protection_off_lure", score, text, asked, subject.page.downloads[0].url[:120])


def _miner(subject: Subject) -> Iterator[Signal]:
    source = next((source for source in subject.page.sources if _MINER.search(source)), None)
    if source is not None:
        yield _bare(ViolationKey.MALWARE, "coin_miner", 0.75, source, source[:120])


def _wallet(subject: Subject) -> Iterator[Signal]:
    fields = subject.page.fields
    if not fields:
        return
    text = subject.page.text
    match = _PHRASE.search(text)
    named = [field for field in fields if _PHRASE.search(field.hints)]
    if named:
        yield _bare(ViolationKey.FRAUD, "wallet_phrase", 0.88, named[0].hints[:200], named[0].hints[:60])
    elif match is not None and _PHRASE_ACTION.search(text) and _takes_phrase(fields):
        yield _signal(ViolationKey.FRAUD, "wallet_phrase", 0.82, text, match)


def _takes_phrase(fields: tuple[Field, ...]) -> bool:
    """A box without any other purpose, or one field per word."""
    words = sum(field.type in ("text", "password") for field in fields)
    boxes = [field for field in fields if field.type == "textarea" and not _COMMENT.search(field.hints)]
    return words >= PHRASE_WORDS or (bool(boxes) and not any(_CONTACT.search(field.hints) for field in fields))


_COMMENT: Final = re.compile(r"comment|message|reply|review|question|feedback|评论|留言|回复|咨询|反馈")
_CONTACT: Final = re.compile(r"e-?mail|\bname\b|subject|phone|邮箱|姓名|昵称|电话|手机")


def _signal(key: ViolationKey, rule: str, score: float, text: str, match: re.Match[str], *terms: str) -> Signal:
    """A signal whose snippet is quoted from the captured text."""
    start = max(0, match.start() - 40)
    snippet = text[start : min(match.end() + 40, start + 200)]
    return Signal(
        key,
        Evidence(
            layer=Layer.STRUCTURE,
            rule=rule,
            score=score,
            snippet=snippet,
            offset=start,
            provenance="structure rules",
            terms=terms,
        ),
    )


def _bare(key: ViolationKey, rule: str, score: float, snippet: str, *terms: str) -> Signal:
    """A signal whose snippet stands outside the captured text (title, markup)."""
    return Signal(
        key,
        Evidence(
            layer=Layer.STRUCTURE,
            rule=rule,
            score=score,
            snippet=snippet[:200],
            provenance="structure rules",
            terms=terms,
        ),
    )
