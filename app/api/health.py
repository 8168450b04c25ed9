"""Whether the process lives, whether it can serve, and its numbers."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.api.dependencies import ServicesDep
from app.core.dependencies import get_current_user, has_metrics_token, require_admin
from app.core.errors import Forbidden
from app.maintenance.readiness import readiness_of
from app.maintenance.schemas import Liveness, Readiness
from app.rest.documented_responses import refused, sent

router = APIRouter(tags=["health"])


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
