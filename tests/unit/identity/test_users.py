"""Users who are deactivated, and removed though their files cannot be: refused at once, or gone on with later."""

import errno
import os

import pytest

from app.core.errors import Unavailable
from app.domain.messages import MessageCatalog
from app.identity.queries import users
from tests.support.backend import USER_PASSWORD, open_backend


class StubbornFiles:
    """A remover that fails as it is told to."""

    def __init__(self) -> None:
        self.locked_folder = False
        self.locked_files = False
        self.removed: list[tuple[str, int]] = []

    def require_writable(self) -> None:
        if self.locked_folder:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), "scans")

    def __call__(self, task_id: str, last_run: int) -> None:
        if self.locked_files:
            raise OSError(errno.EIO, os.strerror(errno.EIO), f"{task_id}-{last_run}.db")
        self.removed.append((task_id, last_run))


@pytest.fixture
async def backend(tmp_path):
    async with open_backend(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def files(backend):
    files = StubbornFiles()
    backend.services.users.remove_files = files
    return files


async def test_a_folder_that_cannot_be_written_to_refuses_and_nothing_has_changed(backend, files):
    theirs, headers = await backend.add_user(), await backend.login()
    user_id = (await backend.client.get("/api/v1/auth/me", headers=theirs)).json()["id"]
    task_id = await backend.add_task(theirs)
    files.locked_folder = True
    answer = await backend.client.delete(f"/api/v1/admin/users/{user_id}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["detail"] == MessageCatalog("zh-CN")("error.files_locked")
    assert "retry-after" in answer.headers
    assert (await backend.client.get("/api/v1/auth/me", headers=theirs)).json()["is_active"] is True
    assert (await backend.client.get(f"/api/v1/tasks/{task_id}", headers=theirs)).json()["status"] == "pending"


async def test_a_file_that_cannot_be_removed_leaves_a_removal_that_goes_on(backend, files):
    theirs = await backend.add_user()
    user_id = (await backend.client.get("/api/v1/auth/me", headers=theirs)).json()["id"]
    task_id = await backend.add_task(theirs)
    files.locked_files = True
    service, db = backend.services.users, backend.services.db
    with pytest.raises(Unavailable, match="again"):
        await service.delete(user_id, by="admin")
    assert (await db.read(lambda c: users.find(c, user_id))).is_active is False
    files.locked_files = False
    await service.delete(user_id, by="admin")
    assert files.removed == [(task_id, 1)]
    assert await db.read(lambda c: users.find(c, user_id)) is None


async def test_who_was_deactivated_signs_in_anew_once_active_again(backend):
    """A token of before, perhaps a thief's, stays dead."""
    theirs, headers = await backend.add_user(), await backend.login()
    user_id = (await backend.client.get("/api/v1/auth/me", headers=theirs)).json()["id"]
    place = f"/api/v1/admin/users/{user_id}"
    for is_active in (False, True):
        answer = await backend.client.patch(place, json={"is_active": is_active}, headers=headers)
        assert answer.status_code == 200, answer.text
    assert (await backend.client.get("/api/v1/auth/me", headers=theirs)).status_code == 401
    again = await backend.login("mei", USER_PASSWORD)
    assert (await backend.client.get("/api/v1/auth/me", headers=again)).status_code == 200
