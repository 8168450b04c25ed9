"""`compliance scan --watch` as a process: what it prints of each scan, and that a schedule stays."""

import json
import signal

import pytest

from app.inventory.schemas import DifferencePage
from tests.integration.whole_scans.test_cli_scan import network, values
from tests.support.command import finish, here, line_with, start
from tests.support.said import said
from tests.support.small_world import BETS, TARGET, html, small_world

OTHER = "news.example"


@pytest.fixture
async def world():
    async with small_world() as opened:
        opened.delay_s = 0.01
        opened.serve(TARGET, "/new", html("新", f"<p>{BETS}</p>"))
        yield opened


def words(world, folder):
    return ["--watch", "every", "12h", "--data-dir", folder, "--scheme", "http", *network(world)]


async def stop(process):
    process.send_signal(signal.SIGINT)
    done = await finish(process, 60)
    assert done.code == 130, done.err
    return done


async def test_each_scan_has_its_changes_and_the_next_start_has_those_since(world, tmp_path):
    settings = values(world, tmp_path, LANG="en")
    process = await start("scan", TARGET, OTHER, *words(world, tmp_path / "kept"), **settings)
    assert "violations" in await line_with(process.stdout, f"{TARGET}: ")
    assert said("repeated.first") in (await process.stdout.readline()).decode()
    assert said("repeated.next", time="20") in (await process.stdout.readline()).decode()
    await stop(process)
    world.serve(TARGET, "/p/3", html("第3页", "<p>第3号产品</p><a href='http://cdn.shared.example/x'>x</a>"))
    again = await start("scan", TARGET, "--json", *words(world, tmp_path / "kept"), **settings)
    line = json.loads(await line_with(again.stdout, TARGET))
    assert (line["task"]["target_domain"], line["task"]["status"]) == (TARGET, "completed")
    page = DifferencePage.model_validate(line["differences"])
    assert page.against is not None
    gone = {(item.section, item.change, item.name) for item in page.items}
    assert ("findings", "gone", "hidden-bets.example") in gone
    assert line["next_run_at"] is not None
    await stop(again)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--watch", "every", "fortnight"], said("usage.interval", value="'every fortnight'", most=90)),
        (["--watch", "every", "1d", "--output", "x.csv"], said("usage.not_with_watch", option="--output")),
        (["--watch", "every"], said("usage.option_value", name="--watch")),
    ],
)
def test_what_makes_no_sense_is_refused(more, text, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert here("scan", TARGET, *more) == 2
    assert text in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


async def test_a_target_that_cannot_be_scanned_is_named_and_nothing_begins(world, tmp_path):
    settings = values(world, tmp_path, LANG="en")
    done = await finish(await start("scan", TARGET, "10.0.0.1", *words(world, tmp_path / "kept"), **settings))
    assert done.code == 2
    assert "10.0.0.1: " in done.err
    assert done.out == ""
