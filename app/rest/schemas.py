"""What the bodies share.

A value that is refused raises PydanticCustomError with a code; what people read is the text `field.<code>` in their
language (`domain/locales`), not the message here.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import chain, islice
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.schema_fields import described

MAX_DEPTH = 8
A_TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"  # in examples
MAX_VALUES: Final = 10_000  # of a free JSON object, keys included
MAX_GROUP: Final = 100  # characters of the name of a group of sites
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MAX_SURPLUS: Final = 20  # keys that are named in a refusal
# Whose scans, or which, go first: the higher one. Fair turns hold among equal ones.
Priority = Annotated[int, Field(ge=-100, le=100, strict=True)]


class RequestBody(BaseModel):
    """A body that a client sends."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)

    @model_validator(mode="before")
    @classmethod
    def _leave_surplus_out(cls, value: Any) -> Any:
        """Keep only the first unknown keys: each costs the validation as much as a hundred known ones; they are enough
        to refuse them all.
        """
        known = cls.model_fields
        if not isinstance(value, Mapping) or len(value) <= len(known) + MAX_SURPLUS:
            return value
        surplus = islice((key for key in value if key not in known), MAX_SURPLUS)
        return {key: value[key] for key in (*filter(value.__contains__, known), *surplus)}


class ResponseBody(BaseModel):
    """A body that we send: as strict, so that the documentation is what is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _without_nul(text: str) -> str:
    """PostgreSQL keeps no NUL, and nobody means one."""
    if "\0" in text:
        raise PydanticCustomError("nul_character", "NUL")
    return text


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip() or not text:
        raise PydanticCustomError("not_printable", "printable")
    return text


def _in_utc(moment: datetime) -> datetime:
    """Return the time in UTC, which the first and last days of the calendar may exceed."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("moment_out_of_range", "moment") from error


def _day_of(value: Any) -> Any:
    """Take a day as text alone: pydantic would take numbers and times for days, too."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else _refuse_day()
    except ValueError:
        return _refuse_day()


def _refuse_day() -> Any:
    raise PydanticCustomError("not_a_date", "date")


def first_items(count: int) -> BeforeValidator:
    """Limit the validation of a list to `count` items and the one that makes it too long."""
    return BeforeValidator(lambda value: value[: count + 1] if isinstance(value, list | tuple) else value)


def _shallow(value: dict[str, Any]) -> dict[str, Any]:
    if _check_depth(value, MAX_DEPTH, MAX_VALUES) < 0:
        raise PydanticCustomError("too_many_values", "values", {"count": MAX_VALUES})
    return value


def _check_depth(value: Any, left: int, count: int) -> int:
    """Numbers must be finite, integers 64 bits, texts valid Unicode: everything that every JSON reader can take.

    Of the `count` values that may still come, the rest; below 0: there were too many, and not all were looked at.
    """
    if left == 0:
        raise PydanticCustomError("too_deep", "depth", {"depth": MAX_DEPTH})
    count -= 1
    match value:
        case dict() | list():
            parts = chain.from_iterable(value.items()) if isinstance(value, dict) else value
            for part in parts:
                if count < 0:
                    return count
                count = _check_depth(part, left - 1, count)
        case str() if not _is_unicode(value):
            raise PydanticCustomError("not_unicode", "Unicode")
        case float() if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
            raise PydanticCustomError("not_finite", "finite")
        case int() if abs(value) > 2**53:
            raise PydanticCustomError("integer_too_large", "integer")
    return count


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


Text = Annotated[str, AfterValidator(_without_nul)]
Name = Annotated[Text, AfterValidator(_printable)]  # by which something is found again: no spaces around it
GroupName = Annotated[Name, Field(max_length=MAX_GROUP)]
Day = Annotated[date, BeforeValidator(_day_of)]  # without a time
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_shallow)]
Count = Annotated[int, Field(ge=0)]
AttemptNumber = Annotated[int, Field(ge=1)]


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable (docs/errors.md); `detail` is for people."""

    type: str = described("Always `about:blank`: see `code`.", "about:blank", default="about:blank")
    title: str = described("Status in words, in the reader's language.", "Conflict")
    status: int = described("The HTTP status.", 409)
    detail: str = described(
        "Description of the error, in the reader's language.", "The task is running; cancel it first."
    )
    code: str = described("Error code; stable (docs/errors.md).", "task_running")
    trace_id: str = described(
        "Trace id of the request, as in the server's log. That of your `traceparent`, if you sent one.",
        A_TRACE,
    )
    errors: list["FieldProblem"] | None = described("Invalid fields; omitted for other errors.", default=None)


class FieldProblem(BaseModel):
    """One invalid field; never with its value."""

    field: str = described("Location, starting with `body`, `query`, `path` or `header`.", "body.config.max_pages")
    code: str = described("Code of the problem; stable.", "less_than_equal")
    message: str = described("The same in the reader's language.", "must be at most 100000")
