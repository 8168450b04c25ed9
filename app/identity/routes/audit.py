"""The audit log, for administrators."""

from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from app.core.dependencies import CurrentAdmin, require_admin
from app.core.errors import Forbidden, InvalidInput
from app.core.json_chunks import encode_list
from app.identity.audit_reading import AuditReader, as_lines, as_table
from app.identity.dependencies import ServicesDep
from app.identity.queries.audit import AuditFilter
from app.identity.schemas.audit import AuditPage
from app.rest.documented_responses import refused, sent
from app.rest.responses import JsonChunksResponse
from app.rest.schemas import Moment, Text

router = APIRouter(
    prefix="/admin/audit",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)

MAX_CURSOR: Final = 300
MAX_ROWS: Final = 200
MOMENT: Final = "2026-11-27T00:00:00Z"
FORMATS: Final = {"csv": (as_table, "text/csv"), "ndjson": (as_lines, "application/x-ndjson")}
Format = Literal["json", "csv", "ndjson"]


@router.get(
    "",
    summary="Audit log, newest first: a page as JSON, or all of it as CSV or NDJSON",
    response_model=AuditPage,
    responses=sent("A page, or all rows", "text/csv", "application/x-ndjson") | refused(InvalidInput, "invalid_cursor"),
)
async def list_audit(
    admin: CurrentAdmin,
    services: ServicesDep,
    actor: Annotated[
        Text | None,
        Query(
            min_length=1, max_length=64, description="Only actions of this user: an id, or a name.", examples=["mei"]
        ),
    ] = None,
    action: Annotated[
        Text | None, Query(min_length=1, max_length=48, description="Only this action.", examples=["task.cancel"])
    ] = None,
    since: Annotated[Moment | None, Query(description="Only entries at or after this time.", examples=[MOMENT])] = None,
    until: Annotated[Moment | None, Query(description="Only entries before this time.", examples=[MOMENT])] = None,
    cursor: Annotated[
        Text | None,
        Query(max_length=MAX_CURSOR, description="The `next_cursor` of the previous page.", examples=["WyI"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="Maximum number of rows in JSON.", examples=[50])] = 50,
    form: Annotated[
        Format,
        Query(alias="format", description="A page as JSON, or all rows as a table or lines.", examples=["json"]),
    ] = "json",
) -> Response:
    reader = AuditReader(db=services.db)
    wanted = AuditFilter(action=action, since=since, until=until)
    if form == "json":
        rows, more = await reader.page(wanted, actor=actor, cursor=cursor, limit=limit)
        return JsonChunksResponse(encode_list(rows, next_cursor=more))
    encode, media_type = FORMATS[form]
    services.audit.record("audit.export", user_id=admin.user_id, address=admin.address, detail={"format": form})
    return _as_file(reader.export(wanted, actor=actor, encode=encode), media_type, form)


def _as_file(pieces: AsyncIterator[bytes], media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="audit.{name}"'}
    return StreamingResponse(pieces, media_type=media_type, headers=headers)
