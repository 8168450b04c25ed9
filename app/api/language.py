"""In which language a reader is answered: `?lang=`, else `Accept-Language`, else the deployment's."""

from typing import Annotated, Final

from fastapi import Depends, Header, Query
from starlette.requests import HTTPConnection

from app.api.dependencies import services_of
from app.domain.messages import FOREIGN_LANGUAGE, Language

MAX_RANGES: Final = 20  # of a header that are looked at; browsers send three
PARAMETER: Final = "lang"


def reader_language(
    connection: HTTPConnection,
    lang: Annotated[
        Language | None,
        Query(description="The language of texts; else that of `Accept-Language`.", examples=[FOREIGN_LANGUAGE.value]),
    ] = None,
    accept_language: Annotated[
        str | None,
        Header(
            description="The languages that the reader understands (RFC 9110).",
            examples=[f"{FOREIGN_LANGUAGE};q=0.8, *;q=0.1"],
        ),
    ] = None,
) -> Language:
    """For `Depends`."""
    return lang or preferred(accept_language or "", Language(services_of(connection).settings.language))


def language_of(connection: HTTPConnection) -> Language:
    """Return the language of an answer that no route makes, such as an error's; an unknown `?lang=` does not count."""
    asked = connection.query_params.get(PARAMETER)
    if asked in list(Language):
        return Language(asked)
    return reader_language(connection, None, connection.headers.get("accept-language"))


def preferred(header: str, default: Language) -> Language:
    """Return what a reader with this header (RFC 9110, section 12.5.4) understands best.

    Who asks for languages that are not here gets `FOREIGN_LANGUAGE`, who does not care the default.
    """
    wished = [name for name, quality in _ranges(header) if quality > 0]
    for name in wished:
        if name == "*":
            return default
        if (language := Language.of_locale(name)) is not None:
            return language
    return FOREIGN_LANGUAGE if wished else default


def _ranges(header: str) -> list[tuple[str, float]]:
    """(language, quality), the best first."""
    parts = [part.partition(";") for part in header.split(",")[:MAX_RANGES]]
    found = [(name.strip(), _quality(parameters)) for name, _, parameters in parts if name.strip()]
    return sorted(found, key=lambda item: -item[1])


def _quality(parameters: str) -> float:
    name, _, value = parameters.replace(" ", "").partition("=")
    if name.lower() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


ReaderLanguage = Annotated[Language, Depends(reader_language)]
