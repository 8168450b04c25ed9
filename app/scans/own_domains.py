"""Reads which other domains a user calls their own."""

from collections.abc import Sequence

from app.core.errors import InvalidInput
from app.core.field_faults import FieldFault, InvalidFields
from app.domain.scan_options import OWN_DOMAIN_CHARS
from app.domain.targets import TargetParser

_FIELD = "body.config.own_domains"


def read_own_domains(texts: Sequence[str], targets: TargetParser) -> tuple[str, ...]:
    """Return the names in A-labels, each once and in order. A public suffix is nobody's own: it is refused like
    everything that could be no target.

    Raises:
        InvalidFields: what is no such name, each by its place.
        InvalidInput: `own_domains_too_long`, all of them together.
    """
    names: set[str] = set()
    faults: list[FieldFault] = []
    for place, text in enumerate(texts):
        try:
            names.add(targets.parse(text).name)
        except InvalidInput as error:
            faults.append(FieldFault(f"{_FIELD}.{place}", error.code, error.params))
    if faults:
        raise InvalidFields(faults=faults)
    if sum(map(len, names)) > OWN_DOMAIN_CHARS:
        raise InvalidInput(code="own_domains_too_long", limit=OWN_DOMAIN_CHARS)
    return tuple(sorted(names))
