"""Lists of a deployment from the setting to the report: read by the real process, used by a real scan, and shown."""

import asyncio

from sqlalchemy import select

from app.cli.doctor.result import ENGLISH, CheckStatus
from app.cli.doctor.services import check_lists
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.lease import SoleProcess
from app.core.metrics import Metrics
from app.identity.tables import audit_log
from app.lists.build import build_list_updater
from app.scans.queries import tasks
from app.scanstore.files import store_path
from app.scanstore.reader import SqliteScanReader
from app.tasks.list_reading.process import update_in_process
from tests.support.backend import open_backend
from tests.support.said import said
from tests.support.scan_backend import scan_backend
from tests.support.small_world import small_world

FEED = "phishing=feed.txt class=fraud"
LINES = "news.example\n# by hand\nhttp://hidden-bets.example/other\ncorp.example\nbad-bets.example\ngithub.io\n"
BROKEN = "gone=gone.txt class=malware"


def put(folder, name, text):
    path = folder / "lists.d" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def read_lists(backend, admin, language="en"):
    headers = {**admin, "Accept-Language": language}
    answer = await backend.client.get("/api/v1/admin/lists", headers=headers)
    assert answer.status_code == 200
    return {item["name"]: item for item in answer.json()["items"]}


async def until_checked(backend, admin, *names):
    """Return the lists when all of these were looked for."""
    async with asyncio.timeout(30):
        while True:
            found = await read_lists(backend, admin)
            if all(name in found and found[name]["checked_at"] for name in names):
                return found
            await asyncio.sleep(0.05)


async def test_administrators_see_what_is_in_effect_and_what_is_wrong(tmp_path):
    put(tmp_path, "feed.txt", LINES)
    async with open_backend(tmp_path, reputation_lists=(FEED, BROKEN), log_level="ERROR") as backend:
        admin = await backend.login()
        found = await until_checked(backend, admin, "phishing", "gone")
        feed, gone = found["phishing"], found["gone"]
        assert (feed["kind"], feed["category"], feed["source"], feed["entries"]) == ("block", "fraud", "feed.txt", 4)
        assert (feed["fault"], feed["read_as"]) == (None, "auto")
        assert feed["refused"] == [
            {"reason": "public_suffix", "reason_text": feed["refused"][0]["reason_text"], "count": 1}
        ]
        assert feed["examples"][0]["line"] == 6
        assert (gone["fault"], gone["fault_text"], gone["entries"]) == ("missing", said("list_fault.missing"), None)
        assert (await read_lists(backend, admin, "zh-CN"))["gone"]["fault_text"] == said("list_fault.missing", "zh-CN")
        metrics = (await backend.client.get("/metrics", headers=admin)).text
        assert 'reputation_list_entries{list="phishing"} 4.0' in metrics
        assert 'reputation_list_failing{list="gone"} 1.0' in metrics
        assert 'reputation_list_faults_total{list="gone",reason="missing"} 1.0' in metrics


def doctor(tmp_path, **settings):
    found = check_lists(Settings(data_dir=tmp_path, **settings), texts=ENGLISH)
    return [(one.state, one.found) for one in found]


async def test_the_doctor_says_what_is_in_effect_and_what_is_wrong(tmp_path):
    put(tmp_path, "feed.txt", LINES)
    lists = {"reputation_lists": (FEED, BROKEN)}
    assert await asyncio.to_thread(doctor, tmp_path, **lists) == []  # there is no database yet
    async with open_backend(tmp_path, log_level="ERROR", **lists) as backend:
        await until_checked(backend, await backend.login(), "phishing", "gone")
        ((state, found),) = await asyncio.to_thread(doctor, tmp_path, **lists)
        assert state is CheckStatus.DEGRADED
        assert "phishing: 4 entries, " in found
        assert f"gone: {said('list_fault.missing').removesuffix('.')}" in found
        ((state, found),) = await asyncio.to_thread(doctor, tmp_path, reputation_lists=(FEED,))
        assert state is CheckStatus.OK
        assert await asyncio.to_thread(doctor, tmp_path) == []


async def take(backend, headers, entries, name="phishing"):
    url = f"/api/v1/admin/lists/{name}/take-shrunk"
    return await backend.client.post(url, json={"entries": entries}, headers=headers)


async def until_list(backend, admin, holds):
    async with asyncio.timeout(30):
        while True:
            found = (await read_lists(backend, admin))["phishing"]
            if holds(found):
                return found
            await asyncio.sleep(0.05)


async def test_a_list_that_has_shrunk_waits_until_an_administrator_takes_it(tmp_path):
    put(tmp_path, "feed.txt", "".join(f"host-{number}.example\n" for number in range(9)))
    async with open_backend(tmp_path, reputation_lists=(FEED,), log_level="ERROR") as backend:
        admin = await backend.login()
        await until_checked(backend, admin, "phishing")
        put(tmp_path, "feed.txt", "host-1.example\nhost-2.example\n")
        found = await until_list(backend, admin, lambda one: one["fault"] == "shrunk")
        assert (found["entries"], found["shrunk_to"], found["is_taken"]) == (9, 2, False)
        other = await take(backend, admin, 3)
        assert (other.status_code, other.json()["code"]) == (409, "list_not_shrunk")
        assert (await take(backend, admin, 2, name="others")).status_code == 404
        taken = await take(backend, admin, 2)
        assert (taken.status_code, taken.json()["is_taken"]) == (200, True)
        found = await until_list(backend, admin, lambda one: one["entries"] == 2 and not one["is_taken"])
        assert (found["fault"], found["shrunk_to"], found["is_taken"]) == (None, None, False)
        again = await take(backend, admin, 2)
        assert (again.status_code, again.json()["code"]) == (409, "list_not_shrunk")
        me = (await backend.client.get("/api/v1/auth/me", headers=admin)).json()["id"]
        await backend.services.audit.flush()
        done = select(audit_log.c.user_id, audit_log.c.detail).where(audit_log.c.action == "list.take_shrunk")
        assert backend.services.db.read_sync(lambda c: c.execute(done).all()) == [
            (me, {"name": "phishing", "entries": 2})
        ]


async def test_only_administrators_see_lists(tmp_path):
    async with open_backend(tmp_path) as backend:
        answer = await backend.client.get("/api/v1/admin/lists", headers=await backend.add_user("mei"))
        assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")


async def update(backend):
    """As the server does it every few seconds."""
    updater = build_list_updater(
        backend.settings,
        db=backend.db,
        clock=SystemClock(),
        lease=SoleProcess(),
        metrics=Metrics(),
        update=update_in_process,
    )
    await updater.look()


async def test_a_scan_accuses_what_a_list_names_says_so_with_its_line_and_names_the_list_in_its_report(tmp_path):
    put(tmp_path, "feed.txt", LINES)
    lists = {"reputation_lists": (FEED, BROKEN)}
    async with small_world() as world, scan_backend(tmp_path, **lists, **world.settings) as backend:
        await update(backend)
        task_id = await backend.create()
        row = await backend.finished(task_id)
        assert row.status == "completed"
        found = {(one.domain, one.violation_key): one for one in backend.violations(task_id)}
        assert set(found) == {
            ("bad-bets.example", "gambling"),
            ("bad-bets.example", "fraud"),
            ("news.example", "fraud"),
            ("hidden-bets.example", "gambling"),
            ("hidden-bets.example", "hidden_link"),
        }
        (evidence,) = found[("news.example", "fraud")].evidence
        with SqliteScanReader(store_path(tmp_path, task_id, 1)) as reader:
            (used,) = reader.lists()
        assert (used.name, used.source, used.entries) == ("phishing", "feed.txt", 4)
        assert evidence["provenance"] == f"phishing, {used.date}, feed.txt; line 1, sha256 {used.sha256}"
        rows = backend.db.read_sync(lambda c: tasks.logs_after(c, task_id, 0, 1_000, upto=1_000_000))
        lines = [row.message for row in rows.rows]
        assert said("list_names_target", name="phishing", line=4, entry="corp.example") in lines
        assert any(line.startswith(f"Lists used: phishing of {used.date} (4 entries") for line in lines)
        warnings = [warning["message"] for warning in row.warnings if warning["code"] == "degraded"]
        assert any("gone" in message for message in warnings)
