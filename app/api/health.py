"""Whether the process lives, whether it can serve, and its numbers."""

import asyncio
from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.state import ApiServices, State
from app.core.dependencies import get_current_user, require_admin
from app.core.errors import Unavailable
from app.repositories import audit

router = APIRouter(tags=["health"])

MAX_SWEEP_LAG_S: Final = 10.0
CHECK_WITHIN_S: Final = 10.0  # above the database's own busy timeout


@router.get("/livez", summary="The process answers")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="The database takes writes and events are delivered; a dead bus is only `degraded`")
async def ready(services: State) -> Response:
    checks = {"database": await _database(services), "sweep": _sweep(services)}
    bus = "ok" if services.bus.healthy else "degraded"
    failed = any(state != "ok" for state in checks.values())
    status = "unavailable" if failed else bus
    body = {"status": status, "checks": {**checks, "bus": bus}}
    return JSONResponse(body, 503 if failed else 200, headers={"Retry-After": "1"} if failed else None)


@router.get("/metrics", summary="Prometheus metrics; open when bound to a loopback address, else for administrators")
async def metrics(request: Request, services: State) -> Response:
    if not is_loopback(services.settings.host):
        await require_admin(await get_current_user(request))
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def is_loopback(host: str) -> bool:
    """Of the address that we are bound to. A name other than localhost counts as the world."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _database(services: ApiServices) -> str:
    now = services.clock.now()
    try:
        async with asyncio.timeout(CHECK_WITHIN_S):
            await services.db.write(lambda connection: audit.prove_writable(connection, now))
    except (Unavailable, TimeoutError):
        return "unavailable"
    return "ok"


def _sweep(services: ApiServices) -> str:
    """Before the first sweep nothing can be behind."""
    lag: float | None = services.manager.stats().get("sweep_lag_s")
    return "ok" if lag is None or lag < MAX_SWEEP_LAG_S else "late"
