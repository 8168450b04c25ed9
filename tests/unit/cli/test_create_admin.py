import io

import pytest

from app.cli.create_admin import ask_twice
from app.core.errors import ConfigurationError
from app.domain.messages import MessageCatalog
from tests.support.command import here


def test_a_password_is_asked_for_twice():
    answers = ["one password", "another one", "one password", "one password"]

    def ask(_prompt):
        return answers.pop(0)

    with pytest.raises(ConfigurationError, match="do not match"):
        ask_twice(ask, MessageCatalog("en"))
    assert ask_twice(ask, MessageCatalog("en")) == "one password"


PASSWORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_DATA_DIR", str(tmp_path / "new"))
    return tmp_path / "new"


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (["--username", "-x-"], PASSWORD, "A user name"),
        ([], "short", "at least 8 characters"),
        ([], None, "Set COMPLIANCE_ADMIN_PASSWORD"),
    ],
)
def test_a_bad_name_or_password_makes_nobody(folder, capsys, monkeypatch, words, password, said):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    if password is not None:
        monkeypatch.setenv("COMPLIANCE_ADMIN_PASSWORD", password)
    assert here("create-admin", *words) == 2
    assert said in capsys.readouterr().err
    assert not folder.exists()
