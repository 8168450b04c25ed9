"""Which domains `compliance scan` is to scan: those that stand on the command line, then those of a file."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.cli.misused import Misused
from app.cli.terminal import clean
from app.domain.messages import MessageCatalog
from app.domain.orders import MAX_TARGETS
from app.domain.report_format import OF_ORDERS, format_of_suffix
from app.engines.scope import domain_in_url

MAX_BYTES: Final = 1 << 20  # of the file: 500 names have 130 kB at most
COMMENT: Final = "#"


def read_targets(named: Sequence[str], file: Path | None, texts: MessageCatalog) -> tuple[str, ...]:
    """Return all of them in their order, each once. Raises Misused: there is none, or there are too many."""
    found = take_domains([*named, *(_lines_of(file) if file is not None else ())], texts)
    if not found:
        raise Misused("no_targets")
    if len(found) > MAX_TARGETS:
        raise Misused("too_many_targets", limit=MAX_TARGETS)
    return found


def take_domains(given: Sequence[str], texts: MessageCatalog) -> tuple[str, ...]:
    """Return the domains, each once: of an address its domain, which is said on standard error."""
    found: dict[str, None] = {}
    for text in given:
        domain = domain_in_url(text)
        if domain is not None:
            sys.stderr.write(f"{texts('cli.domain_taken', domain=domain, given=clean(text))}\n")
        found[text if domain is None else domain] = None
    return tuple(found)


def check_many(targets: Sequence[str], start_urls: Sequence[str], output: Path | None) -> None:
    """Raise Misused for what only the scan of a single domain can do."""
    if len(targets) > 1 and (start_urls or (output is not None and format_of_suffix(output.name) not in OF_ORDERS)):
        raise Misused("one_target_only", option="--start-url" if start_urls else "--output")


def _lines_of(file: Path) -> list[str]:
    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Misused("targets_file") from error
    if len(content) > MAX_BYTES:
        raise Misused("targets_file")
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(COMMENT)]
