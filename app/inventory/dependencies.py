"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.inventory.build import InventoryParts
from app.rest.parameters import get_services


class InventoryServices(Protocol):
    """What these routes take of the lifespan state."""

    inventory: InventoryParts


ServicesDep = Annotated[InventoryServices, Depends(get_services)]
