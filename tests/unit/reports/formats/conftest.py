"""A report of the small scan that the tests of evidence use, in either language, without a database."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.domain.messages import MessageCatalog
from app.findings.evidence.exposures import Site
from app.findings.evidence.scan_evidence import ScanEvidence
from app.reports.formats.contents import Origin, ReportContents
from tests.unit.findings.evidence.conftest import reader, store
from tests.unit.findings.evidence.test_scan_evidence import db, row

__all__ = ["db", "reader", "row", "store"]
MADE_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROW = SimpleNamespace(
    id="0" * 36,
    run=1,
    attempt=2,
    last_seq=41,
    user_id="u",
    target_domain="corp.test",
    status="completed",
    started_at=datetime(2026, 1, 1, 10, 0, 0, tzinfo=UTC),
    completed_at=datetime(2026, 1, 1, 11, 2, 3, tzinfo=UTC),
    running_s=3723.0,
    statistics={"total_subdomains": 3, "total_pages_crawled": 3, "total_third_party_domains": 3},
    finding_counts={"total": 4, "critical": 2, "high": 1, "medium": 1, "low": 0, "needs_review": 1},
    verdict={"result": "violations", "reasons": ["robots"]},
    error=None,
    warnings=[{"code": "partial", "message": "one host was silent"}],
    config={"max_pages": 500, "max_depth": None, "time_limit_s": 60},
)


@pytest.fixture
def contents():
    """Captured contents by their hash."""
    return {}


@pytest.fixture
def make_report(reader, db, row, contents):
    scanned = row

    def make(language="en", *, differences=None, only=frozenset(), **changes):
        row = SimpleNamespace(**{**vars(ROW), "id": scanned.id, "user_id": scanned.user_id, **changes})
        evidence = ScanEvidence(
            row=row,
            reader=reader,
            db=db,
            site=Site("corp.test"),
            language=language,
            read=contents.get,
            is_shared=False,
        )
        return ReportContents(
            row=row,
            reader=reader,
            db=db,
            evidence=evidence,
            texts=MessageCatalog(language),
            read_content=contents.get,
            origin=Origin(made_by="mei", made_at=MADE_AT, program="scanner 1.0"),
            epoch="0",
            compare=lambda _row, _reader: differences,
            started_by="wei",
            only=only,
        )

    return make
