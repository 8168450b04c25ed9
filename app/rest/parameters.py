"""What routes of all subjects read of a request: parameters, and the services on the lifespan state."""

from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header, Path, Query
from starlette.requests import HTTPConnection, Request

from app.core.dependencies import client_address, client_agent
from app.core.paging import Paging
from app.domain.violations import RiskLevel, ViolationKey
from app.rest.schemas import Text

MAX_PAGE = 1_000_000  # times the page size it stays far below what a database counts with
MAX_PAGE_SIZE = 200
MAX_SEARCH = 200
MAX_ATTEMPT = 2**31 - 1  # of an integer column


TaskId = Annotated[str, Path(description="Task id.", examples=["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10"])]
PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Page number.", examples=[1])]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Number of items per page.", examples=[50])]
AskedKey = Annotated[ViolationKey | None, Query(description="Only this category.", examples=["gambling"])]
AskedRisk = Annotated[RiskLevel | None, Query(description="Only this risk.", examples=["high"])]
AskedReview = Annotated[
    bool | None, Query(description="Only those that need a review, or only the others.", examples=[False])
]
REPLAYED: Final = "Idempotency-Replayed"
# Of the client's making, as in draft-ietf-httpapi-idempotency-key-header: visible ASCII, quotes or not.
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="If a request is repeated with the same key and body within a day, the existing task is returned.",
        examples=["6f1d0c7e-2a10"],
    ),
]


def services_of(connection: HTTPConnection) -> Any:
    """Return the services of the lifespan state. Each subject says by a protocol which of them it takes."""
    return cast("Any", connection.state).services


def get_services(request: Request) -> Any:
    """For `Depends`."""
    return services_of(request)


def get_paging(
    page: PageNumber = 1,
    page_size: PageSize = 50,
    q: Annotated[
        Text, Query(max_length=MAX_SEARCH, description="Only items that contain this text.", examples=["casino"])
    ] = "",
) -> Paging:
    return Paging(page, page_size, q)


PagingDep = Annotated[Paging, Depends(get_paging)]
Address = Annotated[str | None, Depends(client_address)]
Agent = Annotated[str | None, Depends(client_agent)]
