"""The user's own API keys."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.core.dependencies import CurrentUser
from app.core.errors import Conflict, Forbidden, InvalidInput
from app.identity.dependencies import ServicesDep
from app.identity.schemas.keys import CreatedKey, KeyCreate, KeyInfo, KeyList, RevokedKeys
from app.rest.documented_responses import refused
from app.rest.schemas import Text

router = APIRouter(prefix="/auth/keys", tags=["auth"])

KeyId = Annotated[Text, Path(max_length=36, description="Key id.", examples=["019b7a30-0000-7000-8000-00000000000a"])]


@router.post(
    "",
    status_code=201,
    summary="Create an API key; it is returned only in this response",
    responses=refused(Forbidden, "admin_only", "read_only")
    | refused(InvalidInput, "lifetime_too_long")
    | refused(Conflict, "key_limit"),
)
async def create_key(body: KeyCreate, user: CurrentUser, services: ServicesDep) -> CreatedKey:
    made = await services.auth.opaque.keys.create(
        user, name=body.name, scopes=body.scopes, expires_in_s=body.expires_in_s, group=body.group
    )
    return CreatedKey(key=made.key, **made.info)


@router.get("", summary="List the user's API keys")
async def list_keys(user: CurrentUser, services: ServicesDep) -> KeyList:
    return KeyList(items=[KeyInfo(**item) for item in await services.auth.opaque.keys.list_own(user)])


@router.delete("", summary="Revoke all API keys of the user")
async def revoke_keys(user: CurrentUser, services: ServicesDep) -> RevokedKeys:
    return RevokedKeys(revoked=await services.auth.opaque.keys.revoke(user))


@router.delete("/{key_id}", status_code=204, summary="Revoke an API key of the user")
async def revoke_key(key_id: KeyId, user: CurrentUser, services: ServicesDep) -> None:
    await services.auth.opaque.keys.revoke(user, key_id)
