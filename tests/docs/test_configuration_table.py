"""The table of `docs/configuration.md` has the settings that can be changed, as the code has them.

After a change: `.venv/bin/python -m tests.docs.test_configuration_table` writes it anew.
"""

from app.core.changeable_settings import CHANGEABLE, ChangeableSetting
from app.core.config import Settings
from app.domain.messages import Language, MessageCatalog
from tests.docs.markdown import ROOT
from tests.docs.test_reference import bounds_of, default_of

FILE = ROOT / "docs" / "configuration.md"
TITLE = "## The settings\n\n"
HEAD = "| group | setting | default | bounds | holds | what it does |\n|---|---|---|---|---|---|\n"


def line(setting: ChangeableSetting) -> str:
    texts = MessageCatalog(Language.EN)
    field = Settings.model_fields[setting.name]
    holds = "after a restart" if setting.needs_restart else "at once"
    cells = [
        f"`{setting.group}`",
        f"`{setting.name}`",
        f"`{default_of(field)}`" if default_of(field) not in ("empty", "unset") else default_of(field),
        bounds_of(field),
        holds,
        f"{texts(f'setting.{setting.name}')}. {texts(f'setting_does.{setting.name}')}",
    ]
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def written(document: str) -> str:
    """The document with its table, which is the end of it."""
    before, title, _ = document.partition(TITLE)
    assert title, "docs/configuration.md has no place for the table"
    return before + TITLE + HEAD + "\n".join(map(line, CHANGEABLE.values())) + "\n"


def test_the_table_has_the_settings_of_the_code():
    document = FILE.read_text("utf-8")
    assert document == written(document)


def test_a_table_that_lacks_a_setting_is_seen():
    document = FILE.read_text("utf-8")
    for name in CHANGEABLE:
        assert written(document.replace(f"`{name}`", "`other`")) == document


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text("utf-8")), "utf-8")
