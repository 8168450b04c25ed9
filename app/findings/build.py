"""Builds what reads findings, decides about them, and lists what waits for a review."""

from collections.abc import Callable
from dataclasses import dataclass

from app.captures.contents import Contents
from app.captures.port import ContentStorage
from app.core.clock import Clock
from app.core.db import Database
from app.core.lease import Lease
from app.core.live_settings import SettingsSource
from app.domain.targets import TargetParser
from app.findings.assignments import AssignmentService
from app.findings.comments import CommentService
from app.findings.decisions import DecisionService
from app.findings.evidence.service import EvidenceService
from app.findings.expiry import DecisionExpiry
from app.findings.finding_pictures import FindingPictureReader
from app.findings.review import ReviewService
from app.identity.audit import AuditTrail
from app.scans.ports import ReportProcesses
from app.scanstore.port import ScanStores


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingParts:
    pictures: FindingPictureReader
    evidence: EvidenceService
    decisions: DecisionService
    expiry: DecisionExpiry
    assignments: AssignmentService
    comments: CommentService
    review: ReviewService


def build_findings(
    *,
    db: Database,
    guarded: Database,
    stores: ScanStores,
    captures: ContentStorage,
    targets: TargetParser,
    clock: Clock,
    settings: SettingsSource,
    lease: Lease,
    processes: ReportProcesses,
    audit: AuditTrail,
    on_change: Callable[[str], None],
) -> FindingParts:
    """`guarded`: for what one process alone does, which has the lease. `on_change` gets the user whose findings look
    different from now on.
    """
    evidence = EvidenceService(
        db=db, stores=stores, contents=Contents(captures), targets=targets, clock=clock, processes=processes
    )
    return FindingParts(
        pictures=FindingPictureReader(db=db, stores=stores, contents=captures),
        evidence=evidence,
        decisions=DecisionService(db=db, clock=clock, audit=audit, stores=stores, on_change=on_change),
        expiry=DecisionExpiry(
            db=guarded, clock=clock, settings=settings, lease=lease, audit=audit, on_change=on_change
        ),
        assignments=AssignmentService(db=db, clock=clock, audit=audit),
        comments=CommentService(db=db, clock=clock, audit=audit),
        review=ReviewService(db=db, evidence=evidence, clock=clock),
    )
