"""Gambling brands: their list, and entry pages of gambling sites.

Such a page says little: a brand's name and how to get in, written for search engines, often above a text about
something else. File format (UTF-8): `own or word | name, alias, ... | word of its hosts, ...`. A name of kind `own` is
nobody else's; a `word` is a company's, a hotel's or a town's as well, and counts with the trade or a number behind it
alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from ahocorasick_rs import AhoCorasick

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject
from app.engines.analyse.text.lexicon import Term
from app.engines.analyse.text.normalise import Normaliser
from app.engines.scope import registrable_domain

SHIPPED: Final = Path(__file__).parent.parent / "data" / "gambling_brands.txt"
OWN: Final = "own"
WORD: Final = "word"
TERM_WEIGHT: Final = 0.6  # of an own name among the words of a page: a product of the trade
LATIN_TERM_WEIGHT: Final = 0.4  # the world's large brands stand in news about sport and business: a topic
MAX_TEXT: Final = 20_000  # characters
SHORT_TEXT: Final = 1_500  # characters of a page that is a door and nothing else
LONG_NUMBER: Final = 4  # digits of a host that needs no word before them
REPEATED: Final = 3  # times that a text says the name: it is written for search engines
ENTRY_SCORE: Final = 0.6
MORE: Final = 0.2  # for each: how one gets in and pays, the host's number, the repeated name

_BRACKETS: Final = re.compile(r"[（(【\[][^（()）【】\[\]]{0,20}[)）】\]]")
_ENTRY: Final = re.compile(
    r"登[录陆入]|入口|官网|官方(?:网站|平台|入口|版|app)|网站|下载|注册|手机版|网页版|全站|网址|平台|线路|"
    r"[（(]中国[)）]|开户|试玩|发布页|最新地址|"
    r"模拟器|安卓|网页|开奖|资料|official|mirror|log ?in|sign ?(?:in|up)|register|download|promo code|bonus|apk|"
    r"\bapp\b",
    re.IGNORECASE,
)
# Behind a name that others have as well.
_TRADE: Final = re.compile(
    r"[ ·\-]{0,2}(?:体育|娱乐|棋牌|电子(?:游戏|平台)?|真人|视讯|彩票|网投|赌场|国际娱乐|贵宾|投注|\d{2,6})"
)
# Behind a name and its trade: it is somebody else's.
_ANOTHER: Final = re.compile(
    r"(?:体育|娱乐|电子)?(?:用品|器材|场?馆|局|学院|中心|公园|频道|新闻|股份|产业|业务|学校|俱乐部|设备|元件|厂|"
    r"科技园|酒店|服饰)"
)
_CASINO: Final = re.compile(r"\b(?:casino|sportsbook|slots|betting|bookmaker)\b|博彩|百家乐|老虎机", re.IGNORECASE)
_PLAY: Final = re.compile(
    r"线路[一二三四五\d]|(?:切换|选择|检测|最优)[^。\n]{0,8}线路|(?:备用|永久|最新)网址|彩金|投注|滚球|下注|返水|"
    r"爆分|开户咨询|代理合作|荷官|"
    r"老虎机|百家乐|极速到账|存取款|会员登录|(?:ios|android|app|安卓|苹果)\s?下载|扫码下载|免费试玩|信用网|管理端|"
    r"串关|"
    r"welcome offer|working (?:mirror|link)|instant withdrawals|no kyc|sportsbook|\bslots\b|promo code|live casino",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"(?:^|[.\-])([a-z]{0,12})[\-]?(\d{2,9})(?:[a-z]{0,3})(?=[.\-]|$)")
# Who has such a name, or writes about one: a title of these is no door.
_ORDINARY: Final = re.compile(
    r"酒店|度假|预订|集团|财报|业绩|股价|股份|收入|博物馆|遗址|汽车|报价|赞助|德比|联赛|战平|战胜|比分|警方|法院|"
    r"获刑|被罚|起诉|调查|"
    r"处罚|打击|涉案|养老|社区|阀门|天文|楼盘|小区|景区|旅游|大学|学校|医院|新闻网|百科|价格|招聘|攻略|影评|"
    r"\b(?:ban|banned|fined|sponsors?|shares?|revenue|forecast|profit|lecture|hotel|museum|resort|stock|lawsuit|"
    r"court|"
    r"police|investigation|regulator|charged|acquires?|ceo|review of)\b",
    re.IGNORECASE,
)


class GamblingBrandError(ValueError):
    """A list of gambling brands does not follow the format; the message names the line."""


@dataclass(frozen=True, slots=True)
class GamblingBrand:
    """One betting brand."""

    name: str
    is_own: bool  # nobody else has the name
    host_words: frozenset[str]


@dataclass(frozen=True)
class GamblingBrands:
    """All brands by every name of theirs, lower case."""

    version: str
    by_name: dict[str, GamblingBrand]

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(self.by_name.keys())

    def named_in(self, text: str) -> Iterator[tuple[str, int, GamblingBrand]]:
        """Name, its end and brand for each name in a text (lower case), Latin ones as whole words; longest first."""
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        for _, start, end in sorted(found, key=lambda match: (match[1] - match[2], match[1])):
            name = text[start:end]
            if not (_continues(text, start - 1, start) or _continues(text, end - 1, end)):
                yield name, end, self.by_name[name]

    def terms(self, normaliser: Normaliser) -> Iterator[Term]:
        """The own names as terms of the text layer."""
        for name, brand in self.by_name.items():
            if brand.is_own:
                weight = LATIN_TERM_WEIGHT if name.isascii() else TERM_WEIGHT
                yield Term(normaliser.fold(name), ViolationKey.GAMBLING, weight)

    def door(self, title: str) -> tuple[str, GamblingBrand] | None:
        """The name and the brand whose door a title is: the name, and how to get in. None: it is no such title."""
        if _ORDINARY.search(title) or not _ENTRY.search(title):
            return None
        for lowered in dict.fromkeys((title.lower(), _BRACKETS.sub("", title).lower())):
            for name, end, brand in self.named_in(lowered):
                counts = brand.is_own or _TRADE.match(lowered, end) or _CASINO.search(lowered)
                if counts and not _ANOTHER.match(lowered, end):
                    return name, brand
        return None

    def door_of_word(self, title: str) -> tuple[str, GamblingBrand] | None:
        """Return what `door` does of a name that others have as well: it needs the host's number and the text, too."""
        is_entry = _ENTRY.search(title) and not _ORDINARY.search(title)
        lowered = _BRACKETS.sub("", title).lower()
        return next(((name, brand) for name, _, brand in self.named_in(lowered)), None) if is_entry else None


def _continues(text: str, left: int, right: int) -> bool:
    """Whether two adjacent characters are of one Latin word. A digit behind a name is a number of the brand's."""
    pair = text[max(0, left) : right + 1]
    return len(pair) == 2 and all(char.isascii() and char.isalpha() for char in pair)  # noqa: PLR2004 - side by side


def load_gambling_brands(path: Path = SHIPPED) -> GamblingBrands:
    """Raises `GamblingBrandError` on a malformed line and `OSError` when unreadable."""
    version, by_name = "", dict[str, GamblingBrand]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if content.startswith("version:"):
            version = content.removeprefix("version:").strip()
        elif content:
            brand, names = _gambling_brand(content, f"{path.name}, line {number}")
            by_name |= {name: brand for name in names if name not in by_name}
    return GamblingBrands(version, by_name)


@cache
def shipped_gambling_brands() -> GamblingBrands:
    """Return those that ship; they are read once in a process. Raises what `load_gambling_brands` raises."""
    return load_gambling_brands()


def _gambling_brand(content: str, place: str) -> tuple[GamblingBrand, list[str]]:
    fields = [[item.strip().lower() for item in part.split(",") if item.strip()] for part in content.split("|")]
    if len(fields) != 3 or not all(fields) or fields[0][0] not in (OWN, WORD):  # noqa: PLR2004 - kind, names, words
        raise GamblingBrandError(f"{place}: a brand is own or word | names | words of its hosts")
    kind, names, words = fields
    return GamblingBrand(names[0], kind[0] == OWN, frozenset(words)), names


class GamblingDoors:
    """Finds pages that are the door to a betting brand. Immutable after construction."""

    def __init__(self, book: GamblingBrands) -> None:
        self._book = book

    def examine(self, subject: Subject) -> Iterator[Signal]:
        heading = next(iter(subject.page.headings), "")
        title = subject.title or heading
        text = subject.page.text[:MAX_TEXT].lower()
        door = self._book.door(title)
        if door is None and len(text) <= SHORT_TEXT and _ENTRY.search(title) and not _ORDINARY.search(title):
            door = self._book.door(heading)  # a page of addresses under the brand's initials
            title = heading if door else title
        if door is not None:
            name, brand = door
            signs = (has_number(subject.host, brand), _PLAY.search(text), text.count(name) >= REPEATED)
            yield self._signal(min(0.95, ENTRY_SCORE + MORE * sum(map(bool, signs))), title, name)
        elif (door := self._book.door_of_word(title)) and has_number(subject.host, door[1]) and _PLAY.search(text):
            yield self._signal(0.75, title, door[0])

    def _signal(self, score: float, title: str, name: str) -> Signal:
        evidence = Evidence(
            layer=Layer.STRUCTURE,
            rule="betting_house",
            score=round(score, 4),
            snippet=title[:200],
            provenance=f"houses {self._book.version}",
            terms=(name,),
        )
        return Signal(ViolationKey.GAMBLING, evidence)


def has_number(host: str, brand: GamblingBrand) -> bool:
    """Whether a host is numbered as those of gambling brands are: `js9905.com`, `hg0886.net`, `88126.com`."""
    words = {match[1] for match in _NUMBERED.finditer(host)}
    numbers = [match[2] for match in _NUMBERED.finditer(registrable_domain(host))]
    return bool(words & brand.host_words) or any(len(number) >= LONG_NUMBER for number in numbers)
