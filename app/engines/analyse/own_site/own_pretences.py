"""What visitors are told that they have to prove or to mend, before they are given a program."""

import re
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
    r"(?:session|mailbox|account|password|storage|quota)[^.\n]{0,30}(?:expired?|expires|full|suspended|locked|deactivated|terminated)|"
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
COMMAND: Final = re.compile(
    r"powershell|\bpwsh\b|mshta|certutil|msiexec|rundll32|bitsadmin|osascript|\bcmd(?:\.exe)? /c\b|"
    r"(?:curl|wget)[^\n]{1,200}\|\s{0,3}(?:ba|z)?sh\b",
    re.IGNORECASE,
)
