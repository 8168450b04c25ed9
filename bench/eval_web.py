"""Whom does the analysis accuse among whole sites of the real web? `python -m bench.eval_web FOLDER`.

Each folder in FOLDER is a site: pages, style sheets and scripts as they lie on its server. What it is called, or what
follows the last `+` of that, is the repository that it comes from; its host is that of the file `CNAME`, else the name
when that is one of a host, else one of `.example`. Of each site pages are taken that are spread evenly over it, its
start page among them; templates and fragments are not pages. `tests.eval.site_judge` says how they are judged.

Prints the accused in 1,000, by class and by rule. `--list` writes a line of JSON for each of them: a person has to look
whether it is right. Sites are clean as far as anybody knows, but nobody has promised it.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

from tests.eval.site_judge import OWN, THIRD, Outcome, Site, judge_site


def outcomes_of(folders: Sequence[Path], *, most: int, scheme: str, processes: int) -> Iterator[Outcome]:
    judge = partial(judge_site, most=most)
    sites = [Site(folder, scheme) for folder in folders]
    if processes == 1:
        yield from map(judge, sites)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(judge, sites)


def print_table(name: str, by: dict[str, Counter[str]], pages: int) -> None:
    print(f"\n| {name} | own | in 1,000 | third party | in 1,000 |\n|---|---|---|---|---|")
    every = sorted({*by[OWN], *by[THIRD]}, key=lambda key: -(by[OWN][key] + by[THIRD][key]))
    for key in every:
        counts = (f"{by[as_][key]} | {1000 * by[as_][key] / max(1, pages):.2f}" for as_ in (OWN, THIRD))
        print(f"| {key} | " + " | ".join(counts) + " |")


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    languages = sum((one.languages for one in outcomes), Counter[str]())
    skipped = sum((one.skipped for one in outcomes), Counter[str]())
    pages, sites = languages.total(), sum(bool(one.languages) for one in outcomes)
    said = list(chain.from_iterable(one.accusations for one in outcomes))
    print(f"{pages} pages of {sites} sites: " + _listed(languages))
    print(f"not judged: {_listed(skipped) or 'none'}")
    for as_ in (OWN, THIRD):
        accused = Counter(one.site for one in said if one.as_ == as_)
        print(f"accused as {as_}: of {len(accused)} sites, most of {_listed(accused, 3) or 'none'}")
    tables = {name: {OWN: Counter[str](), THIRD: Counter[str]()} for name in ("accused", "class", "rule")}
    for as_ in (OWN, THIRD):
        of_part = [one for one in said if one.as_ == as_]
        for name, keys in (
            ("accused", lambda _: ("pages",)),
            ("class", lambda fact: (fact.violation_key.value,)),
            ("rule", lambda fact: (one.rule for one in fact.evidence)),
        ):
            places = {(one.site, one.path, key) for one in of_part for fact in one.facts for key in keys(fact)}
            tables[name][as_] = Counter(key for _, _, key in places)
    for name, by in tables.items():
        print_table(name, by, pages)


def _listed(counts: Counter[str], most: int | None = None) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.most_common(most))


def write_list(path: Path, outcomes: Iterable[Outcome]) -> None:
    lines = (line for one in outcomes for accusation in one.accusations for line in accusation.to_json())
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-site", type=int, default=100, metavar="N", help="pages of a site at most")
    parser.add_argument("--scheme", choices=("https", "http"), default="https", help="as which the sites are served")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--list", type=Path, metavar="FILE", help="write the accused there")
    options = parser.parse_args()
    folders = sorted(path for path in options.folder.iterdir() if path.is_dir())
    most, scheme, processes = options.per_site, options.scheme, options.processes
    outcomes = list(outcomes_of(folders, most=most, scheme=scheme, processes=processes))
    print_outcomes(outcomes)
    if options.list is not None:
        write_list(options.list, outcomes)
    sys.exit(not any(one.languages for one in outcomes))


if __name__ == "__main__":
    main()
