"""How far each stage is, as a fraction, and when that is reported. The sink keeps it from falling."""

from dataclasses import asdict
from typing import Final

from app.domain.messages import MessageCatalog, Text
from app.domain.scan_facts import Counts
from app.domain.stages import StageKey
from app.engines.pipeline.stage_tracker import StageTracker
from app.engines.ports import ScanSink

# URLs that a site is taken to have beyond those known: the first page of a crawl is not its end.
UNSEEN_URLS: Final = 30
NOT_YET: Final = 0.99  # below the end of a stage, whatever the numbers say
DISCOVERY_SHARE: Final = 0.7  # of the crawl's fraction hangs on discovery: new hosts bring new pages

Share = tuple[int, int]  # (done, in all)


class ProgressReporter:
    """Reports to the sink what has changed and nothing else, so that a scan that does not move looks like one."""

    def __init__(self, *, sink: ScanSink, stages: StageTracker, texts: MessageCatalog) -> None:
        self._sink = sink
        self._stages = stages
        self._texts = texts
        self._reported: dict[StageKey, tuple[float, str]] = {}

    async def report(
        self,
        counts: Counts,
        *,
        discovery: float,
        crawl_doing: Text | None,
        captures: Share,
        render_steps: Share,
        pictures: Share,
        awaited: Text | None,
        analyses: Share,
    ) -> None:
        """Reports all stages. `discovery` is a fraction; `crawl_doing` is what the crawl does instead of crawling: it
        compares, or waits. Of the capture `render_steps` say how far it is; `pictures` are what people are told, and
        `awaited` when nothing is left to capture or render (`say_awaited`).
        """
        numbers, found = asdict(counts), counts.violations
        discovery = min(NOT_YET, discovery)
        crawl = estimate_crawl(counts.urls_crawled, counts.urls_known, discovery)
        leading = 1.0 if self._stages.has_finished(StageKey.PAGE_CRAWL) else crawl
        steps = captures[0] + render_steps[0], captures[1] + render_steps[1]
        captured = awaited if awaited and steps[0] >= steps[1] else self._captured(captures, pictures)
        analysis = self._texts("analysing", done=analyses[0], total=analyses[1], violations=found)
        for key, fraction, message in (
            (StageKey.SUBDOMAIN_DISCOVERY, discovery, self._texts("discovering", **numbers)),
            (StageKey.PAGE_CRAWL, crawl, crawl_doing or self._texts("crawling", **numbers)),
            (StageKey.THIRD_PARTY, crawl, self._texts("identifying", **numbers)),
            (StageKey.CONTENT_CAPTURE, estimate_following(*steps, leading), captured),
            (StageKey.AI_ANALYSIS, estimate_following(*analyses, leading), analysis),
        ):
            await self._report(key, fraction, message, counts)

    def _captured(self, captures: Share, pictures: Share) -> str:
        (done, total), (taken, wanted) = captures, pictures
        if not wanted:
            return self._texts("capturing", done=done, total=total)
        return self._texts("drawing", done=done, total=total, drawn=taken, to_draw=wanted)

    async def _report(self, key: StageKey, fraction: float, message: str, counts: Counts) -> None:
        """A stage that has ended reports nothing more."""
        if self._stages.has_finished(key) or self._reported.get(key) == (fraction, message):
            return
        self._reported[key] = (fraction, message)
        await self._sink.progress(key, fraction, message, counts)


def estimate_crawl(crawled: int, known: int, discovery: float) -> float:
    """How far the crawl is while it runs; `discovery` is the fraction of stage 1."""
    share = crawled / (known + UNSEEN_URLS)
    return min(NOT_YET, share * (1 - DISCOVERY_SHARE + DISCOVERY_SHARE * discovery))


def estimate_following(done: int, total: int, leading: float) -> float:
    """How far a stage is that is fed by another one, which is `leading` far."""
    return min(NOT_YET, leading * done / total) if total else 0.0


def say_awaited(texts: MessageCatalog, *, registries: int, icons: int, rechecks: int, second_looks: int) -> Text | None:
    """Say what a scan waits for when everything is captured and rendered, in the order of the waits; None: for nothing.

    `registries`: domains that they were asked about. `icons`, `rechecks`, `second_looks`: icons, findings and pages.
    """
    if registries:
        return texts("awaiting_registries", count=registries)
    if icons:
        return texts("awaiting_icons", count=icons)
    if rechecks:
        return texts("rechecking", count=rechecks)
    return texts("looking_again", count=second_looks) if second_looks else None


def say_doing(
    texts: MessageCatalog,
    *,
    comparison: Share,
    is_idle: bool,
    are_hosts_settled: bool,
    crawled: int,
    to_render: int,
) -> Text | None:
    """Say what the crawl does when it does not crawl: it compares pages, or waits; None: it crawls.

    `is_idle`: it has nothing to do. `to_render` counts pages that the browser has not rendered yet.
    """
    if comparison[1]:
        return texts("comparing", done=comparison[0], total=comparison[1])
    if is_idle and not are_hosts_settled:
        return texts("crawl_waits_for_hosts", crawled=crawled)
    if is_idle and to_render:
        return texts("crawl_waits_for_drawings", count=to_render)
    return None
