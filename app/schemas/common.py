"""What the bodies share."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_DEPTH = 8


class Request(BaseModel):
    """A body that a client sends."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Response(BaseModel):
    """A body that we send: as strict, so that the documentation is what is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _without_nul(text: str) -> str:
    """PostgreSQL keeps no NUL, and nobody means one."""
    if "\0" in text:
        raise ValueError("must not hold NUL characters")
    return text


def _shallow(value: dict[str, Any]) -> dict[str, Any]:
    _check_depth(value, MAX_DEPTH)
    return value


def _check_depth(value: Any, left: int) -> None:
    """Numbers must be finite, integers 64 bits, texts valid Unicode: everything that every JSON reader can take."""
    if left == 0:
        raise ValueError(f"must not be nested deeper than {MAX_DEPTH}")
    match value:
        case dict():
            for key, item in value.items():
                _check_depth(key, left)
                _check_depth(item, left - 1)
        case list():
            for item in value:
                _check_depth(item, left - 1)
        case str() if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("must hold valid Unicode only")
        case float() if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
            raise ValueError("must hold finite numbers only")
        case int() if abs(value) > 2**53:
            raise ValueError("must not hold integers beyond 2^53")


Text = Annotated[str, AfterValidator(_without_nul)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_shallow)]
Count = Annotated[int, Field(ge=0)]


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable (docs/errors.md); `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list["FieldProblem"] | None = None


class FieldProblem(BaseModel):
    """One field that was refused; never with its value."""

    field: str
    code: str
    message: str
