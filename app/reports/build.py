"""Builds what lists results, and what makes reports of them."""

from dataclasses import dataclass

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.domain.targets import TargetParser
from app.reports.formats.service import ReportFileService
from app.reports.service import ReportService
from app.scans.ports import ReportProcesses
from app.scanstore.port import ScanStores


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportParts:
    reports: ReportService
    report_files: ReportFileService


def build_reports(
    settings: Settings,
    *,
    db: Database,
    stores: ScanStores,
    targets: TargetParser,
    clock: Clock,
    processes: ReportProcesses,
) -> ReportParts:
    return ReportParts(
        reports=ReportService(db=db, stores=stores, targets=targets, language=settings.language),
        report_files=ReportFileService(
            db=db,
            stores=stores,
            targets=targets,
            clock=clock,
            processes=processes,
            reports_at_once=settings.reports_at_once,
        ),
    )
