"""Every table of the program: who imports this has all of them in `metadata`."""

from app.configuration import tables as configuration
from app.core.tables import metadata
from app.identity import tables as identity
from app.lists import tables as lists
from app.models import decisions, records, tasks, workers
from app.orders import tables as orders
from app.sites import tables as sites
from app.websocket import tables as servers

TABLES = (configuration, decisions, identity, lists, orders, records, servers, sites, tasks, workers)

__all__ = ["TABLES", "metadata"]
