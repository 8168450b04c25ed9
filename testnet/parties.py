"""The third parties: what their hosts show and what is expected of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from testnet.documents import asset, document, leave, paragraphs
from testnet.model import Fallback, Host, Party, Resource
from testnet.shapes import location_header
from testnet.texts import near_misses as clean
from testnet.texts import violating as bad

PNG = bytes.fromhex(  # one pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63504a5bf5"
    "1f000412023256e0488d0000000049454e44ae426082"
)
FILE_TYPES = {
    ".js": ("text/javascript; charset=utf-8", b"/* static */"),
    ".css": ("text/css; charset=utf-8", b"body{color:#222}"),
    ".png": ("image/png", PNG),
    ".woff2": ("font/woff2", b"wOF2"),
    ".mp4": ("video/mp4", bytes(64)),
    ".pdf": ("application/pdf", b"%PDF-1.4\n%%EOF\n"),
    ".zip": ("application/zip", b"PK\x05\x06" + bytes(18)),
    ".exe": ("application/octet-stream", b"This is no program: the test internet has none.\n"),
}
OK = 200
USUAL_DELAY_MS = (300, 1100)
SLOW_DELAY_MS = (1000, 1500)
FAST_DELAY_MS = (40, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One host of a third party: one page under every path, and files by their extension."""

    host: str
    title: str
    texts: tuple[str, ...]
    body: str = ""
    lang: str = "zh-CN"
    violation: str = ""
    delay_ms: tuple[int, int] = USUAL_DELAY_MS
    expired: bool = False
    leads_to: str = ""  # host that every path redirects to
    status: int = OK
    alias_of: str = ""  # the name at a service that the host's record leads to
    category: str = "unknown"  # that a scan can see
    declaration: str = ""  # markup by which the page says what it is, as real ones do

    @property
    def domain(self) -> str:
        return ".".join(self.host.split(".")[-2:])


def declare(name: str, content: str) -> str:
    attribute = "property" if name.startswith("og:") else "name"
    return f'<meta {attribute}="{name}" content="{content}">\n'


def typed(kind: str) -> str:
    """A type of schema.org."""
    return f'<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "{kind}"}}</script>\n'


SITES: tuple[Site, ...] = (
    # The first one stands on the start page and answers fast: it is to be found early.
    Site(
        host="www.yinhe-yule.test",
        title="银河娱乐城",
        texts=bad.GAMBLING_ZH,
        violation="gambling",
        delay_ms=(300, 300),
    ),
    Site(host="www.huaxin-partner.test", title="", texts=(), violation="gambling", leads_to="www.lucky-slots.test"),
    Site(
        host="www.lucky-slots.test",
        title="Lucky Slots online casino",
        texts=bad.GAMBLING_EN,
        lang="en",
        violation="gambling",
    ),
    Site(
        host="zhifubao-verify.test",
        title="支付宝 - 账户登录验证",
        texts=bad.FRAUD_ZH,
        body=bad.FRAUD_FORM,
        violation="fraud",
    ),
    Site(
        host="flash-update-center.test",
        title="Flash Player update",
        texts=bad.MALWARE_EN,
        body=bad.MALWARE_BODY,
        lang="en",
        violation="malware",
    ),
    Site(host="yz168.test", title="特货小铺", texts=bad.DRUGS_ZH, violation="drugs", delay_ms=SLOW_DELAY_MS),
    Site(host="shenyi-mifang.test", title="神医秘方", texts=bad.MEDICAL_ZH, violation="medical"),
    # Reached through hidden links alone.
    Site(host="bet-haocai.test", title="好彩娱乐城", texts=bad.GAMBLING_ZH_CLUB, violation="gambling"),
    Site(host="caipiao-wang.test", title="时时彩投注网", texts=bad.GAMBLING_ZH_LOTTERY, violation="gambling"),
    Site(host="ye-yingyuan.test", title="夜间影院", texts=bad.ADULT_ZH, violation="adult"),
    Site(host="royal-bets.test", title="Royal Bets", texts=bad.GAMBLING_EN_BETS, lang="en", violation="gambling"),
    Site(
        host="meiyan-video.test", title="美艳视频", texts=bad.ADULT_ZH_LIVE, violation="adult", delay_ms=SLOW_DELAY_MS
    ),
    Site(host="wanfu-club.test", title="万福棋牌俱乐部", texts=bad.GAMBLING_ZH_CLUB, violation="gambling"),
    # Near misses.
    Site(
        host="anti-fraud-police.test",
        title="公安反诈提醒",
        texts=clean.POLICE_ZH,
        category="government",
        declaration=declare("SiteIDCode", "bm99000001"),
    ),
    Site(
        host="daily-news.test",
        title="开设赌场案一审宣判",
        texts=clean.NEWS_ZH,
        category="news",
        declaration=typed("NewsArticle"),
    ),
    Site(
        host="law-journal.test",
        title="Gambling law in review",
        texts=clean.LAW_EN,
        lang="en",
        category="education",
        declaration=declare("citation_journal_title", "Law in review"),
    ),
    Site(host="www.welfare-lottery.test", title="福利彩票公告", texts=clean.LOTTERY_ZH, delay_ms=SLOW_DELAY_MS),
    Site(
        host="health-education.test",
        title="青春期健康教育",
        texts=clean.HEALTH_ZH,
        category="health",
        declaration=typed("MedicalWebPage"),
    ),
    Site(
        host="teen-health.test",
        title="Sexual health education",
        texts=clean.HEALTH_EN,
        lang="en",
        category="education",
        declaration=typed("Course"),
    ),
    Site(
        host="casino-street-hotel.test",
        title="Hotel at Casino Street",
        texts=clean.HOTEL_EN,
        lang="en",
        category="travel",
        declaration=typed("Hotel"),
    ),
    Site(
        host="www.city-hospital.test",
        title="市第一医院",
        texts=clean.HOSPITAL_ZH,
        expired=True,
        category="health",
        declaration=typed("Hospital"),
    ),
    Site(host="www.pay-guide.test", title="付款说明：支付宝与微信支付", texts=clean.PAYMENT_ZH),
    # Its bucket is gone, the name still leads there.
    Site(
        host="assets.quick-event.test",
        title="NoSuchBucket",
        texts=bad.NO_BUCKET,
        lang="en",
        violation="takeover",
        status=404,
        alias_of="quick-event.oss-cn-hangzhou.aliyuncs.com",
        category="storage",
    ),
    # Plain services.
    Site(host="parked-page.test", title="Domain parked", texts=clean.PARKED_EN, lang="en", category="parked"),
    Site(host="worn-out.test", title="503", texts=clean.OUTAGE_EN, lang="en", status=503),
    Site(
        host="www.codeforge.test",
        title="config-reader",
        texts=clean.CODE_EN,
        lang="en",
        category="developer",
        declaration=declare("generator", "Gitea 1.21"),
    ),
    Site(host="maps.map-service.test", title="地图", texts=clean.MAP_ZH, category="maps", declaration=typed("Map")),
    Site(
        host="survey-form.test",
        title="满意度调查",
        texts=clean.SURVEY_ZH,
        category="utility",
        declaration=declare("generator", "LimeSurvey"),
    ),
    Site(
        host="moved-forum.test",
        title="设备维护论坛",
        texts=clean.FORUM_ZH,
        category="social",
        declaration=declare("generator", "Discuz! X3.5"),
    ),
    Site(
        host="www.video-share.test",
        title="工业培训视频",
        texts=clean.VIDEO_ZH,
        category="video",
        declaration=declare("og:type", "video.other"),
    ),
    Site(host="files.docs-share.test", title="文件共享", texts=clean.ARCHIVE_ZH),
    Site(host="pkg.soft-mirror.test", title="Software mirror", texts=clean.MIRROR_EN, lang="en"),
    *(
        Site(
            host=f"{label}.fast-cdn.test",
            title="Fast CDN",
            texts=clean.CDN_EN,
            lang="en",
            delay_ms=FAST_DELAY_MS,
            alias_of=f"{label}.fast-cdn.test.w.alikunlun.com",
            category="cdn",
        )
        for label in ("js", "css", "img", "set", "font", "imp", "bg", "pre", "media")
    ),
    Site(
        host="stat.metrics.test",
        title="Metrics",
        texts=clean.METRICS_EN,
        lang="en",
        delay_ms=FAST_DELAY_MS,
        category="analytics",
    ),
    Site(
        host="collect.metrics.test",
        title="Metrics",
        texts=clean.METRICS_EN,
        lang="en",
        delay_ms=FAST_DELAY_MS,
        category="analytics",
    ),
    Site(
        host="widget-hours.test",
        title="Opening hours widget",
        texts=clean.WIDGET_EN,
        lang="en",
        # It tries to reach the machine of whoever renders it.
        body='<iframe src="/inward"></iframe><script>new WebSocket("ws://127.0.0.1:8080/canary");</script>',
    ),
    # Named where no scan may look, or only in words: never third parties.
    Site(host="behind-robots.test", title="Never seen", texts=clean.CODE_EN, lang="en"),
    Site(host="mention-api.test", title="Never seen", texts=clean.CODE_EN, lang="en"),
    Site(host="old-vendor.test", title="Never seen", texts=clean.CODE_EN, lang="en"),
    Site(host="text-only.test", title="Never seen", texts=clean.CODE_EN, lang="en"),
)
REGISTRATIONS: dict[str, Any] = {  # what the registry says of those that are not simply registered
    "huaxin-partner.test": {"registered_on": "2024-02-20", "expires_on": "2027-02-20"},
    "parked-page.test": {"expires_on": "2024-01-31", "statuses": ("redemption period", "client hold")},
}
WITHOUT_HOST = (
    Party(domain="gone-partner.test", dead=True, note="NXDOMAIN"),
    Party(domain="broken-zone.test", note="SERVFAIL"),
    Party(domain="shut-shop.test", note="an address where nobody listens"),
    Party(domain="inward.test", note="resolves to 127.0.0.1"),
)


def build_parties(sites: Iterable[Site]) -> dict[str, Party]:
    parties = {party.domain: party for party in WITHOUT_HOST}
    for site in sites:
        leads_to = ".".join(site.leads_to.split(".")[-2:]) if site.leads_to else ""
        registration = REGISTRATIONS.get(site.domain, {})
        parties[site.domain] = Party(
            domain=site.domain, violation=site.violation, leads_to=leads_to, category=site.category, **registration
        )
    return parties


def build_host(site: Site, address: str) -> Host:
    return Host(
        id=f"party:{site.host}",
        name=site.host,
        address=address,
        fallback=answer_all(site),
        delay_ms=site.delay_ms,
        expired=site.expired,
    )


def answer_all(site: Site) -> Fallback:
    body = paragraphs(site.texts) + site.body
    page = document("/", site.title, body, lang=site.lang, status=site.status, declaration=site.declaration)

    def answer(path: str) -> Resource | None:
        if site.leads_to:
            return leave(path, location_header(site.leads_to))
        if path == "/inward":
            return leave(path, location_header("127.0.0.1:8080", "/canary", scheme="http"))
        if path in ("/robots.txt", "/sitemap.xml", "/favicon.ico"):
            return None
        extension = path[path.rfind(".") :] if "." in path else ""
        kind = FILE_TYPES.get(extension) if site.status == OK else None
        return asset(path, kind[1], kind[0]) if kind else page

    return answer
