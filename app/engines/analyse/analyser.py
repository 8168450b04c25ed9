"""The analysis of one capture: layers, detections, hidden links, risk. Synchronous, a few milliseconds per page."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from app.domain.reading import Effect
from app.domain.scan_facts import Reference
from app.domain.violations import Layer, ViolationFact
from app.engines.analyse.detection import Detection, Thresholds, combine
from app.engines.analyse.layer import AnalysisLayer, Signal
from app.engines.analyse.own_site.own_difference import OwnDifferences
from app.engines.analyse.own_site.own_pages import OwnPages
from app.engines.analyse.own_site.own_words import OwnWords
from app.engines.analyse.own_site.tamper_match import TamperMatch
from app.engines.analyse.reputation.layer import ListEntry, ReputationLayer, ReputationList
from app.engines.analyse.review.excerpts import Excerpts
from app.engines.analyse.review.second_opinion import weigh
from app.engines.analyse.risk import risk_of
from app.engines.analyse.shipped_data import shipped_data, shipped_passages
from app.engines.analyse.structure.brands import BrandCatalog
from app.engines.analyse.structure.doorways import examine_doorways
from app.engines.analyse.structure.gambling_brands import GamblingBrands, GamblingDoors
from app.engines.analyse.structure.hidden_links import HiddenLinks
from app.engines.analyse.structure.impersonation import Impersonation
from app.engines.analyse.structure.looks import LookLayer
from app.engines.analyse.structure.lures import examine_lures
from app.engines.analyse.structure.pretences import examine_pretences
from app.engines.analyse.subject import Subject
from app.engines.analyse.takeover.layer import Takeover
from app.engines.analyse.text.classifier import TextClassifier
from app.engines.analyse.text.layer import TextLayer
from app.engines.analyse.text.lexicon import Lexicon
from app.engines.analyse.text.picture_text import PictureTextLayer
from app.engines.html.own_page import OwnPage
from app.engines.local_reader.model import LocalOpinion
from app.engines.reading_model.answer import Opinion
from app.engines.reading_model.excerpt import Excerpt
from app.engines.reading_model.instructions import find_instruction
from app.engines.scope import Scope

MAX_INSTRUCTED: Final = 30_000  # characters of a page in which words to models are looked for


class StructureLayer:
    """Layer 2: address, brand and structure of a page, read from its markup and its host.

    Groups of rules: `impersonation` (who it says it is), `gambling_brands` (whose door it is), `doorways`
    (what it offers to whom writes to a handle), `lures` (what it wants done)
    and `pretences` (whom it poses as without a name).
    """

    name = Layer.STRUCTURE.value

    def __init__(self, catalog: BrandCatalog, gambling_brands: GamblingBrands) -> None:
        self._impersonation = Impersonation(catalog)
        self._doors = GamblingDoors(gambling_brands)

    def examine(self, subject: Subject) -> Iterable[Signal]:
        if not subject.has_content:
            return
        yield from self._impersonation.examine(subject)
        yield from self._doors.examine(subject)
        yield from examine_doorways(subject)
        yield from examine_lures(subject)
        yield from examine_pretences(subject)


class Analyser:
    """Layers 1 to 3 for the third parties of one target. Holds no state of a subject; build it once per scan.

    `allow` and `block` come on top of the shipped lists (later lists win), `lists` are those that the deployment names,
    `brands` and `lexicon` replace the shipped data. `classifier` weighs what these say of a page's text. `extra_layers`
    are asked after ours. Layers that must wait produce their signals elsewhere and hand them to `conclude` together
    with those of `examine`. `is_known`: whether a host is that of a well-known service.
    """

    def __init__(
        self,
        *,
        scope_target: str,
        own_domains: frozenset[str] = frozenset(),
        allow: Sequence[ListEntry] = (),
        block: Sequence[ListEntry] = (),
        lists: Sequence[ReputationList] = (),
        brands: BrandCatalog | None = None,
        lexicon: Lexicon | None = None,
        thresholds: Thresholds | None = None,
        extra_layers: Sequence[AnalysisLayer] = (),
        classifier: TextClassifier | None = None,
        is_known: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """The first one of a process reads the shipped data files. Raises `ListError`, `BrandError`,
        `GamblingBrandError`, `LexiconError` or `ServiceTableError` when one is broken.
        """
        shipped = shipped_data()
        normaliser, gambling_brands, words = shipped.normaliser, shipped.gambling_brands, lexicon or shipped.lexicon
        self._scope = Scope(scope_target, own_domains)
        self._thresholds = thresholds or Thresholds()
        self._reputation = ReputationLayer(
            allow=(*shipped.allow, *allow),
            block=(*shipped.block, *block),
            lists=lists,
            is_own=self._scope.is_own,
        )
        text = TextLayer(lexicon=words, normaliser=normaliser)
        own_words = None if classifier is None else OwnWords(passages=shipped_passages(), classifier=classifier)
        self._own_pages = OwnPages(
            lexicon=words,
            normaliser=normaliser,
            text=text,
            gambling_brands=gambling_brands,
            is_known=is_known,
            words=own_words,
        )
        self._own_differences = OwnDifferences(lexicon=words, normaliser=normaliser)
        catalog = brands or shipped.brands
        self._content_layers: tuple[AnalysisLayer, ...] = (
            StructureLayer(catalog, gambling_brands),
            text,
            PictureTextLayer(text),
            LookLayer(lambda host: is_known(host) or catalog.owner_of(host) is not None),
            *extra_layers,
        )
        self._classifier = classifier
        self._takeover = Takeover()
        self._excerpts = Excerpts(lexicon=words, normaliser=normaliser)
        self._hidden_links = HiddenLinks(lexicon=words, normaliser=normaliser)

    def analyse(self, subject: Subject) -> tuple[ViolationFact, ...]:
        """The violations of one subject, the most certain first; empty when it is clean."""
        return self.conclude(subject, self.examine(subject))

    def reconsider(
        self, subject: Subject, opinion: Opinion | None, local: LocalOpinion | None = None
    ) -> tuple[tuple[ViolationFact, ...], Effect, Effect]:
        """The same as `analyse` with what a language model and the local reader said of the page, and what that of each
        changed. None: it said nothing; of content that is not judged neither counts.
        """
        found = self._detections(subject, self.examine(subject))
        if not self._reads(subject):
            return self._facts(subject, found), Effect.NONE, Effect.NONE
        weighed = weigh(found, opinion, self._thresholds, local, _instruction_in(subject))
        return self._facts(subject, weighed.detections), weighed.effect, weighed.local_effect

    def excerpt(self, subject: Subject) -> Excerpt | None:
        """What a language model may be shown of a captured page; None when its content is not judged."""
        return self._excerpts.of_subject(subject) if self._reads(subject) else None

    def own_excerpt(self, page: OwnPage) -> Excerpt | None:
        """The same of a crawled page of the target."""
        return self._excerpts.of_own(page)

    def examine_own(self, page: OwnPage) -> tuple[TamperMatch, ...]:
        """What tells that somebody else changed a crawled page of the target; nearly always nothing."""
        return self._own_pages.examine(page)

    def examine_difference(self, added: str, usual: str) -> TamperMatch | None:
        """What lines offer that a page of the target shows to some visitors alone; `usual`: those of all others."""
        return self._own_differences.examine(added, usual)

    def examine(self, subject: Subject) -> tuple[Signal, ...]:
        """What layers 1 to 3 say. The content of allow-listed hosts and of the target itself is not examined."""
        signals = [*self._reputation.examine(subject), *self._takeover.examine(subject)]
        if self.examines_content(subject):
            signals += [signal for layer in self._content_layers for signal in layer.examine(subject)]
        return tuple(signals)

    def examines_content(self, subject: Subject) -> bool:
        """False for allow-listed hosts, and for a third party that led back to the target."""
        returned = self._scope.is_own(subject.host) and not self._scope.is_own(subject.third_party.domain)
        return not returned and self._reputation.allowed(subject.host) is None

    def conclude(self, subject: Subject, signals: Iterable[Signal]) -> tuple[ViolationFact, ...]:
        """Turns signals, from whichever layers, into violations, and looks at the hidden references to the target."""
        return self._facts(subject, self._detections(subject, signals))

    def _detections(self, subject: Subject, signals: Iterable[Signal]) -> tuple[Detection, ...]:
        found = combine(signals, self._thresholds)
        if self._classifier is None or self._scope.is_own(subject.third_party.domain) or not self._reads(subject):
            return found
        return self._classifier.weigh(subject, found, self._thresholds)

    def _reads(self, subject: Subject) -> bool:
        return subject.has_content and self.examines_content(subject)

    def _facts(self, subject: Subject, content: Sequence[Detection]) -> tuple[ViolationFact, ...]:
        hidden: tuple[Detection, ...] = ()
        if content or self._reputation.allowed(subject.third_party.domain) is None:
            hidden = combine(self._hidden_links.examine(subject, content), self._thresholds)
        facts = [self._content_fact(subject, detection) for detection in content]
        return (*facts, *(self._hidden_fact(subject, detection) for detection in hidden))

    def _content_fact(self, subject: Subject, detection: Detection) -> ViolationFact:
        return self._fact(subject, detection, self._worst(detection, subject.references))

    def _hidden_fact(self, subject: Subject, detection: Detection) -> ViolationFact:
        hidden = [reference for reference in subject.references if reference.hidden is not None]
        return self._fact(subject, detection, self._worst(detection, hidden))

    def _worst(self, detection: Detection, references: Iterable[Reference]) -> Reference | None:
        """Return the reference with the highest risk, of equal ones the first."""
        return max(
            references,
            key=lambda reference: risk_of(detection.key, reference, self._scope.is_own).score,
            default=None,
        )

    def _fact(self, subject: Subject, detection: Detection, shown_by: Reference | None) -> ViolationFact:
        return ViolationFact(
            domain=subject.third_party.domain,
            violation_key=detection.key,
            confidence_score=detection.confidence,
            description="",  # the stage writes it, in the language of the scan
            evidence=detection.evidence,
            needs_review=detection.needs_review,
            url=subject.capture.final_url or subject.capture.url,
            found_on=shown_by.page_url if shown_by is not None else subject.third_party.example_page,
        )


def _instruction_in(subject: Subject) -> str:
    """Return what of the page, or of its picture, speaks to models; "" when nothing does."""
    said = "\n".join((subject.picture_text, subject.title, *subject.page.meta, subject.page.text))
    return find_instruction(said[:MAX_INSTRUCTED])
