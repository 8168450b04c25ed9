import stat
from datetime import UTC, datetime

import pytest

from app.cli.scan_folder import describe_folder, kept_folder
from app.core.errors import InvalidInput
from app.domain.messages import MessageCatalog

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def keep(parent, target="site.example"):
    with kept_folder(target, NOW, parent) as folder:
        return folder


def test_it_is_named_after_target_and_time_and_only_its_owner_can_read_it(tmp_path):
    folder = keep(tmp_path / "scans")
    assert folder == tmp_path / "scans" / "site.example-20260102-030405"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert keep(tmp_path / "scans").name == "site.example-20260102-030405-2"


def test_a_targets_name_leads_nowhere_else(tmp_path):
    folder = keep(tmp_path, "../../etc/\x1b[2J" + "x" * 300)
    assert folder.parent == tmp_path
    assert len(folder.name) < 130


def test_without_a_scan_nothing_is_left_behind(tmp_path):
    with pytest.raises(InvalidInput), kept_folder("x", NOW, tmp_path / "scans"):
        raise InvalidInput(code="invalid_target")
    assert list(tmp_path.iterdir()) == []


def test_what_a_scan_has_written_stays_whatever_happens(tmp_path):
    def scan():
        with kept_folder("x", NOW, tmp_path) as folder:
            (folder / "scans").mkdir()
            (folder / "scans" / "t-1.db").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan()
    assert [path.name for path in tmp_path.glob("*/scans/*.db")] == ["t-1.db"]


def test_where_no_folder_can_be_made_it_is_a_temporary_one(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    folder = keep(tmp_path / "file")
    assert folder.parent == tmp_path
    assert "site.example" in folder.name


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_is_said_where_it_lies_and_how_it_is_looked_at_again(tmp_path, language):
    said = describe_folder(tmp_path / "a b", MessageCatalog(language), "secret")
    assert f"'{tmp_path}/a b'" in said
    assert f"compliance report '{tmp_path}/a b'" in said
    assert f"compliance serve --data-dir '{tmp_path}/a b'" in said
    assert "secret" in said
    assert "secret" not in describe_folder(tmp_path, MessageCatalog(language), None)


def test_beside_a_service_the_results_are_shown_on_any_free_port(tmp_path):
    texts = MessageCatalog("en")
    assert "--port" not in describe_folder(tmp_path, texts, None)
    assert f"--data-dir {tmp_path} --port 0" in describe_folder(tmp_path, texts, None, is_port_free=False)
