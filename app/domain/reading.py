"""What a scan says of the language model that read along: how many questions, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

READING: Final = "reading_model"  # checkpoint of a scan's store


class LeftOut(StrEnum):
    """Reason why a page was not submitted; stable keys on the wire."""

    BUDGET = "budget"  # the requests of a scan are used up
    TIME = "time"  # the scan's time is
    SILENT = "silent"  # several questions in a row came to nothing


class Void(StrEnum):
    """Reason why an answer is invalid; stable keys of the report."""

    RATE_LIMITED = "rate_limited"  # 429 until the last try
    SERVER_ERROR = "server_error"  # 5xx until the last try
    REFUSED = "refused"  # any other status: a wrong key, name or address
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # no connection, or it broke off
    MALFORMED = "malformed"  # no JSON, not all of it, or not what the protocol says
    WRONG_VALUE = "wrong_value"  # a field is missing, is not known or has a value that it cannot have
    CONTRADICTORY = "contradictory"  # a violation of no class, or one that only reports
    INVENTED_QUOTE = "invented_quote"  # a quote that does not stand in the excerpt
    PROMPT_QUOTED = "prompt_quoted"  # a quote of our own words
    INTERRUPTED = "interrupted"  # the scan's process ended while it was under way: it is not asked again


class Effect(StrEnum):
    """Effect of a model's result; stable keys of the report."""

    CONFIRMED = "confirmed"
    SUPPRESSED = "suppressed"
    TO_REVIEW = "to_review"
    NONE = "unchanged"


@dataclass(frozen=True, slots=True)
class ReadingSummary:
    """`asked` = answered + void + those under way; what was left out was not asked."""

    model: str
    prompt_version: int
    budget: int  # requests of a scan
    requests: int  # sent, repeated ones included
    asked: int
    answered: int
    void: Mapping[str, int] = field(default_factory=dict)  # by reason
    left_out: Mapping[str, int] = field(default_factory=dict)  # by `LeftOut`
    effects: Mapping[str, int] = field(default_factory=dict)  # what the answers changed

    @property
    def is_spent(self) -> bool:
        """Return whether pages were not submitted because the budget was used up."""
        return self.left_out.get(LeftOut.BUDGET, 0) > 0


def summary_of(stored: Mapping[str, Any]) -> ReadingSummary:
    """Return the summary that a checkpoint holds."""
    return ReadingSummary(**{name: stored[name] for name in ReadingSummary.__slots__})
