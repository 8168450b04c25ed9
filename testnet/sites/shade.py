"""shade.test: small sites of one owner, five of which show some of their visitors something else; one is in trial and
means no harm. Nobody scans them but those who name them as target.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple
from zlib import crc32

from testnet import shapes
from testnet.documents import document, leave, links, paragraphs
from testnet.model import Asked, Ref, Resource
from testnet.texts import corp

TARGET = "shade.test"
COOKIE = "seen=1; Path=/"
WELCOME = "/welcome.html"
PLAIN = document("/", "阴凉园艺", paragraphs(corp.tell(7)))
BOOKS = (
    shapes.anchor("www.video-share.test", "/w/1", "园艺视频"),
    shapes.anchor("files.docs-share.test", "/f/1", "种植手册"),
)


class Site(NamedTuple):
    """One host: what all are shown, and who is shown what else."""

    label: str
    resources: list[Resource]
    faces: Callable[[Asked], Resource | None] | None = None
    shown: tuple[tuple[str, Ref], ...] = ()  # path, and the reference as a scan has to keep it


def sites() -> Iterator[Site]:
    labels = ("spider", "search", "phone", "first", "browsers", "trial")
    index = links((f"http://{label}.{TARGET}/", f"分站 {number}") for number, label in enumerate(labels, start=1))
    yield Site("", [document("/", "阴凉园艺总站", paragraphs(corp.ABOUT) + index, refs=BOOKS)])
    yield for_robots()
    yield for_searchers()
    yield for_phones()
    yield for_newcomers()
    yield for_browsers()
    yield Site("trial", [PLAIN], in_trial)


def seen_by(visitor: str, *refs: Ref, path: str = "/") -> tuple[tuple[str, Ref], ...]:
    return tuple((path, replace(ref, kind=f"{ref.kind}@{visitor}")) for ref in refs)


def for_robots() -> Site:
    refs = (
        shapes.anchor("www.yinhe-yule.test", "/", "银河娱乐城", scheme="http"),
        shapes.anchor("caipiao-wang.test", "/", "时时彩投注", scheme="http"),
    )
    page = document("/", "银河国际娱乐城官网_百家乐真人荷官", paragraphs(corp.tell(7)), refs=refs)
    return Site(
        "spider",
        [PLAIN],
        lambda asked: page if asked.target == "/" and is_robot(asked) else None,
        seen_by("robot", *refs),
    )


def for_searchers() -> Site:
    ref = shapes.location_header("royal-bets.test", "/win", scheme="http")
    page = leave("/", ref)
    return Site(
        "search",
        [PLAIN],
        lambda asked: page if asked.target == "/" and is_from_search(asked) and not is_phone(asked) else None,
        seen_by("search", ref),
    )


def for_phones() -> Site:
    markup = '<iframe src="http://wanfu-club.test/m" style="position:fixed;inset:0;width:100%;height:100%"></iframe>'
    ref = Ref(host="wanfu-club.test", kind="iframe[src]", relation="script", markup=markup)
    page = document("/", PLAIN.title, paragraphs(corp.tell(7)), refs=(ref,))
    return Site(
        "phone", [PLAIN], lambda asked: page if asked.target == "/" and is_phone(asked) else None, seen_by("phone", ref)
    )


def for_newcomers() -> Site:
    """Its start page gives everybody a cookie; who comes to the other page without one has not been here before."""
    ref = shapes.script_location("meiyan-video.test", "/in")
    page = document(WELCOME, "欢迎", paragraphs(corp.tell(8)), refs=(ref,))
    start = document(
        "/", PLAIN.title, paragraphs(corp.tell(7)) + links([(WELCOME, "欢迎")]), headers=(("Set-Cookie", COOKIE),)
    )
    usual = document(WELCOME, "欢迎", paragraphs(corp.tell(8)))
    return Site(
        "first",
        [start, usual],
        lambda asked: page if asked.target == WELCOME and not asked.has_cookies else None,
        seen_by("newcomer", ref, path=WELCOME),
    )


def for_browsers() -> Site:
    """It hides from scanners that say who they are."""
    ref = shapes.anchor("bet-haocai.test", "/", "好彩百家乐", scheme="http")
    page = document("/", PLAIN.title, paragraphs([*corp.tell(7), "澳门百家乐、时时彩投注，注册送彩金。"]), refs=(ref,))

    def face(asked: Asked) -> Resource | None:
        is_browser = asked.agent.startswith("Mozilla") and not is_robot(asked) and not is_phone(asked)
        return page if asked.target == "/" and is_browser else None

    return Site("browsers", [PLAIN], face, seen_by("browser", ref))


def in_trial(asked: Asked) -> Resource | None:
    """Each visit gets another title, and one of two recommendations that stand on the start page of all, too."""
    if asked.target != "/":
        return None
    chance = crc32(str(asked.number).encode())
    title = ("阴凉园艺：新品上架", "阴凉园艺八折起", "买绿植，来阴凉园艺")[chance % 3]
    return document("/", title, paragraphs(corp.tell(7)), refs=(BOOKS[chance % 2],))


def is_robot(asked: Asked) -> bool:
    return "spider" in asked.agent or "bot/" in asked.agent


def is_phone(asked: Asked) -> bool:
    return "Mobile" in asked.agent


def is_from_search(asked: Asked) -> bool:
    return any(engine in asked.referrer for engine in ("baidu.", "google.", "bing.", "sogou."))
