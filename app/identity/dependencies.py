"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.core.db import Database
from app.identity.audit import AuditTrail
from app.identity.auth import AuthService
from app.identity.demo_visitor import DemoVisitor
from app.identity.users import UserService
from app.rest.parameters import get_services


class IdentityServices(Protocol):
    """What these routes take of the lifespan state."""

    db: Database
    audit: AuditTrail
    auth: AuthService
    users: UserService
    visitor: DemoVisitor | None


ServicesDep = Annotated[IdentityServices, Depends(get_services)]
