"""What a browser worker and the process in which it renders say to each other.

- Input: one line with the settings and the name under which pages are held; its end means: stop.
- Output: a tick each second, as of a scan's process, and what came of each page, for the worker's metrics.
- Exit code: 0 when nothing waited any more, or it was told to stop; else below, or a crash.
"""

from typing import Any, Final

import orjson

from app.core.config import Settings, settings_for
from app.scanstore.renders import RenderOutcome

EXIT_NO_BROWSER: Final = 5  # Chromium does not start, or has crashed too often
# What it reads of the settings (a test compares): how to reach the pages and the database, and nothing that signs.
RENDER_SETTINGS: Final = frozenset(
    {
        "database_url",
        "database_busy_timeout_s",
        "log_level",
        "log_format",
        "resolvers",
        "blocked_targets",
        "allow_networks",
        "ca_file",
        "port_map",
        "static_hosts",
        "ct_urls",
        "user_agent",
        "host_silence_s",
        "host_busy_s",
        "chromium_path",
        "browser_max_bytes",
    }
)


def render_order(settings: Settings, holder: str) -> bytes:
    """Return the line of the process's input."""
    values = settings_for(RENDER_SETTINGS, settings)
    return orjson.dumps({"settings": values, "holder": holder}) + b"\n"


def read_render_order(line: bytes) -> tuple[Settings, str]:
    """Return settings, of which those that rendering does not need have their defaults, and the holder's name."""
    order: dict[str, Any] = orjson.loads(line)
    return Settings(**order["settings"]), str(order["holder"])


def page_line(outcome: RenderOutcome) -> bytes:
    """Return the line that says what came of a page."""
    return orjson.dumps({"page": outcome}) + b"\n"


def read_page_line(line: bytes) -> RenderOutcome | None:
    """Return what came of a page; None for a tick, and for what no process of ours has written."""
    try:
        return RenderOutcome(orjson.loads(line)["page"])
    except (ValueError, KeyError, TypeError):
        return None
