"""Facts as REST and the report show them."""

from dataclasses import fields
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.domain.log_entry import LogEntry
from app.domain.scan_facts import Hop, HopKind, PageFact, Relation
from app.domain.third_parties import Outcome
from app.events.tables import task_logs
from app.events.types import LogLine
from app.findings.schemas.results import ReportedThirdParty, ThirdParty
from app.scans.schemas.tasks import LogLineResponse
from app.scans.serialisers import (
    MAX_HOPS,
    MAX_HOSTS,
    serialise_fact,
    serialise_listed_third_party,
    serialise_log_line,
    serialise_reported_third_party,
    serialise_third_party,
)
from app.scanstore.rows import ThirdPartyWithOutcome
from tests.support.said import said


@pytest.mark.parametrize("outcome", Outcome)
def test_a_third_party_is_shown_with_its_outcome_and_its_highest_risk(outcome):
    party = ThirdPartyWithOutcome(
        "b.test", ("b.test", "x.b.test"), "cdn", 3, Relation.EMBED, 1, "https://a.test/", outcome
    )
    view = serialise_third_party(party, {"b.test": "high", "c.test": "low"})
    assert view == {
        "domain": "b.test",
        "hosts": ["b.test", "x.b.test"],
        "host_count": 2,
        "category": "cdn",
        "references": 3,
        "relation": "embed",
        "hidden": 1,
        "example_page": "https://a.test/",
        "outcome": outcome.value,
        "risk_level": "high",
    }
    assert ThirdParty.model_validate(view).model_dump(mode="json") == view
    assert serialise_third_party(party, {})["risk_level"] is None


def test_a_list_shows_the_first_hosts_and_counts_them_all():
    party = ThirdPartyWithOutcome("b.test", tuple(f"h{number:03}.b.test" for number in range(900)), "unknown")
    view = serialise_listed_third_party(party, {}, {"b.test": "gambling"})
    assert (view["hosts"], view["host_count"], view["violation_key"]) == (
        list(party.hosts[:MAX_HOSTS]),
        900,
        "gambling",
    )
    assert len(serialise_third_party(party, {})["hosts"]) == 900


def test_what_pages_wrote_is_shown_without_secrets_and_without_what_steers_a_terminal():
    title = "Home\x1b]0;own\x07\r\nnext \u202egpj.exe \ud83d"
    view = serialise_fact(PageFact("https://u:p@a.test/?token=abc123&page=2", 0, 200, title=title))
    assert view["url"] == "https://a.test/?token=***&page=2"
    assert view["title"] == "Home\ufffd]0;own\ufffd  next \ufffdgpj.exe \ufffd"


def test_the_report_shows_the_first_redirects_that_lead_to_a_third_party():
    party = ThirdPartyWithOutcome("b.test", ("b.test", "x.b.test"), "unknown")

    def hop(host, number):
        url = f"https://a.test/go?{number}&token=secret"
        return Hop(url, 302, "192.0.2.1", HopKind.HTTP, f"https://{host}/{number}")

    hops = {host: [hop(host, number) for number in range(15)] for host in ("b.test", "x.b.test", "c.test")}
    view = serialise_reported_third_party(party, {}, hops)
    assert len(view["hops"]) == MAX_HOPS
    assert view["hops"][0]["location"] == "https://b.test/0"
    assert view["hops"][-1]["location"] == "https://x.b.test/4"
    assert ReportedThirdParty.model_validate(view).model_dump(mode="json") == view


def test_a_log_line_has_the_same_names_from_the_scan_to_rest():
    names = set(LogLine.model_fields)
    assert names == {item.name for item in fields(LogEntry)} | {"log_seq", "text_key", "params"}
    assert {column.name for column in task_logs.columns} == names | {"task_id", "attempt"}
    row = {"log_seq": 7, "level": "INFO", "module": "crawl", "message": "said"}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    stored = {**row, "created_at": moment, "task_id": "t", "attempt": 1, "text_key": None, "params": None}
    view = serialise_log_line(SimpleNamespace(**stored), "en")
    assert view == {**row, "created_at": "2026-01-01T00:00:00.000Z"}
    assert LogLineResponse.model_validate(view).model_dump() == view


def test_a_log_line_is_in_the_language_of_its_reader():
    told = {"message": "Der Auftrag wartet", "text_key": "queued", "params": {"position": 3}}
    row = {"log_seq": 7, "level": "INFO", "module": "crawl", **told, "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
    view = serialise_log_line(SimpleNamespace(**row), "en")
    assert view["message"] == said("queued", position=3)
    assert (view["text_key"], view["params"]) == ("queued", {"position": 3})
