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
        "captures_full_scan": (
            "抓取内容已达到单次扫描的上限，其余内容只分析、不保存",
            "The captures have reached the limit of a scan: what comes is analysed, but not kept.",
        ),
        "captures_full_user": (
            "抓取内容已达到用户的上限，其余内容只分析、不保存",
            "The captures have reached the limit of a user: what comes is analysed, but not kept.",
        ),
        "captures_full_all": (
            "抓取内容已达到总上限，其余内容只分析、不保存",
            "The captures have reached the limit of all users: what comes is analysed, but not kept.",
        ),
        "captures_full_disk": (
            "磁盘剩余空间不足，抓取内容只分析、不保存",
            "The disk is nearly full: what is captured is analysed, but not kept.",
        ),
        "discovery_time": ("子域名发现因时间限制提前结束", "The time limit ended the discovery of subdomains"),
        "resolver_silent": (
            "DNS 解析器没有应答：子域名和第三方域名无法完整检查",
            "The DNS resolver does not answer: subdomains and third parties could not be examined completely.",
        ),
        "resolver_gaps": (
            "DNS 解析器对部分已发现的名称没有应答",
            "The DNS resolver did not answer for some of the names that were found.",
        ),
        "resolver_invents": (
            "DNS 解析器为不存在的名称返回地址",
            "The resolver invents addresses for names that do not exist.",
        ),
        "source_too_long": (
            "{source} 给出 {named} 个主机，只检查其中 {limit} 个",
            "{source} named {named} hosts; {limit} of them are examined.",
        ),
        "robots_unavailable": (
            "无法取得 {origin} 的 robots.txt，未爬取其页面",
            "robots.txt of {origin} could not be had: its pages are left out.",
        ),
        "crawl_time": ("爬取因 {limit_s} 秒的时间限制提前结束", "The time limit of {limit_s} s ended the crawl."),
        "crawl_pages": (
            "爬取因 {limit} 个页面的限制提前结束：已爬取 {crawled} / {known} 个链接",
            "The limit of {limit} pages ended the crawl: {crawled} of {known} known URLs.",
        ),
        "crawl_requests": (
            "爬取因请求数限制（{limit}）提前结束：已爬取 {crawled} / {known} 个链接",
            "The limit of {limit} requests ended the crawl: {crawled} of {known} known URLs.",
        ),
        "crawl_bytes": (
            "爬取因 {limit} 字节的限制提前结束：已爬取 {crawled} / {known} 个链接",
            "The limit of {limit} bytes ended the crawl: {crawled} of {known} known URLs.",
        ),
        "crawl_overflow": (
            "网站的链接过多，部分链接未记录",
            "The site has more URLs than are remembered: some were dropped.",
        ),
        "capture_time": (
            "时间限制已到，{count} 个页面未抓取",
            "The time limit ended the captures: {count} pages were left out",
        ),
        "capture_limit": (
            "第三方页面过多，只抓取前 {limit} 个",
            "Too many third-party pages: only the first {limit} are captured",
        ),
        "parties_limit": (
            "第三方域名过多，只保留前 {limit} 个：{count} 个引用未计入",
            "Too many third parties: only the first {limit} domains are kept, {count} references were left out",
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
        "source_named": ("来源 {source} 给出 {named} 个主机", "source {source} named {named} hosts"),
        "source_failed": ("来源 {source} 查询失败：{reason}", "source {source} failed: {reason}"),
        "dictionary_tried": ("字典：已尝试 {tried} 个名称", "dictionary: {tried} names tried"),
        "wildcard": ("{zone} 下的所有名称都能解析（泛解析）", "every name below {zone} resolves (wildcard)"),
        "dns_unanswered": ("{count} 个 DNS 查询没有应答", "{count} DNS questions got no answer"),
        "host_silent": (
            "{host} 不再应答，其余页面不再爬取",
            "{host} does not answer any more: what is left there is left out",
        ),
        "not_seen": (
            "{host}：{count} 个链接未能检查（{reason}）",
            "{host}: {count} addresses were not judged: {reason}",
        ),
        "not_seen_more": (
            "另有 {hosts} 个主机的 {count} 个链接未能检查（{reason}）",
            "{hosts} more hosts: {count} addresses were not judged: {reason}",
        ),
        "nothing_new": (
            "{shape} 下没有新内容，其余部分不再爬取",
            "nothing new under {shape}: the rest of it is left out",
        ),
        "unreadable": ("无法读取页面 {url}：{reason}", "{url} could not be read: {reason}"),
        "unreadable_cpu": ("读取耗时超过限制", "reading it takes too much processor time"),
        "unreadable_limits": ("超过读取时间或内存限制", "it exceeds what time and memory are allowed for reading"),
        "unreadable_memory": ("读取占用内存超过限制", "reading it takes too much memory"),
        "unreadable_nesting": ("嵌套层数过多", "it nests too deeply"),
        "unreadable_crashed": ("读取进程意外退出", "what reads it crashed"),
        "unreadable_error": ("读取时发生错误", "an error of ours"),
        "crawled": (
            "{pages} 个页面；已爬取 {crawled} / {known} 个链接",
            "{pages} pages; {crawled} of {known} known URLs crawled",
        ),
        "crawl_delay": ("{origin} 要求请求间隔 {delay_s:g} 秒", "{origin} asks for {delay_s:g} s between requests"),
        "sitemaps_read": ("{origin}：已读取 {count} 个站点地图", "{origin}: {count} sitemaps read"),
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
