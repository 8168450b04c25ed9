"""Builds what reads the results of scans: evidence, decisions, the overview, reports."""

from dataclasses import dataclass

from app.captures.contents import Contents
from app.compose.foundation import Foundation
from app.findings.decisions import DecisionService
from app.findings.evidence.service import EvidenceService
from app.findings.review import ReviewService
from app.overview.service import OverviewService
from app.services.report_formats.service import ReportFileService
from app.services.reports import ReportService
from app.tasks.report_process.process import ReportProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultServices:
    reports: ReportService
    evidence: EvidenceService
    decisions: DecisionService
    review: ReviewService
    overview: OverviewService
    report_files: ReportFileService
    report_process: ReportProcess


def build_results(base: Foundation) -> ResultServices:
    db, clock, stores, targets = base.db, base.clock, base.results.stores, base.targets
    processes = ReportProcess(base.settings)
    contents = Contents(base.captures)
    evidence = EvidenceService(
        db=db, stores=stores, contents=contents, targets=targets, clock=clock, processes=processes
    )
    overview = OverviewService(db=db, clock=clock)
    return ResultServices(
        reports=ReportService(db=db, stores=stores, targets=targets, language=base.settings.language),
        evidence=evidence,
        decisions=DecisionService(db=db, clock=clock, audit=base.audit, stores=stores, on_change=overview.note_change),
        review=ReviewService(db=db, evidence=evidence),
        overview=overview,
        report_files=ReportFileService(
            db=db,
            stores=stores,
            targets=targets,
            clock=clock,
            processes=processes,
            reports_at_once=base.settings.reports_at_once,
        ),
        report_process=processes,
    )
