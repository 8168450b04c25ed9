"""All routes of the interface in one tree."""

from fastapi import APIRouter, Depends

from app.api import health
from app.api.language import reader_language
from app.api.strictness import refuse_misunderstandings
from app.api.v1 import (
    admin_connections,
    audit,
    auth,
    configuration,
    cookie_auth,
    event_stream,
    findings,
    lists,
    local_reader,
    orders,
    overview,
    own_sessions,
    reports,
    review,
    service_numbers,
    tasks,
    users,
    websocket,
    workers,
)


def build_router() -> APIRouter:
    root = APIRouter()
    rules = [Depends(refuse_misunderstandings), Depends(reader_language)]
    v1 = APIRouter(prefix="/api/v1", dependencies=rules)
    # In a storm of reconnections the first is looked at most.
    modules = (
        websocket,
        event_stream,
        auth,
        cookie_auth,
        tasks,
        orders,
        overview,
        reports,
        findings,
        review,
        own_sessions,
        audit,
        admin_connections,
        users,
        workers,
        service_numbers,
        configuration,
        local_reader,
        lists,
    )
    for module in modules:
        v1.include_router(module.router)
    root.include_router(v1)
    # Probes and scrapers are set up by others, who may add parameters to their addresses: they are answered.
    root.include_router(health.router)
    return root
