"""The reader's language: of `--lang`, `COMPLIANCE_LANGUAGE` or the locale, known before any other word is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.cli.terminal import language_of
from app.domain.messages import DEFAULT_LANGUAGE, Language, MessageCatalog

OPTION: Final = "--lang"


class UnknownLanguage(Exception):
    """`--lang` names none that is here, or nothing."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads what the command says."""

    language: Language
    asked: Language | None  # by `--lang`, which goes before everything else; None: not asked

    @property
    def texts(self) -> MessageCatalog:
        return MessageCatalog(self.language)


def take_language(words: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[Reader, list[str]]:
    """Return the reader, and the words without `--lang`, which may stand anywhere: help and errors need it first.

    Raises UnknownLanguage.
    """
    kept: list[str] = []
    asked: Language | None = None
    rest = iter(words)
    for word in rest:
        if word == "--":
            kept += [word, *rest]
        elif word == OPTION or word.startswith(f"{OPTION}="):
            asked = _parse(next(rest, "") if word == OPTION else word.partition("=")[2])
        else:
            kept.append(word)
    return Reader(asked or language_of(environment) or DEFAULT_LANGUAGE, asked), kept


def reader_of(environment: Mapping[str, str] | None = None) -> Reader:
    """Return the reader when nobody has asked, or has asked for what is not here."""
    return Reader(language_of(environment) or DEFAULT_LANGUAGE, None)


def _parse(name: str) -> Language:
    language = Language.of_locale(name) if name else None
    if language is None:
        raise UnknownLanguage(name)
    return language
