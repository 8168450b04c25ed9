"""Layer 4: the words that stand in a page's picture, against the same lexicons as its text.

Who puts what he offers into a picture hides it from filters. What is read there has wrong letters and no order, so by
itself it is a case for a review, unless it says so much that wrong letters do not matter.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from app.domain.violations import Layer
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject
from app.engines.analyse.text.layer import TextLayer

STRONG: Final = 0.9  # of the text layer: several offers close together
REVIEW_CAP: Final = 0.78  # below `REVIEW_BELOW`


class PictureTextLayer:
    """Immutable; see `TextLayer`."""

    name = Layer.IMAGE.value

    def __init__(self, text: TextLayer) -> None:
        self._text = text

    def examine(self, subject: Subject) -> Iterable[Signal]:
        if not subject.has_content or not subject.picture_text:
            return
        for signal in self._text.judge(self._text.read(text=subject.picture_text, title="", meta=())):
            found = signal.evidence
            score = found.score if found.score >= STRONG else min(found.score, REVIEW_CAP)
            rule = f"picture.{signal.key}"
            # The offset would be one in a text that is not kept.
            yield replace(signal, evidence=replace(found, layer=Layer.IMAGE, rule=rule, score=score, offset=None))
