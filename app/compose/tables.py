"""Every table of the program: who imports this has all of them in `metadata`."""

from app.core.tables import metadata
from app.identity import tables as identity
from app.lists import tables as lists
from app.models import configuration, decisions, local_readers, orders, records, servers, sites, tasks, workers

TABLES = (configuration, decisions, identity, lists, local_readers, orders, records, servers, sites, tasks, workers)

__all__ = ["TABLES", "metadata"]
