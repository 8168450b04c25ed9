"""harbour.test at two times: what changed in between is `CHANGES`. At both its pages are restless, as real ones
are: each answer has another clock, order, session and advertisement, and one of two versions of a banner.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final
from zlib import crc32

from testnet import registry, shapes
from testnet.certlog import HOST_ID
from testnet.documents import document, leave, links, paragraphs, table
from testnet.ground import Ground
from testnet.model import Asked, Host, Name, Party, Reach, Ref, Resource, World
from testnet.parties import Site, build_host
from testnet.texts import corp
from testnet.texts import near_misses as clean
from testnet.texts import violating as bad

TARGET: Final = "harbour.test"
CT_HOST: Final = "crt.ct-log.test"
NEWS: Final = 45  # pages: one that is down is less than a twentieth of all
OWN_BLOCK, PARTY_BLOCK, SERVICE_BLOCK = 31, 32, 33  # third octets of the addresses
QUICK: Final = (1, 8)  # ms
DOWN: Final = 500
ADS: Final = ("ad-ferry.test", "ad-crane.test", "ad-rope.test")
# The advertisers of one slot: each answer has the next one, so that a scan sees one or two of them.
SPONSORS: Final = ("sponsor-oak.test", "sponsor-elm.test", "sponsor-yew.test")
REGISTERED: Final = "2011-04-12"
SOLD: Final = "2026-11-02"
HTTP: Final = ("http",)


class When(StrEnum):
    """At which of the two times the world is looked at."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One difference between the two times, as a comparison of two scans has to tell it."""

    section: str
    change: str
    name: str
    aspect: str = ""
    before: str = ""
    after: str = ""


CHANGES: Final = (
    # A casino has bought the domain of a partner.
    Changed(section="content", change="changed", name="quay-partner.test", aspect="judgement", after="gambling"),
    Changed(
        section="content",
        change="changed",
        name="quay-partner.test",
        aspect="registered_on",
        before=REGISTERED,
        after=SOLD,
    ),
    Changed(section="findings", change="new", name="quay-partner.test", aspect="gambling", after="*"),
    # The script on every page is somebody else's now.
    Changed(
        section="content",
        change="changed",
        name="tide-widget.test",
        aspect="registered_on",
        before=REGISTERED,
        after=SOLD,
    ),
    # A link that was seen is hidden.
    Changed(section="hidden_links", change="new", name="old-sailor.test", aspect="hidden"),
    # One third party came, one went, and of one the page is down.
    Changed(section="third_parties", change="new", name="new-pier.test", aspect="link"),
    Changed(section="third_parties", change="gone", name="sunk-boat.test", aspect="link"),
    Changed(section="third_parties", change="not_seen", name="far-island.test", aspect="link"),
    Changed(
        section="redirects",
        change="changed",
        name=f"http://{TARGET}/go",
        before="first-lighthouse.test",
        after="steady-news.test",
    ),
    Changed(section="third_parties", change="gone", name="first-lighthouse.test", aspect="redirect"),
    Changed(section="references", change="new", name="steady-news.test", aspect="redirect"),
    Changed(section="hosts", change="new", name=f"portal.{TARGET}"),
)


def build_before(ground: Ground) -> World:
    return build(ground, When.BEFORE)


def build_after(ground: Ground) -> World:
    return build(ground, When.AFTER)


def build(ground: Ground, when: When) -> World:
    sites = tuple(party_sites(when))
    parties = {site.domain: party_of(site, when) for site in sites}
    own = tuple(own_hosts(ground, when))
    foreign = [build_host(site, ground.address(PARTY_BLOCK, number)) for number, site in enumerate(sites, start=1)]
    restless = [replace(host, faces=flaky(host)) if host.name == "fog-horn.test" else host for host in foreign]
    hosts = {host.name: host for host in (*own, *restless, *service_hosts(ground, parties))}
    names = [
        Name(
            name=host.name,
            records=(("A", host.address),),
            found_by=("page",) if host.name.endswith(TARGET) else (),
            subdomain=host.name.endswith(TARGET),
        )
        for host in hosts.values()
    ]
    return World(
        hosts=hosts,
        names={name.name: name for name in names},
        parties=parties,
        certificates=(),
        targets=(TARGET,),
    )


# Third parties


def party_sites(when: When) -> Iterator[Site]:
    is_after = when is When.AFTER
    yield company("steady-news.test", "港湾新闻")
    yield company("old-sailor.test", "老水手纪念馆")
    yield company("far-island.test", "远岛旅行")
    yield company("sunk-boat.test", "沉船博物馆")
    yield company("new-pier.test", "新码头工程")
    yield company("first-lighthouse.test", "第一灯塔")
    yield company("fog-horn.test", "雾笛电台")
    yield company("tide-widget.test", "潮汐组件")
    for number, host in enumerate((*ADS, *SPONSORS)):
        yield company(host, f"港口广告商 {number}")
    if is_after:
        yield Site(
            host="quay-partner.test", title="银河娱乐城", texts=bad.GAMBLING_ZH, violation="gambling", delay_ms=QUICK
        )
    else:
        yield company("quay-partner.test", "码头合作伙伴")


def company(host: str, title: str) -> Site:
    return Site(host=host, title=title, texts=(*corp.ABOUT, *corp.tell(len(title)), *clean.HOTEL_EN), delay_ms=QUICK)


def party_of(site: Site, when: When) -> Party:
    is_sold = when is When.AFTER and site.domain in ("quay-partner.test", "tide-widget.test")
    return Party(domain=site.domain, violation=site.violation, registered_on=SOLD if is_sold else REGISTERED)


def flaky(host: Host) -> Callable[[Asked], Resource | None]:
    """Away for a while, again and again: eight answers of an overloaded server after twelve good ones."""
    away = document("/", "Busy", status=DOWN, reach=Reach.ASSET)
    assert host.fallback is not None

    def face(asked: Asked) -> Resource | None:
        return away if asked.number % 20 >= 12 else None

    return face


# The site


def own_hosts(ground: Ground, when: When) -> Iterator[Host]:
    labels = ["", "www", *(["portal"] if when is When.AFTER else [])]
    for number, label in enumerate(labels, start=1):
        resources = apex(when) if not label else [document("/", f"港湾 {label}", paragraphs(corp.tell(number)))]
        yield Host(
            id=f"harbour:{label or 'apex'}",
            name=f"{label}.{TARGET}" if label else TARGET,
            address=ground.address(OWN_BLOCK, number),
            schemes=HTTP,
            resources=table(resources),
            faces=None if label else partial(restless_page, when),
            delay_ms=QUICK,
        )


def apex(when: When) -> list[Resource]:
    is_after = when is When.AFTER
    goal = "steady-news.test" if is_after else "first-lighthouse.test"
    sailor = (
        shapes.hidden_anchor("display_none", "old-sailor.test", "老水手纪念馆")
        if is_after
        else shapes.anchor("old-sailor.test", "/", "老水手纪念馆", scheme="http")
    )
    former = [shapes.anchor("sunk-boat.test", "/", "沉船博物馆", scheme="http")]
    island = [shapes.anchor("far-island.test", "/", "远岛旅行", scheme="http")]
    return [
        start(0),
        market(0),
        document("/partners.html", "合作伙伴", paragraphs(corp.tell(2)), refs=[*partners(), sailor]),
        document("/contact.html", "联系方式", paragraphs(corp.tell(3)), refs=[] if is_after else former),
        document("/travel.html", "旅行", paragraphs(corp.tell(4)), refs=island)
        if not is_after
        else document("/travel.html", "Internal server error", status=DOWN, reach=Reach.ASSET),
        leave("/go", shapes.location_header(goal, scheme="http")),
        *(news(when, number, 0) for number in range(1, NEWS + 1)),
    ]


def partners() -> Sequence[Ref]:
    return (
        shapes.anchor("quay-partner.test", "/", "码头合作伙伴", scheme="http"),
        shapes.anchor("fog-horn.test", "/", "雾笛电台", scheme="http"),
    )


def restless_page(when: When, asked: Asked) -> Resource | None:
    """The start page and the news, as this one visitor gets them."""
    path = asked.target.partition("?")[0]
    if path == "/":
        return start(asked.number)
    if path == "/market.html":
        return market(asked.number)
    number = path.removeprefix("/news/").removesuffix(".html")
    return news(when, int(number), asked.number) if path.startswith("/news/") and number.isdigit() else None


def start(asked: int) -> Resource:
    items = [(f"/news/{number}.html?PHPSESSID={drawn(asked)}", f"新闻 {number}") for number in range(1, NEWS + 1)]
    ways = [
        ("/partners.html", "合作伙伴"),
        ("/market.html", "集市"),
        ("/contact.html", "联系方式"),
        ("/travel.html", "旅行"),
        ("/go", "灯塔"),
        (f"http://www.{TARGET}/", "主站"),
        (f"http://portal.{TARGET}/", "门户"),
    ]
    turned = items[asked % NEWS :] + items[: asked % NEWS]
    text = paragraphs([*corp.ABOUT, f"您是第 {asked + 17_000} 位访客，现在是 {clock(asked)}。"])
    return document("/", f"港湾公司 {clock(asked)}", text + links(ways) + links(turned), refs=widgets(asked))


def news(when: When, number: int, asked: int) -> Resource:
    """One of two versions, with the next advertisement of three."""
    ad = ADS[asked % len(ADS)]
    refs = [
        *widgets(asked),
        shapes.anchor(ad, f"/click?sid={drawn(asked)}", "赞助商", scheme="http"),
        shapes.anchor("steady-news.test", f"/a/{number}?t={1_764_000_000 + asked}", "来源", scheme="http"),
    ]
    if when is When.AFTER and number == 1:
        refs.append(shapes.anchor("new-pier.test", "/", "新码头工程", scheme="http"))
    banner = (
        '<div class="b"><strong>开放日</strong>' if asked % 2 else '<div class="a"><section><em>欢迎参观</em></section>'
    )
    body = f"{banner}</div>{paragraphs([*corp.tell(number), f'更新于 {clock(asked)}。'])}"
    return document(f"/news/{number}.html", corp.headline(number), body, refs=refs)


def market(asked: int) -> Resource:
    """A partner that stays, and a slot in which advertisers take turns."""
    sponsor = shapes.anchor(SPONSORS[crc32(str(asked).encode()) % len(SPONSORS)], "/", "赞助商", scheme="http")
    stays = shapes.anchor("steady-news.test", "/market", "港湾新闻", scheme="http")
    return document("/market.html", "集市", paragraphs(corp.tell(5)), refs=[stays, sponsor])


def widgets(asked: int) -> list[Ref]:
    """A script in its newest build, for this visitor."""
    return [replace(shapes.script("tide-widget.test", f"/tide.{drawn(asked)}.js?v={asked}"), markup=script_tag(asked))]


def script_tag(asked: int) -> str:
    return f'<script src="http://tide-widget.test/tide.{drawn(asked)}.js?v={asked}" async></script>'


def drawn(number: int) -> str:
    return f"{crc32(str(number).encode()):08x}{crc32(str(number + 1).encode()):08x}"


def clock(number: int) -> str:
    return f"{number // 3_600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"


def service_hosts(ground: Ground, parties: dict[str, Party]) -> Iterator[Host]:
    log = document("/", "Certificate log", lang="en", reach=Reach.ORPHAN)
    yield Host(id=HOST_ID, name=CT_HOST, address=ground.address(SERVICE_BLOCK, 1), schemes=HTTP, resources=table([log]))
    yield Host(
        id="service:registry",
        name=registry.HOST,
        address=ground.address(SERVICE_BLOCK, 2),
        schemes=HTTP,
        fallback=registry.answer_registrations(parties),
    )
