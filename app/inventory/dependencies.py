"""Services that the routes of this subject take from the lifespan state."""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from fastapi import Depends

from app.core.principal import Principal
from app.domain.report_format import ReportFormat
from app.inventory.build import InventoryParts
from app.rest.parameters import get_services
from app.rest.responses import PieceStream


class PartyFile(Protocol):
    """A file that has begun."""

    @property
    def stream(self) -> PieceStream: ...
    @property
    def content_type(self) -> str: ...
    @property
    def file_name(self) -> str: ...


class PartyFiles(Protocol):
    """Makes files of third parties. `reports` fulfils it."""

    async def open_parties(
        self, principal: Principal, request: Mapping[str, Any], kind: ReportFormat, language: str
    ) -> PartyFile:
        """Raises LimitReached, Unavailable. `request`: of `inventory.party_export`."""
        ...


class InventoryServices(Protocol):
    """The part of the lifespan state that these routes use."""

    inventory: InventoryParts

    @property
    def report_files(self) -> PartyFiles: ...


ServicesDep = Annotated[InventoryServices, Depends(get_services)]
