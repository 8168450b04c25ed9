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


@router.get("/livez", summary="The process responds")
async def live() -> Liveness:
    return Liveness()


@router.get(
    "/readyz",
    summary="The database accepts writes and events are delivered; other faults are only `degraded`",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "The server is not ready"}},
)
async def ready(services: ServicesDep) -> Response:
    body = await readiness_of(services)
    if body.status in ("ok", "degraded"):
        return JSONResponse(body.model_dump())
    return JSONResponse(body.model_dump(), 503, headers={"Retry-After": "1"})


@router.get(
    "/metrics",
    summary="Prometheus metrics, for administrators and holders of the metrics token",
    response_class=PlainTextResponse,
    responses=sent("All metrics", "text/plain") | refused(Forbidden, "admin_only"),
    openapi_extra={"security": [{"bearer": []}]},
)
async def metrics(request: Request, services: ServicesDep) -> Response:
    """Access never depends on the IP address of the client: behind a proxy on this machine all requests have the same
    one.
    """
    if not has_metrics_token(request, services.settings):
        await require_admin(await get_current_user(request))
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)
