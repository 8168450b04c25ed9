"""The real process that reads a list."""

from app.core.config import Settings
from app.domain.reputation_lists import ListDefinition, ListFault, ListOrder
from app.tasks.list_reading.process import update_in_process


def order(tmp_path, content):
    path = tmp_path / "list.txt"
    path.write_text(content)
    folder = tmp_path / "lists"
    folder.mkdir()
    return ListOrder(definition=ListDefinition("test", "list.txt"), path=str(path), folder=str(folder))


async def test_a_list_is_read_by_a_process_and_lies_where_it_belongs(tmp_path):
    found = await update_in_process(order(tmp_path, "a.casino.example\n10.0.0.1\n"), Settings(data_dir=tmp_path))
    assert (found.fault, found.entries, found.refused) == (None, 1, {"address": 1})
    path = tmp_path / "lists" / found.file_sha256
    assert path.read_text() == "a.casino.example\t00000001\tother\t0.95\n"
    assert path.stat().st_mode & 0o077 == 0


async def test_networks_of_the_deployment_reach_the_process(tmp_path):
    settings = Settings(data_dir=tmp_path, allow_networks=("10.0.0.0/8",))
    assert (await update_in_process(order(tmp_path, "10.0.0.1\n"), settings)).entries == 1


async def test_a_process_that_takes_too_long_is_ended_and_a_fault(tmp_path):
    found = await update_in_process(order(tmp_path, "a.casino.example\n"), Settings(data_dir=tmp_path), limit_s=0.001)
    assert found.fault is ListFault.FAILED
    assert list((tmp_path / "lists").iterdir()) == []
