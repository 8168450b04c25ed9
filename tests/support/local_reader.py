"""Models of the local reader that are written by hand, and pages from which one can be learnt."""

from hashlib import sha256

from app.domain.local_reading import DecidedPage, StoredModel
from app.engines.local_reader.model import VIOLATION, Head, LocalModel, read_model, write_model

TRADE = "线上娱乐城 百家乐 轮盘 注册送彩金 客服在线"
TRADE_2 = "casino bonus jackpot deposit"
PLAIN = "本公司主要生产各类水泵 阀门和管件"


def stored(data: bytes, version: int = 1) -> StoredModel:
    return StoredModel(version, data, sha256(data).hexdigest())


def model_data(bad: str = "娱乐城", good: str = "水泵", *, classes: tuple[str, ...] = ("gambling",)) -> bytes:
    """One for which a page with `bad` certainly violates, and one with `good` certainly does not."""
    grams = sorted({bad, good})
    weights = [40.0 if gram == bad else -40.0 for gram in grams]
    heads = {VIOLATION: Head(0.0, 1.0, 0.0, weights)} | {name: Head(0.0, 1.0, 0.0, weights) for name in classes}
    return write_model(grams, [1.0] * len(grams), heads, "by hand")


def hand_made(*, version: int = 1, **parts) -> LocalModel:
    return read_model(stored(model_data(**parts), version))


def decided_pages(violating: int = 30, clean: int = 30, *, domains: int | None = None, cause: str = "gambling"):
    """Pages that a few words tell apart; `domains`: how many of each kind, None: one for each page."""

    def page(number: int, text: str, cause: str, ending: str) -> DecidedPage:
        domain = f"{number % domains if domains else number}-{ending}.example"
        return DecidedPage(domain, f"页面 {number}", f"{text} 第{number}页 版权所有", cause)

    return [
        *(page(number, TRADE if number % 2 else f"{TRADE} {TRADE_2}", cause, "bets") for number in range(violating)),
        *(page(number, PLAIN, "", "pumps") for number in range(clean)),
    ]
