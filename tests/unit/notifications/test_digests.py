"""What was gathered is sent together, in pieces of bounded size, and what cannot be sent holds no other up."""

import pytest
from sqlalchemy import insert, update

from app.core.ids import new_id
from app.domain.notifications import DigestPeriod, Timing
from app.identity.tables import users
from app.notifications.digests import MAX_IN_DIGEST
from app.notifications.outbox_reader import AFTER_FAILURE
from app.notifications.queries.digests import MAX_TAKEN
from app.notifications.tables import channels, crowded_items, digest_items, rules

DAILY = Timing(digest=DigestPeriod.DAILY, digest_minute=8 * 60)


def gathered(world, table, owner, count, **more):
    """So many notifications that wait for a digest of a rule or a channel."""
    rows = [
        {**owner, "notification_id": new_id(), "content": {"kind": "scan_completed", "finding_counts": {}}, **more}
        for _ in range(count)
    ]
    world.db.write_sync(lambda c: c.execute(insert(table), rows) and None)


def rule_with_digest(world, count):
    rule_id = world.rule(world.channel(), timing=DAILY)
    gathered(world, digest_items, {"rule_id": rule_id}, count)
    world.change(rules, rules.c.id == rule_id, digest_at=world.clock.now())
    return rule_id


async def test_a_digest_of_very_many_is_sent_in_several(world):
    rule_with_digest(world, MAX_TAKEN + 100)
    await world.work_off()
    (first,) = world.deliveries()
    assert (first.contents["total"], len(first.contents["items"])) == (MAX_TAKEN, MAX_IN_DIGEST)
    await world.work_off()
    assert sorted(row.contents["total"] for row in world.deliveries()) == [100, MAX_TAKEN]
    assert (world.rows(digest_items), world.rows(rules)[0].digest_at) == ([], None)
    await world.work_off()
    assert len(world.deliveries()) == 2


async def test_a_digest_that_cannot_be_sent_holds_no_other_up_and_is_tried_later(world):
    failed = []
    world.reader.on_failure = failed.append
    broken = rule_with_digest(world, 2)
    world.change(rules, rules.c.id == broken, channel_ids=5)  # nobody could write that
    rule_with_digest(world, 3)
    await world.work_off()
    assert [row.contents["total"] for row in world.deliveries()] == [3]
    assert failed == ["digest"]
    world.change(rules, rules.c.id == broken, channel_ids=[world.channel()])
    await world.work_off()
    assert len(world.deliveries()) == 1
    world.later(seconds=AFTER_FAILURE.total_seconds())
    await world.work_off()
    assert sorted(row.contents["total"] for row in world.deliveries()) == [2, 3]


@pytest.mark.parametrize(("table", "values"), [(channels, {"is_enabled": False}), (users, {"is_active": False})])
async def test_what_was_gathered_for_a_channel_that_takes_nothing_any_more_is_dropped(world, table, values):
    channel_id = world.channel()
    gathered(world, crowded_items, {"channel_id": channel_id}, 3, due_at=world.clock.now())
    world.db.write_sync(lambda c: c.execute(update(table).values(**values)) and None)
    await world.work_off()
    assert (world.deliveries(), world.rows(crowded_items)) == ([], [])
