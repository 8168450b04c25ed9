"""Headers in which a client weighs what it would take (RFC 9110, section 12.4.2)."""

from typing import Final

MAX_CHOICES: Final = 20  # of a header that are looked at; browsers send three to five


def weigh(header: str) -> list[tuple[str, float]]:
    """Return (choice, quality) of each choice, the best first; of equal ones the first. A bad quality counts as 0."""
    parts = [part.partition(";") for part in header.split(",")[:MAX_CHOICES]]
    found = [(name.strip(), _quality(parameters)) for name, _, parameters in parts if name.strip()]
    return sorted(found, key=lambda item: -item[1])


def _quality(parameters: str) -> float:
    name, _, value = parameters.replace(" ", "").partition("=")
    if name.lower() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
