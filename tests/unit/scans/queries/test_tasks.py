"""Lists of tasks, the queue and the violations of a run, as their indexes give them."""

from dataclasses import fields
from datetime import timedelta

import pytest

from app.core import listing
from app.core.ids import new_id
from app.core.principal import Principal
from app.domain.messages import Language, MessageCatalog, Text
from app.domain.projection import TaskProjection
from app.events.tables import scan_tasks, task_logs
from app.scans.queries import queue, tasks
from app.scans.queries.task_filters import TaskFilter
from app.scans.queries.tasks import SORTABLE
from tests.support.clock import FakeClock
from tests.support.rows import add_site, add_user

ADMIN = Principal("nobody", "nobody", "admin")


def add_task(db, user_id, at, **values):
    row = {
        "id": new_id(),
        "user_id": user_id,
        "target_domain": "example.com",
        "config": {},
        "status": "pending",
        "attempt": 1,
        "run": 1,
        "last_seq": 1,
        "min_seq": 1,
        "heartbeat": 0,
        "requeues": 0,
        "running_s": 0.0,
        "created_at": at,
        "queued_at": at,
        **TaskProjection().to_columns(),
        **values,
    }
    db.write_sync(lambda c: c.execute(scan_tasks.insert().values(**row)) and None)
    return row["id"]


@pytest.fixture
def filled(db):
    """Tasks of two users with every status, some deleted."""
    clock = FakeClock()
    owners = [add_user(db, clock, name) for name in ("mei", "li")]
    statuses = ("pending", "running", "completed", "failed", "cancelled", "cancelling")
    for number in range(36):
        at = clock.now() + timedelta(seconds=number // 2)  # two each at the same time
        ended = at + timedelta(hours=1) if statuses[number % 6] in ("completed", "failed", "cancelled") else None
        deleted = at if number % 7 == 3 else None
        values = {"status": statuses[number % 6], "completed_at": ended, "deleted_at": deleted}
        add_task(db, owners[number % 2], at, target_domain=f"{number % 5}.example", **values)
    return db, owners


@pytest.mark.parametrize("sort", [*SORTABLE, *(f"-{name}" for name in SORTABLE)])
@pytest.mark.parametrize("status", [None, "completed", "pending"])
@pytest.mark.parametrize("domain", [None, "1.ex"])
@pytest.mark.parametrize("admin", [True, False])
def test_pages_of_a_list_are_what_sorting_everything_gives(filled, sort, status, domain, admin):
    db, owners = filled
    principal = ADMIN if admin else Principal(owners[0], "mei", "user")

    def read(connection):
        pages = [
            tasks.list_page(connection, principal, TaskFilter(status, domain), offset=offset, limit=4, sort=sort)
            for offset in range(0, 40, 4)
        ]
        return [row for rows, _ in pages for row in rows], pages[0][1], connection.execute(scan_tasks.select()).all()

    rows, total, everything = db.read_sync(read)
    wanted = [
        row
        for row in everything
        if row.deleted_at is None
        and (admin or row.user_id == owners[0])
        and (status is None or row.status == status)
        and (domain is None or domain in row.target_domain)
    ]
    assert sorted(row.id for row in rows) == sorted(row.id for row in wanted)
    assert total == len(wanted)
    name = sort.removeprefix("-")
    values = [str(getattr(row, name) or "") for row in rows]
    assert values == sorted(values, reverse=sort.startswith("-"))


def test_a_place_in_the_queue_counts_who_waits_longer(filled):
    db, _ = filled

    def read(connection):
        waiting = queue.pending(connection, 100)
        places = queue.positions(connection, waiting)
        assert [places[row.id] for row in waiting] == list(range(1, len(waiting) + 1))
        return waiting, [queue.position(connection, row) for row in waiting]

    waiting, positions = db.read_sync(read)
    assert [(row.queued_at, row.id) for row in waiting] == sorted((row.queued_at, row.id) for row in waiting)
    assert all(row.deleted_at is None for row in waiting)
    assert positions == list(range(1, len(waiting) + 1))


def test_a_total_is_counted_up_to_a_bound(filled):
    db, _ = filled
    query = scan_tasks.select()
    assert db.read_sync(lambda c: listing.count_up_to(c, query)) == 36
    assert db.read_sync(lambda c: listing.count_up_to(c, query, at_most=10)) == 10


def test_a_task_with_a_nul_in_its_id_is_not_there(filled):
    db, _ = filled
    assert db.read_sync(lambda c: tasks.find(c, "\0")) is None
    assert db.read_sync(lambda c: tasks.heads(c, ["\0"], [])) == []


def test_heads_name_a_task_once_that_is_asked_for_twice(filled):
    db, owners = filled
    named = db.read_sync(lambda c: [row.id for row in c.execute(scan_tasks.select())])
    heads = db.read_sync(lambda c: tasks.heads(c, named, owners))
    assert sorted(head.task_id for head in heads) == sorted(named)
    unfinished = db.read_sync(lambda c: tasks.heads(c, [], owners[:1]))
    counted = db.read_sync(lambda c: tasks.count_unfinished(c, owners[0]))
    assert len(unfinished) == counted > 0
    others = db.read_sync(lambda c: tasks.count_unfinished(c, owners[0], besides=unfinished[0].task_id))
    assert others == counted - 1


def test_the_durations_are_those_of_the_scans_that_were_completed_last(db):
    clock = FakeClock()
    owner = add_user(db, clock, "mei")
    for seconds in range(5):
        at = clock.now() + timedelta(hours=seconds)
        add_task(db, owner, at, status="completed", completed_at=at, statistics={"execution_duration": seconds})
        add_task(db, owner, at, status="failed", completed_at=at, statistics={"execution_duration": 99})
    assert db.read_sync(lambda c: tasks.completed_durations(c, 3)) == [4, 3, 2]


def test_a_row_has_the_columns_of_the_table_in_their_order():
    assert [field.name for field in fields(tasks.TaskRow)] == [column.name for column in scan_tasks.columns]


def test_the_bytes_of_a_log_are_those_of_its_lines_whatever_they_say(db):
    clock = FakeClock()
    task = add_task(db, add_user(db, clock, "mei"), clock.now())
    said = [("plain", None), ("\u4e2d\u6587 \\x and \\", {"count": 3})]
    lines = [
        {
            "task_id": task,
            "log_seq": number,
            "attempt": 1,
            "level": "INFO",
            "module": "crawl",
            "message": message,
            "params": params,
            "created_at": clock.now(),
        }
        for number, (message, params) in enumerate(said, start=1)
    ]
    db.write_sync(lambda c: c.execute(task_logs.insert(), lines) and None)
    expected = sum(len(message.encode()) + len("crawl") for message, _ in said) + len('{"count": 3}')
    assert db.read_sync(lambda c: tasks.log_bytes(c, task)) == expected


def add_lines(db, task_id, sentences):
    """Log lines of these texts; a plain sentence is one from before there were keys."""
    rows = [
        {
            "task_id": task_id,
            "log_seq": number,
            "attempt": 1,
            "level": "INFO",
            "module": "m",
            "message": str(said),
            "text_key": said.key if isinstance(said, Text) else None,
            "params": dict(said.params) if isinstance(said, Text) else None,
            "created_at": FakeClock().now(),
        }
        for number, said in enumerate(sentences, 1)
    ]
    db.write_sync(lambda c: c.execute(task_logs.insert(), rows) and None)


def find_lines(db, task_id, text, language, **limits):
    wanted = {"upto": 1_000_000, "text": text, "language": language, **limits}
    limit = wanted.pop("limit", 100)
    after = wanted.pop("after", 0)
    return db.read_sync(lambda c: tasks.logs_after(c, task_id, after, limit, **wanted))


@pytest.mark.parametrize("written", Language)
def test_words_are_searched_as_the_reader_reads_them(db, written):
    task_id, texts = add_task(db, add_user(db, FakeClock(), "u"), FakeClock().now()), MessageCatalog(written)
    lines = [
        texts("capture_failed", url="http://a.test/", reason=texts("fetch_error.dns")),
        texts("discovering", subdomains=1),
        "an old line, 100 %",
        texts("unreadable", url="http://b.test/", reason=texts("unreadable_cpu")),
    ]
    add_lines(db, task_id, lines)

    def found(text, language):
        return [row.log_seq for row in find_lines(db, task_id, text, language).rows]

    assert found("域名无法解析", Language.ZH_CN) == [1]
    assert found("域名无法解析", Language.EN) == []
    assert found("Does Not Resolve", Language.EN) == [1]  # in any case, and within a text of the text
    assert found("1 subdomain found", Language.EN) == [2]
    assert found("已发现 1 个子域名", Language.ZH_CN) == [2]
    assert found("http://", Language.ZH_CN) == [1, 4]
    for language in Language:
        assert found("100 %", language) == [3]
        assert found("_ld line", language) == []


def test_a_search_for_words_looks_at_so_many_lines_and_says_where_it_was(db, monkeypatch):
    monkeypatch.setattr(tasks, "MAX_SEARCHED", 10)
    task_id = add_task(db, add_user(db, FakeClock(), "u"), FakeClock().now())
    add_lines(db, task_id, [f"line {number}" for number in range(1, 26)])
    pages, after, more = [], 0, True
    while more:
        page = find_lines(db, task_id, "line 2", Language.EN, after=after)
        pages.append([row.log_seq for row in page.rows])
        after, more = page.end, page.more
    assert pages == [[2], [20], [21, 22, 23, 24, 25]]
    full = find_lines(db, task_id, "line", Language.EN, limit=3)
    assert ([row.log_seq for row in full.rows], full.end, full.more) == ([1, 2, 3], 3, True)


# Keys that are for one group of sites


@pytest.fixture
def two_users(db):
    """The tasks of two users by name and target; each has a.example in North, b.example in South, c.example in none.

    Only the second one's, x.example is in North, too.
    """
    clock, found = FakeClock(), {}
    for name in ("mei", "li"):
        owner = add_user(db, clock, name)
        for target, group in (("a.example", "North"), ("b.example", "South"), ("c.example", None)):
            add_site(db, clock, owner, target, group)
        for target in ("a.example", "b.example", "c.example", "d.example"):
            found[name, target] = owner, add_task(db, owner, clock.now(), target_domain=target)
    add_site(db, clock, owner, "x.example", "North")
    return db, found


def key_of(found, group, name="mei"):
    return Principal(found[name, "a.example"][0], name, "user", key_id="k", scopes=frozenset(), group=group)


@pytest.mark.parametrize(
    ("group", "shown"), [("North", {"a.example"}), ("South", {"b.example"}), ("north", set()), ("", set())]
)
def test_a_key_of_a_group_shows_the_tasks_of_its_users_sites_in_it_alone(two_users, group, shown):
    db, found = two_users
    key = key_of(found, group)
    seen = {
        one
        for one, (_, task_id) in found.items()
        if db.read_sync(lambda c, t=task_id: tasks.find(c, t, key)) is not None
    }
    assert seen == {("mei", target) for target in shown}
    every = [task_id for _, task_id in found.values()]
    together = db.read_sync(lambda c: tasks.find_all(c, [*every, "missing"], key))
    assert {row.id for row in together} == {found[one][1] for one in seen}
    targets = {target for _, target in found} | {"x.example"}
    assert {one for one in targets if db.read_sync(lambda c, t=one: tasks.may_order(c, key, t))} == shown


def test_what_is_out_of_the_group_is_what_its_user_sees_and_the_key_does_not(two_users):
    db, found = two_users
    key, every = key_of(found, "North"), [task_id for _, task_id in found.values()]
    outside = {found["mei", target][1] for target in ("b.example", "c.example", "d.example")}
    assert db.read_sync(lambda c: tasks.out_of_group(c, every, key)) == outside
    gone = found["mei", "b.example"][1]
    deleted = scan_tasks.update().where(scan_tasks.c.id == gone).values(deleted_at=FakeClock().now())
    db.write_sync(lambda c: c.execute(deleted) and None)
    assert db.read_sync(lambda c: tasks.out_of_group(c, every, key)) == outside - {gone}


def test_without_a_group_every_target_may_be_ordered(two_users):
    db, found = two_users
    assert db.read_sync(lambda c: tasks.may_order(c, key_of(found, None), "x.example"))
