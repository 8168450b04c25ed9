"""Every table of the program: importing this registers all of them in `metadata`."""

from app.configuration import tables as configuration
from app.core.tables import metadata
from app.events import tables as events
from app.findings import tables as findings
from app.identity import tables as identity
from app.inventory import tables as inventory
from app.lists import tables as lists
from app.notifications import tables as notifications
from app.orders import tables as orders
from app.scans import tables as scans
from app.site_counts import tables as site_counts
from app.sites import tables as sites
from app.websocket import tables as websocket

TABLES = (
    configuration,
    events,
    findings,
    identity,
    inventory,
    lists,
    notifications,
    orders,
    scans,
    site_counts,
    sites,
    websocket,
)

__all__ = ["TABLES", "metadata"]
