"""Versions of the local classifier, as administrators see them."""

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
    version: Version | None = described("Version to enable; null: none.", 3)


class LocalReaderVersion(ResponseBody):
    version: Version = described("Version number; never reused.", 3)
    made_at: str = described("Time of the training.", "2026-01-01T00:00:00.000Z")
    sha256: str = described("SHA-256 of the model.", "9f" * 32)
    violating: Count = described("Number of pages of confirmed findings used for training.", 120)
    clean: Count = described("Number of pages of dismissed findings used for training.", 140)
    domains: Count = described("Number of domains of these pages.", 90)
    is_reported: bool = described("Its evaluation report was shown: it can be enabled.", True)

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
    """Twenty versions are kept, and the enabled one."""

    enabled: Version | None = described("Version used by scans that start from now on; null: none.", 3)
    items: list[LocalReaderVersion] = described("Versions, newest first.")
    total: Count = described("Number of connections.", 1)

    @classmethod
    def of(cls, versions: ReaderVersions) -> "LocalReaderOverview":
        items = [LocalReaderVersion.of(row) for row in versions.rows]
        return cls(enabled=versions.enabled, items=items, total=len(items))


class LeftOutPages(ResponseBody):
    """Decisions that were not used for training."""

    reason: str = described("Reason.", "repeated")
    reason_text: str = described("The same with their number, in the reader's language.", "3 pages with the same text")
    count: Count = described("Number of pages.", 3)


class LocalReaderHead(ResponseBody):
    """Result of one class on domains not used for training. Null: undefined."""

    name: str = described("`violation`: any violation; else a class.", "gambling")
    title: str = described("The same in the reader's language.", "Gambling")
    pages: Count = described("Number of pages that belong to this class, according to reviewers.", 60)
    precision: Share | None = described("Precision.", 0.95)
    recall: Share | None = described("Recall.", 0.9)
    brier: Share = described("Brier score of its probabilities: 0 is the best.", 0.0412)


class WouldSuppress(ResponseBody):
    """Effects that it would have had on findings in review."""

    to_review: Count = described("Number of findings in review.", 130)
    dismissed: Count = described("Number of these that it would suppress and reviewers dismissed.", 70)
    confirmed: Count = described("Number of these that it would suppress although reviewers confirmed them.", 2)
    confirmed_domains: list[str] = described("Domains of these, at most twenty.", ["shop.example"])


class WouldRaise(ResponseBody):
    """Pages without a rule match that it would have sent to review."""

    confirmed: Count = described("Number of pages that reviewers confirmed, in the right class.", 50)
    other_class: Count = described("Number of pages that reviewers confirmed, in another class.", 2)
    dismissed: Count = described("Number of pages that reviewers dismissed.", 1)


class LocalReaderReport(ResponseBody):
    """Cross-validation of a version on domains not used for training."""

    version: LocalReaderVersion = described("The version.")
    about: str = described("Library used for the training.", "0.1.0, scikit-learn 1.7.0")
    left_out: list[LeftOutPages] = described("Data not used for training.")
    heads: list[LocalReaderHead] = described("Its classes; any violation first.")
    suppressed: WouldSuppress = described("Findings that it would have suppressed.")
    raised: WouldRaise = described("Pages that it would have sent to review.")

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
