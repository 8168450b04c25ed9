"""XML of strangers as events. A document type declaration ends the reading: no entity is ever declared."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol
from xml.parsers import expat

from app.engines.documents.cpu_budget import CpuBudget

_STEP: Final = 256 * 1024  # bytes after which the time is looked at
Attributes = Mapping[str, str]  # by local name; of equal ones in several namespaces the last


class XmlHandler(Protocol):
    """The receiver of elements, by their local names."""

    def start(self, name: str, attributes: Attributes) -> None: ...

    def text(self, data: str) -> None: ...

    def end(self, name: str) -> None: ...


class _Refused(Exception):
    """The part declares a document type, which no Office program writes."""


def read_xml(body: bytes, handler: XmlHandler, budget: CpuBudget) -> bool:
    """Tell the handler what the part says; False when it is broken, refused or the time is over before its end."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = _started(handler)
    parser.CharacterDataHandler = handler.text
    parser.EndElementHandler = lambda name: handler.end(_local(name))
    try:
        for start in range(0, len(body), _STEP):
            if budget.is_spent:
                return False
            parser.Parse(body[start : start + _STEP], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, _Refused, UnicodeError, LookupError):
        return False
    return True


def _refuse(*_: object) -> None:
    raise _Refused


def _started(handler: XmlHandler) -> Callable[[str, dict[str, str]], None]:
    def started(name: str, attributes: dict[str, str]) -> None:
        handler.start(_local(name), {_local(key): value for key, value in attributes.items()})

    return started


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
