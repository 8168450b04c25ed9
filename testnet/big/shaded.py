"""Start pages that show some of their visitors something else, and one that differs each time and means no harm."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple
from zlib import crc32

from testnet import shapes
from testnet.big.campus import department_of, start
from testnet.big.frame import page
from testnet.documents import leave
from testnet.model import Asked, Item, Ref, Resource
from testnet.sites.shade import COOKIE, is_from_search, is_phone, is_robot

COVER = '<iframe src="http://phone-cover.test/m" style="position:fixed;inset:0;width:100%;height:100%"></iframe>'


class Shaded(NamedTuple):
    """A host with another face. `shown`: the references of that face as a scan keeps them."""

    label: str
    face: Callable[[Asked], Resource | None]
    start: Resource
    shown: tuple[tuple[str, Ref], ...] = ()
    items: tuple[Item, ...] = ()


def shaded_hosts() -> Iterator[Shaded]:
    links = (
        shapes.anchor("robot-links-a.test", "/", "银座娱乐城", scheme="http"),
        shapes.anchor("robot-links-b.test", "/", "时时彩投注", scheme="http"),
    )
    poisoned = page(
        department_of("mat"),
        "/",
        "银座国际娱乐城官网_百家乐真人荷官",
        refs=links,
        about="银座国际娱乐城官网_百家乐真人荷官",
    )
    yield _shaded("robot", "mat", poisoned, is_robot, links)
    moved = shapes.location_header("search-trap.test", "/in", scheme="http")
    yield _shaded(
        "search", "agri", leave("/", moved), lambda asked: is_from_search(asked) and not is_phone(asked), (moved,)
    )
    cover = Ref(host="phone-cover.test", kind="iframe[src]", relation="script", markup=COVER)
    yield _shaded(
        "phone", "ee", page(department_of("ee"), "/", "电气学院", refs=(cover,), about="电气学院"), is_phone, (cover,)
    )
    away = shapes.script_location("first-visit.test", "/in")
    first = page(department_of("museum"), "/", "博物馆", refs=(away,), about="博物馆")
    yield _shaded("newcomer", "museum", first, _is_newcomer, (away,), headers=(("Set-Cookie", COOKIE),))
    ref = shapes.anchor("browser-only.test", "/", "online casino", scheme="http")
    offer = "<p>Play slots and roulette for real money, claim your welcome bonus of 200 free spins.</p>"
    only = page(department_of("alumni"), "/", "Alumni Association", offer, refs=(ref,), about="Alumni Association")
    yield _shaded("browser", "alumni", only, _is_browser, (ref,))
    yield _in_trial()


def _shaded(
    visitor: str,
    label: str,
    face: Resource,
    applies: Callable[[Asked], bool],
    refs: tuple[Ref, ...],
    *,
    headers: tuple[tuple[str, str], ...] = (),
) -> Shaded:
    unit = department_of(label)
    shown = tuple(("/", replace(ref, kind=f"{ref.kind}@{visitor}")) for ref in refs)
    key = "adult" if visitor == "newcomer" else "gambling"
    items = [
        Item(
            id=f"cloaked-{visitor}", family="cloaking", domain=unit.host, violations=("tampered",), page=f"{unit.url}/"
        )
    ]
    items += [
        Item(id=f"shown-{ref.host.removesuffix('.test')}", family="cloaking", domain=ref.host, violations=(key,),
             page=f"{unit.url}/")
        for _, ref in shown
    ]  # fmt: skip
    plain = start(unit)
    return Shaded(
        label,
        lambda asked: face if asked.target == "/" and applies(asked) else None,
        replace(plain, headers=(*plain.headers, *headers)),
        shown,
        tuple(items),
    )


def _is_newcomer(asked: Asked) -> bool:
    return _is_browser(asked) and not asked.has_cookies and not is_from_search(asked)


def _is_browser(asked: Asked) -> bool:
    """Nobody who says that it is a program."""
    return asked.agent.startswith("Mozilla") and not is_robot(asked) and not is_phone(asked)


def _in_trial() -> Shaded:
    unit = department_of("civil")
    plain = start(unit)

    def face(asked: Asked) -> Resource | None:
        """Another headline at each visit, and one of two recommendations."""
        if asked.target != "/":
            return None
        chance = crc32(str(asked.number).encode())
        title = ("土木学院", "土木学院：今日推荐", "土木学院：本周精选")[chance % 3]
        ref = shapes.anchor(("open-scholar.test", "hubin-alliance.test")[chance % 2], "/r", "推荐", scheme="http")
        return page(unit, "/", title, refs=(ref,), about=title)

    item = Item(id="in-trial", family="A/B trial", domain=unit.host, page=f"{unit.url}/")
    return Shaded("civil", face, plain, (), (item,))
