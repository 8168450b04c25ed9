"""What limits the results of a scan, in words, for formats that programs read: what was not seen is never clean."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from app.core.json_chunks import Json
from app.core.redact import display_text
from app.domain.messages import Language
from app.domain.risk import Embedding
from app.domain.tasks import TaskStatus
from app.domain.verdict import Verdict, saw_enough
from app.reports.formats.contents import ReportContents
from app.scans.serialisers import serialise_error, serialise_warnings

PROGRAM_NAME: Final = "Domain Compliance Scanner"
MAX_WARNINGS: Final = 200


@dataclass(frozen=True, slots=True)
class Limit:
    """`is_decisive`: the scan says nothing about what it has not found."""

    code: str
    text: str
    is_decisive: bool = False


def limits_of(contents: ReportContents) -> Iterator[Limit]:
    """Yield what decides first, then the reasons of the verdict, then the warnings."""
    row, texts = contents.row, contents.texts
    if row.status != TaskStatus.COMPLETED:
        yield Limit("unfinished", texts("report.unfinished_unseen", status=texts(row.status)), is_decisive=True)
    elif not saw_enough(row.verdict):
        said = texts("report.conclusion_inconclusive", target=display_text(row.target_domain))
        yield Limit("inconclusive", said, is_decisive=True)
    error = serialise_error(row, texts.language)
    if error is not None:
        yield Limit("failed", display_text(str(error["message"])), is_decisive=True)
    if row.verdict and (reasons := Verdict.from_json(row.verdict).names(texts.language)):
        yield Limit("limits", texts("report.limited_by", reasons=texts.join_clauses(reasons)))
    for warning in islice(serialise_warnings(row, Language(texts.language)), MAX_WARNINGS):
        yield Limit(str(warning["code"]), display_text(str(warning["message"])))


def content_url(found: Json) -> str | None:
    """Return where the content of a finding was seen, else where the path to it ends; None: it is not known.

    The site's page, which the evidence of a hidden link names, is only meant where the site itself shows the content.
    """
    is_own = found["embedding"] == Embedding.OWN_CONTENT
    urls = (item["url"] for item in found["evidence"] if is_own or item["whose"] == "third_party")
    seen = next((url for url in urls if url), None)
    return seen or (found["chains"][0]["final_url"] if found["chains"] else None)
