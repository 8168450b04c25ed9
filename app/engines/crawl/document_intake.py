"""PDF and Office documents of the site: which are asked for whole, and what became of them. They are no pages: neither
the limit of pages nor the coverage counts them, so they are counted here.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.stages import StageKey
from app.engines.crawl.page_processor import ProcessedPage, is_readable, may_be_readable
from app.engines.crawl.url_patterns import is_binary
from app.engines.documents.kinds import is_document_name, may_be_document
from app.engines.model import FetchResult
from app.engines.net.client import MAX_BYTES, FetchOptions, Headers
from app.engines.ports import ScanSink

MAX_DOCUMENTS: Final = 1_000  # of one scan
MAX_DOCUMENT_BYTES: Final = 10 * 1024**2  # of one document; 32 answers are in flight at most
MAX_ALL_BYTES: Final = 512 * 1024**2  # of all documents of a scan
_MODULE: Final = StageKey.PAGE_CRAWL.value


class Outcome(StrEnum):
    """What became of one document."""

    READ = "read"
    PARTIAL = "partial"  # too large, too long to read, or broken: something of it was read
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    LEFT_OUT = "left_out"  # a limit was reached


@dataclass(kw_only=True, eq=False, repr=False)
class DocumentIntake:
    """Counts the documents of one attempt."""

    max_documents: int = MAX_DOCUMENTS
    max_all_bytes: int = MAX_ALL_BYTES
    # What became of those that were met.
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    # References to foreign hosts in them.
    references: int = 0
    _wanted: int = 0
    _received: int = 0

    def fetch_options(self, url: str) -> FetchOptions:
        """Return how an URL of the site is asked for: of what is no page, style sheet or document only the headers."""
        limit = MAX_DOCUMENT_BYTES if is_document_name(url) else MAX_BYTES
        page = is_readable if is_binary(url) else may_be_readable
        return {"max_redirects": 0, "max_bytes": limit, "wants_body": partial(self._wants, url, page)}

    def _wants(self, url: str, page: Callable[[Headers], bool], headers: Headers) -> bool:
        if page(headers):
            return True
        if not may_be_document(url, headers):
            return False
        if self._wanted >= self.max_documents or self._received >= self.max_all_bytes:
            self.outcomes[Outcome.LEFT_OUT] += 1
            return False
        self._wanted += 1
        return True

    def note(self, result: FetchResult, processed: ProcessedPage) -> None:
        """Count what an answer came to, when it was a document."""
        found = processed.document
        if found is None:
            return
        self._received += len(result.body)
        self.references += len(found.references)
        is_partial = found.is_partial or result.truncated
        if found.problem == "encrypted":
            self.outcomes[Outcome.ENCRYPTED] += 1
        elif found.problem and not found.references and not found.links:
            self.outcomes[Outcome.BROKEN] += 1
        else:
            self.outcomes[Outcome.PARTIAL if is_partial else Outcome.READ] += 1

    async def report(self, sink: ScanSink, texts: MessageCatalog) -> None:
        """Say how many were read, and warn of those that were not, or not wholly."""
        read = self.outcomes[Outcome.READ] + self.outcomes[Outcome.PARTIAL]
        if read:
            said = texts("documents_read", documents=read, references=self.references)
            await sink.log(LogEntry("INFO", _MODULE, said))
        missed = [(outcome, self.outcomes[outcome]) for outcome in Outcome if outcome is not Outcome.READ]
        clauses = [texts(f"document.{outcome}", documents=count) for outcome, count in missed if count]
        if clauses:
            await sink.warning("partial", texts("documents_missed", reasons=texts.join_clauses(clauses)))
