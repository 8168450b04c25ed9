"""Channels and rules are removed with all that hangs on them, however much that is, in small transactions."""

import pytest
from sqlalchemy import event, insert

from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.principal import Principal
from app.identity.audit import AuditTrail
from app.notifications.channels import REMOVED_AT_ONCE, ChannelService
from app.notifications.delivering import NewDelivery, deliver
from app.notifications.rules import RuleService
from app.notifications.tables import channels, crowded_items, deliveries, digest_items, rules, told_findings
from app.tasks.target_parser import EngineTargetParser

MANY = 2 * REMOVED_AT_ONCE + 1


@pytest.fixture
def removed(world):
    """Of each transaction that removes rows, how many."""
    numbers = []

    def note(_connection, cursor, statement, *_):
        if statement.startswith("DELETE"):
            numbers.append(cursor.rowcount)

    event.listen(world.db.engine, "after_cursor_execute", note)
    yield numbers
    event.remove(world.db.engine, "after_cursor_execute", note)


@pytest.fixture
def audit(world):
    return AuditTrail(db=world.db, clock=world.clock)


@pytest.fixture
def mei(world):
    return Principal(world.owner, "owner", "user")


async def test_a_channel_goes_with_its_deliveries_piece_by_piece(world, mei, audit, removed):
    channel_id, other = world.channel(), world.channel()
    rule_id = world.rule(channel_id, other)
    contents = {"items": [{"kind": "scan_completed"}], "total": 1}
    new = [NewDelivery(one, str(number), contents) for number in range(MANY) for one in (channel_id, other)]
    world.db.write_sync(lambda c: deliver(c, world.owner, new, world.clock.now()))
    items = [
        {"channel_id": channel_id, "notification_id": new_id(), "content": {}, "due_at": world.clock.now()}
        for _ in range(MANY)
    ]
    world.db.write_sync(lambda c: c.execute(insert(crowded_items), items) and None)
    service = ChannelService(
        db=world.db,
        clock=world.clock,
        audit=audit,
        seal=world.seal,
        carrier=world.sender.carrier,
        mail_configured=False,
    )
    await service.delete(mei, channel_id)
    assert max(removed) == REMOVED_AT_ONCE
    assert [row.id for row in world.rows(channels)] == [other]
    assert {row.channel_id for row in world.rows(deliveries)} == {other}
    assert world.rows(crowded_items) == []
    assert [row.channel_ids for row in world.rows(rules) if row.id == rule_id] == [[other]]
    with pytest.raises(NotFound):
        await service.delete(mei, channel_id)


async def test_a_rule_goes_with_what_it_has_told_piece_by_piece(world, mei, audit, removed):
    rule_id, other = world.rule(), world.rule()
    told = [
        {"rule_id": one, "owner_id": world.owner, "target_domain": f"corp{number}.example", "known": {}}
        for number in range(MANY)
        for one in (rule_id, other)
    ]
    world.db.write_sync(lambda c: c.execute(insert(told_findings), told) and None)
    items = [{"rule_id": rule_id, "notification_id": new_id(), "content": {}} for _ in range(MANY)]
    world.db.write_sync(lambda c: c.execute(insert(digest_items), items) and None)
    service = RuleService(db=world.db, clock=world.clock, audit=audit, targets=EngineTargetParser())
    await service.delete(mei, rule_id)
    assert max(removed) == REMOVED_AT_ONCE
    assert [row.id for row in world.rows(rules)] == [other]
    assert ({row.rule_id for row in world.rows(told_findings)}, world.rows(digest_items)) == ({other}, [])
    with pytest.raises(NotFound):
        await service.delete(mei, rule_id)
