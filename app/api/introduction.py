"""The words before the interface: what a session looks like, and what each group of routes is for."""

from pathlib import Path
from typing import Final

from app.domain.messages import FOREIGN_LANGUAGE, Language

LOCALES: Final = Path(__file__).parent / "locales"


# In English, as all that `app.api.document_language` translates.
TAGS: Final = [
    {"name": "auth", "description": "Signing in and out, and one's own account."},
    {"name": "tasks", "description": "Scans: create, list, look, cancel, try again, delete."},
    {"name": "orders", "description": "Scans of many domains at once: order, look at all, cancel."},
    {"name": "overview", "description": "All scans at a glance, and a search over them."},
    {"name": "monitor", "description": "Following tasks live: state, log, events, tickets and connections."},
    {"name": "results", "description": "What a scan has collected, in lists, and the report."},
    {"name": "evidence", "description": "Findings with everything that speaks for them."},
    {"name": "admin", "description": "Users and workers, for administrators."},
    {"name": "health", "description": "For probes and scrapers. What they add to an address is ignored."},
]


def introduction(language: Language) -> str:
    """Return the words in Markdown; in English where there are none in that language."""
    path = LOCALES / f"introduction.{language}.md"
    return (path if path.exists() else LOCALES / f"introduction.{FOREIGN_LANGUAGE}.md").read_text(encoding="utf-8")
