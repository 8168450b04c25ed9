"""Known looks as they come about: Chromium renders a page, somebody confirms it, and a later scan knows its like."""

import pytest

from app.core.principal import Principal
from app.domain.decisions import DecisionState
from app.findings.decisions import DecisionService, WantedDecision
from app.findings.queries import decisions
from app.scans.shown_run import RunRef
from app.scanstore.scan_folder import ScanFolder
from tests.integration.whole_scans.test_reading_model import report_of
from tests.support.scan_backend import scan_backend
from tests.support.small_world import BETS, FILLER, TARGET, html, small_world

pytestmark = pytest.mark.system
HOUSE, FRESH, PLAIN, OTHER = "old-house.example", "fresh-house.example", "plain.example", "other.example"
CALM_WORDS = "今日天气晴朗，欢迎各位新老朋友光临本站，祝大家生活愉快，阖家幸福安康"
STYLE = """<style>body{margin:0;background:GROUND;color:#fff;font:14px sans-serif}.top{height:36px;background:#000}
.banner{height:330px;background:linear-gradient(100deg,INK 0,GROUND 45%,#888 70%,INK);font-size:54px;padding:90px}
.line{height:38px;background:#eee}.games{display:grid;grid-template-columns:repeat(4,1fr);gap:16px;padding:20px 140px}
.games div{height:130px;background:#667;position:relative}.games i{position:absolute;right:10px;top:14px;width:84px;
height:100px;background:INK}</style>"""


def kit(words, ink, ground):
    """One layout, as whoever buys it fills it."""
    games = "".join(f"<div>{words[place : place + 6]}<i></i></div>" for place in range(0, 16, 2))
    body = f"<div class=top>{words[:9]}</div><div class=banner>{words[:7]}</div><div class=line></div>"
    style = STYLE.replace("INK", ink).replace("GROUND", ground)
    return html(words[:6], f"{style}{body}<div class=games>{games}</div><p>{words}</p><p>{words}</p>")


def linking(*hosts):
    return html("主页", FILLER + "".join(f"<a href='http://{host}/'>友情链接</a>" for host in hosts))


WORLD = {
    (TARGET, "/"): linking(HOUSE),
    (OTHER, "/"): linking(FRESH, PLAIN),
    (HOUSE, "/"): kit(BETS, "#d4a017", "#14161f"),
    (FRESH, "/"): kit(CALM_WORDS, "#1565c0", "#2b0d0d"),
    (PLAIN, "/"): html("首页", f"<p>{CALM_WORDS}</p>" * 3),
}


class NoAudit:
    def record(self, action, **fields): ...


async def scanned(backend, tmp_path, target):
    task_id = await backend.create(target, screenshots=True, cloaking=False)
    row = await backend.finished(task_id, within_s=300)
    assert row.status == "completed"  # on a busy machine with warnings of what was slow
    return task_id, await report_of(backend, tmp_path, task_id)


async def test_a_page_of_the_same_kit_is_to_be_reviewed_once_one_is_confirmed(tmp_path):
    async with small_world(WORLD) as world, scan_backend(tmp_path, **world.settings) as backend:
        stores = ScanFolder(tmp_path / "scans")
        service = DecisionService(db=backend.db, clock=backend.clock, audit=NoAudit(), stores=stores)

        async def decide(state, version):
            wanted, finding = RunRef(first), f"gambling.{HOUSE}"
            user = Principal("user", "user", "user")
            await service.decide(user, wanted, finding, WantedDecision(state), version=version)
            return [row.domain for row in backend.db.read_sync(lambda c: decisions.looks(c, limit=9))]

        first, report = await scanned(backend, tmp_path, TARGET)
        assert [item["domain"] for item in report["violations"]] == [HOUSE]
        assert await decide(DecisionState.CONFIRMED, 0) == [HOUSE]
        _, report = await scanned(backend, tmp_path, OTHER)
        (found,) = report["violations"]
        assert (found["domain"], found["violation_key"], found["needs_review"]) == (FRESH, "gambling", True)
        (evidence,) = found["evidence"]
        assert (evidence["layer"], evidence["rule"], evidence["snippet"]) == ("image", "known_look", HOUSE)
        assert evidence["source"] == "reviewers' decisions"
        assert await decide(DecisionState.OPEN, 1) == []
        _, report = await scanned(backend, tmp_path, OTHER)
        assert report["violations"] == []
