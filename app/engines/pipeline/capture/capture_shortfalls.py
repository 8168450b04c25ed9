"""Warnings about missing captures: what was not captured is never called clean."""

from app.domain.messages import MessageCatalog
from app.engines.capture.scan_contents import ScanContents
from app.engines.identify.aggregate import MAX_DOMAINS
from app.engines.pipeline.capture.capture_stage import CaptureStage
from app.engines.pipeline.capture.shared_render_service import SharedRenderService
from app.engines.pipeline.capture_selector import MAX_TARGETS, CaptureSelector
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.ports import ScanSink


class CaptureShortfalls:
    """Says each once."""

    def __init__(
        self,
        *,
        contents: ScanContents,
        captures: CaptureStage,
        render_service: SharedRenderService,
        selector: CaptureSelector,
        third_parties: ThirdPartyIndex,
        sink: ScanSink,
        texts: MessageCatalog,
    ) -> None:
        self._contents = contents
        self._captures = captures
        self._render_service = render_service
        self._selector = selector
        self._third_parties = third_parties
        self._sink = sink
        self._texts = texts
        self._said: set[str] = set()  # why contents are not kept

    async def tell_not_kept(self) -> None:
        """While it goes on: why contents are not kept."""
        for problem in self._contents.problems:
            if problem not in self._said:
                self._said.add(problem)
                await self._sink.warning("degraded", self._texts(problem))

    async def tell(self) -> None:
        """When all captures have ended."""
        await self.tell_not_kept()
        if self._contents.lost:
            await self._sink.warning("degraded", self._texts("captures_lost", count=self._contents.lost))
        late, violating = self._captures.pictures_missing
        if late:
            await self._sink.warning("degraded", self._texts("no_picture", count=late, violating=violating))
        if oversized := len(self._render_service.oversized):
            await self._sink.warning("degraded", self._texts("pages_oversized", count=oversized))
        if self._captures.left_out:
            await self._sink.warning("partial", self._texts("capture_time", count=self._captures.left_out))
        if self._selector.left_out:
            await self._sink.warning("partial", self._texts("capture_limit", limit=MAX_TARGETS))
        if self._third_parties.omitted:
            said = self._texts("parties_limit", limit=MAX_DOMAINS, count=self._third_parties.omitted)
            await self._sink.warning("partial", said)
