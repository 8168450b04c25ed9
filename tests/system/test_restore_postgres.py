"""PostgreSQL put back as docs/backup.md says: what was there is there, and positions of before get snapshots."""

import pytest

from tests.docs.markdown import blocks, read
from tests.support.cluster import running_deployment
from tests.support.postgres import Cluster

pytestmark = pytest.mark.system


@pytest.fixture
def deployment(tmp_path, postgres):
    with running_deployment(tmp_path, postgres) as deployment:
        yield deployment


def words_of(program: str) -> list[str]:
    """How the page calls it, from its options to its file."""
    lines = [line for block in blocks(read("docs/backup.md")) for line in block.body.splitlines()]
    (line,) = [line for line in lines if f" {program} " in line]
    return line.partition(f" {program} ")[2].split()


def put_in(words: list[str], *, database: str, file: str) -> list[str]:
    ours = {"compliance": database, "/var/backups/compliance.dump": file}
    return [ours.get(word, word) for word in words]


def call(postgres: Cluster, program: str, database: str, file: str) -> None:
    postgres.run(program, *postgres.address, *put_in(words_of(program), database=database, file=file))


def first_event(person, task: str, position: str | None) -> tuple[str, str]:
    """The type of the first event of a task's stream, and where it stands."""
    headers = {} if position is None else {"Last-Event-ID": position}
    with person.client.stream("GET", f"/api/v1/monitor/tasks/{task}/events", headers=headers) as stream:
        found: dict[str, str] = {}
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            found[name] = value
            if not line and "event" in found:
                return found["event"], found["id"]
    raise AssertionError("the stream ended")


def test_clients_with_positions_of_before_get_snapshots_and_what_came_later_is_gone(deployment, postgres, tmp_path):
    database = deployment.database_url.rpartition("/")[2]
    dump = postgres.log.parent / f"{database}.dump"  # its folder belongs to the user that PostgreSQL runs as
    server, url = deployment.serve()
    person = deployment.person(url)
    kept = person.create("kept.example")
    _, position = first_event(person, kept, None)
    call(postgres, "pg_dump", database, str(dump))
    later = person.create("later.example")
    server.end()

    postgres.run("dropdb", *postgres.address, database)
    postgres.run("createdb", *postgres.address, database)
    call(postgres, "pg_restore", database, str(dump))
    deployment.run("migrate")

    _, url = deployment.serve()
    person = deployment.person(url)
    assert person.task(kept)["target_domain"] == "kept.example"
    assert person.client.get(f"/api/v1/tasks/{later}").status_code == 404
    kind, new_position = first_event(person, kept, position)
    assert kind == "task_snapshot"
    assert new_position.split(":")[0] != position.split(":")[0]
