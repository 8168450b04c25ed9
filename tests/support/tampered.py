"""A whole scan of a site on this machine, and what it says of the site's own pages."""

from pathlib import Path
from typing import Any, NamedTuple

from app.findings.schemas.findings import FindingDetail
from tests.support.dim_sites import TARGET
from tests.support.scanned import Scanned, await_end, served

PATIENCE_S = 120


class TamperedScan(NamedTuple):
    """What the API says when the scan has ended."""

    summary: dict[str, Any]  # the finding, as the list has it
    detail: dict[str, Any]  # the same with its evidence
    findings: list[dict[str, Any]]
    violations: list[dict[str, Any]]


def network_of(settings: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """The settings of a server that asks the site's machine alone."""
    names = {"resolvers": "RESOLVERS", "allow_networks": "ALLOW_NETWORKS", "port_map": "PORT_MAP"}
    return {field: (settings[f"COMPLIANCE_{name}"],) for field, name in names.items()}


def scan_tampered(settings: dict[str, str], folder: Path) -> TamperedScan:
    """Scan the site, of which exactly one host was tampered with. Blocking."""
    config = {"use_passive_sources": False, "screenshots": False}
    with served(folder, **network_of(settings)) as http:
        task_id = http.post("/api/v1/tasks", json={"target_domain": TARGET, "config": config}).json()["id"]
        scanned = Scanned(http, task_id, folder)
        await_end(scanned, patience_s=PATIENCE_S)
        findings = scanned.all_items("/findings?lang=en")
        (summary,) = [item for item in findings if item["violation_key"] == "tampered"]
        detail = scanned.get(f"/findings/{summary['finding_id']}?lang=en").json()
        FindingDetail.model_validate(detail)
        return TamperedScan(summary, detail, findings, scanned.all_items("/violations"))
