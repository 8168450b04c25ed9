"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.inventory.build import InventoryParts
from app.rest.parameters import get_services


class InventoryServices(Protocol):
    """The part of the lifespan state that these routes use."""

    inventory: InventoryParts


ServicesDep = Annotated[InventoryServices, Depends(get_services)]
