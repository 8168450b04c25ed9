"""All routes of the interface in one tree."""

from functools import cache
from typing import Any, Final

from fastapi import APIRouter, Depends

from app.api import health
from app.api.strictness import refuse_misunderstandings
from app.api.v1 import admin_connections, event_stream, tasks, websocket
from app.configuration.routes import configuration, local_reader
from app.findings.routes import findings, review
from app.identity.routes import audit, auth, cookie_auth, keys, own_sessions, users
from app.inventory.routes import differences, third_parties, third_party_services
from app.lists import routes as lists
from app.notifications.routes import channels, deliveries, feed
from app.notifications.routes import rules as notification_rules
from app.orders import routes as orders
from app.overview.routes import overview, service_numbers
from app.reports import routes as reports
from app.rest.language import reader_language
from app.scans import link_routes as links
from app.scans import routes as workers
from app.sites import routes as sites

_UNKNOWN: Final[dict[str, Any]] = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}


@cache
def build_router() -> APIRouter:
    """Return the routes, built once for each process.

    FastAPI works out what a route needs for every router that it is included in, at four milliseconds a route. So each
    module is included once, and applications share the result instead of including it again.
    """
    # An operation's id is its function's name: stable, and a test sees that no two are the same.
    root = APIRouter(generate_unique_id_function=lambda route: route.name)
    rules = [Depends(refuse_misunderstandings), Depends(reader_language)]
    # In a storm of reconnections the first is looked at most.
    modules = (
        websocket,
        event_stream,
        auth,
        cookie_auth,
        tasks,
        orders,
        sites,
        overview,
        reports,
        findings,
        differences,
        third_parties,
        third_party_services,
        review,
        own_sessions,
        keys,
        links,
        audit,
        admin_connections,
        users,
        workers,
        service_numbers,
        configuration,
        local_reader,
        lists,
        feed,
        channels,
        notification_rules,
        deliveries,
    )
    for module in modules:
        root.include_router(module.router, prefix="/api/v1", dependencies=rules)
    # Probes and scrapers are set up by others, who may add parameters to their addresses: they are answered.
    root.include_router(health.router)
    for route in root.routes:
        route.matches(_UNKNOWN)  # works out all of them now, not while the first requests wait
    return root
