"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.notifications.build import NotificationParts
from app.rest.parameters import get_services


class NotificationServices(Protocol):
    """What these routes take of the lifespan state."""

    notifications: NotificationParts


def get_parts(services: Annotated[NotificationServices, Depends(get_services)]) -> NotificationParts:
    return services.notifications


PartsDep = Annotated[NotificationParts, Depends(get_parts)]
