"""What the opinions of second readers change in what the rules found: of a language model, and of the local reader
that the deployment has taught itself. Pure.

| rules | the model | what follows |
|---|---|---|
| weak (to be reviewed) | a violation of the same class | confirmed: the model counts as one more rule |
| weak | clean, a violation of another class, or unclear | as it was |
| strong | the same class | as it was, with one more reason |
| strong | clean, or another class | to be reviewed, unless the page speaks to models |
| nothing | a violation | to be reviewed, with the least confidence that there is |

So a model alone accuses nobody and clears nobody: a page with words that it obeys and we do not know is looked at by a
person. With words that we know a page does not win even that. Block lists, takeovers and hidden links are facts, about
which nobody is asked.

The local reader comes after it. It follows no words: it counts those that the deployment's own people decided on. It
confirms nothing, and says nothing of what rules are certain of.

| rules | the local reader | what follows |
|---|---|---|
| weak | clears it | suppressed, unless the model sees a violation or the page speaks to models |
| nothing | certain of a class | to be reviewed, with the least confidence, unless the model has said what it is |
| anything else | | as it was |
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.domain.reading import Effect
from app.domain.violations import VIOLATION_FROM, Evidence, Layer, ViolationFact, ViolationKey
from app.engines.analyse.detection import CONFIDENCE_CAP, MAX_EVIDENCE, Detection, Thresholds, is_judged
from app.engines.local_reader.model import LocalOpinion
from app.engines.reading_model.answer import Opinion, Verdict

MODEL_SCORE: Final = 0.65  # of a model that is quite sure: with 0.9 it lifts a weak rule of 0.55 above 0.8
ALONE_FROM: Final = 0.7  # a model that is less sure than this says nothing of a page of which no rule does


class Rule(StrEnum):
    """How the opinion stands in the evidence."""

    CONFIRMS = "model.confirms"
    DISAGREES = "model.disagrees"
    UNCLEAR = "model.unclear"
    ALONE = "model.alone"
    INJECTED = "model.injected"
    LOCAL_ALONE = "local.alone"
    LOCAL_INJECTED = "local.injected"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Detections as the opinions leave them, the most certain first, and what each opinion changed."""

    detections: tuple[Detection, ...]
    effect: Effect  # of the language model's
    local_effect: Effect = Effect.NONE


def judged_facts(facts: Iterable[ViolationFact]) -> list[ViolationFact]:
    """Return those about which the model is asked."""
    return [fact for fact in facts if is_judged(fact.violation_key, fact.evidence)]


def weigh(
    detections: Sequence[Detection],
    opinion: Opinion | None,
    thresholds: Thresholds,
    local: LocalOpinion | None = None,
    instruction: str = "",
) -> Weighed:
    """Return what is left of the detections of a page's content.

    `opinion` is a language model's, `local` the local reader's; None: there is none. `instruction`: what of the page
    speaks to models.
    """
    weighed = Weighed(tuple(detections), Effect.NONE)
    if opinion is not None and instruction and not opinion.injected:
        opinion = replace(opinion, injected=True, instruction=instruction)  # outside of what it was shown as text
    if opinion is not None:
        weighed = _with_model(detections, opinion, thresholds)
    if local is None:
        return weighed
    judged = {detection.key for detection in detections if is_judged(detection.key, detection.evidence)}
    if not judged:
        return _raised(weighed, local, opinion)
    doubted = {detection.key for detection in detections if detection.key in judged and detection.needs_review}
    return _cleared(weighed, doubted, local, opinion, instruction)


def _with_model(detections: Sequence[Detection], opinion: Opinion, thresholds: Thresholds) -> Weighed:
    judged = [item for item in detections if is_judged(item.key, item.evidence)]
    if not judged:
        alone = _alone(detections, opinion)
        return Weighed((*detections, *alone), Effect.TO_REVIEW if alone else Effect.NONE)
    left: list[Detection] = []
    effects: list[Effect] = []
    for detection in detections:
        found, effect = _weighed(detection, opinion, thresholds) if detection in judged else (detection, Effect.NONE)
        effects.append(effect)
        left.append(found)
    left.sort(key=lambda one: (-one.confidence, one.key))
    return Weighed(tuple(left), next((item for item in effects if item is not Effect.NONE), Effect.NONE))


def _weighed(detection: Detection, opinion: Opinion, thresholds: Thresholds) -> tuple[Detection, Effect]:
    if opinion.verdict is Verdict.VIOLATION and opinion.key is detection.key:
        return _confirmed(detection, opinion, thresholds)
    if opinion.verdict is Verdict.UNCLEAR:
        return _with(detection, _evidence(Rule.UNCLEAR, opinion)), Effect.NONE
    if opinion.injected:
        return _with(detection, _evidence(Rule.INJECTED, opinion)), Effect.NONE
    disagreeing = _with(detection, _evidence(Rule.DISAGREES, opinion))
    if not detection.needs_review:
        return replace(disagreeing, needs_review=True), Effect.TO_REVIEW
    return disagreeing, Effect.NONE


def _confirmed(detection: Detection, opinion: Opinion, thresholds: Thresholds) -> tuple[Detection, Effect]:
    score = round(MODEL_SCORE * opinion.confidence, 4)
    confidence = max(detection.confidence, round(min(CONFIDENCE_CAP, 1 - (1 - detection.confidence) * (1 - score)), 4))
    found = _with(detection, _evidence(Rule.CONFIRMS, opinion, score))
    needs_review = confidence < thresholds.review
    effect = Effect.CONFIRMED if detection.needs_review and not needs_review else Effect.NONE
    return replace(found, confidence=confidence, needs_review=needs_review), effect


def _alone(detections: Sequence[Detection], opinion: Opinion) -> tuple[Detection, ...]:
    """Return what the model says of a page of which no rule says anything: for people to look at, never more."""
    known = {detection.key for detection in detections}
    if opinion.verdict is not Verdict.VIOLATION or opinion.key is None or opinion.key in known:
        return ()
    if opinion.confidence < ALONE_FROM:
        return ()
    evidence = _evidence(Rule.ALONE, opinion, VIOLATION_FROM)
    return (Detection(opinion.key, VIOLATION_FROM, (evidence,), needs_review=True),)


def _cleared(
    weighed: Weighed, doubted: Collection[ViolationKey], local: LocalOpinion, opinion: Opinion | None, instruction: str
) -> Weighed:
    """Take away what the rules were not certain of, when the local reader clears the page. `doubted`: their classes."""
    gone = [detection for detection in weighed.detections if detection.key in doubted and detection.needs_review]
    if not local.clears or not gone:
        return weighed
    if opinion is not None and (opinion.verdict is Verdict.VIOLATION or opinion.injected):
        return weighed
    if instruction:
        note = Evidence(Layer.MODEL, Rule.LOCAL_INJECTED.value, 0.0, instruction[:200], provenance=_source(local))
        noted = tuple(_with(detection, note) if detection in gone else detection for detection in weighed.detections)
        return replace(weighed, detections=noted)
    left = tuple(detection for detection in weighed.detections if detection not in gone)
    return replace(weighed, detections=left, local_effect=Effect.SUPPRESSED)


def _raised(weighed: Weighed, local: LocalOpinion, opinion: Opinion | None) -> Weighed:
    """Show a page to a person of which no rule says anything, unless the language model has read it as well."""
    known = {detection.key for detection in weighed.detections}
    is_read = opinion is not None and opinion.verdict is not Verdict.UNCLEAR
    if is_read or not local.raises or local.key is None or local.key in known:
        return weighed
    evidence = Evidence(
        Layer.MODEL, Rule.LOCAL_ALONE.value, VIOLATION_FROM, local.quote, provenance=_source(local), terms=local.terms
    )
    raised = Detection(local.key, VIOLATION_FROM, (evidence,), needs_review=True)
    return replace(weighed, detections=(*weighed.detections, raised), local_effect=Effect.TO_REVIEW)


def _source(local: LocalOpinion) -> str:
    return f"local {local.version}"


def _with(detection: Detection, evidence: Evidence) -> Detection:
    """Add it behind what the rules say: the sentence about a violation is made of the first."""
    return replace(detection, evidence=(*detection.evidence[: MAX_EVIDENCE - 1], evidence))


def _evidence(rule: Rule, opinion: Opinion, score: float = 0.0) -> Evidence:
    said = opinion.key.value if opinion.key and opinion.verdict is Verdict.VIOLATION else opinion.verdict.value
    quote = opinion.instruction if rule is Rule.INJECTED and opinion.instruction else " … ".join(opinion.quotes)
    return Evidence(
        layer=Layer.MODEL,
        rule=rule.value,
        score=score,
        snippet=quote[:200],
        provenance=opinion.provenance,
        terms=(said, opinion.stance.value),
    )
