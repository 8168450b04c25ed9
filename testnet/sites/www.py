"""www.corp.test: the main site, some 150 pages, with the references that matter most."""

from testnet import shapes
from testnet.documents import asset, document, links, paragraphs
from testnet.model import Reach, Ref, Resource
from testnet.sitemaps import gzip_sitemap, sitemap, sitemap_index
from testnet.sites import www_news, www_traps
from testnet.texts import corp

NAME = "www.corp.test"
ROBOTS = """User-agent: *
Disallow: /private/
Disallow: /search

Sitemap: https://www.corp.test/sitemap_index.xml
"""
METRICS = shapes.script("stat.metrics.test", "/matomo.js")
SHEET = '<link rel="stylesheet" href="/static/site.css">'
NAVIGATION = links(
    [
        ("/about/", "关于我们"),
        ("/products/", "产品"),
        ("/news/", "新闻"),
        ("/support/", "技术支持"),
        ("/jobs/", "招聘"),
        ("/partners/", "合作伙伴"),
        ("/links.html", "相关链接"),
    ]
)
SECTIONS = {"products": ("产品", 20), "jobs": ("招聘", 12), "support": ("技术支持", 12)}


def resources() -> list[Resource]:
    return [
        start(),
        *about(),
        *(page for name in SECTIONS for page in section(name)),
        *www_news.resources(),
        *partners(),
        *odds_and_ends(),
        *www_traps.resources(),
        *files(),
    ]


def page(path: str, title: str, body: str = "", *, refs: tuple[Ref, ...] = (), reach: Reach = Reach.PAGE) -> Resource:
    """A page of this site: every one loads the site's sheet and the statistics script, as real ones do."""
    return document(path, title, SHEET + body, refs=(METRICS, *refs), reach=reach)


def start() -> Resource:
    refs = (
        shapes.script("js.fast-cdn.test", "/lib/1.2/lib.min.js"),
        shapes.anchor("www.yinhe-yule.test", "/", "友情链接：银河", scheme="http"),
        shapes.menu_anchor("www.codeforge.test", "/corp/config-reader", "开源项目"),
        shapes.link_header("pre.fast-cdn.test"),
        shapes.policy_header("collect.metrics.test"),
    )
    sister_sites = links(
        [
            ("http://bbs.corp.test/", "论坛"),
            ("https://blog.corp.test/", "博客"),
            ("https://shop.corp.test/", "商城"),
            ("http://m.corp.test/", "手机版"),
            ("/calendar/2024-05.html", "活动日历"),
        ]
    )
    return page("/", f"{corp.COMPANY} 首页", NAVIGATION + paragraphs([corp.SLOGAN]) + sister_sites, refs=refs)


def about() -> list[Resource]:
    names = {"history": "发展历程", "contact": "联系我们", "honors": "荣誉", "policy": "隐私政策", "team": "团队"}
    refs: dict[str, tuple[Ref, ...]] = {
        # The hacked corner: four kinds of hidden link at the end of an old page.
        "history": (
            shapes.hidden_anchor("display_none", "bet-haocai.test", "好彩娱乐城 真人百家乐"),
            shapes.hidden_anchor("visibility_hidden", "caipiao-wang.test", "时时彩投注"),
            shapes.hidden_anchor("off_screen", "ye-yingyuan.test", "成人视频"),
            shapes.hidden_anchor("zero_font", "royal-bets.test", "online casino"),
        ),
        "contact": (
            shapes.frame("maps.map-service.test", "/embed?q=corp"),
            shapes.area("casino-street-hotel.test", "/rooms"),
        ),
        "honors": (shapes.image_set("set.fast-cdn.test", "/honors@2x.png"),),
        "policy": (shapes.reader_anchor("www.codeforge.test", "/a11y/statement", "无障碍声明"),),
    }
    index = page(
        "/about/",
        "关于我们",
        paragraphs(corp.ABOUT) + links((f"/about/{name}.html", title) for name, title in names.items()),
        refs=(shapes.image("img.fast-cdn.test", "/factory.png"),),
    )
    rest = (
        page(f"/about/{name}.html", title, paragraphs(corp.tell(len(name))), refs=refs.get(name, ()))
        for name, title in names.items()
    )
    return [index, *rest]


def section(name: str) -> list[Resource]:
    """An index and its numbered pages, each linked from the index and from its neighbour."""
    title, count = SECTIONS[name]
    items = [(f"/{name}/{number}.html", f"{section_title(name, number)}") for number in range(1, count + 1)]
    extra = links([("http://campaign-618.corp.test/", "六一八活动")]) if name == "products" else ""
    index = page(f"/{name}/", title, NAVIGATION + links(items) + extra)
    refs = section_refs(name)
    rest = [
        page(path, text, paragraphs(corp.tell(n)) + links([items[n % count]]), refs=refs.get(n, ()))
        for n, (path, text) in enumerate(items, start=1)
    ]
    return [index, *rest]


def section_title(name: str, number: int) -> str:
    options = {"products": corp.SUBJECTS, "jobs": corp.JOBS, "support": corp.QUESTIONS}[name]
    return f"{corp.pick(options, number)}（{number}）"


def section_refs(name: str) -> dict[int, tuple[Ref, ...]]:
    """What single pages of a section refer to, by number."""
    if name == "support":
        return {
            4: (
                shapes.raw_anchor(
                    "flash-update-center.test", "http:\\\\flash-update-center.test\\download", "视频插件"
                ),
            ),
            7: (shapes.form("www.pay-guide.test", "/apply"),),
            9: (shapes.raw_anchor("anti-fraud-police.test", "http://anti-fraud-polic%65.test/notice", "防骗提醒"),),
        }
    if name == "products":
        return {
            12: (shapes.script_text("mention-api.test", "/v1/price"),),
            15: (shapes.comment("old-vendor.test", "/count"),),
        }
    return {}


def partners() -> list[Resource]:
    refs = (
        shapes.anchor("www.huaxin-partner.test", "/", "华信伙伴", scheme="http"),
        shapes.anchor("gone-partner.test", "/products", "前合作伙伴", scheme="http"),
        shapes.anchor("www.city-hospital.test", "/", "职工定点医院"),
        shapes.anchor("shut-shop.test", "/", "备件商店", scheme="http"),
        shapes.anchor("worn-out.test", "/status", "旧监测平台"),
        shapes.image("logo.broken-zone.test", "/logo.png"),
    )
    return [page("/partners/", "合作伙伴", paragraphs(corp.ABOUT), refs=refs)]


def odds_and_ends() -> list[Resource]:
    downloads = (
        shapes.anchor("files.docs-share.test", "/corp/annual-2023.pdf", "年报"),
        shapes.anchor("pkg.soft-mirror.test", "/tools/viewer.zip", "看图工具"),
    )
    related = links(
        [
            ("/downloads.html", "下载"),
            ("/go/video", "培训视频"),
            ("/go/survey.html", "满意度调查"),
            ("/go/forum", "用户论坛"),
            ("/go/account.html", "账户"),
            ("/r/1", "旧版首页"),
            ("/loop/a", "循环"),
            ("/loop/meta-a.html", "循环二"),
            ("/far/1", "很远"),
            ("/private/plan.html", "内部计划"),
            ("/search?q=pump", "搜索"),
            ("/slow.html", "年度数据"),
            ("/backup/site.html", "备份"),
            ("/missing.html", "旧页面"),
            ("/inward.html", "内网入口"),
            ("http://loop.corp.test/", "旧系统"),
            ("http://lame.corp.test/", "旧邮箱"),
            ("http://archive.corp.test/", "档案"),
        ]
    )
    return [
        page("/links.html", "相关链接", related + paragraphs(["旧资料见 text-only.test 网站。"])),
        page("/downloads.html", "下载", refs=downloads),
        page("/year-1998.html", "只在站点地图里的页面", refs=(shapes.anchor("parked-page.test", "/", "老友"),)),
        *(page(f"/archive-map/{n}.html", f"地图存档 {n}", paragraphs(corp.tell(n))) for n in range(1, 7)),
    ]


def files() -> list[Resource]:
    sheet = shapes.sheet_url("font.fast-cdn.test", "/brand.woff2")
    css = f'@import "more.css";\n{sheet.markup}\nbody{{background:url(/static/s.png)}}'
    only_mapped = ["/year-1998.html", *(f"/archive-map/{n}.html" for n in range(1, 7))]
    news = [f"/news/{number}.html" for number in range(1, www_news.ARTICLES + 1)]
    return [
        asset("/robots.txt", ROBOTS, "text/plain; charset=utf-8"),
        sitemap_index("/sitemap_index.xml", NAME, ["/sitemap-pages.xml", "/sitemap-news.xml.gz"]),
        sitemap("/sitemap-pages.xml", NAME, only_mapped),
        gzip_sitemap("/sitemap-news.xml.gz", NAME, news),
        asset("/static/site.css", css, "text/css; charset=utf-8", refs=(sheet,)),
        asset("/static/more.css", "h1{font-size:1.4em}", "text/css; charset=utf-8"),
        asset("/static/s.png", www_traps.PNG, "image/png"),
    ]
