"""What is said of servers that show some visitors something else, and of such that merely differ?

Each server is asked by the comparison of the product, with the parsing of the product; only the network is not there. A
scan by day crawls what a plain visit gets. Of servers that change at night it is asked besides what a scan says that
crawls by day and compares at night, and one whose crawl is at night.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.domain.scan_facts import Hop, HopKind, Reference
from app.domain.tampering import certainty, sign_of
from app.domain.violations import VIOLATION_FROM
from app.engines.cloaking.comparison import Compared
from app.engines.cloaking.page_comparer import PageComparer
from app.engines.cloaking.page_sample import SampledPage, hash_lines
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.identify.classify import UNKNOWN, classify
from app.engines.model import FetchResult
from app.engines.scope import Scope, registrable_domain
from app.engines.urls import host_of, join
from tests.eval.cloaking.visits import KINDS, Answer, Server, Visit, cloaking_servers, noisy_servers
from tests.support.parsing import page_parser

PATIENCE_S = 60.0


@dataclass(frozen=True)
class ServerOutcome:
    server: Server
    compared: tuple[Compared, ...]

    @property
    def signs(self) -> tuple[Reference, ...]:
        return tuple(sign for one in self.compared for sign in one.signs)

    @property
    def accused(self) -> bool:
        return certainty(sign for one in self.signs if (sign := sign_of(one.kind)) is not None) >= VIOLATION_FROM

    @property
    def quoted(self) -> bool:
        return any(self.server.quote in text for one in self.signs for text in (one.raw, one.snippet))


parser_of = cache(page_parser)  # makes the lexicons' automaton


class ServerFetcher:
    """Stands for the network: gives each visit what the server's description says."""

    def __init__(self, server: Server, *, by_night: bool, has_cookies: bool) -> None:
        self._server = server
        self._by_night = by_night
        self._has_cookies = has_cookies
        self._asked = 0

    async def fetch(self, url: str, *, headers: dict[str, str], **_: Any) -> FetchResult:
        await asyncio.sleep(0)
        if url != self._server.url:
            return FetchResult(url, url, 404, (("content-type", "text/html"),), b"<title>404</title>")
        answer = self._server.answer(self._visit(headers))
        self._asked += 1
        return _result(url, answer)

    def _visit(self, headers: dict[str, str]) -> Visit:
        named = self._server.answers
        if "spider" in headers["User-Agent"] or "Googlebot" in headers["User-Agent"]:
            wanted = [Visit.ROBOT]
        elif "Mobile" in headers["User-Agent"]:
            wanted = [Visit.PHONE, Visit.SEARCH, Visit.NO_COOKIES]
        elif "Referer" in headers:
            wanted = [Visit.SEARCH, Visit.NO_COOKIES]
        else:
            wanted = [] if self._has_cookies else [Visit.NO_COOKIES]
        usual = Visit.NIGHT if self._by_night else (Visit.PLAIN_AGAIN if self._asked else Visit.PLAIN)
        return next((one for one in wanted if one in named), usual)


def _result(url: str, answer: Answer) -> FetchResult:
    if answer.location:
        hop = Hop(url, answer.status, "192.0.2.1", HopKind.HTTP, join(url, answer.location) or "")
        return FetchResult(url, url, answer.status, (("location", answer.location),), hops=(hop,))
    return FetchResult(url, url, answer.status, (("content-type", "text/html; charset=utf-8"),), answer.html.encode())


def _crawled(server: Server) -> SampledPage:
    """What the crawl saw by day."""
    result = _result(server.url, server.answer(Visit.PLAIN))
    document = HtmlDocument.decode(result.body, result.header("content-type"))
    found = extract_document(document, url=server.url, headers=result.headers)
    return SampledPage(server.url, lines=hash_lines(found.title, found.text))


async def _judge(server: Server, *, by_night: bool) -> ServerOutcome:
    target = registrable_domain(host_of(server.url))
    found: list[Compared] = []

    async def keep(_: SampledPage, compared: Sequence[Compared]) -> None:
        found.extend(compared)

    async def may_ask(*_: Any) -> bool:
        return True

    comparer = PageComparer(
        scope=Scope(target),
        plain=ServerFetcher(server, by_night=by_night, has_cookies=True),  # type: ignore[arg-type]  # its `fetch` alone
        make_fetcher=lambda: ServerFetcher(server, by_night=by_night, has_cookies=False),  # type: ignore[arg-type,return-value]
        parser=parser_of(target),
        may_ask=may_ask,
        is_known=lambda host: classify(host) != UNKNOWN,
        on_compared=keep,
    )
    await comparer.run([_crawled(server)], limit_s=PATIENCE_S)
    return ServerOutcome(server, tuple(found))


def judge_servers() -> list[ServerOutcome]:
    """By day and, where it makes a difference, at night."""
    servers = (*cloaking_servers(), *noisy_servers())
    outcomes = [asyncio.run(_judge(server, by_night=False)) for server in servers if server.kinds != (Visit.NIGHT,)]
    return outcomes + [
        asyncio.run(_judge(server, by_night=True))
        for server in servers
        if server.answer(Visit.NIGHT) != server.answer(Visit.PLAIN)
    ]


def print_servers(outcomes: Sequence[ServerOutcome], *, errors: bool = False) -> None:
    print("\n| cloaking | servers | found | place quoted |\n|---|---|---|---|")
    for kind in KINDS:
        _print_row(kind.value, [outcome for outcome in outcomes if kind in outcome.server.kinds])
    _print_row("all", [outcome for outcome in outcomes if outcome.server.cloaks])
    _print_row("noise", [outcome for outcome in outcomes if not outcome.server.cloaks])
    for outcome in outcomes if errors else ():
        if outcome.accused is not outcome.server.cloaks:
            said = [f"{one.kind} {one.snippet}" for one in outcome.signs]
            print(f"{outcome.server.id}: {'missed' if outcome.server.cloaks else 'accused'} {said}")


def _print_row(name: str, outcomes: Sequence[ServerOutcome]) -> None:
    quoted = sum(outcome.accused and outcome.quoted for outcome in outcomes)
    print(f"| {name} | {len(outcomes)} | {sum(outcome.accused for outcome in outcomes)} | {quoted} |")
