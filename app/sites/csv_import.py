"""Adds many sites from a CSV text: each line by itself, so that a bad one costs the others nothing."""

import asyncio
import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from typing import Any, Final

from pydantic import ValidationError

from app.core.errors import InvalidInput, ScannerError
from app.core.field_faults import InvalidFields
from app.core.json_chunks import Json, JsonChunks, encode_object
from app.core.principal import Principal
from app.core.redact import display_text
from app.core.tracing import traced
from app.domain.field_problem import describe_field_problem
from app.domain.messages import Language, MessageCatalog
from app.scans.schemas.tasks import MAX_TARGET, CommonOptions
from app.sites.schemas import SiteCreate
from app.sites.service import Added, NewSite, SiteService

MAX_LINES: Final = 2_000
AT_ONCE: Final = 50  # sites of one transaction
TARGET: Final = "target_domain"
SCHEDULE: Final = ("cron", "time_zone", "every_hours")
OPTIONS: Final = tuple(CommonOptions.model_fields)
COLUMNS: Final = (TARGET, "group", "tags", *SCHEDULE, "paused", "overdue_after_days", *OPTIONS)
SURPLUS: Final = ""  # the name of what stands behind the last column
MAX_DIGITS: Final = 9
LISTS: Final = frozenset({"tags", "own_domains"})
WORDS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
FLAGS: Final = frozenset(
    {"paused", *(name for name, field in CommonOptions.model_fields.items() if isinstance(field.default, bool))}
)
NUMBERS: Final = frozenset(COLUMNS) - FLAGS - LISTS - {TARGET, "group", "cron", "time_zone"}


@dataclass(slots=True)
class Line:
    """A line with what became of it. `row`: the site that it makes; None: it is refused."""

    number: int
    target: str
    errors: list[Json] = field(default_factory=list)
    row: Mapping[str, Any] | None = None
    tags: Sequence[str] = ()
    status: str = "refused"
    site_id: str | None = None

    def view(self) -> Json:
        return {
            "line": self.number,
            "target_domain": self.target,
            "status": self.status,
            "site_id": self.site_id,
            "errors": self.errors,
        }


@dataclass(frozen=True, kw_only=True)
class SiteImporter:
    """Adds what can be added."""

    service: SiteService

    @traced
    async def run(self, principal: Principal, text: str, *, dry_run: bool, language: Language) -> JsonChunks:
        """Return `sites.schemas.ImportReport`: each line in its place.

        A line whose target the user has as a site, or that an earlier line has added, changes nothing (`exists`).
        Lines are added until the user has as many sites as there may be; the others are refused (`site_limit`).
        Raises InvalidInput: `csv_columns`, `csv_lines` (more than MAX_LINES), `csv_unreadable`.
        """
        texts = MessageCatalog(language)
        lines = await asyncio.to_thread(self._read, principal, text, texts)
        good = [line for line in lines if line.row is not None]
        tried: set[str] = set()
        for start in range(0, len(good), AT_ONCE):
            batch = good[start : start + AT_ONCE]
            outcomes = await self._add(principal, batch, tried if dry_run else None)
            for line, added in zip(batch, outcomes, strict=True):
                _note(line, added, texts)
            tried |= {line.target for line in batch if line.status == "added"}
        counts = {status: sum(line.status == status for line in lines) for status in ("added", "exists", "refused")}
        if not dry_run:
            self.service.audit.record(
                "site.import", user_id=principal.user_id, address=principal.address, detail=counts
            )
        head = {"added": counts["added"], "existing": counts["exists"], "refused": counts["refused"]}
        return encode_object(head, lines=(line.view() for line in lines))

    def _read(self, principal: Principal, text: str, texts: MessageCatalog) -> list[Line]:
        """Blocking."""
        lines: list[Line] = []
        for number, cells in _rows(text):
            if len(lines) == MAX_LINES:
                raise InvalidInput(code="csv_lines", limit=MAX_LINES)
            line = Line(number, display_text(cells.get(TARGET, "")[:MAX_TARGET]))
            lines.append(line)
            try:
                self._judge(principal, cells, line)
            except ValidationError as error:
                line.errors = [_of_column(item, texts) for item in error.errors()]
            except InvalidFields as error:
                line.errors = [_problem(fault.name, fault.code, fault.values, texts) for fault in error.faults]
            except ScannerError as error:
                line.errors = [_problem(TARGET, error.code, error.params, texts)]
        return lines

    def _judge(self, principal: Principal, cells: Mapping[str, str], line: Line) -> None:
        if SURPLUS in cells:
            raise InvalidInput(code="csv_cells")
        body = SiteCreate.model_validate(_body(cells))
        new = new_site(body)
        line.row, line.tags = self.service.row_of(principal, new), new.tags
        line.target = line.row["target_domain"]

    async def _add(self, principal: Principal, lines: Sequence[Line], tried: Collection[str] | None) -> list[Added]:
        """Add sites; `tried`: none, but say what would become of them when these had been added."""
        new = [(line.row, line.tags) for line in lines if line.row is not None]
        work = partial(self.service.add_all, user_id=principal.user_id, new=new, tried=tried)
        return await (self.service.db.write(work) if tried is None else self.service.db.read(work))


def _note(line: Line, added: Added, texts: MessageCatalog) -> None:
    line.site_id = added.site_id
    if added.error is None:
        line.status = "added" if added.is_new else "exists"
    else:
        line.errors = [_problem(TARGET, added.error.code, added.error.params, texts)]


def new_site(body: SiteCreate) -> NewSite:
    """Return what a body asks for, without what it leaves to the deployment."""
    return NewSite(
        target_domain=body.target_domain,
        group=body.group,
        tags=body.tags,
        config={} if body.config is None else body.config.model_dump(mode="json", exclude_unset=True),
        schedule=None if body.schedule is None else body.schedule.model_dump(),
        paused=body.paused,
        overdue_after_days=body.overdue_after_days,
    )


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number and the cells of each line that is not empty. Raises InvalidInput."""
    plain = text.removeprefix("\ufeff")
    header = plain.partition("\n")[0]
    separator = next((mark for mark in ("\t", ";") if mark in header and "," not in header), ",")
    reader = csv.reader(StringIO(plain, newline=""), delimiter=separator, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if TARGET not in names or len(set(names)) != len(names) or not set(names) <= {*COLUMNS}:
            raise InvalidInput(code="csv_columns", columns=", ".join(COLUMNS))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found = dict(zip(names, (cell.strip() for cell in cells), strict=False))
                surplus = {SURPLUS: "".join(cells[len(names) :])}
                yield reader.line_num, {name: cell for name, cell in (found | surplus).items() if cell}
    except csv.Error as error:
        raise InvalidInput(code="csv_unreadable", line=reader.line_num) from error


def _body(cells: Mapping[str, str]) -> Json:
    values = {name: _value(name, cell) for name, cell in cells.items()}
    schedule = {name: values.pop(name) for name in SCHEDULE if name in values}
    config = {name: values.pop(name) for name in OPTIONS if name in values}
    return {**values, **({"schedule": schedule} if schedule else {}), **({"config": config} if config else {})}


def _value(name: str, cell: str) -> Any:
    if name in LISTS:
        return re.split(r"[\s,;]+", cell)
    if name in FLAGS:
        return WORDS.get(cell.lower(), cell)
    is_number = name in NUMBERS and cell.isascii() and cell.isdigit() and len(cell) <= MAX_DIGITS
    return int(cell) if is_number else cell


def _of_column(item: Mapping[str, Any], texts: MessageCatalog) -> Json:
    """The innermost name is the column's; what is wrong with a whole schedule is said of `cron`."""
    names = [str(part) for part in item["loc"] if str(part) in COLUMNS]
    return _problem(names[-1] if names else "cron", item["type"], item.get("ctx", {}), texts)


def _problem(column: str, code: str, values: Mapping[str, Any], texts: MessageCatalog) -> Json:
    name = next((part for part in reversed(column.split(".")) if part in COLUMNS), TARGET)
    return {"field": name, "code": code, "message": describe_field_problem(code, values, texts)}
