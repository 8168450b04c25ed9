"""What belongs to a user who is removed goes piece by piece, from everybody's tables."""

import pytest
from sqlalchemy import insert, select

from app.core.db import Database
from app.maintenance.user_scans import OrderedScans
from app.notifications.tables import channels, crowded_items, deliveries, notifications, told_findings
from tests.support.databases import create_tables
from tests.support.notified import NotifiedWorld
from tests.support.rows import add_user

PIECE = 3


@pytest.fixture
async def world(database_url, clock):
    db = Database(database_url, busy_timeout_s=30)
    create_tables(db)
    yield NotifiedWorld(db, clock)
    await db.close()


async def test_notifications_of_a_user_go_and_what_others_rules_have_told_of_the_users_scans(world):
    admin = add_user(world.db, world.clock, "boss", role="admin")
    world.rule(world.channel(), kinds=["findings"])
    of_admin = world.channel(user_id=admin)
    world.rule(of_admin, user_id=admin, kinds=["findings"], all_users=True)
    for number in range(4):
        await world.scan("bets.example", target=f"corp{number}.example")
    await world.scan("bets.example", target="boss.example", owner=admin)
    rows = [
        {"channel_id": row.id, "notification_id": "n", "content": {}, "due_at": world.clock.now()}
        for row in world.rows(channels)
    ]
    world.db.write_sync(lambda c: c.execute(insert(crowded_items), rows) and None)
    pieces = []
    while gone := world.db.write_sync(lambda c: OrderedScans().purge_notifications(c, world.owner, PIECE)):
        pieces.append(gone)
    assert max(pieces) <= PIECE
    assert sum(pieces) == 4 + 4 + 2 * 4 + 1
    for table in (deliveries, notifications):
        assert set(world.db.read_sync(lambda c, t=table: c.execute(select(t.c.user_id)).scalars().all())) == {admin}
    assert [row.owner_id for row in world.rows(told_findings)] == [admin]
    assert [row.channel_id for row in world.rows(crowded_items)] == [of_admin]
