"""Who is told what, in transactions that each tell of a few rules of one user."""

from collections import Counter

import pytest
from sqlalchemy import event

from app.domain.notifications import MAX_CHANNELS, MAX_RULES
from app.notifications.outbox_reader import OutboxReader
from app.notifications.tables import crowded_items
from app.notifications.telling import CROWDED, FINDINGS_AT_ONCE, GATHER, RULES_AT_ONCE
from tests.support.rows import add_user

ENOUGH_RULES = 2 * RULES_AT_ONCE + 1


class Ended(BaseException):
    """A server ends."""


@pytest.fixture
def statements(world):
    """Every statement that is sent."""
    sent = []

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    event.listen(world.db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(world.db.engine, "before_cursor_execute", note)


def by_channel(world):
    return Counter(row.channel_id for row in world.deliveries())


async def test_rules_are_told_in_pieces_and_share_the_notification_over_all_of_them(world):
    one, two = world.channel(), world.channel()
    for _ in range(ENOUGH_RULES):
        world.rule(one, kinds=["scan_completed"])
    world.rule(two, kinds=["scan_completed"])
    await world.scan()
    assert [said["kind"] for said in world.told()] == ["scan_completed"]
    assert by_channel(world) == {one: 1, two: 1}
    assert world.outbox() == []


async def test_a_server_that_ends_between_two_pieces_leaves_the_rest_to_the_next(world):
    channels = [world.channel() for _ in range(ENOUGH_RULES)]
    for channel in channels:
        world.rule(channel, kinds=["scan_completed"])
    await world.complete(await world.begin())

    def end(_kinds):
        raise Ended

    with pytest.raises(Ended):
        await OutboxReader(db=world.db, clock=world.clock, on_told=end).work_off()
    assert len(world.deliveries()) == RULES_AT_ONCE
    await world.work_off()
    assert by_channel(world) == dict.fromkeys(channels, 1)
    assert len(world.told()) == 1
    assert world.outbox() == []


async def test_of_a_scan_with_many_findings_a_transaction_tells_of_fewer_rules(world, statements):
    for _ in range(RULES_AT_ONCE):
        world.rule(kinds=["findings"])
    task_id = await world.begin()
    await world.find(task_id, *(f"bets{number}.example" for number in range(FINDINGS_AT_ONCE // 5)))
    await world.complete(task_id)
    statements.clear()
    await world.work_off()
    written = [statement for statement in statements if statement.startswith("INSERT INTO outbox")]
    assert len(written) == RULES_AT_ONCE / 5 - 1
    assert [said["total"] for said in world.told()] == [FINDINGS_AT_ONCE // 5]


async def test_of_a_target_of_which_much_was_told_a_transaction_tells_of_fewer_rules(world, statements):
    """Each rule's document is read and written there, though the scan has found one thing more."""
    for _ in range(RULES_AT_ONCE):
        world.rule(world.channel(), kinds=["findings"])
    many = [f"bets{number}.example" for number in range(FINDINGS_AT_ONCE // 5)]
    await world.scan(*many)
    statements.clear()
    await world.scan("one-more.example")
    written = [statement for statement in statements if statement.startswith("INSERT INTO told_findings")]
    assert len(written) >= 2
    assert [said["total"] for said in world.told()] == [len(many), 1]


async def test_each_user_with_rules_is_told_by_transactions_of_their_own(world):
    admins = [add_user(world.db, world.clock, f"admin{number}", role="admin") for number in range(3)]
    for admin in admins:
        world.rule(world.channel(user_id=admin), user_id=admin, kinds=["scan_completed"], all_users=True)
    world.rule(world.channel(), kinds=["scan_completed"])
    await world.scan()
    assert [len(world.told(user)) for user in (*admins, world.owner)] == [1] * 4
    assert len(world.deliveries()) == 4


async def test_a_users_whole_allowance_is_told_by_few_statements(world, statements):
    channels = [world.channel() for _ in range(MAX_CHANNELS)]
    for _ in range(MAX_RULES):
        world.rule(*channels)
    task_id = await world.begin()
    await world.find(task_id, "bets.example")
    await world.complete(task_id)
    statements.clear()
    await world.work_off()
    assert len(world.deliveries()) == 2 * MAX_CHANNELS
    pieces = MAX_RULES / RULES_AT_ONCE
    assert len(statements) < 30 * pieces


async def test_a_crowded_channel_gets_what_comes_together_and_the_others_of_the_rule_at_once(world):
    crowded, free = world.channel(), world.channel()
    world.rule(crowded, kinds=["scan_failed"])
    for _ in range(CROWDED):
        await world.fail(await world.begin())
    world.rule(crowded, free, kinds=["scan_completed"])
    for number in range(3):
        await world.scan(target=f"corp{number}.example")
    assert by_channel(world) == {crowded: CROWDED, free: 3}
    world.later(seconds=GATHER.total_seconds())
    await world.work_off()
    assert by_channel(world) == {crowded: CROWDED + 1, free: 3}
    (together,) = [row for row in world.deliveries() if row.contents["total"] > 1]
    assert [item["target_domain"] for item in together.contents["items"]] == [f"corp{n}.example" for n in range(3)]
    assert (together.channel_id, world.rows(crowded_items)) == (crowded, [])
