"""Builds the services that compare scans and list the third parties of all sites."""

from dataclasses import dataclass

from app.core.clock import Clock
from app.core.db import Database
from app.core.lease import Lease
from app.core.metrics import Metrics
from app.domain.targets import TargetParser
from app.inventory.differences import DifferenceService
from app.inventory.keeper import InventoryKeeper, ServicesAt
from app.inventory.party_service import PartyInventoryService
from app.scanstore.port import ScanStores


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryParts:
    differences: DifferenceService
    parties: PartyInventoryService
    keeper: InventoryKeeper


def build_inventory(
    *,
    db: Database,
    guarded: Database,
    stores: ScanStores,
    targets: TargetParser,
    clock: Clock,
    lease: Lease,
    metrics: Metrics,
    services_at: ServicesAt,
) -> InventoryParts:
    """Return the parts. `guarded`: a database that refuses writes after the lease is lost. `services_at`: see
    `InventoryKeeper`.
    """
    differences = DifferenceService(
        db=db, stores=stores, targets=targets, clock=clock, on_compared=metrics.note_comparison
    )
    return InventoryParts(
        differences=differences,
        parties=PartyInventoryService(db=db),
        keeper=InventoryKeeper(
            db=guarded,
            stores=stores,
            clock=clock,
            lease=lease,
            changed_parties=differences.changed_parties,
            stored_changes=differences.stored_changes,
            services_at=services_at,
            targets=targets,
            on_failure=metrics.note_background_failure,
        ),
    )
