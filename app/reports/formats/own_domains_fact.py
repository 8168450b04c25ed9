"""States the user's own domains of a scan in its report: they were not examined."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.core.redact import display_text
from app.domain.messages import MessageCatalog

MAX_NAMED: Final = 50  # of 500 at most


def own_domains_fact(config: Mapping[str, Any], texts: MessageCatalog) -> Iterator[tuple[str, str]]:
    """Yield the name of the option and its value; nothing when none was named. `config`: of a task or an order."""
    named = config.get("own_domains") or ()
    if not named:
        return
    shown = texts.join_terms(map(display_text, named[:MAX_NAMED]))
    rest = len(named) - MAX_NAMED
    said = texts("report.and_more", names=shown, count=rest) if rest > 0 else str(shown)
    yield texts("report.option.own_domains"), said
