"""shop.corp.test: items whose links carry ever new session ids."""

import re

from testnet.documents import document, links, paragraphs
from testnet.latency import spread
from testnet.model import Reach, Resource
from testnet.texts import corp

ITEMS = 12
SESSIONS = 6  # a bounded trap: at most items times sessions wasted requests
SESSION_URL = re.compile(r"/item/(\d+)\?sid=([0-9a-f]{8})")


def resources() -> list[Resource]:
    items = [(f"/item/{number}", name(number)) for number in range(1, ITEMS + 1)]
    return [document("/", "华创商城", links(items)), *(item(n, f"/item/{n}", Reach.PAGE) for n in range(1, ITEMS + 1))]


def name(number: int) -> str:
    return f"{corp.pick(corp.SUBJECTS, number)} 标准型 {number}"


def item(number: int, path: str, reach: Reach) -> Resource:
    """Each page links two other items under session ids that depend on the path."""
    related = [number % ITEMS + 1, (number + 4) % ITEMS + 1]
    items = [(f"/item/{n}?sid={session(f'{path}>{n}')}", name(n)) for n in related]
    return document(path, name(number), paragraphs(corp.tell(number)) + links(items), reach=reach)


def session(seed: str) -> str:
    return f"{0x5E551000 + spread(seed, 1, SESSIONS):08x}"


def answer_session(path: str) -> Resource | None:
    match = SESSION_URL.fullmatch(path)
    number = int(match[1]) if match else 0
    return item(number, path, Reach.OPTIONAL) if 1 <= number <= ITEMS else None
