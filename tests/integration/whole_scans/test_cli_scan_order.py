"""`compliance scan` of several domains as a process: one report over all."""

import json
import signal

import pytest

from app.orders.schemas import OrderReport
from tests.integration.whole_scans.test_cli_scan import network, values
from tests.support.command import finish, line_with, run, start
from tests.support.small_world import TARGET, small_world

OTHER = "news.example"


@pytest.fixture
async def world():
    async with small_world() as opened:
        opened.delay_s = 0.02
        yield opened


async def test_several_domains_have_one_report_and_the_worst_decides(world, tmp_path):
    (tmp_path / "targets.txt").write_text(f"# another one\n{OTHER}\n")
    output = tmp_path / "all.csv"
    words = ["--targets", tmp_path / "targets.txt", "--output", output, "--json", "--own", "hidden-bets.example"]
    done = await run("scan", TARGET, *words, *network(world), **values(world, tmp_path, LANG="en"))
    assert done.code == 1, done.err
    report = json.loads(done.out)
    OrderReport.model_validate(report)
    assert {one["target_domain"]: one["result"] for one in report["properties"]}[TARGET] == "violations"
    assert [(one["domain"], one["targets"]) for one in report["domains"]] == [("bad-bets.example", [TARGET])]
    assert f"{OTHER}: completed" in done.err
    assert "bad-bets.example" in output.read_text(encoding="utf-8")


async def test_people_get_a_line_for_each_and_what_cannot_be_scanned_is_named(world, tmp_path):
    done = await run("scan", TARGET, OTHER, "--max-pages", 5, *network(world), **values(world, tmp_path, LANG="en"))
    assert f"{TARGET}: violations" in done.out
    assert "bad-bets.example (" in done.out
    refused = await run("scan", TARGET, "10.0.0.1", *network(world), **values(world, tmp_path, LANG="en"))
    assert refused.code == 2
    assert "10.0.0.1: " in refused.err
    assert TARGET not in refused.err.replace("10.0.0.1: ", "").partition("nothing was:")[2]


async def test_an_interrupt_cancels_all_of_them(world, tmp_path):
    world.delay_s = 0.5
    process = await start("scan", TARGET, OTHER, "--json", *network(world), **values(world, tmp_path, LANG="en"))
    await line_with(process.stderr, "Scanning 2 domains")
    process.send_signal(signal.SIGINT)
    done = await finish(process, 30)
    assert done.code == 130, done.err
    assert json.loads(done.out)["status_counts"].get("cancelled")
