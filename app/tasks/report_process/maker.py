"""Builds what makes reports: for a process of its own, and for commands."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import structlog

from app.captures.contents import Contents
from app.captures.location import open_storage
from app.core.config import Settings
from app.core.db import Database
from app.core.logo_file import MEDIA_TYPE, read_logo
from app.core.redact import display_text
from app.core.setting_files import UnusableFile
from app.reports.formats.blocks import Logo
from app.reports.formats.maker import ReportMaker
from app.reports.formats.time_stamp import TimeStamp
from app.scans.result_reader import ResultReader
from app.scanstore.files import captures_dir
from app.scanstore.location import open_stores
from app.tasks.target_parser import EngineTargetParser

log = structlog.get_logger(__name__)


def build_report_maker(settings: Settings, db: Database, storage_variables: Mapping[str, str]) -> ReportMaker:
    """Of the data folder, the database and the storage of captures that the settings name.

    `storage_variables`: what opens object storage (`captures.location`).
    """
    captures = open_storage(captures_dir(settings.data_dir), settings.captures_url, storage_variables)
    return ReportMaker(
        db=db,
        results=ResultReader(db=db, stores=open_stores(settings).stores, threads=1, name="report-rows"),
        contents=Contents(captures),
        targets=EngineTargetParser(),
        public_url=settings.public_url,
        organisation=display_text(settings.report_organisation),
        logo=None if settings.report_logo is None else _logo(settings.report_logo),
        stamp=None if settings.report_timestamp_url is None else partial(_stamp, settings),
    )


def _stamp(settings: Settings, data: bytes) -> TimeStamp:
    from app.tasks.report_process.time_stamp_client import stamp_by_settings  # HTTP and OpenSSL: for archives alone

    return stamp_by_settings(settings, data)


def _logo(path: Path) -> Logo | None:
    """Return the logo; None when the file has become unusable since the start: reports go on without it."""
    try:
        data, width, height = read_logo(path)
    except UnusableFile as error:
        log.warning("report_logo_unusable", reason=error.code)
        return None
    return Logo(data, MEDIA_TYPE, width, height)
