"""Fulfils `domain.targets.TargetParser` with the engine's own reading of names and URLs."""

from typing import Final

from app.core.errors import InvalidInput
from app.domain.targets import ParsedTarget
from app.engines.scope import InvalidTarget, Scope, ascii_name, parse_target
from app.engines.urls import host_of, resolve

_NO_BASE: Final = "about:blank"  # nothing is relative to it


class EngineTargetParser:
    """See the port."""

    def parse(self, text: str) -> ParsedTarget:
        try:
            target = parse_target(text)
        except InvalidTarget as error:
            raise InvalidInput(code=error.code, **error.params) from error
        return ParsedTarget(target.name, target.display, target.registrable)

    def ascii_name(self, text: str) -> str:
        try:
            return ascii_name(text)
        except InvalidTarget as error:
            raise InvalidInput(code=error.code, **error.params) from error

    def parse_start_url(self, text: str, target: ParsedTarget) -> str:
        url = resolve(_NO_BASE, text)
        if url is None or "@" in url.split("/", 3)[2]:
            raise InvalidInput(code="start_url_invalid")
        if not Scope(target.name).contains(host_of(url)):
            raise InvalidInput(code="start_url_outside_target")
        return url.partition("#")[0]
