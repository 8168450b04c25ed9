import orjson
import pytest

from app.core.errors import ConfigurationError
from app.maintenance.manifest import Entry, Manifest, may_hold

MANIFEST = Manifest("0010", "e1", "2026-01-02T03:04:05Z", {"compliance.db": Entry(7, "ab")}, missing=("scans/x-1.db",))


def test_a_manifest_comes_back_without_what_was_missing():
    found = Manifest.from_json(MANIFEST.to_json())
    assert (found.revision, found.epoch, found.made_at, found.files) == ("0010", "e1", MANIFEST.made_at, MANIFEST.files)
    assert found.missing == ()


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"format": 1}', b'{"format": 1, "files": []}', b"\xff"])
def test_what_is_none_is_called_damaged(text):
    with pytest.raises(ConfigurationError, match="damaged"):
        Manifest.from_json(text)


def test_a_newer_format_is_told_from_damage():
    newer = orjson.dumps({**orjson.loads(MANIFEST.to_json()), "format": 2})
    with pytest.raises(ConfigurationError, match="newer version"):
        Manifest.from_json(newer)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("compliance.db", True),
        ("scans/01a2-3.db", True),
        (f"captures/ab/{'0' * 64}.zst", True),
        ("secret.key", False),
        ("../compliance.db", False),
        ("scans/../x-1.db", False),
        ("captures/ab/../../x.zst", False),
        ("/compliance.db", False),
        ("compliance.db\n", False),
    ],
)
def test_a_backup_holds_nothing_that_leads_elsewhere(name, allowed):
    assert may_hold(name) is allowed
