"""What the command line says while one watches, in the reader's language. Help and errors are in English."""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Language = Literal["zh-CN", "en"]

TEXTS: Final = MappingProxyType(
    {
        "pending": ("等待中", "waiting"),
        "running": ("扫描中", "running"),
        "cancelling": ("正在取消", "cancelling"),
        "completed": ("已完成", "completed"),
        "failed": ("失败", "failed"),
        "cancelled": ("已取消", "cancelled"),
        "skipped": ("跳过", "skipped"),
        "deleted": ("已删除", "deleted"),
        "queued": ("队列位置 {position}", "place {position} in the queue"),
        "attempt": ("第 {attempt} 次尝试", "attempt {attempt}"),
        "remaining": ("约剩 {seconds} 秒", "about {seconds} s left"),
        "total_subdomains": ("子域名", "Subdomains"),
        "total_pages_crawled": ("页面", "Pages"),
        "total_third_party_domains": ("第三方域名", "Third parties"),
        "total_violations": ("违规", "Violations"),
        "execution_duration": ("用时", "Duration"),
        "coverage": ("覆盖", "Coverage"),
        "crawled_of": ("已爬取 {crawled} / 已知 {known}", "{crawled} of {known} known URLs crawled"),
        "progress": ("总进度", "Overall"),
        "violation": ("发现违规", "VIOLATION"),
        "warning": ("注意", "warning"),
        "error": ("错误", "error"),
        "needs_review": ("待复核", "to be reviewed"),
        "found_on": ("发现于 {page}", "on {page}"),
        "connecting": ("正在连接 {url}", "Connecting to {url}"),
        "waiting_s": (
            "连接中断（{reason}），{seconds:.0f} 秒后重连",
            "Connection lost ({reason}), again in {seconds:.0f} s",
        ),
        "cancel_hint": ("正在取消扫描，再按一次 Ctrl-C 立即退出", "Cancelling the scan; Ctrl-C once more ends at once"),
        "lines_dropped": ("（跳过 {count} 行日志）", "({count} log lines skipped)"),
        "no_violations": ("未发现违规。", "No violations found."),
        "nothing_examined": (
            "没有看到任何页面，因此没有可检查的内容：不能据此认为没有违规。",
            "Not one page could be seen, so there was nothing to examine: this says nothing about the site.",
        ),
        "none_in_what_was_seen": (
            "看到的部分未发现违规，但看到的内容不足以得出结论。",
            "No violations in what was seen, but too little was seen to call the site clean.",
        ),
        "verdict_violations": ("有违规", "violations"),
        "verdict_clean": ("未发现违规", "clean"),
        "verdict_inconclusive": ("没有结论", "inconclusive"),
        "judged_of": ("已检查 {judged} / {known} 个链接", "{judged} of {known} addresses judged"),
        "no_third_parties": ("没有第三方域名。", "No third parties."),
        "more_rows": ("……另有 {count} 个（--json 列出全部）", "... and {count} more (--json lists all)"),
        "ended_in": ("{target}：{status}，用时 {duration}", "{target}: {status} in {duration}"),
        "risk": ("风险", "Risk"),
        "kind": ("类型", "Kind"),
        "domain": ("域名", "Domain"),
        "confidence": ("置信度", "Confidence"),
        "description": ("说明", "Description"),
        "page": ("页面", "Found on"),
        "category": ("类别", "Category"),
        "references": ("引用", "References"),
        "hidden": ("隐藏", "Hidden"),
        "hosts": ("主机", "Hosts"),
        "outcome": ("检查情况", "Outcome"),
        "examined": ("已检查", "examined"),
        "gone": ("域名已不存在", "gone"),
        "unreachable": ("无法访问", "unreachable"),
        "not_examined": ("未检查", "not examined"),
        "warnings": ("注意事项", "Warnings"),
        "critical": ("严重", "critical"),
        "high": ("高", "high"),
        "medium": ("中", "medium"),
        "low": ("低", "low"),
        "log": ("日志", "Log"),
        "demo_title": ("域名合规扫描 · 演示", "Domain Compliance Scanner · demo"),
        "demo_page": ("网页", "Page"),
        "demo_user": ("用户名", "User"),
        "demo_password": ("密码", "Password"),
        "demo_scan": ("正在扫描本机的测试互联网：{target}", "Scanning the test internet of this machine: {target}"),
        "demo_stays": (
            "网页继续可用：{url}（{user} / {password}）。按 Ctrl-C 结束。",
            "The page stays at {url} ({user} / {password}). Ctrl-C ends it.",
        ),
        "port_taken": ("端口 {port} 已被占用，改用另一个。", "Port {port} is taken; using another one."),
    }
)


class Labels:
    """`labels("queued", position=2)`: the text in the language given."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        zh, en = TEXTS[key]
        return (en if self.language == "en" else zh).format(**values)


def language_of(environment: Mapping[str, str] | None = None) -> Language | None:
    """`COMPLIANCE_LANGUAGE`, else that of the locale; None for the locale C: the setting's default stands."""
    environment = os.environ if environment is None else environment
    asked = environment.get("COMPLIANCE_LANGUAGE")
    if asked in ("zh-CN", "en"):
        return "en" if asked == "en" else "zh-CN"
    locale = next(filter(None, (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "C")
    if locale.split(".")[0] in ("C", "POSIX"):
        return None
    return "zh-CN" if locale.lower().startswith("zh") else "en"


def clock_of(seconds: float) -> str:
    """`1:02:03` or `02:03`."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"


def clean(text: str) -> str:
    """Without what could steer a terminal or turn its text around: pages have a say in what scans report."""
    return "".join(
        char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" for char in text
    )
