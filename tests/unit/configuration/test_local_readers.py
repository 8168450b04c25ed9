"""Versions of the local reader: nobody switches one on blindly, and each has a way back."""

import hashlib

import pytest
from sqlalchemy import select, update

from app.configuration.local_readers import LocalReaderService, ReaderRefused, Refusal
from app.configuration.queries import local_readers as repository
from app.configuration.tables import local_readers
from app.domain.local_reading import MAX_MODEL_BYTES, LearntModel, ModelFault
from app.findings.decided_pages import DecidedPages
from app.identity.audit import AuditTrail
from app.identity.tables import audit_log
from tests.support.local_reader import model_data

REPORT = {"violating": 30, "clean": 31}


class Pages:
    def read(self):
        return DecidedPages(pages=["page"])


class Learner:
    def __init__(self):
        self.data, self.seen = model_data(), []

    def __call__(self, pages):
        self.seen.append(list(pages))
        return LearntModel(self.data, REPORT)


@pytest.fixture
async def audit(db, clock):
    trail = AuditTrail(db=db, clock=clock)
    yield trail
    await trail.stop()


@pytest.fixture
def faults():
    return {}


@pytest.fixture
def learner():
    return Learner()


@pytest.fixture
def service(db, clock, audit, faults):
    return LocalReaderService(db=db, clock=clock, audit=audit, find_fault=lambda stored: faults.get(stored.version))


@pytest.fixture
def train(service, learner):
    return lambda: service.train(Pages(), learner)


@pytest.fixture
def enabled(db):
    def read():
        row = db.read_sync(repository.find_enabled)
        return row and row.version

    return read


async def refusal(call):
    with pytest.raises(ReaderRefused) as caught:
        await call
    return caught.value.refusal


async def test_a_version_is_learnt_and_stays_off(service, train, learner, enabled, db):
    assert (await train(), await train()) == (1, 2)
    assert learner.seen == [["page"], ["page"]]
    row = db.read_sync(lambda c: repository.find(c, 2))
    assert (row.data, row.sha256) == (learner.data, hashlib.sha256(learner.data).hexdigest())
    assert row.report == {**REPORT, "left_out": {}}
    assert enabled() is None


async def test_a_version_whose_report_nobody_has_seen_is_not_switched_on(service, train, enabled):
    version = await train()
    assert await refusal(service.enable(version)) is Refusal.UNREPORTED
    assert (await service.report(None)).version == version
    await service.enable(version)
    assert enabled() == version


async def test_a_version_that_there_is_not_is_refused(service, train):
    assert await refusal(service.enable(1)) is Refusal.NO_VERSION
    assert await refusal(service.report(None)) is Refusal.NO_VERSION
    await train()
    assert await refusal(service.report(7)) is Refusal.NO_VERSION


async def test_a_damaged_version_is_not_switched_on(service, train, faults, enabled):
    version = await train()
    await service.report(version)
    faults[version] = ModelFault.CHECKSUM
    with pytest.raises(ReaderRefused) as caught:
        await service.enable(version)
    assert (caught.value.refusal, caught.value.fault, enabled()) == (Refusal.UNUSABLE, ModelFault.CHECKSUM, None)


async def test_an_older_version_is_the_way_back(service, train, enabled):
    for _ in range(2):
        await service.report(await train())
    await service.enable(1)
    await service.enable(2)
    assert enabled() == 2
    await service.enable(1)
    assert enabled() == 1
    assert await service.disable() == 1
    assert (enabled(), await service.disable()) == (None, None)


async def test_a_model_that_is_too_large_is_not_kept(service, train, learner):
    learner.data = b" " * (MAX_MODEL_BYTES + 1)
    assert await refusal(train()) is Refusal.TOO_LARGE
    assert (await service.list_all()).rows == []


async def test_old_versions_go_but_for_the_one_that_is_switched_on(service, train):
    await service.report(await train())
    await service.enable(1)
    for _ in range(repository.MAX_KEPT + 2):
        await train()
    kept = [row.version for row in (await service.list_all()).rows]
    assert kept == [*range(repository.MAX_KEPT + 3, 3, -1), 1]


async def test_what_was_done_stands_in_the_audit_log(service, train, audit, db):
    await service.report(await train())
    await service.enable(1)
    await service.disable()
    await audit.flush()
    rows = db.read_sync(lambda c: c.execute(select(audit_log.c.action, audit_log.c.detail)).all())
    assert [(row.action, row.detail["version"]) for row in rows] == [
        ("reader.train", 1),
        ("reader.enable", 1),
        ("reader.disable", 1),
    ]


async def test_of_two_that_were_switched_on_at_once_the_later_counts(service, train, db, clock, enabled):
    for _ in range(2):
        await train()
    db.write_sync(lambda c: c.execute(update(local_readers).values(enabled_at=clock.now())) and None)
    assert enabled() == 2
