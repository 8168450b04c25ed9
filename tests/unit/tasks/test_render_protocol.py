"""The order of a browser worker's process: what it needs to reach pages, and no secret."""

import pytest

from app.core.config import SECRETS, Settings
from app.scanstore.renders import RenderOutcome
from app.tasks.process_protocol import tick_line
from app.tasks.render_protocol import (
    RENDER_SETTINGS,
    page_line,
    read_page_line,
    read_render_order,
    render_order,
)
from tests.unit.tasks.test_process_protocol import OF_THE_DATABASE, ROOT, read_by


def test_the_order_carries_the_settings_and_no_secret():
    settings = Settings(
        secret_key="s" * 40, admin_password="hunter22", user_agent="agent", captures_url="s3://bucket", port=1
    )
    line = render_order(settings, "holder-1")
    assert line.endswith(b"\n")
    assert b"hunter22" not in line
    assert b"ssss" not in line
    received, holder = read_render_order(line)
    assert holder == "holder-1"
    assert received == Settings(user_agent="agent"), "where captures lie is not its business"


def test_the_process_gets_the_address_of_the_database_with_its_password():
    url = "postgresql+psycopg://browser:letters@db.example/x"
    received, _ = read_render_order(render_order(Settings(database_url=url), "holder-1"))
    assert received.resolved_database_url == url


@pytest.mark.parametrize("outcome", RenderOutcome)
def test_what_came_of_a_page_is_one_line(outcome):
    line = page_line(outcome)
    assert line.count(b"\n") == 1
    assert read_page_line(line) is outcome


@pytest.mark.parametrize(
    "line", [tick_line(3), b"", b"\n", b"nonsense", b"[]", b"3", b'{"page":"stolen"}', b'{"page":[]}']
)
def test_what_says_nothing_of_a_page_is_passed_over(line):
    assert read_page_line(line) is None


def test_the_settings_of_the_process_are_those_that_its_code_reads():
    paths = [*(ROOT / "app/tasks/rendering").glob("*.py"), ROOT / "app/tasks/network_settings.py"]
    read = {name for path in paths for name in read_by(path)}
    # What the executor alone gets, or uses.
    of_a_scan = {name for name in read if name in {"language", "data_dir"} or name.startswith("reading_model_")}
    assert (read - OF_THE_DATABASE - of_a_scan) | {"database_url"} == RENDER_SETTINGS
    assert {"database_url"} == RENDER_SETTINGS & SECRETS
