"""What happens becomes notifications: each once, to those who want it, nothing of what was rolled back."""

import asyncio
import random
from dataclasses import asdict
from datetime import timedelta

import pytest

from app.domain.decisions import DecisionState
from app.domain.findings import FindingId
from app.domain.notifications import DigestPeriod, Timing
from app.domain.rechecks import Recheck, with_recheck
from app.domain.risk import Risk
from app.domain.verdict import Result
from app.domain.violations import Evidence, Layer, RiskLevel, ViolationKey
from app.events import outbox
from app.events.outbox import Kind
from app.events.tables import outbox as outbox_table
from app.events.types import Statistics
from app.findings.queries import decisions, findings
from app.findings.tables import findings as finding_table
from app.identity.tables import users
from app.notifications.outbox_reader import BETWEEN_FINDINGS
from app.notifications.queries import outbox as outbox_rows
from app.notifications.tables import channels, digest_items, notifications, rules
from app.notifications.telling import CROWDED
from app.notifications.told import FORGET_AFTER, FORGET_MISSED
from app.site_counts.tables import sites
from tests.support.rows import add_user


def kinds(world, user_id=None):
    return [said["kind"] for said in world.told(user_id)]


async def test_a_scan_with_findings_tells_of_them_and_of_its_end(world):
    channel = world.channel()
    world.rule(channel)
    task_id = await world.scan("bets.example", "drugs.example")
    first, second = world.told()
    assert (first["kind"], first["total"], first["task_id"], first["target_domain"]) == (
        "findings",
        2,
        task_id,
        "corp.example",
    )
    assert {one["domain"] for one in first["findings"]} == {"bets.example", "drugs.example"}
    assert (second["kind"], second["finding_counts"]["high"]) == ("scan_completed", 2)
    assert [row.contents["items"][0]["kind"] for row in world.deliveries()] == ["findings", "scan_completed"]
    assert world.outbox() == []


async def test_who_has_a_new_notification_is_named_after_the_commit_and_nobody_else(world):
    admin = add_user(world.db, world.clock, "root", role="admin")
    world.rule(kinds=["findings"])
    world.rule(kinds=["scan_completed"], user_id=admin, all_users=True)
    named = []
    world.reader.on_fed = lambda user_id: named.append((user_id, len(world.told(user_id))))
    await world.scan()
    assert named == [(admin, 1)]
    await world.scan("bets.example")
    assert sorted(named) == sorted([(admin, 1), (world.owner, 1), (admin, 2)])


async def test_nothing_is_told_of_what_was_rolled_back(world):
    world.rule(world.channel())
    task_id = await world.begin()

    def unit(connection):
        world.lifecycle.complete(task_id, 1, Statistics())(connection)
        raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        await world.db.write(unit)
    await world.work_off()
    assert (world.outbox(), world.told()) == ([], [])


async def test_a_finding_is_told_once_over_many_scans(world):
    world.rule(kinds=["findings"])
    for _ in range(10):
        await world.scan("bets.example")
    assert world.told_domains() == [["bets.example"]]
    await world.scan("bets.example", "new.example")
    assert world.told_domains() == [["bets.example"], ["new.example"]]


async def test_a_finding_whose_risk_rose_is_told_again(world):
    world.rule(kinds=["findings"], min_risk="medium")
    await world.scan("bets.example", risk=RiskLevel.MEDIUM)
    await world.scan("bets.example", risk=RiskLevel.CRITICAL)
    await world.scan("bets.example", risk=RiskLevel.MEDIUM)
    await world.scan("bets.example", risk=RiskLevel.CRITICAL)
    said = [said["findings"][0] for said in world.told()]
    assert [(one["risk_level"], one.get("raised_from")) for one in said] == [
        ("medium", None),
        ("critical", "medium"),
    ]


async def test_what_is_below_the_rules_risk_is_not_told(world):
    world.rule(kinds=["findings"], min_risk="critical")
    await world.scan("bets.example", risk=RiskLevel.HIGH)
    assert world.told() == []
    await world.scan("bets.example", risk=RiskLevel.CRITICAL)
    assert world.told_domains() == [["bets.example"]]


def recheck(world, state):
    """Let what was found have this state."""
    row = world.rows(finding_table)[0]
    risk = with_recheck(Risk(RiskLevel(row.risk_level), row.score, ()), state)
    world.change(finding_table, reasons=[asdict(reason) for reason in risk.reasons], risk_level=risk.level.value)


async def test_what_is_to_be_looked_at_again_is_told_when_it_was_or_when_the_scan_has_ended(world):
    world.rule(kinds=["findings"])
    task_id = await world.begin()
    await world.find(task_id, "bets.example")
    recheck(world, Recheck.AWAITED)
    world.later(minutes=1)
    await world.work_off()
    assert world.told_domains() == []
    await world.complete(task_id)
    await world.work_off()
    assert world.told_domains() == [["bets.example"]]


async def test_what_was_seen_once_is_told_to_nobody_until_it_is_seen_again(world):
    world.rule(kinds=["findings"], min_risk="low")
    task_id = await world.begin()
    await world.find(task_id, "bets.example")
    recheck(world, Recheck.NOT_CONFIRMED)
    await world.complete(task_id)
    await world.work_off()
    assert world.told_domains() == []
    await world.scan("bets.example")
    assert world.told_domains() == [["bets.example"]]


def decide(world, state, domain="bets.example", version=0, kinds=("gambling",), **judged):
    finding = FindingId(ViolationKey.GAMBLING, domain)
    values = {
        "state": state.value,
        "reason": "because",
        "decided_by": world.owner,
        "decided_by_name": "owner",
        "decided_at": world.clock.now(),
        "kinds": list(kinds),
        **judged,
    }

    def work(connection):
        assert decisions.put(connection, world.owner, "corp.example", finding, values, version=version)
        findings.decide(connection, world.owner, "corp.example", finding, world.clock.now().date())

    world.db.write_sync(work)


async def test_dismissed_findings_are_silent_over_ten_scans_and_come_back_when_another_kind_is_found(world):
    world.rule(kinds=["findings"])
    await world.scan("bets.example")
    world.later(hours=1)
    decide(world, DecisionState.DISMISSED)
    for _ in range(10):
        await world.scan("bets.example")
    assert world.told_domains() == [["bets.example"]]
    world.later(hours=1)
    another = (ViolationKey.GAMBLING, ViolationKey.HIDDEN_LINK)  # nobody has judged that the link to it is hidden
    await world.scan("bets.example", kinds=another)
    assert world.told_domains() == [["bets.example"], ["bets.example"]]
    await world.scan("bets.example", kinds=another)
    await world.scan("bets.example")  # this is what was dismissed
    assert world.told_domains() == [["bets.example"], ["bets.example"]]


@pytest.mark.parametrize("is_known", [True, False], ids=["told before", "never told"])
async def test_a_dismissed_finding_is_told_once_by_the_first_scan_after_its_dismissal_has_expired(world, is_known):
    world.rule(kinds=["findings"])
    if is_known:
        await world.scan("bets.example")
        world.later(hours=1)
    decide(world, DecisionState.DISMISSED, expires_on=world.clock.now().date() + timedelta(days=2))
    before = [["bets.example"]] if is_known else []
    for _ in range(2):
        await world.scan("bets.example")
        assert world.told_domains() == before
        world.later(hours=24)
    for _ in range(3):
        await world.scan("bets.example")
        world.later(hours=24)
    assert world.told_domains() == [*before, ["bets.example"]]


async def test_what_has_expired_is_told_while_the_scan_runs_though_its_risk_is_higher_too(world):
    world.rule(kinds=["findings"])
    decide(world, DecisionState.DISMISSED, **JUDGED, expires_on=world.clock.now().date() + timedelta(days=1))
    world.later(hours=24)
    await world.find(await world.begin(), "bets.example", risk=RiskLevel.CRITICAL, evidence=shown("a", "b"))
    world.later(minutes=1)
    await world.work_off()
    assert world.told_domains() == [["bets.example"]]


async def test_the_end_of_a_scan_tells_of_as_many_findings_as_the_overview_counts(world):
    world.rule(kinds=["scan_completed"])
    await world.scan("bets.example", "drugs.example")
    world.later(hours=1)
    decide(world, DecisionState.DISMISSED)
    await world.scan("bets.example", "drugs.example")
    before, after = world.told()
    assert (before["finding_counts"]["total"], before.get("dismissed")) == (2, None)
    assert (after["finding_counts"]["total"], after["finding_counts"]["high"], after["dismissed"]) == (1, 1, 1)
    (site,) = world.rows(sites)
    assert {name: getattr(site, name) for name in after["finding_counts"]} == after["finding_counts"]


def shown(*terms, rules=("lexicon.gambling",), score=0.9):
    """The evidence of a page; what it quotes is another one each time."""
    chance = random.Random(score)
    return [Evidence(Layer.TEXT, rule, score, f"{chance.random()}", provenance="v1", terms=terms) for rule in rules]


# What `shown("a", "b")` is judged by.
RULES = {"gambling lexicon.gambling": ["a", "b"], "gambling lexicon.gambling sure": []}
JUDGED = {"risk_level": "high", "matched_rules": RULES}


async def test_a_dismissed_finding_is_silent_over_thirty_scans_of_a_page_that_is_never_the_same(world):
    world.rule(kinds=["findings"], min_risk="low")
    await world.scan("bets.example", evidence=shown("a", "b"))
    world.later(hours=1)
    decide(world, DecisionState.DISMISSED, **JUDGED)
    chance = random.Random(30)
    for number in range(30):
        world.later(hours=1)
        terms = chance.sample(("a", "b", chance.choice("cdefg")), 3)
        risk = chance.choice((RiskLevel.HIGH, RiskLevel.LOW))
        found = ["bets.example"] if number % 5 else []  # its advertisement is not always there
        await world.scan(*found, risk=risk, evidence=shown(*terms, score=0.5 + number / 100))
    assert world.told_domains() == [["bets.example"]]
    assert {row.state for row in world.rows(finding_table)} == {"dismissed"}


@pytest.mark.parametrize(
    "more",
    [
        {"risk": RiskLevel.CRITICAL, "evidence": shown("a", "b")},
        {"evidence": shown("a", "b", rules=("lexicon.gambling", "identity_form"))},
        {"evidence": shown("a", "c", "d", "e")},
    ],
)
async def test_a_dismissed_finding_comes_back_once_with_a_higher_risk_or_evidence_that_was_not_judged(world, more):
    world.rule(kinds=["findings"])
    await world.scan("bets.example", evidence=shown("a", "b"))
    world.later(hours=1)
    decide(world, DecisionState.DISMISSED, **JUDGED)
    world.later(hours=1)
    for _ in range(3):
        await world.scan("bets.example", **more)
    assert world.told_domains() == [["bets.example"], ["bets.example"]]
    world.later(hours=1)
    await world.scan("bets.example", evidence=shown("a", "b"))
    assert world.rows(finding_table, finding_table.c.found_at)[-1].state == "dismissed"


async def test_what_was_dismissed_before_is_told_when_the_scan_has_ended(world):
    """Until then its risk may be too high: the pages that were read first all have it."""
    world.rule(kinds=["findings"])
    decide(world, DecisionState.DISMISSED, **JUDGED)
    world.later(hours=1)
    task_id = await world.begin()
    await world.find(task_id, "bets.example", risk=RiskLevel.CRITICAL, evidence=shown("a", "b"))
    world.later(minutes=1)
    await world.work_off()
    assert world.told() == []
    await world.complete(task_id)
    await world.work_off()
    assert world.told_domains() == [["bets.example"]]


@pytest.mark.parametrize(
    "more",
    [
        {"evidence": shown("a", "b", rules=("lexicon.gambling", "identity_form"))},
        {"evidence": shown("a", "b"), "kinds": (ViolationKey.GAMBLING, ViolationKey.HIDDEN_LINK)},
        {"evidence": shown("a", "c", "d", "e"), "risk": RiskLevel.CRITICAL},
    ],
)
async def test_what_new_evidence_reopens_is_told_while_the_scan_is_running(world, more):
    world.rule(kinds=["findings"])
    decide(world, DecisionState.DISMISSED, **JUDGED)
    world.later(hours=1)
    task_id = await world.begin()
    await world.find(task_id, "bets.example", **more)
    world.later(minutes=1)
    await world.work_off()
    assert world.told_domains() == [["bets.example"]]


async def test_what_somebody_has_judged_before_is_not_told(world):
    world.rule(kinds=["findings"])
    decide(world, DecisionState.CONFIRMED)
    await world.scan("bets.example")
    assert world.told() == []


async def test_advertising_that_rotates_is_told_once(world):
    world.rule(kinds=["findings"])
    for number in range(30):
        await world.scan(*(["bets.example"] if number % 4 == 0 else []))
        world.later(hours=1)
    assert world.told_domains() == [["bets.example"]]


async def test_what_was_gone_for_long_is_new_again(world):
    world.rule(kinds=["findings"])
    await world.scan("bets.example")
    world.later(days=FORGET_AFTER.days + 1)
    for _ in range(FORGET_MISSED):
        assert world.known() == ["gambling.bets.example"]
        await world.scan()
    assert world.known() == []
    await world.scan("bets.example")
    assert world.told_domains() == [["bets.example"], ["bets.example"]]


async def test_failed_and_inconclusive_scans_are_told_and_cancelled_ones_are_not(world):
    world.rule()
    await world.fail(await world.begin())
    await world.complete(await world.begin(), Result.INCONCLUSIVE)
    waiting = await world.begin()
    await world.writer.write(world.lifecycle.request_cancel(waiting, by="owner"))
    await world.writer.write(world.lifecycle.cancelled(waiting, 1, Statistics()))
    await world.work_off()
    assert kinds(world) == ["scan_failed", "scan_inconclusive"]
    assert world.told()[0]["error"]["code"] == "timeout"


async def test_a_failure_is_told_although_the_scan_was_retried_before_anybody_looked(world):
    world.rule(kinds=["scan_failed"])
    task_id = await world.begin()
    await world.fail(task_id)
    await world.writer.write(world.lifecycle.retry(task_id, by="owner"))
    await world.work_off()
    assert [(said["kind"], said["attempt"]) for said in world.told()] == [("scan_failed", 1)]


async def test_findings_of_a_running_scan_are_gathered(world):
    world.rule(kinds=["findings"])
    task_id = await world.begin()
    await world.find(task_id, "a.example")
    await world.work_off()
    assert world.told() == []  # more may come within moments
    await world.find(task_id, "b.example")
    world.later(seconds=outbox.GATHERING.total_seconds())
    await world.work_off()
    assert [sorted(one) for one in world.told_domains()] == [["a.example", "b.example"]]
    await world.find(task_id, "c.example")
    world.later(minutes=1)
    await world.work_off()
    assert len(world.told()) == 1
    world.later(seconds=BETWEEN_FINDINGS.total_seconds())
    await world.work_off()
    assert world.told_domains()[1:] == [["c.example"]]
    await world.find(task_id, "d.example")
    await world.complete(task_id)
    await world.work_off()
    assert world.told_domains()[2:] == [["d.example"]]  # at its end nothing is waited for
    assert world.outbox() == []


async def test_three_hundred_findings_are_one_message(world):
    world.rule(world.channel(), kinds=["findings"])
    await world.scan(*(f"bets{number}.example" for number in range(300)))
    (said,) = world.told()
    assert (said["total"], len(said["findings"]), len(world.deliveries())) == (300, 20, 1)


async def test_a_row_that_happens_again_while_it_is_told_stays(world):
    world.rule(kinds=["findings"])
    task_id = await world.begin()
    await world.find(task_id, "a.example")
    world.later(minutes=1)
    (row,) = await world.db.read(lambda c: outbox_rows.due(c, world.clock.now(), limit=5))
    await world.find(task_id, "b.example")
    assert not await world.db.write(lambda c: outbox_rows.remove(c, row))
    await world.work_off()
    assert [sorted(one) for one in world.told_domains()] == [["a.example", "b.example"]]


async def test_a_row_that_was_removed_and_written_anew_while_it_is_told_stays(world):
    """Its version is that of the one that was read, for versions begin at 1."""
    changed = {"user_id": world.owner, "target_domain": "corp.example"}
    world.db.write_sync(lambda c: outbox.put(c, Kind.CHANGED, "site-1", 1, now=world.clock.now(), detail=changed))
    (read,) = world.db.read_sync(lambda c: outbox_rows.due(c, world.clock.now(), limit=9))
    await world.work_off()
    world.later(minutes=1)
    world.db.write_sync(lambda c: outbox.put(c, Kind.CHANGED, "site-1", 1, now=world.clock.now(), detail=changed))
    assert not world.db.write_sync(lambda c: outbox_rows.remove(c, read))
    assert world.outbox() == [(Kind.CHANGED, "site-1", 1)]


async def test_two_servers_that_look_at_the_same_time_tell_once(world):
    world.rule(world.channel())
    others = [world.new_sender(world.clock).outbox for _ in range(3)]
    for number in range(5):
        task_id = await world.begin(f"corp{number}.example")
        await world.find(task_id, "bets.example")
        await world.complete(task_id)
    await asyncio.gather(*(other.work_off() for other in (world.reader, *others)))
    await world.work_off()
    assert sorted(kinds(world)) == ["findings"] * 5 + ["scan_completed"] * 5
    assert len(world.deliveries()) == 10
    assert [row.seq for row in world.rows(notifications, notifications.c.seq)] == list(range(1, 11))


async def test_rules_are_about_ones_own_scans_and_those_of_everybody_only_for_administrators(world):
    other, admin = add_user(world.db, world.clock, "other"), add_user(world.db, world.clock, "boss", role="admin")
    world.rule(user_id=other, kinds=["scan_completed"])
    world.rule(user_id=other, kinds=["scan_completed"], all_users=True)  # once an administrator, now none
    world.rule(user_id=admin, kinds=["scan_completed"])
    world.rule(user_id=admin, kinds=["scan_completed"], all_users=True)
    await world.scan()
    assert (kinds(world), kinds(world, other), kinds(world, admin)) == ([], [], ["scan_completed"])
    world.change(users, users.c.id == admin, is_active=False)
    await world.scan()
    assert kinds(world, admin) == ["scan_completed"]


async def test_a_rule_for_some_targets_is_silent_about_others(world):
    world.rule(kinds=["scan_completed"], targets=["shop.example"])
    await world.scan(target="corp.example")
    await world.scan(target="shop.example")
    assert [said["target_domain"] for said in world.told()] == ["shop.example"]


async def test_rules_of_one_user_that_say_the_same_share_the_notification(world):
    one, two = world.channel(), world.channel()
    world.rule(one, kinds=["scan_completed"])
    world.rule(one, two, kinds=["scan_completed"])
    await world.scan()
    assert kinds(world) == ["scan_completed"]
    assert sorted(row.channel_id for row in world.deliveries()) == sorted([one, two])


async def test_channels_that_are_gone_disabled_or_of_others_are_left_out(world):
    other = add_user(world.db, world.clock, "other")
    disabled, foreign = world.channel(), world.channel(user_id=other)
    world.change(channels, channels.c.id == disabled, is_enabled=False)
    world.rule(disabled, foreign, "gone", kinds=["scan_completed"])
    await world.scan()
    assert (kinds(world), world.deliveries()) == (["scan_completed"], [])


async def test_a_digest_is_one_delivery_for_all_that_was_gathered(world):
    timing = Timing(digest=DigestPeriod.DAILY, digest_minute=8 * 60)
    world.rule(world.channel(), kinds=["scan_completed"], timing=timing)
    for number in range(3):
        await world.scan(target=f"corp{number}.example")
    assert (len(world.told()), world.deliveries()) == (3, [])
    world.later(days=1)
    await world.work_off()
    await world.work_off()
    (sent,) = world.deliveries()
    assert [item["target_domain"] for item in sent.contents["items"]] == [
        f"corp{number}.example" for number in range(3)
    ]
    assert (world.rows(digest_items), world.rows(rules)[0].digest_at) == ([], None)


async def test_in_quiet_hours_nothing_leaves_and_afterwards_all_together(world):
    minute = world.clock.now().hour * 60 + world.clock.now().minute
    world.rule(world.channel(), kinds=["scan_completed"], timing=Timing(quiet_from=minute, quiet_until=minute + 60))
    await world.scan(target="a.example")
    await world.scan(target="b.example")
    assert world.deliveries() == []
    world.later(hours=1)
    await world.work_off()
    assert [row.contents["total"] for row in world.deliveries()] == [2]


async def test_what_a_crowded_channel_gets_is_gathered(world):
    world.rule(world.channel(), kinds=["scan_completed"])
    for number in range(CROWDED + 20):
        await world.scan(target=f"corp{number}.example")
    assert len(world.deliveries()) == CROWDED
    world.later(minutes=10)
    await world.work_off()
    assert [row.contents["total"] for row in world.deliveries()] == [1] * CROWDED + [20]


async def test_a_site_that_changed_or_is_overdue_is_told_as_its_row_says(world):
    world.rule()
    now = world.clock.now()
    change = {"section": "content", "change": "changed", "name": "partner.example", "aspect": "title"} | {
        "before": "a company",
        "after": "a casino",
        "url": "https://partner.example/",
    }
    site = {"user_id": world.owner, "target_domain": "corp.example"}

    def work(connection):
        outbox.put(connection, Kind.CHANGED, "task-1", 1, now=now, detail={**site, "changes": [change], "total": 1})
        outbox.put(connection, Kind.OVERDUE, "site-1", 1, now=now, detail={**site, "days": 7})

    world.db.write_sync(work)
    await world.work_off()
    by_kind = {said["kind"]: said for said in world.told()}
    assert by_kind["site_changed"]["changes"] == [change]
    assert by_kind["site_overdue"]["days"] == 7


async def test_what_one_row_trips_over_holds_no_other_up(world):
    world.rule(kinds=["scan_completed"])
    now = world.clock.now()
    row = {"kind": Kind.CHANGED.value, "subject_id": "x", "number": 1, "version": 1, "due_at": now, "created_at": now}
    world.db.write_sync(lambda c: c.execute(outbox_table.insert().values(**row, detail=["no", "object"])) and None)
    await world.scan()
    assert kinds(world) == ["scan_completed"]
    assert [kind for kind, _, _ in world.outbox()] == [Kind.CHANGED]  # it is looked at again later


async def test_a_scan_that_was_deleted_is_told_no_more(world):
    world.rule()
    task_id = await world.begin()
    await world.complete(task_id)
    await world.writer.write(world.lifecycle.delete(task_id, by="owner"))
    await world.work_off()
    assert (world.told(), world.outbox()) == ([], [])
