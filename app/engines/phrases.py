"""What a scan says to people, in the deployment's language."""

from types import MappingProxyType
from typing import Final

PHRASES: Final = MappingProxyType(
    {
        "discovering": ("已发现 {subdomains} 个子域名", "{subdomains} subdomains found"),
        "crawling": (
            "已爬取 {urls_crawled} / {urls_known} 个链接，{pages} 个页面",
            "{urls_crawled} of {urls_known} known URLs crawled, {pages} pages",
        ),
        "identifying": ("已识别 {third_parties} 个第三方域名", "{third_parties} third parties identified"),
        "capturing": ("已抓取 {done} / {total} 个页面", "{done} of {total} pages captured"),
        "analysing": (
            "已分析 {done} / {total} 个页面，发现 {violations} 项违规",
            "{done} of {total} pages analysed, {violations} violations",
        ),
        "no_browser": (
            "无法使用 Chromium，本次扫描没有截图：{reason}",
            "Chromium cannot be used, so this scan has no screenshots: {reason}",
        ),
        "discovery_time": ("子域名发现因时间限制提前结束", "The time limit ended the discovery of subdomains"),
        "capture_time": (
            "时间限制已到，{count} 个页面未抓取",
            "The time limit ended the captures: {count} pages were left out",
        ),
        "capture_limit": (
            "第三方页面过多，只抓取前 {limit} 个",
            "Too many third-party pages: only the first {limit} are captured",
        ),
        "third_party_found": (
            "发现第三方域名 {domain}（{relation}）：{page}",
            "third party {domain} ({relation}) on {page}",
        ),
        "violation_found": (
            "{domain} 违规：{name}，置信度 {confidence:.0%}",
            "{domain}: {name}, {confidence:.0%} certain",
        ),
        "captured": ("已抓取 {url}：{status}", "captured {url}: {status}"),
        "resumed": (
            "从检查点继续：{urls_crawled} / {urls_known} 个链接已爬取",
            "goes on from its checkpoint: {urls_crawled} of {urls_known} known URLs crawled",
        ),
    }
)


class Phrases:
    """`say("captured", url=..., status=...)`: the text of that key in the language given."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        zh, en = PHRASES[key]
        return (en if self.language == "en" else zh).format(**values)
