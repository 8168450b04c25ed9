"""Uses of keys and links are gathered, and written a little later."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.db import Database, DatabaseUnavailable
from app.core.principal import Principal
from app.core.scopes import Scope
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.writer import EventWriter
from app.identity import token_uses
from app.identity.audit import AuditTrail
from app.identity.queries import api_keys, audit, links
from app.identity.token_uses import EVERY_S, LINK_AUDIT_S, MAX_NETWORKS, TokenUses
from app.migrations.runner import migrate
from app.scans.lifecycle import Lifecycle
from tests.support.backend import HandClock
from tests.support.rows import add_user


class Uses:
    """`TokenUses` with a key and a link."""

    def __init__(self, url, *, busy_timeout_s=30):
        self.db, self.clock = Database(url, busy_timeout_s=busy_timeout_s), HandClock()
        migrate(self.db, clock=self.clock)
        self.audit = AuditTrail(db=self.db, clock=self.clock)
        self.uses = TokenUses(db=self.db, clock=self.clock, audit=self.audit)
        user_id = add_user(self.db, self.clock, "mei")
        now = self.clock.now()
        row = {"user_id": user_id, "prefix": "p", "created_at": now, "expires_at": now + timedelta(days=9)}
        key = {**row, "id": "k", "digest": "k", "name": "x", "scopes": "read", "networks": []}
        self.db.write_sync(lambda c: api_keys.add(c, key))
        self.key = Principal(user_id, "mei", "user", address="192.0.2.1", key_id="k", scopes=frozenset({Scope.READ}))
        self.link = Principal(user_id, "mei", "user", address="192.0.2.1", link_id="l", task_id="t")
        self.link_row = {**row, "id": "l", "digest": "l", "task_id": "t"}

    def row(self):
        return self.db.read_sync(lambda c: api_keys.list_by_id(c, ["k"]))[0]

    async def rows(self, action):
        await self.audit.flush()
        return await self.db.read(lambda c: audit.newest(c, 100, action=action))


@pytest.fixture
async def used(tmp_path):
    used = Uses(f"sqlite:///{tmp_path / 'main.db'}")
    yield used
    await used.db.close()


async def test_the_last_use_and_each_new_network_are_kept(used):
    used.uses.note(used.key)
    used.clock.seconds = 5
    used.uses.note(replace(used.key, address="2001:db8:1:2:3::4"))
    await used.uses.write()
    assert used.row().last_used_at == used.clock.now()
    assert used.row().networks == ["2001:db8:1:2::/64", "192.0.2.1"]
    used.uses.note(used.key)
    await used.uses.write()
    assert [row.address for row in await used.rows("key.use")] == ["2001:db8:1:2:3::4", "192.0.2.1"]


async def test_many_networks_are_bounded_in_the_row_and_in_a_minute(used):
    for number in range(256):
        used.uses.note(replace(used.key, address=f"192.0.2.{number}"))
    await used.uses.write()
    assert len(used.row().networks) == MAX_NETWORKS
    assert len(await used.rows("key.use")) == token_uses.MAX_NEW_NETWORKS


async def test_keys_that_are_noted_are_bounded(used, monkeypatch):
    monkeypatch.setattr(token_uses, "MAX_NOTED", 2)
    for number in range(5):
        used.uses.note(replace(used.key, key_id=f"k{number}"))
    assert len(used.uses._keys) == 2
    await used.uses.write()


async def test_uses_of_a_link_are_told_once_an_hour_with_their_number(used):
    life = Lifecycle(clock=used.clock, texts=MessageCatalog("en"))
    writer = EventWriter(db=used.db, bus=MemoryBus())
    writer.write_sync(life.create("t", user_id=used.link.user_id, target_domain="a.test", config={}))
    used.db.write_sync(lambda c: links.add(c, used.link_row))
    for _ in range(3):
        used.uses.note(used.link)
    await used.uses.write()
    for seconds in (60, LINK_AUDIT_S - 1, LINK_AUDIT_S):
        used.clock.seconds = seconds
        used.uses.note(used.link)
        await used.uses.write()
    told = [row.detail["requests"] for row in await used.rows("link.use")]
    assert told == [3, 3]


@pytest.fixture
async def impatient(tmp_path):
    impatient = Uses(f"sqlite:///{tmp_path / 'impatient.db'}", busy_timeout_s=0.1)
    yield impatient
    await impatient.db.close()


async def test_what_the_database_does_not_take_is_written_later(impatient):
    used = impatient
    used.uses.note(used.key)
    with used.db.engine.connect() as holder, holder.begin():
        holder.exec_driver_sql("UPDATE users SET email = email")
        with pytest.raises(DatabaseUnavailable):
            await used.uses.write()
        used.uses.note(replace(used.key, address="192.0.2.9"))
    await used.uses.write()
    assert used.row().networks == ["192.0.2.9", "192.0.2.1"]


async def test_it_writes_at_once_and_then_once_a_minute(used):
    running = asyncio.create_task(used.uses.keep_written())
    used.uses.note(used.key)
    async with asyncio.timeout(30):
        while used.clock.seconds < EVERY_S:  # noqa: ASYNC110 - the clock is turned by what is tested
            await asyncio.sleep(0)
    assert (used.clock.seconds, used.row().last_used_at is None) == (EVERY_S, False)
    running.cancel()
    await asyncio.wait([running])
