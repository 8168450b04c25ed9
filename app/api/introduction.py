"""The words before the interface: what a session looks like, and what each group of routes is for."""

from pathlib import Path
from typing import Final

from app.domain.messages import FOREIGN_LANGUAGE, Language

LOCALES: Final = Path(__file__).parent / "locales"


# In English, as all that `app.api.document_language` translates.
TAGS: Final = [
    {"name": "auth", "description": "Sign-in and sign-out, and the user's own account."},
    {"name": "tasks", "description": "Scans: create, list, get, cancel, retry, delete."},
    {"name": "orders", "description": "Orders: scan many domains at once, view the results, cancel."},
    {"name": "overview", "description": "Overview of all scans, and search."},
    {"name": "monitor", "description": "Live monitoring of tasks: state, log, events, tickets and connections."},
    {"name": "results", "description": "Results of a scan, as lists and as a report."},
    {"name": "evidence", "description": "Findings with all their evidence."},
    {"name": "admin", "description": "Users and workers, for administrators."},
    {"name": "health", "description": "For probes and scrapers. Additional query parameters are ignored."},
]


def introduction(language: Language) -> str:
    """Return the words in Markdown; in English where there are none in that language."""
    path = LOCALES / f"introduction.{language}.md"
    return (path if path.exists() else LOCALES / f"introduction.{FOREIGN_LANGUAGE}.md").read_text(encoding="utf-8")
