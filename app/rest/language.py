"""In which language a reader is answered: `?lang=`, else `Accept-Language`, else the deployment's."""

from typing import Annotated, Final

from fastapi import Depends, Header, Query
from starlette.requests import HTTPConnection

from app.domain.messages import FOREIGN_LANGUAGE, Language
from app.rest.parameters import services_of
from app.rest.quality_values import weigh

PARAMETER: Final = "lang"


def reader_language(
    connection: HTTPConnection,
    lang: Annotated[
        Language | None,
        Query(
            description="Language of the texts; default: that of `Accept-Language`.", examples=[FOREIGN_LANGUAGE.value]
        ),
    ] = None,
    accept_language: Annotated[
        str | None,
        Header(
            description="Languages that the user understands (RFC 9110).",
            examples=[f"{FOREIGN_LANGUAGE};q=0.8, *;q=0.1"],
        ),
    ] = None,
) -> Language:
    """Return the reader's language, for `Depends`."""
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
    wished = [name for name, quality in weigh(header) if quality > 0]
    for name in wished:
        if name == "*":
            return default
        if (language := Language.of_locale(name)) is not None:
            return language
    return FOREIGN_LANGUAGE if wished else default


ReaderLanguage = Annotated[Language, Depends(reader_language)]
