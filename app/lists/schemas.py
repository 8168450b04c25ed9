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
        "How many entries it has now, as `shrunk_to` says: it is taken with half of them at least.", 412
    )


class RefusedNumber(ResponseBody):
    """How many entries are not used, and why."""

    reason: Refused = described("Why.", "known_service")
    reason_text: str = described("The same in the reader's language.", "A well-known service.")
    count: Count = described("How many entries.", 12)


class RefusedEntry(ResponseBody):
    """An entry that is not used."""

    line: Count = described("Where it stands in the list.", 412)
    text: str = described("What stands there, at most 120 characters.", "cdn.example.net")
    reason: Refused = described("Why it is not used.", "known_service")
    reason_text: str = described("The same in the reader's language.", "A well-known service.")


class ListResponse(ResponseBody):
    """A list of the setting. What is null of its version is so because nothing could be read of it yet."""

    name: str = described("Its name.", "phishing")
    kind: ListKind = described("What its entries are.", "block")
    category: ViolationKey = described("The class of entries that name none.", "fraud")
    source: str = described("Where it comes from, without secrets.", "https://lists.example/phishing.txt")
    format: ListFormat = described("How it is written: as the setting says it.", "auto")
    read_as: ListFormat | None = described("How it was read; `auto`: hosts and URLs, one in each line.", "domains")
    date: str | None = described("The date of the list: its own, its source's, else that of the fetch.", "2026-01-01")
    fetched_at: str | None = described("When the version in effect was fetched.", "2026-01-01T00:00:00.000Z")
    sha256: str | None = described("SHA-256 of the list as it came.", "9f" * 32)
    entries: Count | None = described("Entries that are used.", 18_204)
    duplicates: Count | None = described("Entries that stand there more than once; the last counts.", 3)
    refused: list[RefusedNumber] = described("What is not used, by reason.")
    examples: list[RefusedEntry] = described("The first entries that are not used, twenty at most.")
    checked_at: str | None = described("When it was last looked for.", "2026-01-01T01:00:00.000Z")
    took_s: Annotated[float, Field(ge=0)] | None = described("Seconds that this took.", 1.4)
    fault: ListFault | None = described(
        "Why the last look brought nothing. The version in effect stays in effect.", "status"
    )
    fault_text: str | None = described("The same in the reader's language.", "The source answered 404.")
    failing_since: str | None = described("Since when there has been a fault.", "2026-01-01T00:30:00.000Z")
    shrunk_to: Count | None = described(
        "With the fault `shrunk`, how many entries the list has at its source now.", 412
    )
    is_taken: bool = described("An administrator has taken it as it is now: it is got again within seconds.", False)

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
            examples=[] if version is None else [_entry(one, texts) for one in version.examples],
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
    total: Count = described("How many there are.", 1)


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
