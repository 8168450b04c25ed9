"""The first page of a report: what a board has to know of a scan, and nothing by which programs find it again."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from app.core.json_chunks import Json
from app.core.redact import display_text
from app.domain.coverage import NOT_JUDGED, checked_of
from app.domain.decisions import DecisionState
from app.domain.differences import Change
from app.domain.risk import Embedding
from app.domain.third_parties import Outcome
from app.domain.verdict import LIMITING_WARNINGS, Result, Verdict
from app.domain.violations import WORST_FIRST, ViolationKey
from app.reports.formats.blocks import (
    Beside,
    Block,
    Heading,
    Items,
    Masthead,
    Picture,
    Statement,
    Text,
    Tile,
    Tiles,
    Tone,
)
from app.reports.formats.contents import ReportContents
from app.reports.formats.finding_screenshots import FindingScreenshots
from app.reports.formats.measures import Measures
from app.reports.formats.wording import is_dismissed, moment_text
from app.scans.serialisers import optional_to_wire, serialise_error, serialise_warnings

NOT_LOOKED_AT: Final = (Outcome.NOT_EXAMINED, Outcome.UNREACHABLE, Outcome.GONE)
LOOKED_AT: Final = 10  # findings in which a picture is sought
MAX_LIMITS: Final = 6  # lines of what could not be checked
LEFT_SHARE: Final = 0.48
_TONES: Final[dict[Result | None, Tone]] = {
    Result.VIOLATIONS: Tone.WARNING,
    Result.INCONCLUSIVE: Tone.WARNING,
    Result.CLEAN: Tone.GOOD,
}


class BoardPage:
    """Iterate over it once. `documents`: of the findings in full that nobody has dismissed, by number."""

    def __init__(
        self,
        contents: ReportContents,
        *,
        title: str,
        documents: dict[int, Json],
        measures: Measures,
        screenshots: FindingScreenshots,
    ) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._row = contents.row
        self._title = title
        self._documents = documents
        self._measures = measures
        self._screenshots = screenshots

    def __iter__(self) -> Iterator[Block]:
        yield masthead_of(self._contents)
        yield Heading(self._title, 1)
        yield Statement(self._conclusion(), _TONES.get(self._result, Tone.WARNING))
        error = serialise_error(self._row, self._texts.language)
        if error is not None:
            yield Text(display_text(str(error["message"])), Tone.WARNING)
        yield Tiles(list(self._tiles()))
        if dismissed := self._contents.dismissed:
            yield Text(self._texts("report.not_counted", count=dismissed))
        if decisions := self._decisions():
            yield Text(decisions)
        picture, actions = self._picture(), list(self._actions())
        if picture is not None and actions:
            yield Beside(actions, [picture], LEFT_SHARE)
        else:
            yield from (*actions, *([] if picture is None else [picture]))
        if self._contents.origin.is_shared:  # such a reader may know of this scan alone
            yield from self._not_examined()
        else:
            yield Beside(list(self._not_examined()), list(self._changes()), LEFT_SHARE)

    @property
    def _result(self) -> Result | None:
        return None if self._row.verdict is None else Result(self._row.verdict["result"])

    def _conclusion(self) -> str:
        """The result in one sentence. What was dismissed requires no action: it is not counted with the rest."""
        found, texts = self._contents.findings, self._texts
        valid = [item for item in found if not is_dismissed(item)]
        params: dict[str, Any] = {"target": display_text(self._row.target_domain)}
        if valid:
            params["findings"] = texts("report.findings_counted", count=len(valid))
            params["domains"] = texts("report.domains_counted", count=len({item["domain"] for item in valid}))
            params["level"] = valid[0]["risk"]["level_name"]
        if self._result is None:
            params["status"] = texts(self._row.status)
            if valid:
                return texts("report.unfinished_found", **params)
            return texts("report.unfinished_dismissed" if found else "report.unfinished", **params)
        if valid:
            return texts("report.conclusion_violations", **params)
        if found:
            return texts("report.conclusion_dismissed", count=len(found), **params)
        key = Result.INCONCLUSIVE if self._result is Result.VIOLATIONS else self._result
        return self._texts(f"report.conclusion_{key}", **params)

    def _tiles(self) -> Iterator[Tile]:
        for level in WORST_FIRST:
            count = self._contents.open_counts[level]
            yield Tile(str(count), self._texts("report.findings_of", level=self._texts(level)), level if count else "")

    def _decisions(self) -> str:
        """Count what people have decided; "" if nothing."""
        states = Counter(item["state"] for item in self._contents.findings)
        if not states or set(states) == {DecisionState.OPEN.value}:
            return ""
        told = (
            self._texts("report.decided_count", state=self._texts(f"decision_state.{state}"), count=states[state])
            for state in DecisionState
            if states[state]
        )
        return self._texts("labelled", what=self._texts("report.decisions"), text=self._texts.join_terms(told))

    def _actions(self) -> Iterator[Block]:
        if self._documents:
            yield Heading(self._texts("report.actions"), 2)
            yield Items(self._measures.actions(), numbered=True)

    def _picture(self) -> Picture | None:
        """Return what a visitor sees of the worst finding: the first one that a picture shows, of the worst level."""
        looked_at = list(self._documents.items())[:LOOKED_AT]
        if not looked_at:
            return None
        worst = looked_at[0][1]["risk"]["level"]
        order = sorted(looked_at, key=lambda item: (item[1]["risk"]["level"] != worst, not _can_be_seen(item[1])))
        for number, document in order:
            for capture in (*document["captures"][:1], *document["site_captures"][:1]):
                caption = self._texts(
                    "report.worst_finding",
                    number=number,
                    kind=document["violation_name"],
                    url=capture["final_url"] or capture["url"],
                    time=moment_text(capture["captured_at"]),
                )
                if (picture := self._screenshots.on_first_page(capture, caption)) is not None:
                    return picture
        return None

    def _not_examined(self) -> Iterator[Block]:
        yield Heading(self._texts("report.not_examined"), 2)
        total, is_whole = self._contents.coverage.total, self._row.verdict is not None
        checked, known = checked_of(total)
        if not is_whole:  # the sum of a crawl that has not ended has nothing of what waits
            known = self._contents.reader.coverage()[1]
        yield Text(self._texts("report.urls_checked", checked=checked, known=known))
        limits = list(self._limits())
        if not limits:
            if is_whole and known:
                yield Text(self._texts("report.nothing_left"))
            return
        rest = len(limits) - MAX_LIMITS
        more = [self._texts("report.more_limits", count=rest)] if rest > 0 else []
        yield Items([*limits[:MAX_LIMITS], *more])

    def _limits(self) -> Iterator[str]:
        """Name what was not checked, with numbers, and otherwise the reasons of the verdict. Then what else makes the
        results incomplete on the page: else all would be called checked here.
        """
        total, texts, told = self._contents.coverage.total, self._texts, set[str]()
        for seen in NOT_JUDGED:
            if count := total.get(seen, 0):
                told.add(str(seen))
                yield texts("report.urls_left", count=count, reason=self._contents.seen_name(seen))
        for outcome in NOT_LOOKED_AT:
            if count := self._contents.not_examined(outcome, limit=0)[1]:
                yield texts("report.parties_left", count=count, outcome=texts(outcome.value))
        if self._row.verdict:
            verdict = Verdict.from_json(self._row.verdict)
            told.update(reason.value for reason in verdict.counts)
            named = zip(verdict.reasons, verdict.names(texts.language), strict=True)
            yield from (str(name) for reason, name in named if reason.value not in told)
            told.update(reason.value for reason in verdict.reasons)
        for warning in serialise_warnings(self._row, texts.language):
            is_told = warning.get("reason") in told or warning["code"] == Result.INCONCLUSIVE  # the verdict says why
            if warning["code"] in LIMITING_WARNINGS and not is_told:
                yield display_text(str(warning["message"]))

    def _changes(self) -> Iterator[Block]:
        texts, changes = self._texts, self._contents.changes
        yield Heading(texts("report.changes"), 2)
        if changes is None:
            yield Text(texts("report.no_predecessor"))
            return
        time = moment_text(changes.completed_at)
        if (counts := changes.counts) is None:
            yield Text(texts("report.not_compared", time=time))
            return
        yield Text(texts("report.compared_with", time=time))
        shown = [texts(f"report.change.{change}", count=counts[change]) for change in Change if counts.get(change)]
        yield Items([*shown, texts("report.change.same", count=changes.unchanged)])


def masthead_of(contents: ReportContents) -> Masthead:
    """Return what stands above the title of a report: whose it is, and when the scan was."""
    origin, row, texts = contents.origin, contents.row, contents.texts
    scanned = moment_text(optional_to_wire(row.completed_at or row.started_at))
    return Masthead(
        origin.organisation, origin.logo, texts("report.scanned_at", time=scanned) if scanned else texts(row.status)
    )


def _can_be_seen(document: Json) -> bool:
    """Whether a picture shows the finding: no hidden text on a page of the site, and no name that leads nowhere."""
    is_hidden_text = document["embedding"] == Embedding.OWN_CONTENT and document["hidden_by"] is not None
    return not is_hidden_text and document["violation_key"] != ViolationKey.TAKEOVER
