"""Settings that are the address of a service: an absolute HTTP URL, and unset when the variable is empty."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError


def _empty_is_unset(value: object) -> object:
    return None if value == "" else value


def _is_http_address(value: str | None) -> str | None:
    if value is not None and not (value.startswith(("http://", "https://")) and urlsplit(value).hostname):
        raise PydanticCustomError("http_address", "not an address")
    return value


HttpAddress = Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_is_http_address)]
