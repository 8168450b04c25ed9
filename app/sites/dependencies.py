"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.rest.parameters import get_services
from app.sites.csv_import import SiteImporter
from app.sites.service import SiteService


class SiteUseCases(Protocol):
    """What can be done with sites. `build.SiteParts` fulfils it."""

    @property
    def service(self) -> SiteService: ...
    @property
    def importer(self) -> SiteImporter: ...


class SiteServices(Protocol):
    """What these routes take of the lifespan state."""

    @property
    def sites(self) -> SiteUseCases: ...


ServicesDep = Annotated[SiteServices, Depends(get_services)]
