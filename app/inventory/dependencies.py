"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.inventory.differences import DifferenceService
from app.rest.parameters import get_services


class InventoryServices(Protocol):
    """What these routes take of the lifespan state."""

    differences: DifferenceService


ServicesDep = Annotated[InventoryServices, Depends(get_services)]
