"""Pages that refer to third parties, each in another way: one reference, one page, one item."""

from collections.abc import Iterator
from itertools import cycle

from testnet import shapes
from testnet.big.outside import FADED, HONEST, PLAIN, VISIBLE, Outside
from testnet.big.planted import Planted, on_page
from testnet.model import Ref
from testnet.parties import Site

# Where the pages stand; no host here has a changed page, so that whatever is accused is the third party.
HOSTS = (
    "news",
    "yjs",
    "zs",
    "job",
    "xgc",
    "rsc",
    "cwc",
    "kyc",
    "gjc",
    "xb",
    "xyh",
    "math",
    "phy",
    "bio",
    "civil",
    "mech",
)
HOSTS_EN = ("en", "summer", "alumni")
WAYS = 6  # of leading people to a site, without the menu
DATED = "/2019/0312/c21a417.html"  # written before its third party changed hands


def references() -> Iterator[Planted]:
    yield from _links("trade", VISIBLE)
    yield from _links("near miss", HONEST)
    yield from _plain()
    yield from _faded()
    ref = shapes.anchor("www.once-partner.test", "/", "前合作伙伴", scheme="http")
    post = shapes.raw_anchor("tiezi-bocai.test", "http://tiezi-bocai.test/a?u=1", "一起玩的来")
    yield on_page("forum-post", "user's post", "bbs", "/thread-1.html", "求助：宿舍网络", post, post.host, "gambling")
    yield on_page("partner-leads-on", "trade", "xyh", "/hz/1.html", "合作伙伴", ref, "once-partner.test", "gambling")


def _links(family: str, parties: tuple[Outside, ...]) -> Iterator[Planted]:
    """Visible links and their like, in turn: what people follow."""
    zh, en = cycle(HOSTS), cycle(HOSTS_EN)
    for number, party in enumerate(parties, start=1):
        site = site_of(party)
        label = next(zh) if site.lang.startswith("zh") else next(en)
        title = f"合作与交流 {number}" if site.lang.startswith("zh") else f"Partners and links {number}"
        # Beside what only a menu shows, which is hidden, stands nothing but honest sites.
        ref = way(number, site.host, site.title, WAYS if party.violation else WAYS + 1)
        keys = () if not party.violation else (party.violation,)
        name = f"{family.replace(' ', '-')}-{party.domain.removesuffix('.test')}"
        yield on_page(
            name, family, label, f"/{family.split(maxsplit=1)[0]}/{number}.html", title, ref, party.domain, *keys,
            known_miss=party.known_miss,
        )  # fmt: skip


def way(number: int, host: str, text: str, count: int) -> Ref:
    """One of the first `count` ways in which a page leads people on."""
    ways = (
        lambda: shapes.anchor(host, "/", text, scheme="http"),
        lambda: shapes.anchor(host, f"/p/{number}?from=link", text),
        lambda: shapes.area(host, f"/map/{number}"),
        lambda: shapes.raw_anchor(host, f"//{host}/a/{number}", text),
        lambda: shapes.frame(host, f"/embed/{number}"),
        lambda: shapes.raw_anchor(host, f"http:\\\\{host}\\w", text),
        lambda: shapes.menu_anchor(host, "/m", text),
    )
    return ways[number % count]()


def _plain() -> Iterator[Planted]:
    """What an ordinary site loads, and where it sends its visitors."""
    hosts = {party.domain: site_of(party).host for party in PLAIN}
    table = (
        ("open-scholar.test", "lib", shapes.anchor("open-scholar.test", "/browse", "Open scholar")),
        ("jiaocai-fuwu.test", "press", shapes.form("jiaocai-fuwu.test", "/apply")),
        ("hubin-alliance.test", "gjc", shapes.meta_refresh("hubin-alliance.test")),
        ("daxue-tiyu.test", "sport", shapes.image("daxue-tiyu.test", "/logo.png")),
        ("file-keeper.test", "summer", shapes.anchor("file-keeper.test", "/f/syllabus.pdf", "Syllabus")),
        ("static-pool.test", "hqc", shapes.script("cdn.static-pool.test", "/lib/3.1/lib.min.js")),
        ("site-count.test", "rsc", shapes.script("tongji.site-count.test", "/matomo.js")),
        ("weather-box.test", "hqc", shapes.frame("widget.weather-box.test", "/box")),
        ("campus-tube.test", "zs", shapes.video("video.campus-tube.test", "/v/417.mp4")),
    )
    assert {domain for domain, _, _ in table} == set(hosts)
    for number, (domain, label, ref) in enumerate(table, start=1):
        title = f"Services {number}" if label == "summer" else f"服务指南 {number}"
        yield on_page(
            f"plain-{domain.removesuffix('.test')}", "service", label, f"/fw/{number}.html", title, ref, domain
        )


def _faded() -> Iterator[Planted]:
    """Names that are not what they were."""
    for number, party in enumerate(FADED, start=1):
        host = party.site.host if party.site is not None else party.domain
        label = HOSTS[-number]
        path = DATED if party.domain == "sold-on-journal.test" else f"/old/{number}.html"
        ref = shapes.anchor(host, "/", "原合作单位", scheme="http") if number % 2 else shapes.image(host, "/logo.png")
        if party.domain == "sold-on-journal.test":
            ref = shapes.anchor(host, "/vol-7", "期刊主页")
        keys = (party.violation,) if party.violation else ()
        name = f"faded-{party.domain.removesuffix('.test')}"
        yield on_page(name, "faded name", label, path, f"历史资料 {number}", ref, party.domain, *keys)


def site_of(party: Outside) -> Site:
    assert party.site is not None
    return party.site
