import pytest

from app.compose.services import build_services
from app.core.errors import ConfigurationError
from app.core.pending_restore import READY, is_restore_pending
from tests.support.backend import FakeRealtime, FakeRunner, cheap_passwords, make_settings
from tests.support.said import refused


class Diary:
    """A part that writes down when it starts and stops."""

    def __init__(self, name: str, diary: list[str], *, fails: bool = False) -> None:
        self.name = name
        self.diary = diary
        self.fails = fails

    async def start(self) -> None:
        if self.fails:
            raise OSError(self.name)
        self.diary.append(f"{self.name} starts")

    async def stop(self) -> None:
        self.diary.append(f"{self.name} stops")


def build(folder, diary, *, fails: str = ""):
    parts = {name: Diary(name, diary, fails=name == fails) for name in ("runner", "monitor", "manager")}
    return build_services(make_settings(folder), passwords=cheap_passwords(), **parts)


async def test_parts_stop_in_the_reverse_order_sockets_first(tmp_path):
    diary: list[str] = []
    services = build(tmp_path, diary)
    await services.start()
    await services.stop()
    await services.stop()
    assert diary == [
        "runner starts",
        "monitor starts",
        "manager starts",
        "manager stops",
        "monitor stops",
        "runner stops",
    ]


async def test_a_part_that_fails_takes_down_those_before_it_and_frees_the_folder(tmp_path):
    diary: list[str] = []
    with pytest.raises(OSError, match="manager"):
        await build(tmp_path, diary, fails="manager").start()
    assert diary == ["runner starts", "monitor starts", "monitor stops", "runner stops"]
    services = build(tmp_path, diary)
    await services.start()
    await services.stop()


async def test_a_folder_serves_one_at_a_time(tmp_path):
    services = build(tmp_path, [])
    with refused("folder_in_use"):
        build(tmp_path, [])
    services.release()
    build(tmp_path, []).release()


async def test_what_cannot_be_built_frees_the_folder(tmp_path):
    build(tmp_path, []).release()
    (tmp_path / "secret.key").chmod(0o644)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="Other users can read"):
            build(tmp_path, [])


async def test_the_real_parts_start_and_stop(tmp_path):
    services = build_services(make_settings(tmp_path), passwords=cheap_passwords())
    assert await services.start() is None
    assert services.manager.stats()["connections"] == 0
    await services.stop()


async def test_a_runner_of_ones_own_needs_a_monitor(tmp_path):
    with pytest.raises(ValueError, match="monitor"):
        build_services(make_settings(tmp_path), runner=FakeRunner(), manager=FakeRealtime())


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_restore_is_finished_only_by_the_server_whose_database_it_replaces(tmp_path, elsewhere):
    """Results of a backup beside the database of another place would belong to no task."""
    folder = tmp_path / "data"
    for name in ("scans", "captures"):
        (folder / READY / name).mkdir(parents=True)
    (folder / READY / "name").write_text("before-restore-x")
    options = {"database_url": f"sqlite:///{tmp_path}/elsewhere.db"} if elsewhere else {}
    parts = {"runner": FakeRunner(), "monitor": Diary("monitor", []), "manager": FakeRealtime()}
    services = build_services(make_settings(folder, **options), passwords=cheap_passwords(), **parts)
    services.release()
    await services.db.close()
    assert is_restore_pending(folder) is elsewhere
