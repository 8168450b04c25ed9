"""What does a scan say of small sites that were broken into, and of the same ones honestly changed?

    python -m tests.eval.eval_own_sites [FOLDER]

FOLDER holds the sites of a batch, as `tests/eval/own_sites` describes them; without it: the newest batch there. Every
site is judged twice as a whole (`tests.eval.site_judge`): as the intruder left it, and as its owner changed it. The
changed page is *found* when anything is said of the page itself; it is *only led to* when all that is said is about a
third party that the page refers to. A twin, or any other honest page, is accused when either is said. *Sure* is what
needs no review. *Alone*: the same of the one page without the rest of its site. Of a file that is no page (a script)
the pages that load it count.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.domain.violations import ViolationFact
from app.engines.scope import Scope
from app.engines.urls import resolve
from tests.eval.own_sites.own_sites import BATCHES, CHANGED, KINDS, TWIN, OwnSite, SiteUnreadable, faults_of, sites_in
from tests.eval.site_judge import OWN, PAGES, Site, judge_site

MOST_PAGES: Final = 1_000  # of a site: all
NO_PAGE: Final = "no page"  # name of the row of changed scripts and sheets
_LOADED: Final = re.compile(r"""\b(?:src|href)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class LaidSite(Site):
    """A site whose files all lie in one folder, with the host that its `site.toml` says."""

    of: str = ""

    @cached_property
    def root(self) -> Path:
        return self.folder

    @cached_property
    def host(self) -> str:
        return self.of

    def loading(self, file: Path) -> Iterator[Path]:
        """Yield the pages that load a file of the site."""
        for path in self.pages(MOST_PAGES):
            found = _LOADED.findall(path.read_text(encoding="utf-8", errors="replace"))
            if any((url := resolve(self.url_of(path), raw)) and self.file_of(url) == file for raw in found):
                yield path


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a page."""

    own: tuple[ViolationFact, ...] = ()  # of the page itself
    led: tuple[ViolationFact, ...] = ()  # of third parties that it refers to

    @property
    def facts(self) -> tuple[ViolationFact, ...]:
        return self.own + self.led

    @property
    def rules(self) -> dict[str, float]:
        """Return the rules with the confidence of what they say."""
        return {item.rule: fact.confidence_score for fact in self.facts for item in fact.evidence}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a site, or at a page alone."""

    verdicts: Mapping[str, Verdict]  # of accused pages, by path
    places: frozenset[str]  # pages that the change is on
    pages: frozenset[str]  # all of them
    skipped: Counter[str]  # of pages that could not be judged, by why

    @property
    def verdict(self) -> Verdict:
        """What is said of the pages that the change is on."""
        found = [self.verdicts[path] for path in sorted(self.places & self.verdicts.keys())]
        return Verdict(
            tuple(fact for one in found for fact in one.own), tuple(fact for one in found for fact in one.led)
        )


@dataclass(frozen=True, slots=True)
class SiteOutcome:
    """What is said of one site, whole and page by page."""

    site: OwnSite
    changed: Look
    twin: Look
    changed_alone: Look
    twin_alone: Look

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows that the site counts in."""
        is_page = all(Path(file).suffix.lower() in PAGES for file in self.site.files(CHANGED))
        return (self.site.changed.kind, *(() if is_page else (NO_PAGE,)), self.site.lang, "all")

    @property
    def others(self) -> frozenset[str]:
        """Honest pages, as they were meant, beside the one that changed."""
        return frozenset(path for look in (self.changed, self.twin) for path in look.pages - look.places)

    @property
    def accused_others(self) -> dict[str, Verdict]:
        looks = (self.twin, self.changed)
        return {path: one for look in looks for path, one in look.verdicts.items() if path not in look.places}


def look(site: OwnSite, part: str, *, alone: bool = False) -> Look:
    """Judge a site with the file of one part, or that file `alone`."""
    with TemporaryDirectory() as folder:
        site.lay(part, Path(folder), alone=alone)
        laid = LaidSite(Path(folder), of=site.host)
        outcome = judge_site(laid, most=MOST_PAGES, are_pages=True)
        files = [laid.root / file for file in site.files(part)]
        places = [place for file in files for place in ([file] if _is_page(file) else laid.loading(file))]
        scope = Scope(site.host)
        said: dict[str, list[ViolationFact]] = {}
        for accusation in outcome.accusations:
            if accusation.as_ == OWN:
                said.setdefault(accusation.path, []).extend(accusation.facts)
        return Look(
            {path: _verdict(facts, scope.is_own) for path, facts in said.items()},
            _paths(laid, places),
            _paths(laid, laid.pages(MOST_PAGES)),
            outcome.skipped,
        )


def _is_page(file: Path) -> bool:
    return file.suffix.lower() in PAGES


def _paths(site: Site, files: Iterable[Path]) -> frozenset[str]:
    return frozenset(file.relative_to(site.root).as_posix() for file in files)


def _verdict(facts: Sequence[ViolationFact], is_own: Callable[[str], bool]) -> Verdict:
    return Verdict(
        tuple(fact for fact in facts if is_own(fact.domain)), tuple(fact for fact in facts if not is_own(fact.domain))
    )


def judge_own_site(site: OwnSite) -> SiteOutcome:
    """Judge a site as it was left and as it was honestly changed, whole and page by page."""
    whole = (look(site, CHANGED), look(site, TWIN))
    return SiteOutcome(site, *whole, look(site, CHANGED, alone=True), look(site, TWIN, alone=True))


def _number(facts: Iterable[Sequence[ViolationFact]], *, sure: bool = False) -> int:
    """Return of how many pages something is said, or something that needs no review."""
    return sum(any(not (sure and fact.needs_review) for fact in one) for one in facts)


def print_sites(outcomes: Sequence[SiteOutcome]) -> None:
    names = ("own sites", "changed", "found", "sure", "only led to", "alone", "twins", "accused", "sure", "alone")
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
    for row in (*KINDS, NO_PAGE, *sorted({one.site.lang for one in outcomes}), "all"):
        of_row = [one for one in outcomes if row in one.rows]
        changed = [one.changed.verdict for one in of_row]
        twins = [one.twin.verdict.facts for one in of_row]
        counts = (
            len(of_row),
            _number(one.own for one in changed),
            _number((one.own for one in changed), sure=True),
            _number(one.led for one in changed if not one.own),
            _number(one.changed_alone.verdict.own for one in of_row),
            len(of_row),
            _number(twins),
            _number(twins, sure=True),
            _number(one.twin_alone.verdict.facts for one in of_row),
        )
        print(f"| {row} | " + " | ".join(map(str, counts)) + " |")


def print_honest(outcomes: Sequence[SiteOutcome]) -> None:
    """Print how many honest pages are accused: the twins, all others, and both."""
    twins = [one.twin.verdict.facts for one in outcomes]
    others = [verdict.facts for one in outcomes for verdict in one.accused_others.values()]
    number = sum(len(one.others) for one in outcomes)
    print("\n| honest pages | pages | accused | in 1,000 | sure |\n|---|---|---|---|---|")
    for name, pages, facts in (
        ("twins", len(twins), twins),
        ("other pages", number, others),
        ("all", len(twins) + number, [*twins, *others]),
    ):
        accused = _number(facts)
        in_1000 = 1000 * accused / max(1, pages)
        print(f"| {name} | {pages} | {accused} | {in_1000:.2f} | {_number(facts, sure=True)} |")


def print_rules(outcomes: Sequence[SiteOutcome]) -> None:
    changed = Counter(rule for one in outcomes for rule in one.changed.verdict.rules)
    twins = Counter(rule for one in outcomes for rule in one.twin.verdict.rules)
    others = Counter(rule for one in outcomes for verdict in one.accused_others.values() for rule in verdict.rules)
    print("\n| rule | changed pages | twins | other honest pages |\n|---|---|---|---|")
    for rule in sorted({*changed, *twins, *others}, key=lambda rule: (-changed[rule], rule)):
        print(f"| {rule} | {changed[rule]} | {twins[rule]} | {others[rule]} |")


def print_errors(outcomes: Sequence[SiteOutcome]) -> None:
    """List what was missed, by kind, what was falsely accused, and what only the rest of a site has shown."""
    print()
    for one in sorted(outcomes, key=lambda one: one.site.changed.kind):
        if not one.changed.verdict.own:
            led = _said(one.changed.verdict)
            said = f", only led to: {led}" if led else ""
            print(f"missed: {one.site.changed.kind}: {one.site.id} ({one.site.lang}, {one.site.changed.trade}){said}")
    for one in outcomes:
        if one.twin.verdict.facts:
            print(f"accused: {one.site.id}: twin {one.site.twin.page}: {_said(one.twin.verdict)}")
        for path, verdict in one.accused_others.items():
            print(f"accused: {one.site.id}: other page /{path}: {_said(verdict)}")
    for one in outcomes:
        for name, whole, alone in (("changed", one.changed, one.changed_alone), ("twin", one.twin, one.twin_alone)):
            if whole.verdict.rules != alone.verdict.rules:
                now, before = _said(whole.verdict) or "nothing", _said(alone.verdict) or "nothing"
                print(f"by its site: {one.site.id}: {name}: {now}; alone: {before}")
    for one in outcomes:
        for why, number in (one.changed.skipped + one.twin.skipped).items():
            print(f"not judged: {one.site.id}: {number} {why}")


def _said(verdict: Verdict) -> str:
    return ", ".join(f"{rule} {confidence}" for rule, confidence in verdict.rules.items())


def read_sites(folder: Path) -> Iterator[OwnSite]:
    """Yield the sites of a folder; what is wrong with one is printed."""
    for path in sites_in(folder):
        try:
            site = OwnSite.read(path)
        except SiteUnreadable as error:
            print(f"unreadable: {error}")
            continue
        for fault in faults_of(site):
            print(f"not as the format says: {site.id}: {fault}")
        yield site


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=BATCHES[-1] if BATCHES else None)
    options = parser.parse_args()
    if options.folder is None:
        parser.error("no batch is kept: name a folder")
    outcomes = [judge_own_site(site) for site in read_sites(options.folder)]
    if not outcomes:
        print("no sites")
        return 1
    print_sites(outcomes)
    print_honest(outcomes)
    print_rules(outcomes)
    print_errors(outcomes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
