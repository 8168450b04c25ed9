"""Versions of the local reader, as administrators see them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field
from sqlalchemy import Row

from app.configuration.local_readers import ReaderVersions
from app.core.clock import to_wire
from app.core.redact import display_text
from app.core.schema_fields import described
from app.domain.local_reading import LEARNT
from app.domain.messages import Language, MessageCatalog
from app.domain.violations import ViolationKey, violation_name
from app.rest.schemas import Count, RequestBody, ResponseBody

MAX_VERSION: Final = 2**31 - 1  # of an integer column
Version = Annotated[int, Field(ge=1, le=MAX_VERSION, strict=True)]
Share = Annotated[float, Field(ge=0, le=1)]


class LocalReaderChange(RequestBody):
    version: Version | None = described("The version that shall read along; null: none.", 3)


class LocalReaderVersion(ResponseBody):
    version: Version = described("Its number; none is used again.", 3)
    made_at: str = described("When it was learnt.", "2026-01-01T00:00:00.000Z")
    sha256: str = described("SHA-256 of the model.", "9f" * 32)
    violating: Count = described("Pages of confirmed findings from which it was learnt.", 120)
    clean: Count = described("Pages of dismissed findings from which it was learnt.", 140)
    domains: Count = described("Domains that these pages are of.", 90)
    is_reported: bool = described("Its report was shown: it may be switched on.", True)

    @classmethod
    def of(cls, row: Row[Any]) -> "LocalReaderVersion":
        return cls(
            version=row.version,
            made_at=to_wire(row.made_at),
            sha256=row.sha256,
            violating=row.report["violating"],
            clean=row.report["clean"],
            domains=row.report["domains"],
            is_reported=row.reported_at is not None,
        )


class LocalReaderOverview(ResponseBody):
    """Twenty versions are kept, and the one that is switched on."""

    enabled: Version | None = described("The version that scans read with that begin now; null: none.", 3)
    items: list[LocalReaderVersion] = described("The versions, the newest first.")
    total: Count = described("How many there are.", 1)

    @classmethod
    def of(cls, versions: ReaderVersions) -> "LocalReaderOverview":
        items = [LocalReaderVersion.of(row) for row in versions.rows]
        return cls(enabled=versions.enabled, items=items, total=len(items))


class LeftOutPages(ResponseBody):
    """What people decided, and it was not learnt from."""

    reason: str = described("Why.", "repeated")
    reason_text: str = described("The same with their number, in the reader's language.", "3 pages with the same text")
    count: Count = described("How many.", 3)


class LocalReaderHead(ResponseBody):
    """How well one question was answered about pages of domains that had not been seen. Null: there is no share."""

    name: str = described("`violation`: any violation; else a class.", "gambling")
    title: str = described("The same in the reader's language.", "Gambling")
    pages: Count = described("Pages that people say are this.", 60)
    precision: Share | None = described("Of the pages that it took for this, the share that is.", 0.95)
    recall: Share | None = described("Of the pages that are this, the share that it took for it.", 0.9)
    brier: Share = described("Brier score of its probabilities: 0 is the best.", 0.0412)


class WouldSuppress(ResponseBody):
    """What it would have done to findings that were to be reviewed."""

    to_review: Count = described("Findings that were to be reviewed.", 130)
    dismissed: Count = described("Of these, suppressed and dismissed by people.", 70)
    confirmed: Count = described("Of these, suppressed although people confirmed them.", 2)
    confirmed_domains: list[str] = described("Where these are, twenty domains at most.", ["shop.example"])


class WouldRaise(ResponseBody):
    """What it would have sent to review without any rule."""

    confirmed: Count = described("Pages that people confirmed, by their class.", 50)
    other_class: Count = described("Pages that people confirmed, by another class.", 2)
    dismissed: Count = described("Pages that people dismissed.", 1)


class LocalReaderReport(ResponseBody):
    """How a version judged pages of domains that it had not seen while it learnt."""

    version: LocalReaderVersion = described("The version.")
    about: str = described("With what it was learnt.", "0.1.0, scikit-learn 1.7.0")
    left_out: list[LeftOutPages] = described("What it was not learnt from.")
    heads: list[LocalReaderHead] = described("The questions that it answers; any violation first.")
    suppressed: WouldSuppress = described("What it would have suppressed.")
    raised: WouldRaise = described("What it would have sent to review.")

    @classmethod
    def of(cls, row: Row[Any], language: Language) -> "LocalReaderReport":
        texts, report = MessageCatalog(language), row.report
        gone = report["changes"]["suppressed"]
        domains = [display_text(domain) for domain in gone["confirmed_domains"]]
        left_out = [(reason, count) for reason, count in sorted(report["left_out"].items()) if count]
        return cls(
            version=LocalReaderVersion.of(row),
            about=report["about"],
            left_out=[
                LeftOutPages(reason=reason, reason_text=texts(f"reader.left_out.{reason}", count=count), count=count)
                for reason, count in left_out
            ],
            heads=[_head(name, head, texts) for name, head in report["heads"].items()],
            suppressed=WouldSuppress(**{**gone, "confirmed_domains": domains}),
            raised=WouldRaise(**report["changes"]["raised"]),
        )


def _head(name: str, head: Mapping[str, Any], texts: MessageCatalog) -> LocalReaderHead:
    title = violation_name(ViolationKey(name), texts.language) if name in LEARNT else texts("reader.any_violation")
    numbers = {key: head[key] for key in ("pages", "precision", "recall", "brier")}
    return LocalReaderHead(name=name, title=title, **numbers)
