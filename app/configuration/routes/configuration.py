"""What administrators set while the service runs."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy import Row

from app.configuration.dependencies import ServicesDep
from app.configuration.schemas.configuration import (
    MAX_VERSION,
    ConfigurationChange,
    ConfigurationHistory,
    ConfigurationResponse,
    ConfigurationRestore,
    ConfigurationVersion,
    ReadingModelTest,
)
from app.core.dependencies import CurrentAdmin, require_admin
from app.core.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound
from app.core.json_chunks import JsonChunks, encode_list
from app.rest.documented_responses import refused
from app.rest.language import ReaderLanguage
from app.rest.parameters import PageNumber
from app.rest.responses import JsonChunksResponse

router = APIRouter(
    prefix="/admin/configuration",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)
Number = Annotated[int, Path(ge=0, le=MAX_VERSION, description="Version number; 0: nothing stored.", examples=[1])]
VersionPageSize = Annotated[int, Query(ge=1, le=20, description="Number of items per page.", examples=[20])]


@router.get("", summary="List all settings that can be changed at run time")
async def get_configuration(services: ServicesDep, language: ReaderLanguage) -> ConfigurationResponse:
    return ConfigurationResponse.of(await services.configuration.read(), language)


@router.put(
    "",
    summary="Replace the stored settings",
    responses=refused(Conflict, "configuration_changed") | refused(InvalidInput),
)
async def change_configuration(
    body: ConfigurationChange, admin: CurrentAdmin, services: ServicesDep, language: ReaderLanguage
) -> ConfigurationResponse:
    state = await services.configuration.change(admin, body.values, version=body.version)
    return ConfigurationResponse.of(state, language)


@router.get(
    "/versions", summary="List the versions of the configuration, newest first", response_model=ConfigurationHistory
)
async def list_versions(services: ServicesDep, page: PageNumber = 1, page_size: VersionPageSize = 20) -> Response:
    rows, total = await services.configuration.history(page=page, page_size=page_size)
    # Each may tell of a thousand domains.
    return JsonChunksResponse(await asyncio.to_thread(_encode_versions, rows, total))


@router.post(
    "/versions/{number}/restore",
    summary="Restore an older version",
    responses=refused(Conflict, "configuration_changed") | refused(InvalidInput) | refused(NotFound),
)
async def restore_version(
    number: Number, body: ConfigurationRestore, admin: CurrentAdmin, services: ServicesDep, language: ReaderLanguage
) -> ConfigurationResponse:
    state = await services.configuration.restore(admin, number, version=body.version)
    return ConfigurationResponse.of(state, language)


@router.post(
    "/reading-model/test",
    summary="Send a fixed test question to the LLM",
    responses=refused(Conflict, "reading_model_missing") | refused(LimitReached),
)
async def ask_reading_model(admin: CurrentAdmin, services: ServicesDep, language: ReaderLanguage) -> ReadingModelTest:
    return ReadingModelTest.of(await services.reading_model_probe.test(admin), language)


def _encode_versions(rows: Sequence[Row[Any]], total: int) -> JsonChunks:
    return encode_list((ConfigurationVersion.of(row).model_dump(mode="json") for row in rows), total=total)
