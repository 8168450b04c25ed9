"""What has to be done about the findings of a report: each measure once, with the findings that need it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from app.core.json_chunks import Json
from app.domain.messages import MessageCatalog
from app.domain.recommendations import GUIDE_OF, GUIDE_STEPS, Advice
from app.domain.takeovers import AT_SERVICE, affected_host

FIRST: Final = (Advice.CONFIRM_FIRST, Advice.KEEP_EVIDENCE)  # before anything is changed
LAST: Final = (Advice.WARN_VISITORS, Advice.SCAN_AGAIN)
MAX_ACTIONS: Final = 3  # on the first page
MAX_PLACES: Final = 3  # named with an action
MAX_RANGES: Final = 5  # of numbers of findings, with an action


@dataclass(slots=True)
class Measure:
    """`findings`: by their number in the report."""

    advice: Advice
    findings: dict[int, Json] = field(default_factory=dict)


class Measures:
    """Of the findings that a report describes in full, the worst first."""

    def __init__(self, found: Iterable[tuple[int, Json]], texts: MessageCatalog) -> None:
        """`found`: numbers with documents of findings (`findings.schemas.findings.FindingDetail`)."""
        self._texts = texts
        needed: dict[Advice, Measure] = {}
        for number, document in found:
            for step in document["advice"]:
                measure = needed.setdefault(Advice(step["code"]), Measure(Advice(step["code"])))
                measure.findings[number] = document
        self.in_order = sorted(needed.values(), key=_urgency)

    def name(self, advice: Advice) -> str:
        guide = GUIDE_OF.get(advice)
        return self._texts(f"measure.{advice}" if guide is None else f"guide.{guide}")

    def steps(self, advice: Advice) -> Sequence[str]:
        """Return the instructions, in order."""
        guide = GUIDE_OF.get(advice)
        if guide is None:
            return [self._texts(f"measure.{advice}.how")]
        return [self._texts(f"guide.{guide}.{step}") for step in GUIDE_STEPS[guide]]

    def letter(self, advice: Advice) -> str:
        """Return by which letter findings refer to a measure; "" for one that no finding needs."""
        place = next((place for place, measure in enumerate(self.in_order) if measure.advice is advice), None)
        return "" if place is None else chr(ord("A") + place)

    def actions(self) -> list[str]:
        """Return the three that come first, each with its places and findings: repairs, before what is always done."""
        specific = [one for one in self.in_order if one.advice not in (*FIRST, *LAST)]
        general = [one for one in self.in_order if one.advice in (*FIRST, *LAST)]
        return [self._action(one) for one in (*specific, *general)[:MAX_ACTIONS]]

    def _action(self, measure: Measure) -> str:
        numbers = numbers_text(list(measure.findings), self._texts, most=MAX_RANGES)
        if measure.advice in (*FIRST, *LAST):
            return self._texts("report.action", what=self.name(measure.advice), findings=numbers)
        where = list(dict.fromkeys(filter(None, (_place(measure.advice, one) for one in measure.findings.values()))))
        named = self._texts.join_terms(where[:MAX_PLACES])
        if (rest := len(where) - MAX_PLACES) > 0:
            named = self._texts("report.and_more", names=named, count=rest)
        return self._texts("report.action_at", what=self.name(measure.advice), where=named, findings=numbers)


def numbers_text(numbers: Sequence[int], texts: MessageCatalog, *, most: int | None = None) -> str:
    """Return `finding 3`, or `findings 1, 4–6`; of more than `most` ranges the first, with the number of findings."""
    ranges = list(_ranges(sorted(numbers)))
    if most is not None and len(ranges) > most:
        return texts("report.numbered_many", count=len(numbers), numbers=_named(ranges[:most], texts))
    key = "report.numbered_finding" if len(numbers) == 1 else "report.numbered_findings"
    return texts(key, numbers=ranges_text(numbers, texts))


def ranges_text(numbers: Sequence[int], texts: MessageCatalog) -> str:
    """Return `1, 4–6`."""
    return _named(_ranges(sorted(numbers)), texts)


def _named(ranges: Iterable[tuple[int, int]], texts: MessageCatalog) -> str:
    return texts.join_terms(f"{first}" if first == last else f"{first}–{last}" for first, last in ranges)


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _urgency(measure: Measure) -> tuple[int, int, int]:
    """Harm first, then what comes before repairs, the repairs by their worst finding, and what comes last."""
    before = (Advice.BLOCK_AT_ONCE, *FIRST)
    if measure.advice in before:
        return 0, before.index(measure.advice), 0
    if measure.advice in LAST:
        return 2, LAST.index(measure.advice), 0
    return 1, min(measure.findings), list(Advice).index(measure.advice)


def _place(advice: Advice, document: Json) -> str:
    """Return where it is done: the harmful domain, the partner, or the host of our page."""
    if advice is Advice.BLOCK_AT_ONCE:
        return str(document["domain"])
    if advice is Advice.END_PARTNERSHIP and document["via"]:
        return str(document["via"])
    if advice in (Advice.FIX_DANGLING_NAME, Advice.RENEW_OR_DROP_DOMAIN):
        return _affected(document)
    return urlsplit(document["page_url"] or "").hostname or str(document["domain"])


def _affected(document: Json) -> str:
    """Return the host that the evidence of a takeover names; without one, that of the first URL."""
    named = (item["snippet"] for item in document["evidence"] if item["rule"].startswith(AT_SERVICE))
    urls = (urlsplit(item["url"]).hostname for item in document["evidence"] if item["url"])
    return next(map(affected_host, named), None) or next(urls, None) or str(document["domain"])
