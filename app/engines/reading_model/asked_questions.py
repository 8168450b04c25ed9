"""What a scan has asked the language model, over all its attempts: kept before it is asked, so that nothing is asked
twice and the budget holds, whenever the process ends.
"""

from collections import Counter
from dataclasses import asdict
from typing import Any, Final

from app.domain.reading import READING, ReadingSummary, Void
from app.engines.ports import ScanStore
from app.engines.reading_model.answer import Opinion

_ASKED: Final = "asked"  # and no answer yet
_ANSWERED: Final = "answered"
_OPINION: Final = "reading_model:"  # checkpoint of each opinion, with the key of its question


class AskedQuestions:
    """Questions by their key. One process writes; what an earlier one left under way counts as interrupted."""

    def __init__(self, *, store: ScanStore, budget: int, model: str, prompt_version: int) -> None:
        """`budget`: requests of a scan."""
        self._store = store
        self._budget = budget
        self._about: dict[str, Any] = {"model": model, "prompt_version": prompt_version, "budget": budget}
        self._beside: dict[str, Any] = {"left_out": {}, "effects": {}}  # what `conclude` was told last
        stored: dict[str, Any] = store.checkpoint(READING) or {}
        self._is_new = True  # nothing was put yet
        self._requests = int(stored.get("requests", 0))
        self._states: dict[str, str] = {
            key: Void.INTERRUPTED.value if state == _ASKED else state
            for key, state in stored.get("questions", {}).items()
        }

    @property
    def requests_left(self) -> int:
        return max(0, self._budget - self._requests)

    def is_known(self, key: str) -> bool:
        """Whether it was asked before, whatever came of it."""
        return key in self._states

    def opinion(self, key: str) -> Opinion | None:
        """Return what was answered; None: it is void."""
        stored = self._store.checkpoint(f"{_OPINION}{key}") if self._states.get(key) == _ANSWERED else None
        return None if stored is None else Opinion.from_json(stored)

    def begin(self, key: str) -> None:
        """Write down that a request is sent. When this returns, no end of the process makes it forgotten."""
        self._states[key] = _ASKED
        self._requests += 1
        self._put()
        self._store.settle()

    def answer(self, key: str, opinion: Opinion) -> None:
        """Keep an opinion."""
        self._states[key] = _ANSWERED
        self._store.put_checkpoint(f"{_OPINION}{key}", opinion.to_json())
        self._put()

    def void(self, key: str, reason: Void) -> None:
        """Keep that there is none."""
        self._states[key] = reason.value
        self._put()

    def conclude(self, left_out: Counter[str], effects: Counter[str]) -> None:
        """Keep what the report says beside: how many questions were not asked, by reason, and what answers changed."""
        beside: dict[str, Any] = {"left_out": _plain(left_out), "effects": _plain(effects)}
        if beside != self._beside or self._is_new:
            self._beside = beside
            self._put()

    def summary(self) -> ReadingSummary:
        """Return what the report says."""
        states = self._states.values()
        return ReadingSummary(
            **self._about,
            requests=self._requests,
            asked=len(states),
            answered=sum(state == _ANSWERED for state in states),
            void=dict(Counter(state for state in states if state not in (_ASKED, _ANSWERED))),
            **self._beside,
        )

    def _put(self) -> None:
        self._is_new = False
        self._store.put_checkpoint(READING, {**asdict(self.summary()), "questions": self._states})


def _plain(counts: Counter[str]) -> dict[str, int]:
    """Return them by plain text: orjson takes no other keys."""
    return {str(name): count for name, count in counts.items()}
