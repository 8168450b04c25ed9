"""The local classifier: its versions with their reports, and which one is in use."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from app.configuration.dependencies import ServicesDep
from app.configuration.local_readers import ReaderRefused, Refusal
from app.configuration.schemas.local_readers import (
    MAX_VERSION,
    LocalReaderChange,
    LocalReaderOverview,
    LocalReaderReport,
)
from app.core.dependencies import CurrentAdmin, require_admin
from app.core.errors import Conflict, Forbidden, NotFound, ScannerError
from app.domain.local_reading import ModelFault
from app.domain.messages import DEFAULT_LANGUAGE, MessageCatalog
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage

router = APIRouter(
    prefix="/admin/local-reader",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)
Number = Annotated[int, Path(ge=1, le=MAX_VERSION, description="Version number.", examples=[1])]


@router.get("", summary="Versions of the local classifier, and the enabled one")
async def get_local_reader(services: ServicesDep) -> LocalReaderOverview:
    return LocalReaderOverview.of(await services.local_readers.list_all())


@router.put(
    "",
    summary="Enable a version of the local classifier, or disable the enabled one",
    responses=refused(NotFound) | refused(Conflict, "reader_unreported", "reader_unusable"),
)
async def switch_local_reader(
    body: LocalReaderChange, admin: CurrentAdmin, services: ServicesDep
) -> LocalReaderOverview:
    if body.version is None:
        await services.local_readers.disable(admin)
    else:
        try:
            await services.local_readers.enable(body.version, admin)
        except ReaderRefused as refusal:
            raise _error_of(refusal) from refusal
    return LocalReaderOverview.of(await services.local_readers.list_all())


@router.get(
    "/versions/{number}",
    summary="Evaluation report of a version of the local classifier; afterwards it can be enabled",
    responses=refused(NotFound),
)
async def get_local_reader_report(number: Number, services: ServicesDep, language: ReaderLanguage) -> LocalReaderReport:
    try:
        return LocalReaderReport.of(await services.local_readers.report(number), language)
    except ReaderRefused as refusal:
        raise _error_of(refusal) from refusal


def _error_of(refusal: ReaderRefused) -> ScannerError:
    if refusal.refusal is Refusal.NO_VERSION:
        return NotFound(text="no_such_version")
    if refusal.refusal is Refusal.UNREPORTED:
        return Conflict(code="reader_unreported")
    fault = refusal.fault or ModelFault.MALFORMED
    return Conflict(code="reader_unusable", fault=MessageCatalog(DEFAULT_LANGUAGE)(f"model_fault.{fault}"))
