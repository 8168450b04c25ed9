"""The analysis of one capture: layers, verdicts, hidden links, risk. Synchronous, a few milliseconds per page."""

from collections.abc import Iterable, Sequence

from app.domain.violations import RiskLevel
from app.engines.analyse.brands import BrandBook, load_brands
from app.engines.analyse.hidden_links import HiddenLinks
from app.engines.analyse.layer import AnalysisLayer, Signal
from app.engines.analyse.lexicon import Lexicon, load_lexicon
from app.engines.analyse.normalise import Normaliser
from app.engines.analyse.reputation import STARTER_ALLOW, STARTER_BLOCK, ListEntry, ReputationLayer, load_list
from app.engines.analyse.risk import LEVELS, overall_risk, risk_of
from app.engines.analyse.structure import StructureLayer
from app.engines.analyse.subject import Subject
from app.engines.analyse.text import TextLayer
from app.engines.analyse.verdict import Thresholds, Verdict, combine
from app.engines.analyse.wording import describe
from app.engines.model import Reference, ViolationFact
from app.engines.scope import Scope


class Analyser:
    """Layers 1 to 3 for the third parties of one target. Holds no state of a subject; build it once per scan.

    `allow` and `block` come on top of the shipped lists (later lists win), `brands` and `lexicon` replace the shipped
    data. `extra_layers` are asked after ours. Layers that must wait produce their signals elsewhere and hand them to
    `conclude` together with those of `examine`.
    """

    def __init__(
        self,
        *,
        scope_target: str,
        language: str = "zh-CN",
        allow: Sequence[ListEntry] = (),
        block: Sequence[ListEntry] = (),
        brands: BrandBook | None = None,
        lexicon: Lexicon | None = None,
        thresholds: Thresholds | None = None,
        extra_layers: Sequence[AnalysisLayer] = (),
    ) -> None:
        """Reads the shipped data files. Raises `ListError`, `BrandError` or `LexiconError` when one is broken."""
        normaliser = Normaliser()
        words = lexicon or load_lexicon(normaliser)
        self._scope = Scope(scope_target)
        self._language = language
        self._thresholds = thresholds or Thresholds()
        self._reputation = ReputationLayer(
            allow=(*load_list(STARTER_ALLOW), *allow), block=(*load_list(STARTER_BLOCK), *block)
        )
        self._content_layers: tuple[AnalysisLayer, ...] = (
            StructureLayer(brands or load_brands()),
            TextLayer(lexicon=words, normaliser=normaliser),
            *extra_layers,
        )
        self._hidden_links = HiddenLinks(lexicon=words, normaliser=normaliser)

    def analyse(self, subject: Subject) -> tuple[ViolationFact, ...]:
        """The violations of one subject, the most certain first; empty when it is clean."""
        return self.conclude(subject, self.examine(subject))

    def examine(self, subject: Subject) -> tuple[Signal, ...]:
        """What layers 1 to 3 say. The content of allow-listed hosts and of the target itself is not judged."""
        signals = list(self._reputation.examine(subject))
        if self.judges_content(subject):
            signals += [signal for layer in self._content_layers for signal in layer.examine(subject)]
        return tuple(signals)

    def judges_content(self, subject: Subject) -> bool:
        """False for allow-listed hosts, and for a third party that led back to the target."""
        returned = self._scope.is_own(subject.host) and not self._scope.is_own(subject.third_party.domain)
        return not returned and self._reputation.allowed(subject.host) is None

    def conclude(self, subject: Subject, signals: Iterable[Signal]) -> tuple[ViolationFact, ...]:
        """Turns signals, from whichever layers, into violations, and looks at the hidden references to the target."""
        content = combine(signals, self._thresholds)
        hidden: tuple[Verdict, ...] = ()
        if content or self._reputation.allowed(subject.third_party.domain) is None:
            hidden = combine(self._hidden_links.examine(subject, content), self._thresholds)
        facts = [self._content_fact(subject, verdict) for verdict in content]
        return (*facts, *(self._hidden_fact(subject, verdict) for verdict in hidden))

    def _content_fact(self, subject: Subject, verdict: Verdict) -> ViolationFact:
        risk = overall_risk(subject.third_party, subject.references)
        strongest = max(subject.references, key=_rank, default=None)
        return self._fact(subject, verdict, risk, strongest)

    def _hidden_fact(self, subject: Subject, verdict: Verdict) -> ViolationFact:
        hidden = [reference for reference in subject.references if reference.hidden is not None]
        strongest = max(hidden, key=_rank)
        return self._fact(subject, verdict, risk_of(strongest.relation, hidden=True), strongest)

    def _fact(self, subject: Subject, verdict: Verdict, risk: RiskLevel, shown_by: Reference | None) -> ViolationFact:
        return ViolationFact(
            domain=subject.third_party.domain,
            key=verdict.key,
            risk=risk,
            confidence=verdict.confidence,
            description=describe(verdict, self._language),
            evidence=verdict.evidence,
            needs_review=verdict.needs_review,
            url=subject.capture.final_url or subject.capture.url,
            found_on=shown_by.page_url if shown_by is not None else subject.third_party.example_page,
        )


def _rank(reference: Reference) -> int:
    """Order of references by the risk that they carry."""
    return LEVELS.index(risk_of(reference.relation, hidden=reference.hidden is not None))
