"""Lists of hosts and URLs that the deployment names, as administrators see them."""

from typing import Annotated

from pydantic import Field

from app.core.clock import to_wire
from app.core.schema_fields import described
from app.domain.messages import Language, MessageCatalog
from app.domain.reputation_lists import MAX_ENTRIES, ListFault, ListFormat, ListKind, Refused
from app.domain.violations import ViolationKey
from app.lists.service import ListState
from app.rest.schemas import Count, RequestBody, ResponseBody


class ShrunkList(RequestBody):
    entries: Annotated[int, Field(ge=1, le=MAX_ENTRIES, strict=True)] = described(
        "Number of entries that it has now, as in `shrunk_to`: it is accepted with at least half of them.", 412
    )


class RefusedNumber(ResponseBody):
    """Number of entries that are not used, by reason."""

    reason: Refused = described("Reason.", "known_service")
    reason_text: str = described("The same in the reader's language.", "A well-known service.")
    count: Count = described("Number of entries.", 12)


class RefusedEntry(ResponseBody):
    """An entry that is not used."""

    line: Count = described("Line in the list.", 412)
    text: str = described("The entry, at most 120 characters.", "cdn.example.net")
    reason: Refused = described("Reason why it is not used.", "known_service")
    reason_text: str = described("The same in the reader's language.", "A well-known service.")


class ListResponse(ResponseBody):
    """A configured list. Null fields of its version mean that it could not be loaded yet."""

    name: str = described("Name of the setting.", "phishing")
    kind: ListKind = described("Kind of the list: block or allow.", "block")
    category: ViolationKey = described("Class of entries without a class.", "fraud")
    source: str = described("Source of the list, without secrets.", "https://lists.example/phishing.txt")
    format: ListFormat = described("Format of the list, as configured.", "auto")
    read_as: ListFormat | None = described(
        "Format in which it was parsed; `auto`: hosts and URLs, one per line.", "domains"
    )
    date: str | None = described(
        "Date of the list: its own, that of its source, otherwise the time of the download.", "2026-01-01"
    )
    fetched_at: str | None = described(
        "Time at which the version in effect was downloaded.", "2026-01-01T00:00:00.000Z"
    )
    sha256: str | None = described("SHA-256 of the list as it was downloaded.", "9f" * 32)
    entries: Count | None = described("Number of entries in use.", 18_204)
    duplicates: Count | None = described("Number of duplicate entries; the last one counts.", 3)
    refused: list[RefusedNumber] = described("Entries that are not used, by reason.")
    examples: list[RefusedEntry] = described("The first entries that are not used, at most twenty.")
    checked_at: str | None = described("Time of the last check.", "2026-01-01T01:00:00.000Z")
    took_s: Annotated[float, Field(ge=0)] | None = described("Duration in seconds.", 1.4)
    fault: ListFault | None = described(
        "Reason why the last check failed. The version in effect stays in effect.", "status"
    )
    fault_text: str | None = described("The same in the reader's language.", "The source answered 404.")
    failing_since: str | None = described("Time at which the current fault began.", "2026-01-01T00:30:00.000Z")
    shrunk_to: Count | None = described("With the fault `shrunk`, the number of entries that the source has now.", 412)
    is_taken: bool = described(
        "An administrator has accepted its current content: it is reloaded within seconds.", False
    )

    @classmethod
    def of(cls, state: ListState, language: Language) -> "ListResponse":
        texts = MessageCatalog(language)
        definition, version, last = state.definition, state.version, state.last
        fault = None if last is None or last.fault is None else ListFault(last.fault)
        return cls(
            name=definition.name,
            kind=definition.kind,
            category=definition.category,
            source=definition.shown_source,
            format=definition.format,
            read_as=None if version is None else ListFormat(version.layout),
            date=None if version is None else version.list_date,
            fetched_at=None if version is None else to_wire(version.fetched_at),
            sha256=None if version is None else version.sha256,
            entries=None if version is None else version.entries,
            duplicates=None if version is None else version.duplicates,
            refused=[] if version is None else _numbers(version.refused, texts),
            examples=[] if version is None else [_entry(example, texts) for example in version.examples],
            checked_at=None if last is None else to_wire(last.checked_at),
            took_s=None if last is None else round(last.took_s, 1),
            fault=fault,
            fault_text=None if last is None or fault is None else fault_text(fault, last.detail, texts),
            failing_since=None if last is None or fault is None else to_wire(last.failing_since),
            shrunk_to=state.shrunk_to,
            is_taken=state.is_taken,
        )


class ListOverview(ResponseBody):
    """All lists, in the order of the setting."""

    items: list[ListResponse] = described("The lists.")
    total: Count = described("Number of connections.", 1)


def fault_text(fault: ListFault, detail: str, texts: MessageCatalog) -> str:
    """Say what went wrong."""
    return texts(f"list_fault.{fault}", detail=detail)


def _numbers(refused: dict[str, int], texts: MessageCatalog) -> list[RefusedNumber]:
    found = sorted(refused.items(), key=lambda item: -item[1])
    return [RefusedNumber(reason=Refused(key), reason_text=_why(key, texts), count=count) for key, count in found]


def _entry(example: tuple[int, str, str], texts: MessageCatalog) -> RefusedEntry:
    line, text, reason = example
    return RefusedEntry(line=line, text=text, reason=Refused(reason), reason_text=_why(reason, texts))


def _why(reason: str, texts: MessageCatalog) -> str:
    return texts(f"list_refused.{reason}")
