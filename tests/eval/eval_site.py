"""What is said of the site's own pages? Changed pages and their twins, hidden links and harmless designs.

    python -m tests.eval.eval_site [--errors]

The sets are those of `tests/eval/own_pages` and `tests/eval/hidden_links`; `tests.eval.eval_visits` asks the servers of
`tests/eval/cloaking`. A page is judged as a scan judges it: every page as one of the site's own, a start page once more
as it was captured, of third parties what hidden links say and, where an address forwards, what it leads to. It is
accused when anything is said, and *tampered* when that is said of the page itself. Its place is quoted when a snippet
of what says so has one of the texts in it that the set names. Of each link it is asked whether the extraction calls it
hidden, with the site's style sheet at hand and without it, and whether the analysis accuses it. It ends with 1 when
anything is worse than `tests/eval/figures.toml` says.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urljoin, urlsplit

from app.domain.scan_facts import Capture, Reference, Relation, ThirdParty
from app.domain.tampering import sign_of
from app.domain.violations import ViolationFact, ViolationKey
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.shipped_data import shipped_classifier
from app.engines.analyse.subject import Subject
from app.engines.extract.page import extract, extract_document
from app.engines.extract.style_sheet import sheet_of
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content
from app.engines.identify.aggregate import ThirdPartyAggregate
from app.engines.identify.classify import UNKNOWN, classify
from app.engines.parsing.own_pages import own_page_of, references_of
from app.engines.pipeline.analysis.analysis_stage import is_weak_at_home, of_start_page
from app.engines.pipeline.analysis.tampered_pages import tampered_page
from app.engines.pipeline.capture.own_forwards import Goal, forwards
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.third_party.rare_scripts import MIN_PAGES, rare_scripts
from app.engines.pipeline.third_party.third_parties import SAMPLE
from app.engines.scope import Scope, registrable_domain
from app.engines.urls import host_of
from tests.eval.eval_visits import ServerOutcome, judge_servers, print_servers
from tests.eval.figures import Said, above, below, figures, judged, overconfident, print_calibration, share
from tests.eval.hidden_links.hidden_links import SHEET_PATH, Design, designs, harmless_designs
from tests.eval.own_pages.own_pages import KINDS, OwnPage, injected, twins

HTML = "text/html"
DESIGNS_URL = "https://www.designs.example/"


@dataclass(frozen=True)
class PageOutcome:
    page: OwnPage
    facts: tuple[ViolationFact, ...]
    signs: tuple[Reference, ...]  # of tampering

    @property
    def accused(self) -> bool:
        return bool(self.facts or self.signs)

    @property
    def tampered(self) -> bool:
        """Whether it is said that the page itself was changed."""
        return bool(self._told)

    @property
    def _told(self) -> list[ViolationFact]:
        told = [fact for fact in self.facts if fact.violation_key is ViolationKey.TAMPERED]
        return [*told, tampered_page(self.page.url, self.signs)] if self.signs else told

    @property
    def confidence(self) -> float:
        """0 to 1; 0 when it is not said to be tampered with."""
        return max((fact.confidence_score for fact in self._told), default=0.0)

    @property
    def quoted(self) -> bool:
        """Whether a snippet of what says so has a text in it that is to be quoted."""
        snippets = [evidence.snippet for fact in self._told for evidence in fact.evidence]
        snippets += [text for sign in self.signs for text in (sign.raw, sign.snippet)]
        return any(quote in snippet for quote in self.page.quotes for snippet in snippets)


@dataclass(frozen=True)
class LinkOutcome:
    design: Design
    host: str
    seen: str  # "hidden", "shown" or "reachable": what is true
    called_hidden: bool
    accused: bool


@cache
def analyser_of(domain: str) -> Analyser:
    return Analyser(
        scope_target=domain, classifier=shipped_classifier(), is_known=lambda host: classify(host) != UNKNOWN
    )


def judge_page(page: OwnPage) -> PageOutcome:
    scope = Scope(registrable_domain(host_of(page.url)))
    analyser = analyser_of(scope.registrable)
    if page.forwards_to:
        return _judge_forward(analyser, page, scope)
    own = _judge_content(analyser, page) if urlsplit(page.url).path == "/" else ()
    document = HtmlDocument.decode(page.body, _content_type(page.charset))
    found = extract_document(document, url=page.url, headers=_headers(page.charset))
    signs = references_of(analyser.examine_own(own_page_of(document, found, page.url)), page.url)
    lone = _judge_code(page, found.references)
    start = [of_start_page(fact, _target_of(page), scope.is_own) for fact in own if not is_weak_at_home(fact)]
    told = [sign for sign in (*signs, *lone) if sign_of(sign.kind) is not None]
    return PageOutcome(page, (*start, *judge_references(analyser, found.references)), tuple(told))


def _judge_forward(analyser: Analyser, page: OwnPage, scope: Scope) -> PageOutcome:
    """What the page says that an address of the site leads to, and what that says of the address."""
    facts = _judge_content(analyser, page)
    title = read_content(HtmlDocument.decode(page.body, _content_type(page.charset))).title
    goal = Goal.of(_target_of(page), title, facts)
    hop = Reference(page.url, page.final_url, page.final_url, Relation.REDIRECT, "redirect:http")
    return PageOutcome(page, facts, () if goal is None else tuple(forwards(goal, [hop], scope.is_own)))


def _target_of(page: OwnPage) -> CaptureTarget:
    host = host_of(page.final_url)
    return CaptureTarget(registrable_domain(host), host, page.final_url)


def _judge_code(page: OwnPage, references: Sequence[Reference]) -> list[Reference]:
    """What the end of a crawl says of the page's scripts, if all other pages were like the honest start page."""
    parties = ThirdPartyAggregate(Scope(host_of(page.url)))
    parties.add(references)
    parties.add(
        extract(page.honest.encode(), url=f"https://{host_of(page.url)}/", headers=_headers("utf-8")).references
    )
    every = ((party, parties.references_of(party.domain, SAMPLE)) for party in parties.all())
    return list(rare_scripts(every, pages=MIN_PAGES))


def _judge_content(analyser: Analyser, page: OwnPage) -> tuple[ViolationFact, ...]:
    host = host_of(page.final_url)
    domain = registrable_domain(host)
    content = read_content(HtmlDocument.decode(page.body, _content_type(page.charset)))
    capture = Capture(domain, host, page.url, page.final_url, status=200, title=content.title)
    party = ThirdParty(domain, (host,), relation=Relation.LINK, example_page=page.url)
    return analyser.analyse(Subject(capture, party, content))


def judge_references(analyser: Analyser, references: Iterable[Reference]) -> tuple[ViolationFact, ...]:
    """What is said of the third parties that nothing is known of but how the page refers to them."""
    facts: list[ViolationFact] = []
    by_domain: dict[str, list[Reference]] = {}
    for reference in references:
        by_domain.setdefault(registrable_domain(host_of(reference.url)), []).append(reference)
    for domain, found in by_domain.items():
        host = host_of(found[0].url)
        capture = Capture(domain, host, found[0].url, found[0].url)
        facts += analyser.analyse(Subject(capture, ThirdParty(domain, (host,)), references=found))
    return tuple(facts)


def judge_links(design: Design, *, with_sheet: bool) -> list[LinkOutcome]:
    sheets = {urljoin(DESIGNS_URL, SHEET_PATH): [sheet_of(design.sheet)]} if with_sheet else {}
    found = extract(design.html.encode(), url=DESIGNS_URL, headers=_headers("utf-8"), sheets=sheets).references
    analyser = analyser_of("designs.example")
    outcomes = []
    for seen, hosts in (("hidden", design.hidden), ("shown", design.shown), ("reachable", design.reachable)):
        for host in hosts:
            of_host = [reference for reference in found if host_of(reference.url) == host]
            called = any(reference.hidden is not None for reference in of_host)
            outcomes.append(LinkOutcome(design, host, seen, called, bool(judge_references(analyser, of_host))))
    return outcomes


def _headers(charset: str) -> list[tuple[str, str]]:
    return [("content-type", _content_type(charset))]


def _content_type(charset: str) -> str:
    return f"{HTML}; charset={charset}"


def print_pages(outcomes: Sequence[PageOutcome]) -> None:
    print("| own pages | changed | found | tampered | place quoted | honest twins | accused |\n" + "|---" * 7 + "|")
    for kind in (*KINDS, "all"):
        of_kind = [outcome for outcome in outcomes if kind in (outcome.page.kind, "all")]
        changed = [outcome for outcome in of_kind if outcome.page.tampered]
        honest = [outcome for outcome in of_kind if not outcome.page.tampered]
        counts = (
            len(changed),
            sum(outcome.accused for outcome in changed),
            sum(outcome.tampered for outcome in changed),
            sum(outcome.quoted for outcome in changed),
            len(honest),
            sum(outcome.accused for outcome in honest),
        )
        print(f"| {kind} | " + " | ".join(map(str, counts)) + " |")


def print_links(outcomes: Sequence[LinkOutcome], without_sheet: Sequence[LinkOutcome]) -> None:
    print("\n| hidden links | links | called hidden | without the sheet | accused |\n|---|---|---|---|---|")
    hiding = [outcome for outcome in outcomes if not outcome.design.harmless and outcome.seen == "hidden"]
    for kind in dict.fromkeys(outcome.design.kind for outcome in hiding):
        _print_row(kind, outcomes, without_sheet, lambda o, kind=kind: o.seen == "hidden" and o.design.kind == kind)
    for seen in ("hidden", "shown", "reachable"):
        _print_row(f"all {seen}", outcomes, without_sheet, lambda o, seen=seen: o.seen == seen)


def _print_row(
    name: str,
    outcomes: Sequence[LinkOutcome],
    without_sheet: Sequence[LinkOutcome],
    wanted: Callable[[LinkOutcome], bool],
) -> None:
    rows, bare = list(filter(wanted, outcomes)), list(filter(wanted, without_sheet))
    called, accused = sum(row.called_hidden for row in rows), sum(row.accused for row in rows)
    print(f"| {name} | {len(rows)} | {called} | {sum(row.called_hidden for row in bare)} | {accused} |")


def print_errors(pages: Sequence[PageOutcome], links: Sequence[LinkOutcome]) -> None:
    for outcome in pages:
        if (outcome.tampered, outcome.accused) != (outcome.page.tampered, outcome.page.tampered):
            said = Counter(f"{fact.violation_key} {fact.confidence_score}" for fact in outcome.facts)
            print(f"{outcome.page.id}: {'missed' if outcome.page.tampered else 'accused'} {dict(said)}")
    for link in links:
        if link.called_hidden is not (link.seen == "hidden"):
            print(f"{link.design.id}: {link.host} is {link.seen}, called {'hidden' if link.called_hidden else 'shown'}")


def said_of(outcomes: Iterable[PageOutcome]) -> list[Said]:
    return [Said("tampered", one.confidence, one.page.tampered) for one in outcomes if one.confidence]


def faults_of_pages(outcomes: Sequence[PageOutcome]) -> list[str]:
    """What is worse than `tests/eval/figures.toml` says."""
    wanted = figures()["own_pages"]
    changed = [outcome for outcome in outcomes if outcome.page.tampered]
    accused = share(outcome.accused for outcome in outcomes if not outcome.page.tampered)
    return [
        *below(
            "changed pages that are said to be tampered with",
            share(one.tampered for one in changed),
            wanted["tampered"],
        ),
        *below("changed pages with the place quoted", share(one.quoted for one in changed), wanted["quoted"]),
        *above("honest pages that are accused", accused, wanted["accused"]),
        *overconfident(said_of(outcomes)),
    ]


def faults_of_links(outcomes: Sequence[LinkOutcome]) -> list[str]:
    wanted = figures()["hidden_links"]
    called = share(one.called_hidden for one in outcomes if one.seen == "hidden")
    shown = share(one.called_hidden for one in outcomes if one.seen == "shown")
    return [
        *below("hidden links that are called so", called, wanted["called_hidden"]),
        *above("shown links that are called hidden", shown, wanted["shown"]),
    ]


def faults_of_servers(outcomes: Sequence[ServerOutcome]) -> list[str]:
    wanted = figures()["cloaking"]
    found = share(one.accused for one in outcomes if one.server.cloaks)
    noise = share(one.accused for one in outcomes if not one.server.cloaks)
    return [
        *below("servers that cloak and are found", found, wanted["found"]),
        *above("others that are accused", noise, wanted["noise"]),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", action="store_true", help="list what was judged wrongly")
    options = parser.parse_args()
    every_design = (*designs(), *harmless_designs())
    pages = [judge_page(page) for page in (*injected(), *twins())]
    links = [outcome for design in every_design for outcome in judge_links(design, with_sheet=True)]
    without_sheet = [outcome for design in every_design for outcome in judge_links(design, with_sheet=False)]
    batches = sorted({item.provenance.batch for item in (*injected(), *twins(), *every_design)})
    print(f"{len(pages)} pages and {len(links)} links, written on {', '.join(batches)}\n")
    print_pages(pages)
    print_links(links, without_sheet)
    servers = judge_servers()
    print_servers(servers, errors=options.errors)
    print_calibration("own pages today", said_of(pages))
    if options.errors:
        print_errors(pages, links)
    return judged([*faults_of_pages(pages), *faults_of_links(links), *faults_of_servers(servers)])


if __name__ == "__main__":
    sys.exit(main())
