"""The local classifier in the pipeline: its probabilities for captured pages, and its summary."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

from app.domain.local_reading import LOCAL_READING, LocalSummary, local_summary_of
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.reading import Effect
from app.domain.stages import StageKey
from app.domain.violations import ViolationFact
from app.engines.analyse.review.second_opinion import judged_facts
from app.engines.analyse.subject import Subject
from app.engines.local_reader.model import LocalModel, LocalOpinion
from app.engines.ports import ScanSink, ScanStore

MAX_PAGES: Final = 20_000  # that are counted; a scan captures some thousands


class LocalReading:
    """`opinion` of each captured page of a third party, then `note` what it changed; `tell` when all is done.

    It has learnt from what third parties show. Of pages of the site it says nothing.
    """

    def __init__(self, *, model: LocalModel | None, store: ScanStore, sink: ScanSink, texts: MessageCatalog) -> None:
        """`model` None: none is switched on, or it cannot be used, which the store says then (`opening.open_model`)."""
        self._model = model
        self._store = store
        self._sink = sink
        self._texts = texts
        self._kept: dict[str, Any] = store.checkpoint(LOCAL_READING) or {"version": 0, "fault": None, "pages": {}}
        self._has_changed = False

    def opinion(self, subject: Subject, facts: Sequence[ViolationFact]) -> LocalOpinion | None:
        """Return the opinion; None when there is none that could change anything. A millisecond."""
        if self._model is None or not subject.has_content:
            return None
        said = self._model.read(subject.title, subject.page.text)
        if said is None:
            return None
        self._put(subject, Effect.NONE)
        judged = judged_facts(facts)
        changes = said.raises if not judged else said.clears and any(fact.needs_review for fact in judged)
        return said if changes else None

    async def note(self, subject: Subject, opinion: LocalOpinion, effect: Effect) -> None:
        """Remember what it changed, and say so. Raises ScanStopped."""
        self._put(subject, effect)
        if effect is not Effect.NONE:
            domain, quote = subject.third_party.domain, opinion.quote
            said = self._texts(f"local_{effect}", domain=domain, quote=quote, version=opinion.version)
            await self._log(said)

    def save(self) -> None:
        """Put into the store what changed."""
        if self._has_changed:
            self._has_changed = False
            self._store.put_checkpoint(LOCAL_READING, self._kept)

    async def tell(self) -> None:
        """Say what came of it. Raises ScanStopped."""
        self.save()
        summary = local_summary_of(self._kept)
        if summary is None:
            return
        if summary.fault is not None:
            fault = self._texts(f"model_fault.{summary.fault}")
            said = self._texts("local_fault", version=summary.version, fault=fault)
            await self._sink.warning("degraded", said)
            return
        await self._log(self._texts("local_done", version=summary.version, **_numbers(summary)))

    def _put(self, subject: Subject, effect: Effect) -> None:
        pages = self._kept["pages"]
        key = blake2b(subject.capture.url.encode("utf-8", "replace"), digest_size=6).hexdigest()
        if pages.get(key) != effect.value and (key in pages or len(pages) < MAX_PAGES):
            pages[key] = effect.value
            self._has_changed = True

    async def _log(self, message: str) -> None:
        await self._sink.log(LogEntry("INFO", StageKey.AI_ANALYSIS.value, message))


def _numbers(summary: LocalSummary) -> dict[str, int]:
    return {
        "read": summary.read,
        "suppressed": summary.effects.get(Effect.SUPPRESSED, 0),
        "raised": summary.effects.get(Effect.TO_REVIEW, 0),
    }
