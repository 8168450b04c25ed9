"""Whether the process lives, whether it can serve, and its numbers."""

from typing import Final, Literal

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.api.dependencies import ApiServices, ServicesDep
from app.core.dependencies import get_current_user, has_metrics_token, require_admin
from app.core.errors import Forbidden
from app.rest.documented_responses import refused, sent
from app.schemas.health import Liveness, Readiness, ReadinessChecks

router = APIRouter(tags=["health"])

MAX_SWEEP_LAG_S: Final = 10.0


@router.get("/livez", summary="The process answers")
async def live() -> Liveness:
    return Liveness()


@router.get(
    "/readyz",
    summary="The database takes writes and events are delivered; what else does not work is only `degraded`",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "It cannot serve now"}},
)
async def ready(services: ServicesDep) -> Response:
    body = await readiness_of(services)
    if body.status in ("ok", "degraded"):
        return JSONResponse(body.model_dump())
    return JSONResponse(body.model_dump(), 503, headers={"Retry-After": "1"})


async def readiness_of(services: ApiServices) -> Readiness:
    """Look at everything that serving needs. The write that shows that the database takes some is shared."""
    checks = ReadinessChecks(
        database=_database(services, writable=await services.database_probe.is_writable()),
        sweep=_sweep(services),
        bus="ok" if services.bus.healthy else "degraded",
        captures="ok" if services.captures_probe.answers else "degraded",
        results="missing" if services.result_files.missing else "ok",
    )
    return Readiness(status=_status(checks, stopping=services.manager.stopping), checks=checks)


@router.get(
    "/metrics",
    summary="Prometheus metrics, for administrators and whoever has the metrics token",
    response_class=PlainTextResponse,
    responses=sent("All metrics", "text/plain") | refused(Forbidden, "admin_only"),
    openapi_extra={"security": [{"bearer": []}]},
)
async def metrics(request: Request, services: ServicesDep) -> Response:
    """Never open by where the request seems to come from: behind a proxy on this machine everybody comes from here."""
    if not has_metrics_token(request, services.settings):
        await require_admin(await get_current_user(request))
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _status(checks: ReadinessChecks, *, stopping: bool) -> Literal["ok", "degraded", "stopping", "unavailable"]:
    if stopping:
        return "stopping"
    if checks.failed:
        return "unavailable"
    return "degraded" if checks.degraded else "ok"


def _database(services: ApiServices, *, writable: bool) -> Literal["ok", "unavailable", "damaged"]:
    if services.db.damaged:
        return "damaged"
    return "ok" if writable else "unavailable"


def _sweep(services: ApiServices) -> Literal["ok", "late"]:
    """Before the first sweep nothing can be behind."""
    lag = services.manager.sweep_lag_s
    return "ok" if lag is None or lag < MAX_SWEEP_LAG_S else "late"
