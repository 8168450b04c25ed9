"""Lists of hosts on several machines: the server gets them, a worker on another machine looks into them, and changes of
a file, of a URL and of the setting hold from the next scan on.
"""

import asyncio

import pytest

from tests.support.cluster import PATIENCE_S, running_deployment
from tests.support.small_world import TARGET, small_world

pytestmark = pytest.mark.system
FEED_HOST = "lists.example"
OWN, FEED = "own=own.txt class=fraud", f"feed=http://{FEED_HOST}/feed.txt class=malware"
FINE = "fine=fine.txt kind=allow"


def put(deployment, name, text):
    """Into the server's folder: the worker has another."""
    path = deployment.folder / "data" / "lists.d" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def until(holds, what):
    """Wait while the loop goes on: the sites of the scan are on it."""
    async with asyncio.timeout(2 * PATIENCE_S):
        while True:
            found = await asyncio.to_thread(what)
            if holds(found):
                return found
            await asyncio.sleep(0.2)


def lists_of(person):
    return {item["name"]: item for item in person.client.get("/api/v1/admin/lists").json()["items"]}


def name_lists(person, version, *entries):
    body = {"version": version, "values": {"reputation_lists": list(entries)}}
    answer = person.client.put("/api/v1/admin/configuration", json=body)
    assert answer.status_code == 200, answer.text


async def scanned(person, version, worker):
    """Return the report of a scan that begins once the worker has this version of the configuration."""
    taken = f'"version":{version},"event":"configuration_taken"'
    await until(lambda said: taken in said, worker.said)
    task = await asyncio.to_thread(person.create, TARGET, cloaking=False)
    ended = await until(lambda found: found["status"] in {"completed", "failed"}, lambda: person.task(task))
    assert ended["status"] == "completed", worker.said()
    return (await asyncio.to_thread(person.client.get, f"/api/v1/tasks/{task}/report")).json()


def accused(report):
    """Provenance of what a list of the deployment says, by its name and the host."""
    found = [(item["domain"], evidence["provenance"]) for item in report["violations"] for evidence in item["evidence"]]
    parted = [(provenance.partition(",")[0], domain, provenance) for domain, provenance in found if provenance]
    return {(name, domain): provenance for name, domain, provenance in parted if name in {"own", "feed"}}


def named(report):
    return {used["name"]: used for used in report["lists"]}


async def test_a_worker_looks_into_lists_that_the_server_gets_and_its_report_names_list_and_version(tmp_path, postgres):
    feed = {(FEED_HOST, "/feed.txt"): b"news.example\n"}
    async with small_world(feed) as world:
        settings = {name: ",".join(values) for name, values in world.settings.items()}
        with running_deployment(tmp_path, postgres, **settings) as deployment:
            put(deployment, "own.txt", "# by hand\nbad-bets.example\n")
            put(deployment, "fine.txt", "bad-bets.example\n")
            _, url = await asyncio.to_thread(deployment.serve)
            elsewhere = str(tmp_path / "elsewhere")
            worker = await asyncio.to_thread(lambda: deployment.work(COMPLIANCE_DATA_DIR=elsewhere))
            person = await asyncio.to_thread(deployment.person, url)

            await asyncio.to_thread(name_lists, person, 0, OWN, FEED)
            before = await until(
                lambda found: len(found) == 2 and all(one["entries"] for one in found.values()),
                lambda: lists_of(person),
            )
            first = await scanned(person, 1, worker)
            assert {name: (used["sha256"], used["entries"]) for name, used in named(first).items()} == {
                name: (before[name]["sha256"], 1) for name in ("own", "feed")
            }
            said = accused(first)
            assert set(said) == {("own", "bad-bets.example"), ("feed", "news.example")}
            assert said["own", "bad-bets.example"].endswith(f"own.txt; line 2, sha256 {before['own']['sha256']}")
            assert f"http://{FEED_HOST}/feed.txt; line 1" in said["feed", "news.example"]

            put(deployment, "own.txt", "bad-bets.example\ncdn.shared.example\n")
            world.serve(FEED_HOST, "/feed.txt", b"news.example\nhidden-bets.example\n")
            await asyncio.to_thread(name_lists, person, 1, OWN, FEED, FINE)  # block lists are judged anew, so asked for
            after = await until(
                lambda found: found.get("feed", {}).get("entries") == 2 and found["own"]["refused"],
                lambda: lists_of(person),
            )
            second = await scanned(person, 2, worker)
            assert {name: used["sha256"] for name, used in named(second).items()} == {
                name: one["sha256"] for name, one in after.items()
            }
            assert after["own"]["sha256"] != before["own"]["sha256"]
            said = accused(second)
            assert set(said) == {
                ("own", "shared.example"),  # of which one host is listed
                ("feed", "news.example"),
                ("feed", "hidden-bets.example"),
            }
            assert after["feed"]["sha256"] in said["feed", "hidden-bets.example"]
            assert [item for item in second["violations"] if item["domain"] == "bad-bets.example"] == []
            assert "Traceback" not in "".join(process.said() for process in deployment.processes)
