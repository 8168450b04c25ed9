"""Versions of the configuration over a real database: made, contested, taken back, forgotten."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.configuration.queries import configuration
from app.configuration.tables import configuration_versions
from app.core.errors import Conflict, NotFound
from app.core.field_faults import InvalidFields
from app.core.principal import Principal
from app.identity.queries import audit
from tests.support.backend import open_backend

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = Principal("1", "wang", "admin", address="192.0.2.7")


@pytest.fixture
async def backend(tmp_path: Path):
    async with open_backend(tmp_path / "data", host_busy_s=90) as opened:
        yield opened


@pytest.fixture
def service(backend):
    return backend.services.configuration


def setting(state, name):
    return next(one for one in state.settings if one.setting.name == name)


async def refusal(change):
    with pytest.raises(InvalidFields) as caught:
        await change
    return [(fault.name, fault.code) for fault in caught.value.faults]


async def test_nothing_is_stored_at_first(service):
    state = await service.read()
    assert (state.version, state.changed_by, state.is_refused) == (0, None, False)
    assert not any(one.is_stored for one in state.settings)
    assert setting(state, "host_busy_s").lock == "environment"
    assert setting(state, "scans_per_user").lock is None


async def test_a_change_is_in_effect_when_it_is_answered(backend, service):
    state = await service.change(ADMIN, {"scans_per_user": 5}, version=0)
    assert (state.version, state.changed_by) == (1, "wang")
    assert (setting(state, "scans_per_user").value, setting(state, "scans_per_user").is_stored) == (5, True)
    assert service.live.current.scans_per_user == 5
    await backend.services.audit.flush()
    (row,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="configuration.change"))
    assert (row.user_id, row.address, row.detail) == ("1", "192.0.2.7", {"version": 1, "names": ["scans_per_user"]})


class ChangedMeanwhile:
    """A database in which another server changes something just before the newest version is read."""

    def __init__(self, db):
        self._db = db
        self._is_changed = False

    async def read(self, work):
        if not self._is_changed:
            self._is_changed = True
            values = {"version": 1, "mark": "m1", "at": BEGIN, "username": "li", "stored": {"scans_per_user": 7}}
            await self._db.write(lambda connection: configuration.add(connection, {**values, "changes": []}))
        return await self._db.read(work)


async def test_a_version_comes_with_its_own_values_when_another_server_changes_them_meanwhile(service):
    service.db = ChangedMeanwhile(service.db)
    state = await service.read()
    assert (state.version, setting(state, "scans_per_user").value) == (1, 7)


async def test_what_is_left_out_goes_back_to_its_default(service):
    await service.change(ADMIN, {"scans_per_user": 5, "max_concurrent_scans": 4}, version=0)
    state = await service.change(ADMIN, {"max_concurrent_scans": 4}, version=1)
    assert (setting(state, "scans_per_user").value, setting(state, "scans_per_user").is_stored) == (2, False)


async def test_who_comes_second_is_told(service):
    await service.change(ADMIN, {"scans_per_user": 5}, version=0)
    with pytest.raises(Conflict) as caught:
        await service.change(ADMIN, {"scans_per_user": 6}, version=0)
    assert caught.value.code == "configuration_changed"
    assert service.live.current.scans_per_user == 5


async def test_all_faults_are_told_and_nothing_is_stored(service):
    wrong = {"scans_per_user": 0, "default_max_pages": "many"}
    assert await refusal(service.change(ADMIN, {**wrong, "host_busy_s": 5, "nothing": 1}, version=0)) == [
        ("body.values.host_busy_s", "set_by_environment"),
        ("body.values.nothing", "extra_forbidden"),
    ]
    assert await refusal(service.change(ADMIN, wrong, version=0)) == [("body.values.default_max_pages", "int_type")]
    assert (await service.read()).version == 0


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"blocked_targets": ["example.com", "https://example.org/"]}, ("blocked_targets", "domain_names")),
        (
            {"reading_model_url": "http://user:pass@127.0.0.1:1/v1", "reading_model_name": "m"},
            ("reading_model_url", "secret_in_address"),
        ),
        (
            {"reading_model_url": "http://127.0.0.1:1/v1?key=x", "reading_model_name": "m"},
            ("reading_model_url", "secret_in_address"),
        ),
        (
            {"reading_model_url": "file:///etc/passwd", "reading_model_name": "m"},
            ("reading_model_url", "http_address"),
        ),
    ],
)
async def test_what_the_settings_themselves_do_not_check_is_checked(service, values, fault):
    name, code = fault
    assert await refusal(service.change(ADMIN, values, version=0)) == [(f"body.values.{name}", code)]


async def test_an_address_of_the_environment_is_shown_without_its_secrets(tmp_path):
    model = {"reading_model_url": "http://user:pass@127.0.0.1:1/v1?key=x", "reading_model_name": "m"}
    async with open_backend(tmp_path / "other", **model) as backend:
        state = await backend.services.configuration.read()
    assert setting(state, "reading_model_url").value == "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("nonsense", "list_definition"),
        ("a=x.txt class=takeover", "list_definition"),
        ("a=https://lists.example/a.txt?key=secret", "secret_in_address"),
        ("a=https://me:word@lists.example/a.txt", "secret_in_address"),
        ("a=/etc/passwd", "path_of_machine"),
    ],
)
async def test_an_administrator_names_no_list_that_the_machine_alone_may_name(service, entry, code):
    change = service.change(ADMIN, {"reputation_lists": [entry]}, version=0)
    assert await refusal(change) == [("body.values.reputation_lists", code)]


async def test_lists_of_an_administrator_are_in_effect_at_once(service):
    entries = ["a=own/a.txt", "b=https://lists.example/b.txt kind=allow"]
    state = await service.change(ADMIN, {"reputation_lists": entries}, version=0)
    assert list(setting(state, "reputation_lists").value) == entries
    assert list(service.live.current.reputation_lists) == entries


async def test_lists_of_the_environment_are_shown_without_their_secrets(tmp_path):
    lists = ("a=https://lists.example/a.txt?key=secret class=fraud", "b=/srv/private/b.txt")
    async with open_backend(tmp_path / "other", reputation_lists=lists) as backend:
        shown = setting(await backend.services.configuration.read(), "reputation_lists")
    assert list(shown.value) == ["a=https://lists.example/a.txt class=fraud", "b=b.txt"]
    assert shown.lock == "environment"


async def test_the_way_back_makes_a_new_version(service):
    await service.change(ADMIN, {"scans_per_user": 5}, version=0)
    await service.change(ADMIN, {"scans_per_user": 6, "blocked_targets": ["a.example", "b.example"]}, version=1)
    await service.change(ADMIN, {"blocked_targets": ["b.example", "c.example"]}, version=2)
    state = await service.restore(ADMIN, 1, version=3)
    assert (state.version, setting(state, "scans_per_user").value) == (4, 5)
    rows, total = await service.history(page=1, page_size=20)
    assert total == 4
    assert [(row.version, row.restored_from, row.changes) for row in rows] == [
        (4, 1, [["blocked_targets", ["b.example", "c.example"], None], ["scans_per_user", None, 5]]),
        (3, None, [["blocked_targets", ["a.example"], ["c.example"]], ["scans_per_user", 6, None]]),
        (2, None, [["blocked_targets", None, ["a.example", "b.example"]], ["scans_per_user", 5, 6]]),
        (1, None, [["scans_per_user", None, 5]]),
    ]
    assert not any(one.is_stored for one in (await service.restore(ADMIN, 0, version=4)).settings)


async def test_the_way_back_is_contested_like_any_change(service):
    await service.change(ADMIN, {"scans_per_user": 5}, version=0)
    with pytest.raises(Conflict):
        await service.restore(ADMIN, 0, version=0)
    with pytest.raises(NotFound):
        await service.restore(ADMIN, 9, version=1)


async def test_a_thousand_versions_are_kept(service):
    service.live.version = 0
    db, most = service.db, configuration.MAX_KEPT

    def fill(connection):
        values = {"mark": "m", "at": service.clock.now(), "username": "wang", "stored": {}, "changes": []}
        for version in range(1, most + 3):
            configuration.add(connection, {**values, "version": version})

    await db.write(fill)
    count = select(func.count(), func.min(configuration_versions.c.version)).select_from(configuration_versions)
    assert tuple(await db.read(lambda c: c.execute(count).one())) == (most, 3)


async def test_a_version_that_the_environment_contradicts_is_shown_as_it_is_stored(tmp_path):
    async with open_backend(tmp_path / "data") as backend:
        change = {"scans_per_user": 6, "long_running_failure_s": 3_600, "long_running_warning_s": 1_800}
        await backend.services.configuration.change(ADMIN, change, version=0)
    async with open_backend(tmp_path / "data", long_running_warning_s=7_200) as backend:
        state = await backend.services.configuration.read()
        found = setting(state, "scans_per_user")
        assert (state.is_refused, found.value, found.stored, found.is_stored) == (True, 2, 6, True)
