"""Administration of users."""

from fastapi import APIRouter, Depends

from app.api.state import PageNumber, PageSize, State
from app.core.dependencies import CurrentAdmin, require_admin
from app.schemas.users import UserCreate, UserPage, UserResponse, UserUpdate

router = APIRouter(prefix="/admin/users", tags=["admin"], dependencies=[Depends(require_admin)])


@router.get("", summary="All users")
async def list_users(services: State, page: PageNumber = 1, page_size: PageSize = 50) -> UserPage:
    rows, total = await services.users.list_page(page=page, page_size=page_size)
    return UserPage(items=[UserResponse.of(row) for row in rows], total=total)


@router.post("", status_code=201, summary="Add a user")
async def create_user(body: UserCreate, admin: CurrentAdmin, services: State) -> UserResponse:
    return UserResponse.of(await services.users.create(**body.model_dump(), by=admin.user_id))


@router.get("/{user_id}", summary="One user")
async def get_user(user_id: str, services: State) -> UserResponse:
    return UserResponse.of(await services.users.get(user_id))


@router.patch("/{user_id}", summary="Change a user; a new password or a deactivation ends their sessions")
async def update_user(user_id: str, body: UserUpdate, admin: CurrentAdmin, services: State) -> UserResponse:
    changes = body.model_dump(exclude_unset=True)
    return UserResponse.of(await services.users.update(user_id, changes, by=admin.user_id))


@router.delete("/{user_id}", status_code=204, summary="Remove a user with all their tasks")
async def delete_user(user_id: str, admin: CurrentAdmin, services: State) -> None:
    await services.users.delete(user_id, by=admin.user_id)
