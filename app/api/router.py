"""All routes of the interface in one tree."""

from typing import Any, Final

from fastapi import APIRouter

from app.api import health
from app.api.v1 import admin, auth, reports, tasks, websocket
from app.schemas.common import Problem

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": Problem, "description": "Problem details (RFC 9457) with a stable `code`"},
    "5XX": {"model": Problem, "description": "Problem details (RFC 9457) with a stable `code`"},
}


def build_router() -> APIRouter:
    root = APIRouter()
    v1 = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for module in (websocket, auth, tasks, reports, admin):  # in a storm of reconnections the first is looked at most
        v1.include_router(module.router)
    root.include_router(v1)
    root.include_router(health.router)
    return root
