"""Builds what reads the results of scans: findings, reports, the overview, and the processes that make documents."""

from dataclasses import dataclass

from app.compose.foundation import Foundation
from app.engines.identify.classify import services_at
from app.findings.build import FindingParts, build_findings
from app.inventory.build import InventoryParts, build_inventory
from app.overview.service import OverviewService
from app.reports.build import ReportParts, build_reports
from app.tasks.report_process.process import ReportProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultServices:
    findings: FindingParts
    reports: ReportParts
    overview: OverviewService
    inventory: InventoryParts
    report_process: ReportProcess


def build_results(base: Foundation) -> ResultServices:
    db, clock, stores, targets = base.db, base.clock, base.results.stores, base.targets
    guarded = db if base.settings.embedded else db.guarded(base.lease.guard)
    processes = ReportProcess(base.settings)
    overview = OverviewService(db=db, clock=clock)
    findings = build_findings(
        db=db,
        guarded=guarded,
        stores=stores,
        captures=base.captures,
        targets=targets,
        clock=clock,
        settings=base.live,
        lease=base.lease,
        processes=processes,
        audit=base.audit,
        on_change=overview.note_change,
    )
    reports = build_reports(base.settings, db=db, stores=stores, targets=targets, clock=clock, processes=processes)
    return ResultServices(
        findings=findings,
        reports=reports,
        overview=overview,
        inventory=build_inventory(
            db=db,
            guarded=guarded,
            stores=stores,
            targets=targets,
            clock=clock,
            lease=base.lease,
            metrics=base.metrics,
            services_at=services_at,
        ),
        report_process=processes,
    )
