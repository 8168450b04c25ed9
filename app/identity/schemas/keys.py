"""Request and response models of API keys."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.core.schema_fields import described
from app.core.scopes import GROUP_SCOPES, Scope
from app.rest.schemas import GroupName, RequestBody, ResponseBody, Text

MIN_LIFE_S = 60
MAX_LIFE_S = 10 * 366 * 86_400  # maximum of the settings

A_KEY = "dcsk_8Qm3vK0r2Zx7LwTnB5yHc1JpUe6Gd9Sa4Fob1f8Xq2"


def _once_each(scopes: list[Scope]) -> list[Scope]:
    return [scope for scope in Scope if scope in scopes]


Scopes = Annotated[list[Scope], Field(min_length=1, max_length=len(Scope)), AfterValidator(_once_each)]


class KeyCreate(RequestBody):
    name: Annotated[Text, Field(min_length=1, max_length=100)] = described("What the key is for.", "Nightly pipeline")
    group: GroupName | None = described(
        "Group of the user's sites to which the key is limited. It gives access to sites of this group only, and can "
        "only have the scopes `read` and `scan`. Null: not limited.",
        "Branch offices",
        default=None,
    )
    scopes: Scopes = described(
        "What the key may do: `read` results and follow scans, `scan` (start, cancel, retry and delete), `review` "
        "(record decisions), `admin` (act as an administrator). None includes another.",
        ["read", "scan"],
    )
    expires_in_s: Annotated[int, Field(ge=MIN_LIFE_S, le=MAX_LIFE_S, strict=True)] | None = described(
        "Lifetime in seconds, at most `COMPLIANCE_API_KEY_MAX_TTL_S`; default: `COMPLIANCE_API_KEY_TTL_S`.",
        7_776_000,
        default=None,
    )

    @field_validator("scopes")
    @classmethod
    def _open_to_groups(cls, scopes: list[Scope], info: ValidationInfo) -> list[Scope]:
        """Refuse scopes that open nothing to a key of a group. The group is validated before: its field comes first."""
        if info.data.get("group") is not None and not set(scopes).issubset(GROUP_SCOPES):
            allowed = [scope.value for scope in GROUP_SCOPES]
            raise PydanticCustomError("scopes_of_group", "closed to groups", {"expected": allowed})
        return scopes


class KeyInfo(ResponseBody):
    """Information about a key, without the key itself."""

    key_id: str = described("Identifier of the key.", "019b7a30-0000-7000-8000-00000000000a")
    name: str = described("What the key is for.", "Nightly pipeline")
    prefix: str = described("First characters of the key.", A_KEY[:9])
    scopes: list[Scope] = described("What the key may do.", ["read", "scan"])
    group: str | None = described("Group of sites to which the key is limited; null: not limited.", None)
    created_at: str = described("Time of creation.", "2026-11-27T07:40:04.623Z")
    expires_at: str = described("Expiry time.", "2027-02-25T07:40:04.623Z")
    is_expired: bool = described("Whether it has expired.", False)
    last_used_at: str | None = described(
        "Time of the last use, to the minute; null: never.", "2026-11-28T01:00:00.000Z"
    )
    last_network: str | None = described(
        "Most recent new IP address or network from which it was used; null: never used.", "192.0.2.7"
    )


class KeyList(ResponseBody):
    """Newest first; revoked keys are left out."""

    items: list[KeyInfo] = described("Keys, at most 200.", [])


class CreatedKey(KeyInfo):
    """A new key. The key itself is returned only here."""

    key: str = described("The key, for `Authorization: Bearer`. It is not stored and not shown again.", A_KEY)


class RevokedKeys(ResponseBody):
    revoked: int = described("Number of revoked keys.", 2)
