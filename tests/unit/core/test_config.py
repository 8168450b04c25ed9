"""Keys and their order: what refuses to start."""

from pathlib import Path

import pytest

from app.core.config import Settings, load_settings
from app.core.errors import ConfigurationError

GOOD = "kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f"


def test_both_keys_are_read_and_shown_to_nobody():
    settings = load_settings({"COMPLIANCE_SECRET_KEY": GOOD, "COMPLIANCE_SECRET_KEY_PREVIOUS": GOOD[::-1]})
    assert settings.secret_key_previous.get_secret_value() == GOOD[::-1]
    assert GOOD not in repr(settings)
    assert GOOD[::-1] not in repr(settings)


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_PREVIOUS"])
@pytest.mark.parametrize("value", ["short", "a" * 40, "your-secret-key-your-secret-key-01"])
def test_a_weak_key_refuses_to_start_and_is_named_without_its_value(name, value):
    with pytest.raises(ConfigurationError, match=f"COMPLIANCE_{name} ") as caught:
        load_settings({f"COMPLIANCE_{name}": value})
    assert value not in str(caught.value)


def test_the_first_delay_is_not_above_the_longest():
    with pytest.raises(ConfigurationError, match="login_delay_s must not be above"):
        load_settings({"COMPLIANCE_LOGIN_DELAY_S": "20", "COMPLIANCE_LOGIN_MAX_DELAY_S": "10"})


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:////var/lib/main.db", "/var/lib/main.db"),
        ("sqlite:///main.db", "main.db"),
        ("sqlite+pysqlite:////main.db?timeout=3", "/main.db"),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("postgresql:///main", None),
    ],
)
def test_the_database_is_a_file_when_it_is_sqlite(url, file):
    assert Settings(database_url=url).database_file == (None if file is None else Path(file))


def test_the_database_is_in_the_data_folder_unless_it_is_said_where():
    assert Settings(data_dir=Path("/srv/data")).database_file == Path("/srv/data/compliance.db")
