"""Administration of users."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from app.core.dependencies import CurrentAdmin, require_admin
from app.core.errors import Conflict, Forbidden, Unavailable
from app.identity.dependencies import ServicesDep
from app.identity.queries.users import UserFilter
from app.identity.schemas.users import UserCreate, UserPage, UserResponse, UserUpdate
from app.rest.documented_responses import refused
from app.rest.parameters import MAX_SEARCH, PageNumber, PageSize
from app.rest.schemas import Text

UserId = Annotated[str, Path(description="User id.", examples=["019b7a30-0000-7000-8000-000000000001"])]
router = APIRouter(
    prefix="/admin/users",
    tags=["admin"],
    dependencies=[Depends(require_admin)],
    responses=refused(Forbidden, "admin_only"),
)


@router.get("", summary="List users")
async def list_users(
    services: ServicesDep,
    page: PageNumber = 1,
    page_size: PageSize = 50,
    q: Annotated[
        Text, Query(max_length=MAX_SEARCH, description="Only users whose name contains this text.", examples=["mei"])
    ] = "",
    is_assignable: Annotated[
        bool, Query(description="Only administrators and reviewers who can sign in.", examples=[True])
    ] = False,
) -> UserPage:
    rows, total = await services.users.list_page(UserFilter(q, is_assignable), page=page, page_size=page_size)
    return UserPage(items=[UserResponse.of(row) for row in rows], total=total)


@router.post("", status_code=201, summary="Add a user", responses=refused(Conflict, "username_taken", "email_taken"))
async def create_user(body: UserCreate, admin: CurrentAdmin, services: ServicesDep) -> UserResponse:
    return UserResponse.of(await services.users.create(**body.model_dump(), by=admin.user_id))


@router.get("/{user_id}", summary="Get a user")
async def get_user(user_id: UserId, services: ServicesDep) -> UserResponse:
    return UserResponse.of(await services.users.get(user_id))


@router.patch(
    "/{user_id}",
    summary="Change a user; a new password or a deactivation ends the user's sessions and API keys",
    responses=refused(Conflict, "email_taken", "last_admin"),
)
async def update_user(user_id: UserId, body: UserUpdate, admin: CurrentAdmin, services: ServicesDep) -> UserResponse:
    changes = body.model_dump(exclude_unset=True)
    return UserResponse.of(await services.users.update(user_id, changes, by=admin.user_id))


@router.delete(
    "/{user_id}",
    status_code=204,
    summary="Delete a user with all their tasks",
    responses=refused(Conflict, "last_admin", "user_has_running_tasks", "user_has_held_scans") | refused(Unavailable),
)
async def delete_user(user_id: UserId, admin: CurrentAdmin, services: ServicesDep) -> None:
    await services.users.delete(user_id, by=admin.user_id)
