"""What a complete scan may claim: violations, clean, or that it saw too little to say. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.coverage import COSTLY, LOST, Coverage, Seen

ENOUGH: Final = 0.95  # of the addresses that could have been judged (issue 7)
SIGN_IN_SHARE: Final = 4  # a forum has a few links on each page (answer, remember) that lead to its sign-in


class Result(StrEnum):
    """The one word of a scan."""

    VIOLATIONS = "violations"
    CLEAN = "clean"
    INCONCLUSIVE = "inconclusive"


class Reason(StrEnum):
    """What was not seen. The first three make a scan inconclusive, the others explain; stable keys on the wire."""

    START_PAGE = "start_page"  # the start page gave nothing that could be judged
    LOW_COVERAGE = "low_coverage"  # less than 95 % of the addresses could be judged
    BEHIND_SIGN_IN = "behind_sign_in"  # most of the site lies behind a sign-in
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    NO_ANSWER = "no_answer"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    WALL = "wall"
    HOST_GIVEN_UP = "host_given_up"
    SIGN_IN = "sign_in"
    ROBOTS = "robots"
    DEPTH = "depth"
    TRAP = "trap"
    LIMIT = "limit"
    PAGE_LIMIT = "page_limit"
    TIME_LIMIT = "time_limit"
    REQUEST_LIMIT = "request_limit"
    BYTE_LIMIT = "byte_limit"
    ADDRESS_LIMIT = "address_limit"


DECISIVE: Final = frozenset({Reason.START_PAGE, Reason.LOW_COVERAGE, Reason.BEHIND_SIGN_IN})
# What ended a crawl early by the scan's own settings: said in the first line of a result.
CUTS: Final = (
    Reason.PAGE_LIMIT,
    Reason.DEPTH,
    Reason.TIME_LIMIT,
    Reason.REQUEST_LIMIT,
    Reason.BYTE_LIMIT,
    Reason.ADDRESS_LIMIT,
)


REASON_NAMES: Final = MappingProxyType(
    {
        Reason.START_PAGE: ("起始页没有可检查的内容", "the start page showed nothing that could be judged"),
        Reason.LOW_COVERAGE: ("可检查的链接不足 95%", "less than 95 % of the addresses could be judged"),
        Reason.BEHIND_SIGN_IN: ("大部分内容需要登录", "most of the site lies behind a sign-in"),
        Reason.CLIENT_ERROR: ("被拒绝（4xx）", "refused (4xx)"),
        Reason.SERVER_ERROR: ("服务器错误（5xx）", "server error (5xx)"),
        Reason.NO_ANSWER: ("没有应答", "no answer"),
        Reason.TRUNCATED: ("内容被截断", "cut off"),
        Reason.UNREADABLE: ("内容无法读取", "unreadable"),
        Reason.WALL: ("同意或验证页面代替了内容", "a page of consent or verification instead of the content"),
        Reason.HOST_GIVEN_UP: ("主机停止应答", "the host stopped answering"),
        Reason.SIGN_IN: ("需要登录", "behind a sign-in"),
        Reason.ROBOTS: ("robots.txt 禁止", "refused by robots.txt"),
        Reason.DEPTH: ("超出深度限制", "beyond the limit of depth"),
        Reason.TRAP: ("没有新内容的重复链接", "repetitions without anything new"),
        Reason.LIMIT: ("超出扫描限制", "beyond a limit of the scan"),
        Reason.PAGE_LIMIT: ("达到页面数限制", "the limit of pages was reached"),
        Reason.TIME_LIMIT: ("达到时间限制", "the limit of time was reached"),
        Reason.REQUEST_LIMIT: ("达到请求数限制", "the limit of requests was reached"),
        Reason.BYTE_LIMIT: ("达到数据量限制", "the limit of bytes was reached"),
        Reason.ADDRESS_LIMIT: ("链接数超出可记录的上限", "more addresses than are remembered"),
    }
)


def reason_name(reason: Reason, language: str) -> str:
    """The reason for people, within a sentence."""
    return REASON_NAMES[reason][language == "en"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` stand beside every result: clean with `depth` is clean as far as it went."""

    result: Result
    reasons: tuple[Reason, ...] = ()


def judge(coverage: Coverage, violations: int) -> Verdict:
    """The verdict of a complete scan."""
    reasons = tuple(_reasons(coverage))
    if violations:
        return Verdict(Result.VIOLATIONS, reasons)
    return Verdict(Result.INCONCLUSIVE if DECISIVE & set(reasons) else Result.CLEAN, reasons)


def share_of(counts: Mapping[Seen, int]) -> float | None:
    """Judged addresses among those that could have been judged; None when there were none."""
    judged = counts.get(Seen.JUDGED, 0)
    whole = judged + sum(counts.get(seen, 0) for seen in LOST)
    return judged / whole if whole else None


def _reasons(coverage: Coverage) -> Iterator[Reason]:
    total = coverage.total
    share = share_of(total)
    if not coverage.start_page:
        yield Reason.START_PAGE
    if share is not None and share < ENOUGH:
        yield Reason.LOW_COVERAGE
    if total.get(Seen.SIGN_IN, 0) > SIGN_IN_SHARE * total.get(Seen.JUDGED, 0):
        yield Reason.BEHIND_SIGN_IN
    if coverage.cut is not None:
        yield Reason(coverage.cut.value)
    for seen in COSTLY:
        if total.get(seen) and not (seen is Seen.LIMIT and coverage.cut is not None):
            yield Reason(seen.value)
