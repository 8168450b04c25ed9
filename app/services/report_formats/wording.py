"""Times and durations in a report: with their zone, since it is read where nobody knows the server's."""

from typing import Final

from app.domain.messages import MessageCatalog

_LENGTH_TO_SECONDS: Final = 19  # 2026-11-26T10:53:12


def moment_text(wire: str | None) -> str:
    """Return a time of the wire (RFC 3339, `Z`) to the second, as `2026-11-26 10:53:12 UTC`; "" for None."""
    return "" if wire is None else f"{wire[:_LENGTH_TO_SECONDS].replace('T', ' ')} UTC"


def duration_text(seconds: int, texts: MessageCatalog) -> str:
    """Return hours, minutes and seconds, those that lead and are zero left out."""
    minutes, second = divmod(max(0, seconds), 60)
    hours, minute = divmod(minutes, 60)
    key = "report.hours" if hours else "report.minutes" if minute else "report.seconds"
    return texts(key, hours=hours, minutes=minute, seconds=second)
