"""Read-only links to scans."""

from typing import Annotated

from pydantic import Field

from app.core.schema_fields import described
from app.rest.schemas import RequestBody, ResponseBody

MIN_LIFE_S = 60
MAX_LIFE_S = 10 * 366 * 86_400  # of any deployment

A_LINK = "dcsl_3Hk9sQ5x0Vb7NmZtC2wJy8RfLg4Dp6Ua1Eio2n0Wk7"


class LinkCreate(RequestBody):
    expires_in_s: Annotated[int, Field(ge=MIN_LIFE_S, le=MAX_LIFE_S, strict=True)] = described(
        "Lifetime in seconds, at most `COMPLIANCE_LINK_MAX_TTL_S`.", 604_800
    )


class LinkInfo(ResponseBody):
    """Information about a link, without its token."""

    link_id: str = described("Identifier of the link.", "019b7a30-0000-7000-8000-00000000000b")
    prefix: str = described("First characters of its token.", A_LINK[:9])
    created_by: str = described("Name of the user who created it.", "mei")
    created_at: str = described("Time of creation.", "2026-11-27T07:40:04.623Z")
    expires_at: str = described("Expiry time of the link.", "2026-12-04T07:40:04.623Z")
    last_used_at: str | None = described(
        "Time of the last use, to the minute; null: never.", "2026-11-28T01:00:00.000Z"
    )
    requests: int = described("Number of requests made with it.", 42)


class LinkList(ResponseBody):
    """Newest first; links that have expired or were revoked are left out."""

    items: list[LinkInfo] = described("Links to the scan.", [])


class CreatedLink(LinkInfo):
    """A new link. Its token is returned only here."""

    token: str = described(
        "Token for `Authorization: Bearer`, accepted by the routes that read the scan. It is not stored.", A_LINK
    )
    path: str = described(
        "Path of the scan's page, relative to the URL of the service. It is a fragment, which browsers do not send.",
        f"#/shared/019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10/{A_LINK}",
    )
