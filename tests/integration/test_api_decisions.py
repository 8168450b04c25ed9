"""Decisions about findings over the real application: who may, what remembers them, and what shows them."""

import asyncio
import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import ClassVar

import pytest
from sqlalchemy import update

from app.domain.page_looks import ICON_LOOKS, PageLook
from app.domain.scan_facts import Capture, PageFact, Reference, Relation, ThirdParty
from app.domain.verdict import Result, Verdict
from app.domain.violations import Evidence, Layer, RiskLevel, ViolationKey
from app.events.types import Statistics
from app.findings.queries import decisions
from app.findings.recorder import Recorder
from app.findings.schemas.decisions import DecisionInfo
from app.findings.schemas.findings import FindingPage, ReviewPage
from app.findings.tables import decisions as table
from app.identity.queries import audit
from tests.integration.test_api_reports import found, store_of
from tests.support.backend import USER_PASSWORD, open_backend
from tests.support.violations import tell

CASINO, SHOP = "gambling.casino.test", "adult.shop.test"
BOTH = (("casino.test", ViolationKey.GAMBLING, 0.7), ("shop.test", ViolationKey.ADULT, 0.6))


class Scans:
    """Of one user."""

    def __init__(self, backend, headers):
        self.backend, self.headers = backend, headers
        self.number = 0

    async def scan(self, target, *violations, risk=RiskLevel.HIGH, evidence=None):
        """Return the path of a completed scan with these violations, each with a page that refers there."""
        services = self.backend.services
        task_id = await self.backend.add_task(self.headers, target)
        await services.event_writer.write(services.lifecycle.claim(task_id, 1, "w", target))
        store = store_of(self.backend, task_id)
        home = f"http://{target}/"
        store.add_page(PageFact(home, 0, 200, "text/html", "utf-8", "Home", 10, parsed=True))
        rows = []
        for domain, key, confidence in violations:
            self.number += 1
            store.put_third_party(ThirdParty(domain, (domain,), "unknown", 1, Relation.LINK, 1, home))
            url = f"http://{domain}/"
            store.add_references([Reference(home, url, url, Relation.LINK, "a[href]")])
            row = found(f"{task_id[-12:]}{self.number}", domain, key, risk, confidence)
            rows.append(row if evidence is None else replace(row, fact=replace(row.fact, evidence=evidence)))
        store.close()
        recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
        told = tell(*rows)
        await services.event_writer.write(recorder.record(told.events, told.violations, told.changes))
        verdict = Verdict(Result.VIOLATIONS)
        await services.event_writer.write(services.lifecycle.complete(task_id, 1, Statistics(), verdict=verdict))
        return f"/api/v1/tasks/{task_id}"

    async def get(self, address, status=200):
        answer = await self.backend.client.get(address, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def decide(self, place, finding=CASINO, *, status=200, headers=None, **body):
        answer = await self.backend.client.put(
            f"{place}/findings/{finding}/decision",
            json={"state": "confirmed", "version": 0, **body},
            headers=headers or self.headers,
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def decision(self, place, finding=CASINO):
        return (await self.get(f"{place}/findings/{finding}"))["decision"]

    async def state(self, place, finding=CASINO):
        """As the list of findings and the finding itself say."""
        (listed,) = (
            one["state"] for one in (await self.get(f"{place}/findings"))["items"] if one["finding_id"] == finding
        )
        assert (await self.get(f"{place}/findings/{finding}"))["state"] == listed
        return listed

    async def queue(self, **query):
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        page = await self.get(f"/api/v1/review?{asked}")
        ReviewPage.model_validate(page)
        return [(item["target_domain"], item["finding"]["finding_id"]) for item in page["items"]], page["next_cursor"]


@pytest.fixture
async def mine(backend):
    return Scans(backend, await backend.add_user("mei"))


async def test_a_decision_is_remembered_by_the_next_scan_of_the_target_and_by_no_other(mine):
    first = await mine.scan("a.test", *BOTH)
    assert await mine.decision(first) is None
    made = await mine.decide(first, state="dismissed", reason="  ours  ")
    DecisionInfo.model_validate(made)
    assert (made["state"], made["reason"], made["decided_by"], made["version"], made["holds"]) == (
        "dismissed",
        "ours",
        "mei",
        1,
        True,
    )
    again, other = await mine.scan("a.test", *BOTH), await mine.scan("b.test", *BOTH)
    assert await mine.decision(again) == made
    assert [await mine.state(place) for place in (first, again, other)] == ["dismissed", "dismissed", "open"]
    assert await mine.decision(again, SHOP) is None
    assert await mine.decision(other) is None


async def test_every_answer_with_the_finding_has_it_and_the_verdict_stays(mine):
    place = await mine.scan("a.test", *BOTH)
    before = (await mine.get(place))["verdict"]
    made = await mine.decide(place, state="dismissed", reason="ours")
    page = await mine.get(f"{place}/findings")
    FindingPage.model_validate(page)
    assert {item["finding_id"]: item["decision"] for item in page["items"]} == {CASINO: made, SHOP: None}
    assert {item["finding_id"]: item["state"] for item in page["items"]} == {CASINO: "dismissed", SHOP: "open"}
    assert (await mine.get(f"{place}/third-parties/casino.test"))["findings"][0]["decision"] == made
    violations = (await mine.get(f"{place}/violations"))["items"]
    assert {item["domain"]: item["decision"] for item in violations} == {"casino.test": made, "shop.test": None}
    report = await mine.get(f"{place}/report")
    assert [item["decision"] for item in report["violations"] if item["domain"] == "casino.test"] == [made]
    assert report["verdict"] == (await mine.get(place))["verdict"] == before
    assert before["result"] == "violations"


@pytest.mark.parametrize("kind", ["html", "csv"])
async def test_a_report_for_people_says_who_decided_what_and_why(mine, kind):
    place = await mine.scan("a.test", *BOTH)
    await mine.decide(place, state="dismissed", reason="=ours<b>")
    answer = await mine.backend.client.get(f"{place}/report?format={kind}&lang=en", headers=mine.headers)
    text = answer.content.decode("utf-8-sig")
    if kind == "html":
        assert "Dismissed, by mei, " in text
        assert "=ours&lt;b&gt;" in text
    else:
        rows = {row["Domain"]: row["Decision"] for row in csv.DictReader(StringIO(text, newline=""))}
        assert rows["casino.test"].startswith("Dismissed, by mei, ")
        assert rows["shop.test"] == ""


async def test_findings_are_filtered_by_what_was_decided(mine):
    place = await mine.scan("a.test", *BOTH)
    await mine.decide(place, state="mending")

    async def ids(state):
        return [item["finding_id"] for item in (await mine.get(f"{place}/findings?decision={state}"))["items"]]

    assert [await ids(state) for state in ("open", "mending", "dismissed", "confirmed")] == [[SHOP], [CASINO], [], []]
    await mine.get(f"{place}/findings?decision=maybe", 422)


async def test_a_decision_that_is_taken_back_leaves_the_finding_open_and_says_who(mine):
    place = await mine.scan("a.test", *BOTH)
    await mine.decide(place)
    taken_back = await mine.decide(place, state="open", version=1)
    assert (taken_back["state"], taken_back["version"]) == ("open", 2)
    assert await mine.decision(place) == taken_back
    assert taken_back["holds"]
    assert (await mine.get(f"{place}/findings/{CASINO}"))["state"] == "open"
    assert (await mine.queue())[0] == [("a.test", CASINO), ("a.test", SHOP)]


async def test_of_two_who_decide_the_second_is_told(mine):
    place = await mine.scan("a.test", *BOTH)
    await mine.decide(place)
    refused = await mine.decide(place, status=409, state="dismissed", reason="ours")
    assert refused["code"] == "decision_changed"
    assert (await mine.decision(place))["state"] == "confirmed"
    assert (await mine.decide(place, state="dismissed", reason="ours", version=1))["version"] == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"state": "dismissed"}, "reason_missing"),
        ({"state": "dismissed", "reason": " \n"}, "reason_missing"),
        ({"state": "dismissed", "reason": "x" * 501}, "invalid_input"),
        ({"state": "dismissed", "reason": "x\0"}, "invalid_input"),
        ({"state": "gone"}, "invalid_input"),
        ({"version": -1}, "invalid_input"),
        ({"version": "0"}, "invalid_input"),
        ({"state": "dismissed", "reason": "ours", "expires_on": "2200-01-01"}, "invalid_input"),
        ({"state": "dismissed", "reason": "ours", "expires_on": "30"}, "invalid_input"),
        ({"state": "dismissed", "reason": "ours", "expires_on": 1_900_000_000}, "invalid_input"),
        ({"state": "dismissed", "reason": "ours", "expires_on": "2026-01-01"}, "expiry_passed"),
        ({"state": "confirmed", "expires_on": "2199-12-31"}, "expiry_without_dismissal"),
        ({"state": "mending", "expires_on": "2199-12-31"}, "expiry_without_dismissal"),
        ({"state": "open", "expires_on": "2026-01-01"}, "expiry_without_dismissal"),
    ],
)
async def test_what_cannot_be_decided_is_refused(mine, body, code):
    place = await mine.scan("a.test", *BOTH)
    assert (await mine.decide(place, status=422, **body))["code"] == code
    assert await mine.decision(place) is None


async def test_strangers_find_nothing_to_decide_and_administrators_decide_for_the_owner(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    stranger, admin = await backend.add_user("li"), await backend.login()
    assert (await mine.decide(place, status=404, headers=stranger))["code"] == "not_found"
    for name in ("gambling.other.test", "nothing.casino.test", "casino.test", "x"):
        assert (await mine.decide(place, name, status=404))["code"] == "not_found"
    await mine.decide(place, headers=admin)
    assert (await mine.decision(place))["decided_by"] == "admin"
    assert (await mine.decision(await mine.scan("a.test", *BOTH)))["decided_by"] == "admin"
    theirs = Scans(backend, stranger)
    assert await theirs.decision(await theirs.scan("a.test", *BOTH)) is None


async def test_more_evidence_opens_the_finding_again(mine):
    await mine.decide(await mine.scan("a.test", *BOTH), state="dismissed", reason="ours")
    place = await mine.scan("a.test", *BOTH, ("casino.test", ViolationKey.HIDDEN_LINK, 0.65))
    decision = await mine.decision(place)
    assert (decision["state"], decision["holds"], await mine.state(place)) == ("dismissed", False, "open")
    for part in ("violations", "report"):
        told = await mine.get(f"{place}/{part}")
        of_casino = [
            one["decision"] for one in told.get("items", told.get("violations")) if one["domain"] == "casino.test"
        ]
        assert [(one["state"], one["holds"]) for one in of_casino] == [("dismissed", False)] * 2
    assert (await mine.queue())[0] == [("a.test", CASINO), ("a.test", SHOP)]
    renewed = await mine.decide(place, state="dismissed", reason="still ours", version=1)
    assert (renewed["holds"], await mine.state(place)) == (True, "dismissed")
    assert (await mine.queue())[0] == [("a.test", SHOP)]


WORDS = Evidence(Layer.TEXT, "lexicon.gambling", 0.7, terms=("a", "b"))
BRAND = Evidence(Layer.STRUCTURE, "betting_house", 0.9, terms=("bet365",))


@pytest.mark.parametrize(
    "more",
    [
        {"evidence": (WORDS, BRAND)},
        {"evidence": (replace(WORDS, terms=("a", "c", "d")),)},
        {"evidence": (WORDS,), "risk": RiskLevel.CRITICAL},
    ],
)
async def test_a_dismissed_page_that_becomes_a_casino_is_open_again_until_that_is_dismissed_too(mine, more):
    casino = BOTH[0]
    before = await mine.scan("a.test", casino, evidence=(WORDS,))
    await mine.decide(before, state="dismissed", reason="a news page")
    noisy = (replace(WORDS, snippet="17:03", offset=9, score=0.6, terms=("b", "a", "c")),)
    assert await mine.state(await mine.scan("a.test", casino, evidence=noisy)) == "dismissed"
    place = await mine.scan("a.test", casino, **more)
    decision = await mine.decision(place)
    assert (decision["state"], decision["holds"], await mine.state(place)) == ("dismissed", False, "open")
    assert (await mine.queue())[0] == [("a.test", CASINO)]
    assert (await mine.get("/api/v1/overview"))["finding_counts"]["total"] == 1
    assert await mine.state(before) == "dismissed"
    await mine.decide(place, state="dismissed", reason="still ours", version=1)
    for again in ({"evidence": (WORDS,)}, more):
        assert await mine.state(await mine.scan("a.test", casino, **again)) == "dismissed"
    assert await mine.state(before) == "dismissed"


async def test_what_is_confirmed_stays_so_whatever_is_found(mine):
    await mine.decide(await mine.scan("a.test", BOTH[0], evidence=(WORDS,)))
    more = await mine.scan("a.test", BOTH[0], evidence=(WORDS, BRAND), risk=RiskLevel.CRITICAL)
    assert await mine.state(more) == "confirmed"


async def test_what_is_dismissed_is_not_open_in_the_overview_and_what_is_being_mended_is(mine):
    async def overview():
        found = await mine.get("/api/v1/overview")
        (site,) = found["sites"]
        assert {**found["trend"][-1]["finding_counts"]} == found["finding_counts"]
        return [
            tuple(counts.get(name, 0) for name in ("total", "high", "needs_review"))
            for counts in (found["finding_counts"], site["finding_counts"])
        ]

    place = await mine.scan("a.test", *BOTH)
    assert await overview() == [(2, 2, 2)] * 2
    await mine.decide(place, SHOP, state="mending")
    assert await overview() == [(2, 2, 1)] * 2
    await mine.decide(place, state="dismissed", reason="ours")
    assert await overview() == [(1, 1, 0)] * 2
    await mine.scan("a.test", *BOTH, ("casino.test", ViolationKey.HIDDEN_LINK, 0.65))
    assert await overview() == [(2, 2, 1)] * 2  # more than was decided on
    await mine.decide(place, state="open", version=1)
    assert (await mine.get("/api/v1/tasks"))["items"][0]["finding_counts"]["total"] == 2  # a scan's own stay


def in_days(days):
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


async def begin_their_day(services):
    """As if the day of all dismissals had just begun."""
    passed = update(table).values(expires_on=datetime.now(UTC).date())
    await services.db.write(lambda c: c.execute(passed) and None)


async def let_expire(mine):
    await begin_their_day(mine.backend.services)
    await mine.backend.services.expiry.look()


async def test_a_dismissal_says_until_when_in_every_view(mine):
    place = await mine.scan("a.test", *BOTH)
    made = await mine.decide(place, state="dismissed", reason="ours", expires_on=in_days(30))
    assert (made["expires_on"], made["holds"], made["expired"]) == (in_days(30), True, False)
    assert await mine.decision(place) == made
    report = await mine.get(f"{place}/report")
    assert made in [item["decision"] for item in report["violations"]]
    answer = await mine.backend.client.get(f"{place}/report?format=csv&lang=en", headers=mine.headers)
    assert f"Dismissed until {in_days(30)}, by mei, " in answer.content.decode("utf-8-sig")
    answer = await mine.backend.client.get(f"{place}/report?format=sarif", headers=mine.headers)
    results = answer.json()["runs"][0]["results"]
    (suppressed,) = [one["suppressions"][0] for one in results if one["suppressions"]]
    assert suppressed["properties"]["expiresOn"] == in_days(30)
    for state, expires_on in (("dismissed", None), ("confirmed", None)):
        renewed = await mine.decide(place, state=state, reason="ours", version=(await mine.decision(place))["version"])
        assert renewed["expires_on"] == expires_on


async def test_today_is_no_day_to_expire_on_and_tomorrow_is(mine):
    place = await mine.scan("a.test", *BOTH)
    said = {"state": "dismissed", "reason": "ours"}
    refused = await mine.decide(place, status=422, **said, expires_on=in_days(0))
    assert (refused["code"], in_days(0) in refused["detail"]) == ("expiry_passed", True)
    assert (await mine.decide(place, **said, expires_on=in_days(1)))["version"] == 1


async def test_what_has_expired_is_open_for_everybody_and_in_the_next_scan_until_it_is_dismissed_again(mine, backend):
    place = await mine.scan("a.test", BOTH[0])
    await mine.decide(place, state="dismissed", reason="ours", expires_on=in_days(1))
    assert ((await mine.queue())[0], await mine.state(place)) == ([], "dismissed")
    assert (await mine.get("/api/v1/overview"))["finding_counts"]["total"] == 0
    await let_expire(mine)
    for shown in (place, await mine.scan("a.test", BOTH[0])):
        decision = await mine.decision(shown)
        assert (decision["state"], decision["holds"], decision["expired"]) == ("dismissed", False, True)
        assert (await mine.state(shown), (await mine.queue())[0]) == ("open", [("a.test", CASINO)])
    assert (await mine.get("/api/v1/overview"))["finding_counts"]["total"] == 1
    answer = await backend.client.get(f"{place}/report?format=csv&lang=en", headers=mine.headers)
    assert "ours (expired: open again)" in answer.content.decode("utf-8-sig")
    again = await mine.decide(place, state="dismissed", reason="still ours", version=1)
    assert (again["holds"], again["expired"], again["expires_on"], again["version"]) == (True, False, None, 2)
    assert ((await mine.queue())[0], await mine.state(place)) == ([], "dismissed")


async def test_what_was_judged_by_an_expired_dismissal_is_judged_no_more(mine):
    casino = BOTH[0]
    before = await mine.scan("a.test", casino, evidence=(WORDS, BRAND))
    await mine.decide(before, state="dismissed", reason="ours", expires_on=in_days(1))
    await let_expire(mine)
    place = await mine.scan("a.test", casino, evidence=(WORDS,))
    await mine.decide(place, state="dismissed", reason="a news page", version=1)
    assert [await mine.state(one) for one in (before, place)] == ["open", "dismissed"]


async def test_the_audit_log_says_which_day_was_set_and_when_it_had_come(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    await mine.decide(place, state="dismissed", reason="a reason of my own", expires_on=in_days(30))
    await let_expire(mine)
    await mine.backend.services.expiry.look()
    await backend.services.audit.flush()
    (decided,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="finding.decide"))
    assert decided.detail == {"finding": CASINO, "state": "dismissed", "expires_on": in_days(30), "version": 1}
    (expired,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="finding.expire"))
    assert expired.user_id is None
    assert {**expired.detail, "user_id": ""} == {
        "finding": CASINO,
        "user_id": "",
        "target_domain": "a.test",
        "expires_on": in_days(0),
        "version": 1,
    }


async def test_a_service_that_starts_opens_what_has_expired_by_itself(tmp_path):
    async with open_backend(tmp_path / "data", monitor_interval_s=60) as backend:
        mine = Scans(backend, await backend.add_user("mei"))
        place = await mine.scan("a.test", *BOTH)
        await mine.decide(place, state="dismissed", reason="ours", expires_on=in_days(1))
        await begin_their_day(backend.services)
        assert await mine.state(place) == "dismissed"
    async with open_backend(tmp_path / "data") as backend, asyncio.timeout(60):
        mine = Scans(backend, await backend.login("mei", USER_PASSWORD))
        while await mine.state(place) != "open":  # noqa: ASYNC110 - REST tells
            await asyncio.sleep(0.05)
        assert (await mine.get("/api/v1/overview"))["finding_counts"]["total"] == 2


async def test_the_audit_log_says_who_decided_what_without_the_reason(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    await mine.decide(place, state="dismissed", reason="a reason of my own")
    await backend.services.audit.flush()
    (row,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="finding.decide"))
    assert row.detail == {"finding": CASINO, "state": "dismissed", "expires_on": None, "version": 1}
    assert row.object_id == place.rpartition("/")[2]
    assert "my own" not in json.dumps(row.detail)


# The queue


async def test_the_queue_has_what_is_open_of_the_newest_scan_of_every_target(mine):
    await mine.scan("a.test", ("old.test", ViolationKey.GAMBLING, 0.7))
    await mine.scan("a.test", *BOTH, ("sure.test", ViolationKey.GAMBLING, 0.95))
    newest = await mine.scan("b.test", *BOTH)
    assert (await mine.queue())[0] == [("b.test", CASINO), ("b.test", SHOP), ("a.test", CASINO), ("a.test", SHOP)]
    await mine.decide(newest)
    assert (await mine.queue())[0] == [("b.test", SHOP), ("a.test", CASINO), ("a.test", SHOP)]
    assert (await mine.queue(decision="confirmed"))[0] == [("b.test", CASINO)]
    assert (await mine.queue(decision="dismissed"))[0] == []


async def test_a_hidden_link_stands_with_what_it_leads_to(mine):
    links = [("casino.test", ViolationKey.HIDDEN_LINK, 0.79), ("x.test", ViolationKey.HIDDEN_LINK, 0.5)]
    await mine.scan("a.test", *BOTH, *links)
    assert (await mine.queue())[0] == [("a.test", CASINO), ("a.test", SHOP), ("a.test", "hidden_link.x.test")]


async def test_the_queue_is_read_page_by_page_without_a_gap_or_a_repetition(mine):
    for target in ("a.test", "b.test", "c.test"):
        await mine.scan(target, *((f"{n}.test", ViolationKey.GAMBLING, 0.7) for n in range(4)))
    whole, rest = await mine.queue(limit=100)
    assert (len(whole), rest) == (12, None)
    for limit in (1, 3, 4, 5):
        read, cursor = [], ""
        while cursor is not None:
            some, cursor = await mine.queue(limit=limit, **({"cursor": cursor} if cursor else {}))
            assert len(some) <= limit
            read += some
        assert read == whole


async def test_everybody_has_their_own_queue_and_an_administrator_that_of_all(mine, backend):
    await mine.scan("a.test", *BOTH)
    theirs = Scans(backend, await backend.add_user("li"))
    await theirs.scan("a.test", BOTH[0])
    everything = Scans(backend, await backend.login())
    assert len((await mine.queue())[0]) == 2
    assert len((await theirs.queue())[0]) == 1
    assert len((await everything.queue())[0]) == 3


async def test_a_scan_whose_results_are_gone_is_named_and_the_others_are_read(mine, backend):
    await mine.scan("a.test", *BOTH)
    lost = (await mine.scan("b.test", *BOTH)).rpartition("/")[2]
    (backend.services.settings.data_dir / "scans" / f"{lost}-1.db").unlink()
    page = await mine.get("/api/v1/review")
    assert page["unreadable"] == [lost]
    assert [item["target_domain"] for item in page["items"]] == ["a.test", "a.test"]


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=%00", "limit=0", "limit=101", "decision=all", f"cursor={'a' * 301}"]
)
async def test_a_queue_that_cannot_be_asked_for_is_refused(mine, query):
    await mine.get(f"/api/v1/review?{query}", 422)


class TestLooks:
    """What a decision keeps of how the page looked."""

    LOOK = str(PageLook((1 << 200) - 1, 0))

    @pytest.fixture
    async def place(self, mine):
        """The path of a scan with the captures of both."""
        place = await mine.scan("a.test", *BOTH)
        store = store_of(mine.backend, place.rpartition("/")[2])
        for domain in ("casino.test", "shop.test"):
            url = f"https://{domain}/"
            store.put_capture(Capture(domain, domain, f"{url}plain", f"{url}plain", 200, look="f" * 160))
            store.put_capture(Capture(domain, domain, url, url, 200, look=self.LOOK if domain == "casino.test" else ""))
        store.close()
        return place

    @pytest.fixture
    def looks(self, mine):
        """The looks that later scans know."""

        def read():
            rows = mine.backend.services.db.read_sync(lambda c: decisions.looks(c, limit=10))
            return [(row.look, row.cause, row.domain) for row in rows]

        return read

    KNOWN: ClassVar = [(LOOK, "gambling", "casino.test")]

    async def test_what_is_confirmed_is_known_until_that_is_withdrawn(self, mine, place, looks):
        await mine.decide(place)
        assert looks() == self.KNOWN
        await mine.decide(place, state="mending", version=1)
        assert looks() == self.KNOWN
        await mine.decide(place, state="open", version=2)
        assert looks() == []

    async def test_what_is_dismissed_never_is(self, mine, place, looks):
        await mine.decide(place, state="dismissed", reason="ours")
        assert looks() == []
        await mine.decide(place, version=1)
        assert looks() == self.KNOWN
        await mine.decide(place, state="dismissed", reason="ours", version=2)
        assert looks() == []

    async def test_a_page_that_cannot_be_told_by_its_look_is_decided_about_all_the_same(self, mine, place, looks):
        assert (await mine.decide(place, SHOP))["state"] == "confirmed"
        assert looks() == []

    async def test_when_the_captures_are_gone_the_look_of_before_stays(self, mine, place, looks):
        await mine.decide(place)
        again = await mine.scan("a.test", *BOTH)
        await mine.decide(again, version=1)
        assert looks() == self.KNOWN

    async def test_one_that_has_been_decided_about_since_is_a_conflict_and_nothing_is_learnt(self, mine, place, looks):
        await mine.decide(place, version=3, status=409)
        assert looks() == []

    async def test_of_a_fraud_the_icon_is_known_as_well(self, mine, looks):
        place = await mine.scan("b.test", ("pay.test", ViolationKey.FRAUD, 0.7))
        url = "https://pay.test/"
        store = store_of(mine.backend, place.rpartition("/")[2])
        store.put_capture(Capture("pay.test", "pay.test", url, url, 200))
        store.put_checkpoint(ICON_LOOKS, {url: "0" * 38, "https://pay.test/other": "1" * 38})
        store.close()
        read = mine.backend.services.db.read_sync
        await mine.decide(place, "fraud.pay.test")
        assert [(row.look, row.icon) for row in read(lambda c: decisions.looks(c, limit=9))] == [(None, "0" * 38)]
        await mine.decide(place, "fraud.pay.test", state="open", version=1)
        assert looks() == []
