"""Hands references on: to the third parties, to the captures, and to what they say of the pages of the site."""

import asyncio
from collections.abc import Sequence
from typing import Final

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Reference
from app.domain.stages import StageKey
from app.engines.pipeline.analysis.analysis_stage import AnalysisStage
from app.engines.pipeline.analysis.tampered_pages import TamperedPages
from app.engines.pipeline.capture.capture_stage import CaptureStage
from app.engines.pipeline.stage_tracker import StageTracker
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.ports import ScanSink
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

AT_ONCE: Final = 1_000  # references that are taken in in one go: 20 ms


class ReferenceIntake:
    """Hands each reference on to all who want to know of it."""

    def __init__(
        self,
        *,
        third_parties: ThirdPartyIndex,
        captures: CaptureStage,
        analyses: AnalysisStage,
        tampered: TamperedPages,
        stages: StageTracker,
        sink: ScanSink,
        texts: MessageCatalog,
    ) -> None:
        self._third_parties = third_parties
        self._captures = captures
        self._analyses = analyses
        self._tampered = tampered
        self._stages = stages
        self._sink = sink
        self._texts = texts

    async def take_in(self, page_url: str, references: Sequence[Reference]) -> None:
        """In pieces: a page may hold twenty thousand, and nobody waits for it."""
        for start in range(0, len(references), AT_ONCE):
            await self._take_in(page_url, references[start : start + AT_ONCE])
            await asyncio.sleep(0)

    async def _take_in(self, page_url: str, references: Sequence[Reference]) -> None:
        parties, targets = self._third_parties.add(references)
        if parties:
            await self._stages.begin(StageKey.THIRD_PARTY)
        for party in parties:
            relation = self._texts(f"relation.{party.relation}")
            line = self._texts("third_party_found", domain=party.domain, relation=relation, page=page_url)
            await self._sink.log(LogEntry("INFO", StageKey.THIRD_PARTY.value, line))
        self._captures.add(targets)
        await self._tampered.take_in(references)
        hidden = {host_of(reference.url) for reference in references if reference.hidden is not None}
        for domain in {registrable_domain(host) for host in hidden}:
            await self._analyses.analyse_domain_again(domain)
