"""Readiness: which checks decide, and which only degrade."""

import pytest

from app.maintenance.schemas import ReadinessChecks

GOOD = {"database": "ok", "sweep": "ok", "bus": "ok", "captures": "ok", "results": "ok"}


def test_good_checks_neither_fail_nor_degrade():
    checks = ReadinessChecks(**GOOD)
    assert not checks.failed
    assert not checks.degraded


@pytest.mark.parametrize("bad", [{"database": "unavailable"}, {"database": "damaged"}, {"sweep": "late"}])
def test_database_and_sweep_decide(bad):
    assert ReadinessChecks(**{**GOOD, **bad}).failed


@pytest.mark.parametrize("bad", [{"bus": "degraded"}, {"captures": "degraded"}, {"results": "missing"}])
def test_bus_captures_and_results_only_degrade(bad):
    checks = ReadinessChecks(**{**GOOD, **bad})
    assert checks.degraded
    assert not checks.failed
