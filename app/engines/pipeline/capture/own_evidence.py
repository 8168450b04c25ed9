"""Which pages of the site itself are captured: its start pages, and those that show or refer to a violation."""

from collections.abc import Sequence

from app.domain.scan_facts import Reference
from app.domain.violations import ViolationFact
from app.engines.capture.capturer import CapturedPage
from app.engines.pipeline.capture.capture_stage import CaptureStage
from app.engines.pipeline.capture.own_forwards import OwnForwards
from app.engines.pipeline.capture_selector import CaptureSelector, CaptureTarget
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.scope import Scope
from app.engines.urls import host_of


class OwnEvidence:
    """Chooses them, and has the pictures of violating pages rendered first."""

    def __init__(
        self, *, scope: Scope, selector: CaptureSelector, captures: CaptureStage, parties: ThirdPartyIndex
    ) -> None:
        self._scope = scope
        self._selector = selector
        self._captures = captures
        self._forwards = OwnForwards(third_parties=parties, scope=scope)

    def choose(self, url: str) -> None:
        """A start page."""
        self._captures.add(self._selector.choose_own(self._scope.registrable, url))

    def keep(self, target: CaptureTarget, page: CapturedPage, facts: Sequence[ViolationFact]) -> None:
        """Of a page that violates a picture, and the pages of the site that refer or forward to it."""
        self._forwards.note(target, page, facts)
        self._captures.render(target, page, violates=True)
        for fact in facts:
            if self._scope.is_own(host_of(fact.found_on)):
                self._keep_page(fact.found_on)

    def forwards(self) -> list[Reference]:
        """Return the signs of own addresses that forward to what violates, each once."""
        return self._forwards.find()

    def keep_tampered(self, fact: ViolationFact) -> None:
        """Of a page of the site that was tampered with source and picture, as of one that refers to a violation."""
        self._keep_page(fact.url)

    def _keep_page(self, url: str) -> None:
        self._captures.prefer(url)
        self._captures.add(self._selector.choose_evidence(self._scope.registrable, url))
