"""Whether the process lives, whether it can serve, and its numbers."""

import secrets
from typing import Final

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.state import ApiServices, State
from app.core.dependencies import bearer_token, get_current_user, require_admin

router = APIRouter(tags=["health"])

MAX_SWEEP_LAG_S: Final = 10.0


@router.get("/livez", summary="The process answers")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="The database takes writes and events are delivered; a dead bus or missing results are only `degraded`",
)
async def ready(services: State) -> Response:
    writable = await services.readiness.database_takes_writes()
    checks = {"database": _database(services, writable=writable), "sweep": _sweep(services)}
    lesser = {
        "bus": "ok" if services.bus.healthy else "degraded",
        "results": "missing" if services.results.missing else "ok",
    }
    failed = services.manager.stopping or any(state != "ok" for state in checks.values())
    status = "ok" if set(lesser.values()) == {"ok"} else "degraded"
    if failed:
        status = "stopping" if services.manager.stopping else "unavailable"
    body = {"status": status, "checks": {**checks, **lesser}}
    return JSONResponse(body, 503 if failed else 200, headers={"Retry-After": "1"} if failed else None)


@router.get("/metrics", summary="Prometheus metrics, for administrators and whoever has the metrics token")
async def metrics(request: Request, services: State) -> Response:
    """Never open by where the request seems to come from: behind a proxy on this machine everybody comes from here."""
    if not _has_metrics_token(request, services):
        await require_admin(await get_current_user(request))
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _has_metrics_token(request: Request, services: ApiServices) -> bool:
    token = services.settings.metrics_token
    if token is None:
        return False
    given = bearer_token(request) or ""
    return secrets.compare_digest(given.encode(), token.get_secret_value().encode())


def _database(services: ApiServices, *, writable: bool) -> str:
    if services.db.damaged:
        return "damaged"
    return "ok" if writable else "unavailable"


def _sweep(services: ApiServices) -> str:
    """Before the first sweep nothing can be behind."""
    lag: float | None = services.manager.stats().get("sweep_lag_s")
    return "ok" if lag is None or lag < MAX_SWEEP_LAG_S else "late"
