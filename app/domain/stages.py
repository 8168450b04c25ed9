"""The five stages of a scan: their order, their names and what each weighs in the overall progress."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.messages import MessageCatalog, Text


class StageKey(StrEnum):
    """Stable key on the wire (`stage_key`)."""

    SUBDOMAIN_DISCOVERY = "subdomain_discovery"
    PAGE_CRAWL = "page_crawl"
    THIRD_PARTY = "third_party"
    CONTENT_CAPTURE = "content_capture"
    AI_ANALYSIS = "ai_analysis"


class StageStatus(StrEnum):
    """Status of one stage. `pending` is only seen in a snapshot; it is never an event."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"  # it ran when its attempt was cancelled


@dataclass(frozen=True, slots=True)
class StageSpec:
    """What is fixed about a stage."""

    key: StageKey
    index: int  # 1 to 5, `stage_index` on the wire
    weight: int  # share of the overall progress in percent; the five sum to 100

    def name(self, language: str) -> Text:
        return MessageCatalog(language)(f"stage.{self.key}")


# The weights follow where a scan of a middle-sized site spends its time: crawling most, then the captures.
STAGES: Final = (
    StageSpec(StageKey.SUBDOMAIN_DISCOVERY, 1, 15),
    StageSpec(StageKey.PAGE_CRAWL, 2, 35),
    StageSpec(StageKey.THIRD_PARTY, 3, 10),
    StageSpec(StageKey.CONTENT_CAPTURE, 4, 25),
    StageSpec(StageKey.AI_ANALYSIS, 5, 15),
)
STAGE_BY_KEY: Final = MappingProxyType({spec.key: spec for spec in STAGES})


def overall_progress(fractions: dict[StageKey, float]) -> int:
    """Overall progress 0..100 from the stages' fractions (0.0..1.0; a missing stage counts 0).

    100 is reached only when every stage is done: below that the result is cut off at 99.
    """
    total = sum(spec.weight * min(1.0, max(0.0, fractions.get(spec.key, 0.0))) for spec in STAGES)
    done = all(fractions.get(spec.key, 0.0) >= 1.0 for spec in STAGES)
    return 100 if done else min(99, int(total))
