"""Field errors of a use case, in the same form as validation errors of requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import InvalidInput
from app.domain.messages import Language, MessageCatalog


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field: the code of a text `field.*`, with what stands in it. Never the field's value."""

    name: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


class InvalidFields(InvalidInput):
    """The names of the faults are as the client wrote them, from the body on."""

    def __init__(self, *, faults: Sequence[FieldFault]) -> None:
        """`faults`: at least one."""
        names = MessageCatalog(Language.EN).join_terms(dict.fromkeys(fault.name for fault in faults))
        super().__init__(text="invalid_fields", fields=names)
        self.faults = faults
